// Runs commands in namespaces of their own: mounts and processes are gone with them, however this ends.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { root as checkout } from '../../scripts/setup.mjs';

const INSIDE = fileURLToPath(new URL('inside.sh', import.meta.url));
const UNSHARE = ['unshare', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child=SIGKILL', '--'];
const PROXIES = /^(?:https?|ftp|all|no)_proxy$/i;

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    running?.kill('SIGKILL');
    console.log('Interrupted.');
    process.exit(1);
  });
}

/**
 * @typedef {object} Options
 * @property {string} [log] a file for the output, whose last lines are shown when the command fails
 * @property {Record<string, string>} [env] in addition
 * @property {boolean} [mayFail] the exit code is the caller's to judge
 */

/**
 * @param {string[]} command
 * @param {Options} [options]
 * @returns {Promise<number>} the exit code
 * @throws {Error} when it failed, unless it may
 */
export async function run(command, { log, env = {}, mayFail = false } = {}) {
  const output = log ? openSync(log, 'w') : 'inherit';
  const [program, ...args] = [...UNSHARE, ...command];
  const child = spawn(program, args, {
    // A group of its own: Ctrl-C reaches this process, which ends the whole namespace.
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...cleanEnvironment(), ...env },
  });
  running = child;
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  running = undefined;
  if (typeof output === 'number') closeSync(output);
  if (code !== 0 && !mayFail) {
    const words = log ? `\n${readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n')}` : '';
    throw new Error(`${command.slice(0, 3).join(' ')} … ended with ${code}.${words}`);
  }
  return code;
}

/**
 * The same in the chroot `root`, where the checkout is at /checkout and cannot be written to.
 *
 * @param {string} root
 * @param {string[]} command
 * @param {Options} [options]
 */
export const runInside = (root, command, options) => run(['sh', INSIDE, root, checkout, ...command], options);

function cleanEnvironment() {
  const proxies = Object.entries(process.env).filter(([name]) => PROXIES.test(name));
  return {
    ...Object.fromEntries(proxies),
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    DEBIAN_FRONTEND: 'noninteractive',
  };
}
