import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Environment } from './environment.js';
import { outputFolder, projectFolder } from './paths.js';
import type { Aim, SuiteResult } from './suite.js';

export interface Report extends SuiteResult {
  suite: string;
  options: unknown;
  environment: Environment;
  loadBefore: string;
  loadAfter: string;
}

export function printReport(report: Report): void {
  const { environment: on } = report;
  console.log(`\n${report.title}\n`);
  console.log(formatTable([report.columns, ...report.rows]));
  if (report.aims.length > 0) console.log(`\nAims\n${formatTable(report.aims.map(formatAim), '  ')}`);
  if (!on.builtNow) console.log('\ndist/ is older than the sources: npm run build');
  for (const note of report.notes) console.log(`\n${note}`);
  console.log(
    `\n${on.at}, ${on.commit}; ${on.system}; ${on.cores} × ${on.processor}; Node ${on.node}; ${on.chromium}; ` +
      `GStreamer ${on.gstreamer}; load ${report.loadBefore} before, ${report.loadAfter} after`,
  );
  for (const failure of report.failures) console.error(`\nFAILED: ${failure}`);
}

/** Returns where, from the project's folder. */
export function saveReport(report: Report): string {
  mkdirSync(outputFolder, { recursive: true });
  const path = join(outputFolder, `${report.suite}-${report.environment.at.replace(/[:.]/g, '-')}.json`);
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`);
  return relative(projectFolder, path);
}

function formatAim({ name, value, atMost, unit, digits = 1 }: Aim): string[] {
  const over = value - atMost;
  const verdict = over <= 0 ? 'met' : Number.isNaN(over) ? 'not measured' : `missed by ${over.toFixed(digits)} ${unit}`;
  return [name, `${value.toFixed(digits)} ${unit}`, `≤ ${atMost} ${unit}`, verdict];
}

function formatTable(rows: readonly (readonly string[])[], indent = ''): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  return rows
    .map(
      (row) =>
        indent +
        row
          .map((cell, column) => pad(cell, widths[column] ?? 0, column))
          .join('  ')
          .trimEnd(),
    )
    .join('\n');
}

/** Names to the left, figures to the right. */
const pad = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);
