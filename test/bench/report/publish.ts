import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandOf } from '../lib/command.js';
import { projectFolder } from '../lib/paths.js';
import { inOrder, wholePlan } from '../lib/plan.js';
import { type Report, savedReports } from '../lib/report.js';
import { compact, formatJson, machinePaths } from './compact.js';
import { draw } from './draw.js';
import { benchmarksPage, type Section } from './markdown.js';
import { plotsOf } from './plots.js';
import { scalePage } from './scale.js';

/** Beside the page: plots and JSON. */
const FOLDER = 'benchmarks';

/**
 * Writes the page, its plots and the raw JSON from the newest report of each suite.
 *
 * @param mixed takes reports of several commits, too, and says of each which
 * @param any takes what was asked otherwise than the plan asks, where there is nothing else; the command stands beside it
 * @param commit takes no others
 */
export function publish({
  to,
  mixed = false,
  any = false,
  commit,
}: {
  to: URL;
  mixed?: boolean;
  any?: boolean;
  commit?: string;
}): void {
  const isWanted = ({ environment }: Report) => commit === undefined || environment.commit === commit;
  const chapters = newestReports(savedReports().filter(isWanted), any);
  if (chapters.length === 0) throw new Error('There is nothing to report: npm run bench');
  const commits = new Set(chapters.map(({ report }) => report.environment.commit));
  if (commits.size > 1 && !mixed) {
    const each = chapters.map(({ name, report }) => `${name} ${report.environment.commit}`).join(', ');
    throw new Error(`The newest reports are of several commits (${each}): run them again, or say --mixed.`);
  }
  const folder = new URL(`${FOLDER}/`, to);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, report } of chapters) {
    const small = compact(report, machinePaths(report.options, projectFolder));
    writeFileSync(new URL(`${name}.json`, folder), formatJson(small));
  }
  // From what was written and not from what was read: the page is what the committed JSON gives.
  for (const [name, text] of Object.entries(pagesFrom(folder))) writeFileSync(new URL(name, to), text);
  console.log(`\nWritten: ${relative(projectFolder, fileURLToPath(new URL('benchmarks.md', to)))}`);
}

/** Every file that the JSON of a folder gives, by its name from the page's folder. */
export function pagesFrom(folder: URL): Record<string, string> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  const sections = inOrder(files.map((file) => file.slice(0, -'.json'.length))).map((name): Section => {
    const report = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Report;
    return { name, report, plots: plotsOf(report) };
  });
  const scale = scalePage(sections);
  return {
    'benchmarks.md': benchmarksPage(sections, FOLDER),
    ...(scale === null ? {} : { 'scale.md': scale }),
    ...Object.fromEntries(
      sections.flatMap(({ plots }) => plots.map((plot) => [`${FOLDER}/${plot.name}.svg`, draw(plot)])),
    ),
  };
}

/**
 * Of each chapter the newest report that was asked exactly what the plan asks, and proves something; one that does not where
 * there is no other. Trials with fewer blocks are no results.
 *
 * @param any takes a trial where there is nothing else
 */
export function newestReports(saved: readonly Report[], any = false): { name: string; report: Report }[] {
  return wholePlan([...new Set(saved.map(({ suite }) => suite))]).flatMap(({ name, suite, words }) => {
    const command = commandOf([suite, ...words]);
    const all = saved.filter((report) => report.suite === suite);
    const exact = all.filter((report) => withoutPeers(report.command) === command);
    // Only the chapter that has the suite's own name takes what was asked otherwise.
    const of = exact.length > 0 || !any || name !== suite ? exact : all;
    const newest = of.filter(({ failures }) => failures.length === 0).at(-1) ?? of.at(-1);
    return newest ? [{ name, report: newest }] : [];
  });
}

/** Beside whom, and with how much patience: that is no other question. */
function withoutPeers(command = ''): string {
  return command
    .replaceAll(/ --peer[ =]\S+/g, '')
    .replace(/ --quiet\b/, '')
    .replace(/ --$/, '');
}
