import { gateLines, gatesOf } from './gates.js';
import type { Entry } from './plan.js';
import { runSuite } from './run-suite.js';

/** Other programs that use more than this share of a core take part in what is measured. */
const BUSY_PERCENT = 25;
const MOST_TRIES = 2;

/**
 * Measures a little of everything and judges the ratios. What was measured while other programs were busy is measured again:
 * that alone decides it, never the reading.
 */
export async function runShort(entries: readonly Entry[]): Promise<boolean> {
  const begun = performance.now();
  const lines: string[] = [];
  for (const { suite, words } of entries) {
    for (let attempt = 1; ; attempt += 1) {
      console.log(`\n── ${suite} ${words.join(' ')}`);
      const { report } = await runSuite(suite, words);
      const isBusy = (report?.others ?? 0) > BUSY_PERCENT;
      if (report && isBusy && attempt < MOST_TRIES) {
        console.log(`Other programs used ${report.others.toFixed(0)} % of a core: measured again.`);
        continue;
      }
      // What a suite says of so short a run is not what decides: without a report it has not ended, with one the gates judge.
      lines.push(`${report ? 'ok  ' : 'FAIL'} ${suite} measures${isBusy ? ', on a busy machine' : ''}`);
      if (report) lines.push(...gateLines(suite, gatesOf(report)));
      break;
    }
  }
  console.log(`\n${lines.join('\n')}\n\n${((performance.now() - begun) / 1_000).toFixed(0)} s`);
  return lines.every((line) => line.startsWith('ok'));
}
