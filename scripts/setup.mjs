// Makes a fresh machine ready. Needs nothing but Node: it runs before the first `npm ci`.
//
//   node scripts/setup.mjs [--yes] [sender] [test] [bench]
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { APT_PACKAGES, CHROME_NAMES, FIREFOX_NAMES, WELCOME } from './packages.mjs';

/** The project's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');

/** The oldest Node that everything here runs on. */
const NODE_MAJOR = 20;

/** Another apt (unattended upgrades, say) may hold the lock for this long. */
const APT_LOCK_SECONDS = 120;

const say = (line) => console.log(line);

// ---- Node and npm -----------------------------------------------------------------------------------------------

/** @returns {string | undefined} why this Node cannot be used, for a person */
export function nodeProblem(version = process.versions.node) {
  if (Number.parseInt(version, 10) >= NODE_MAJOR) return undefined;
  return `Node ${version} is too old: webrtc-preview needs Node ${NODE_MAJOR} or newer (https://nodejs.org).`;
}

/**
 * Why `npm ci` is needed, or `undefined` when node_modules is what package-lock.json says.
 *
 * npm writes what it has installed to node_modules/.package-lock.json, last of all: an interrupted install has none.
 * Optional packages are left out of the comparison, as most of them are for other machines.
 *
 * @param {{ packages: Record<string, { version?: string, optional?: boolean, devOptional?: boolean }> }} wanted
 * @param {{ packages: Record<string, { version?: string }> } | undefined} installed
 * @returns {string | undefined}
 */
export function npmReason(wanted, installed) {
  if (!installed) return 'nothing is installed yet';
  for (const [path, { version, optional }] of Object.entries(wanted.packages)) {
    if (path === '' || optional) continue;
    const name = path.replace(/^node_modules\//, '');
    if (!installed.packages[path]) return `${name} is missing`;
    if (installed.packages[path].version !== version) return `${name} is not at ${version}`;
  }
  return undefined;
}

/**
 * Installs the npm packages if they are missing or not those of package-lock.json.
 *
 * @returns {string | undefined} why that did not work, for a person
 */
export function ensureNpm() {
  const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);
  const reason = npmReason(
    readJson(join(root, 'package-lock.json')),
    readJson(join(root, 'node_modules/.package-lock.json')),
  );
  if (!reason) return undefined;
  say(`Installing npm packages into node_modules: ${reason}.`);
  const args = ['ci', '--include=dev', '--no-fund', '--no-audit', '--loglevel=error'];
  const cli = process.env.npm_execpath;
  const { status, error } = cli?.endsWith('.js')
    ? spawnSync(process.execPath, [cli, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status === 0) return undefined;
  return `npm could not install the packages${error ? ` (${error.message})` : ''}. Try: npm ci`;
}

// ---- apt --------------------------------------------------------------------------------------------------------

/**
 * Which packages of `groups` are not there.
 *
 * @param {readonly string[]} groups names of groups in packages.mjs
 * @param {string} dpkgOutput `dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n'` for all of them
 * @param {boolean} haveChrome a Chrome that is not Debian's will do
 * @param {boolean} haveFirefox and so will a Firefox
 * @returns {{ name: string, reason: string }[]}
 */
export function missingPackages(groups, dpkgOutput, haveChrome = false, haveFirefox = false) {
  const installed = new Set(
    dpkgOutput
      .split('\n')
      .filter((line) => /^\S+ .i/.test(line))
      .map((line) => line.slice(0, line.indexOf(' '))),
  );
  return groups
    .flatMap((group) => Object.entries(APT_PACKAGES[group] ?? {}))
    .map(([name, reason]) => ({ name, reason }))
    .filter(({ name }) => !installed.has(name))
    .filter(({ name }) => !(name === 'chromium' && haveChrome) && !(name === 'firefox-esr' && haveFirefox));
}

/**
 * Installs what is missing of `groups` by apt. Says what and why first; on a terminal it asks once.
 * Nothing is thrown: where it cannot be done the answer is a sentence and the command to run by hand.
 *
 * @param {readonly string[]} groups
 * @param {{ yes?: boolean }} [options] `yes`: do not ask
 * @returns {Promise<{ reason: string, command?: string } | undefined>} `undefined` when everything is there
 */
export async function ensureApt(groups, { yes = false } = {}) {
  if (process.platform !== 'linux') return { reason: `no apt on ${process.platform}` };
  if (!findInPath(['apt-get']) || !findInPath(['dpkg-query'])) {
    return { reason: 'this Linux has no apt (Debian and Ubuntu have)' };
  }
  const missing = findMissing(groups);
  if (missing.length === 0) return undefined;

  const names = missing.map(({ name }) => name);
  const command = `${isRoot() ? '' : 'sudo '}apt-get install --no-install-recommends ${names.join(' ')}`;
  const fail = (reason) => ({ reason, command });
  const interactive = Boolean(process.stdin.isTTY && process.stdout.isTTY);
  const sudo = sudoPrefix(interactive);
  const count = names.length === 1 ? `${names[0]} is missing` : `${names.length} packages are missing`;
  if (!sudo) return fail(`${count}, and no rights to install (neither root nor sudo)`);

  say('Missing from this machine:');
  const width = Math.max(...names.map((name) => name.length));
  for (const { name, reason } of missing) say(`  ${name.padEnd(width)}  ${reason}`);
  const size = downloadSize(names);
  if (size) say(`  (${size})`);
  if (interactive && !yes && !(await confirm('Install them with apt-get? [Y/n] '))) {
    return fail(`${count}, not installed as you wished`);
  }
  say(`Installing with apt-get${isRoot() ? '' : ' as root, by sudo'}.`);
  const problem = await aptInstall(sudo, names);
  if (problem) return fail(problem);
  const left = findMissing(groups);
  return left.length === 0 ? undefined : fail(`apt-get left out ${left.map(({ name }) => name).join(', ')}`);
}

/** Asks dpkg; a name that it does not know makes it fail, and it still answers for the others. */
function findMissing(groups) {
  const all = missingPackages(groups, '').map(({ name }) => name);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Abbrev}\n', ...all], {
    encoding: 'utf8',
  });
  return missingPackages(groups, stdout ?? '', Boolean(findChrome()), Boolean(findFirefox())).filter(
    ({ name }) => !WELCOME.includes(name) || !haveLists() || knowsAll([name]),
  );
}

