import { commandOf } from './command.js';
import { describeEnvironment } from './environment.js';
import { type Entry, INSTRUMENTS } from './plan.js';
import { type Report, savedReports } from './report.js';
import { runSuite } from './run-suite.js';

/**
 * All suites, one after the other; each saves its JSON as it ends.
 *
 * @param resume leaves out what was measured well with these sources and these words
 * @returns the names of those that failed
 */
export async function runWhole(entries: readonly Entry[], resume: boolean): Promise<string[]> {
  const { commit, builtNow } = await describeEnvironment();
  if (!builtNow) throw new Error('dist/ is older than the sources, and this takes hours: npm run build');
  if (resume && !isKnown(commit)) {
    throw new Error(`--resume wants sources that a commit names, and these are ${commit}: commit, or run everything.`);
  }
  const failed: string[] = [];
  for (const [index, { name, suite, words }] of entries.entries()) {
    const command = commandOf([suite, ...words]);
    const earlier = resume
      ? savedReports(suite)
          .filter((report) => isSame(report, commit, command))
          .at(-1)
      : undefined;
    const place = `${index + 1} of ${entries.length}`;
    if (earlier) {
      console.log(`\n── ${place}: ${command}: measured at ${earlier.environment.at}`);
      continue;
    }
    console.log(`\n── ${place}: ${command}`);
    const { isGood } = await runSuite(suite, words);
    if (isGood) continue;
    failed.push(name);
    if (INSTRUMENTS.includes(suite)) {
      console.error(`\n${suite} is what the others are read with: nothing else is measured before it is right.`);
      break;
    }
  }
  return failed;
}

/** Whether a commit has all of it: what is not committed may have changed since. */
export const isKnown = (commit: string): boolean => commit !== 'unknown' && !commit.endsWith('-dirty');

export function isSame(report: Report, commit: string, command: string): boolean {
  return report.environment.commit === commit && report.command === command && report.failures.length === 0;
}
