// Suites that need networks of their own: Vitest runs in namespaces that a script lays out, and that are gone with it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findChrome, root } from '../../scripts/setup.mjs';

// All of it is gone with its first process, whatever becomes of this one.
const NAMESPACE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/**
 * Runs a Vitest project inside the networks of a shell script, and ends this process with its exit code. Where this machine
 * cannot have such networks, says why and counts the suite as skipped.
 *
 * @param {string} project as vitest.config.ts names it
 * @param {object} options
 * @param {string} options.script lays the networks out and then runs its arguments; a path from the project's root
 * @param {string[]} [options.words] more arguments for Vitest
 * @param {Record<string, string>} [options.programs] paths of programs that have to be there, each with what installs it
 * @param {() => string | undefined} [options.whyNot] another reason why it cannot be
 * @param {NodeJS.ProcessEnv} [options.env]
 */
export function runInNetworks(project, { script, words = [], programs = {}, whyNot = () => undefined, env = {} }) {
  const namespaced = (...command) => [...NAMESPACE, 'sh', join(root, script), ...command];
  const impossible = why(namespaced, programs) ?? whyNot();
  if (impossible) {
    console.log(`Skipped: ${impossible}.`);
    if (process.env.TEST_COUNTS) {
      const skipped = [{ name: 'the whole suite', reason: impossible }];
      writeFileSync(process.env.TEST_COUNTS, JSON.stringify({ passed: 0, failed: 0, skipped }));
    }
    process.exit(0);
  }
  const vitest = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    project,
    '--reporter=verbose',
    ...words,
  ];
  if (process.env.TEST_COUNTS) vitest.push('--reporter=./test/report/vitest.mjs');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaced(process.execPath, ...vitest)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CHROME_PATH: findChrome(), ...env },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      child.kill('SIGKILL');
      process.exit(1);
    });
  }
  child.on('close', (code) => process.exit(code ?? 1));
}

/** Why this machine cannot have the networks: nothing that an installation would mend, but for the programs. */
function why(namespaced, programs) {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const [path, from] of Object.entries(programs)) {
    if (!existsSync(path)) return `there is no ${path} (${from})`;
  }
  const { status, stderr } = spawnSync('unshare', namespaced('true'), { encoding: 'utf8' });
  return status === 0 ? undefined : `no network namespaces can be made: ${stderr.trim()}`;
}
