import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { judge } from './aims.js';
import type { Environment } from './environment.js';
import { outputFolder, projectFolder } from './paths.js';
import type { Aim, SuiteResult } from './suite.js';

export interface Report extends SuiteResult {
  suite: string;
  /** As one types it; where a program of the caller's is, is left out. */
  command: string;
  options: unknown;
  environment: Environment;
  loadBefore: string;
  loadAfter: string;
  tookSeconds: number;
  /** Meanwhile, of a core, in percent: what the benchmark did not start. */
  others: number;
  /** What the instruments read of what was known, on the same machine with the same sources; `null`: not tried. */
  honesty: Honesty | null;
}

export interface Honesty {
  at: string;
  aims: readonly Aim[];
}

/** Measures how far the instruments are wrong; its result goes beside everything else. */
export const HONESTY_SUITE = 'honesty';

export function printReport(report: Report): void {
  const { environment: on } = report;
  console.log(`\n${report.title}\n`);
  console.log(formatTable([report.columns, ...report.rows]));
  if (report.aims.length > 0) console.log(`\nAims\n${formatTable(report.aims.map(formatAim), '  ')}`);
  if (!on.builtNow) console.log('\ndist/ is older than the sources: npm run build');
  for (const note of report.notes) console.log(`\n${note}`);
  if (report.suite !== HONESTY_SUITE) console.log(`\n${honestyWords(report.honesty)}`);
  console.log(
    `\n${on.at}, ${on.commit}; ${on.system}; ${on.cores} × ${on.processor}; Node ${on.node}; ${on.chromium}; ` +
      `GStreamer ${on.gstreamer}; load ${report.loadBefore} before, ${report.loadAfter} after; ` +
      `other programs ${report.others.toFixed(0)} % of a core; ${report.tookSeconds} s`,
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

/** All that were saved, oldest first; of one suite only when it is named. */
export function savedReports(suite?: string, folder = outputFolder): Report[] {
  let files: string[];
  try {
    files = readdirSync(folder);
  } catch {
    return [];
  }
  return files
    .filter((file) => /^[a-z][a-z-]*-\d{4}-\d\d-\d\dT.*\.json$/.test(file))
    .filter((file) => suite === undefined || file.replace(/-\d{4}-\d\d-\d\dT.*/, '') === suite)
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Report)
    .sort((a, b) => a.environment.at.localeCompare(b.environment.at));
}

/** The newest honesty of these sources. */
export function knownHonesty(commit: string): Honesty | null {
  const report = savedReports(HONESTY_SUITE)
    .filter(({ environment, failures }) => environment.commit === commit && failures.length === 0)
    .at(-1);
  return report ? { at: report.environment.at, aims: report.aims } : null;
}

export function honestyWords(honesty: Honesty | null): string {
  if (!honesty) return `Honesty: not tried with these sources (npm run bench -- ${HONESTY_SUITE}).`;
  const each = honesty.aims.map((aim) => `${aim.name}: ${judge(aim).figure}`);
  return `Honesty: ${each.join('; ')} (${honesty.at}).`;
}

function formatAim(aim: Aim): string[] {
  const { figure, limit, words } = judge(aim);
  return [aim.name, figure, limit, words];
}

export function formatTable(rows: readonly (readonly string[])[], indent = ''): string {
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
