import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Report, savedReports } from './report.js';

const program = fileURLToPath(new URL('../run.mjs', import.meta.url));

/**
 * Runs one suite in a process of its own, so that nothing of one is left for the next. Resolves with what it saved, and
 * whether it ended well.
 */
export async function runSuite(
  suite: string,
  words: readonly string[],
): Promise<{ report: Report | undefined; isGood: boolean }> {
  const begun = new Date().toISOString();
  const child = spawn(process.execPath, [program, suite, ...words], { stdio: ['ignore', 'inherit', 'inherit'] });
  // It gets Ctrl-C as this process does, and cleans up before it ends.
  const wait = () => {};
  process.on('SIGINT', wait);
  const stop = () => child.kill('SIGTERM');
  process.on('SIGTERM', stop);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  process.off('SIGINT', wait);
  process.off('SIGTERM', stop);
  if (code === null || code >= 128) process.exit(130);
  const report = savedReports(suite)
    .filter(({ environment }) => environment.at >= begun)
    .at(-1);
  return { report, isGood: code === 0 };
}