/** A fresh container has none, and then apt knows nothing. */
function haveLists() {
  const folder = '/var/lib/apt/lists';
  return existsSync(folder) && readdirSync(folder).some((name) => name.includes('_Packages'));
}

async function aptInstall(sudo, names) {
  const install = () => apt(sudo, ['install', '-y', '--no-install-recommends', ...names]);
  // The lists may be missing (fresh container) or older than the archive (404): fetch them once, when needed.
  if (knowsAll(names) && (await install()) === '') return undefined;
  const updated = await apt(sudo, ['update']);
  if (updated) return `apt-get update failed: ${updated}`;
  if (names.includes('chromium') && !knowsAll(['chromium'])) {
    return 'apt has no chromium here: install Google Chrome, or set CHROME_PATH';
  }
  const wanted = names.filter((name) => !WELCOME.includes(name) || knowsAll([name]));
  const installed = wanted.length > 0 ? await apt(sudo, ['install', '-y', '--no-install-recommends', ...wanted]) : '';
  return installed ? `apt-get install failed: ${installed}` : undefined;
}

/** Runs apt-get quietly. Returns '' when it worked, else its last error line. */
async function apt(sudo, args) {
  const [program, ...before] = [
    ...sudo,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-qq',
    '-o',
    `DPkg::Lock::Timeout=${APT_LOCK_SECONDS}`,
    '-o',
    'Dpkg::Use-Pty=0',
  ];
  const deadline = Date.now() + APT_LOCK_SECONDS * 1_000;
  for (;;) {
    const { status, stdout, stderr, error } = spawnSync(program, [...before, ...args], {
      encoding: 'utf8',
      stdio: ['inherit', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status === 0) return '';
    const lines = `${stdout ?? ''}\n${stderr ?? ''}`.split('\n').filter((line) => /^E: |error/i.test(line));
    // DPkg::Lock::Timeout does not cover the lock on the lists.
    if (!lines.some((line) => line.includes('Could not get lock')) || Date.now() > deadline) {
      return error?.message ?? lines[0]?.replace(/^E: /, '') ?? `apt-get ended with ${status}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  }
}

function knowsAll(names) {
  const { stdout } = spawnSync('apt-cache', ['policy', ...names], { encoding: 'utf8', env: plainEnv() });
  const candidates = (stdout ?? '').match(/^ {2}Candidate: (?!\(none\))/gm) ?? [];
  return candidates.length === names.length;
}

/** apt's own sentence on the download, when its lists know; costs a quarter of a second. */
function downloadSize(names) {
  const { stdout } = spawnSync('apt-get', ['install', '--assume-no', '--no-install-recommends', ...names], {
    encoding: 'utf8',
    env: plainEnv(),
  });
  const get = /Need to get ([\d.,]+ \S+?)(?:\/[\d.,]+ \S+)? of archives/.exec(stdout ?? '')?.[1];
  const disk = /([\d.,]+ \S+) of additional disk space/.exec(stdout ?? '')?.[1];
  return get && disk ? `with what they need: ${get} to download, ${disk} on disk` : undefined;
}

const plainEnv = () => ({ ...process.env, LC_ALL: 'C' });
const isRoot = () => process.getuid?.() === 0;

/** What goes before apt-get: nothing for root, sudo for others, `undefined` when it would not work. */
function sudoPrefix(interactive) {
  if (isRoot()) return [];
  if (!findInPath(['sudo'])) return undefined;
  if (interactive) return ['sudo'];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

async function confirm(question) {
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return !/^\s*n/i.test(await prompt.question(question));
  } finally {
    prompt.close();
  }
}

// ---- what is on this machine ------------------------------------------------------------------------------------

/** @param {readonly string[]} names @returns {string | undefined} the first of the programs that PATH has */
export function findInPath(names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        if (statSync(path).isFile()) return path;
      } catch {}
    }
  }
  return undefined;
}

/** @returns {string | undefined} a Chrome or Chromium: CHROME_PATH, or the first in PATH */
export function findChrome() {
  const chosen = process.env.CHROME_PATH;
  return chosen && existsSync(chosen) ? chosen : findInPath(CHROME_NAMES);
}

/** @returns {string | undefined} a Firefox: FIREFOX_PATH, or the first in PATH */
export function findFirefox() {
  const chosen = process.env.FIREFOX_PATH;
  return chosen && existsSync(chosen) ? chosen : findInPath(FIREFOX_NAMES);
}

/** True when dist/ was built after the last change of anything it is built from. */
export function isBuilt(folder = root) {
  const outputs = [
    'dist/element/define.js',
    'dist/cdn/webrtc-preview.js',
    'dist/server/index.js',
    'dist/server/cli/main.js',
    'dist/demo/publish.js',
  ];
  const sources = [
    'src',
    'demo/publish',
    'demo/build.mjs',
    'rollup.config.mjs',
    'scripts/build.mjs',
    'tsconfig.json',
    'package-lock.json',
  ];
  if (!outputs.every((path) => existsSync(join(folder, path)))) return false;
  const built = Math.min(...outputs.map((path) => statSync(join(folder, path)).mtimeMs));
  return sources.every((path) => newest(join(folder, path)) <= built);
}

function newest(path) {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

// ---- by hand ----------------------------------------------------------------------------------------------------

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const groups = process.argv.slice(2).filter((word) => word in APT_PACKAGES);
  const npm = nodeProblem() ?? ensureNpm();
  const apt = npm ? undefined : await ensureApt(groups, { yes: process.argv.includes('--yes') });
  if (npm) say(npm);
  if (apt) say([apt.reason, apt.command].filter(Boolean).join('\n  '));
  if (!npm && !apt) say('Everything is there.');
  process.exitCode = npm || apt ? 1 : 0;
}
