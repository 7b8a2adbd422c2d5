// Makes a Debian 13 in a folder. It reaches Debian's archive the way this machine's apt does.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireSettings, archiveSources, INDEX_TARGETS_FORMAT } from './archive.mjs';
import { run, runInside } from './process.mjs';

const CODENAME = 'trixie';
/** Raised when a chroot that was made by an older version of this file must not be used any more. */
const VERSION = 1;
/** Files that say how to reach the archive, and whom to believe. */
const CARRIED_OVER = ['etc/apt/auth.conf', 'etc/apt/auth.conf.d', 'usr/local/share/ca-certificates'];

/**
 * The chroot, made when it is not there or does not have these packages. A run that is interrupted leaves nothing that a
 * later one would take for whole: it gets its name last of all.
 *
 * @param {string} folder for the chroot and what is kept for making it again
 * @param {readonly string[]} packages
 * @returns {Promise<string>} its path
 * @throws {Error} with a sentence that says what to do
 */
export async function ensureDebian(folder, packages) {
  const root = join(folder, 'root');
  const made = join(folder, 'root.new');
  const stamp = JSON.stringify({ VERSION, CODENAME, packages });
  const stampPath = 'etc/made-for';
  if (existsSync(join(root, stampPath)) && readFileSync(join(root, stampPath), 'utf8') === stamp) return root;

  for (const old of [root, made]) rmSync(old, { recursive: true, force: true });
  const downloads = join(folder, 'downloads');
  mkdirSync(downloads, { recursive: true });
  const sources = findSources();
  console.log(`Making a Debian 13 in ${folder}.`);
  await debootstrap(made, sources[0].uri, downloads);
  prepareApt(made, sources);
  for (const command of [
    ['update-ca-certificates'],
    ['apt-get', '-qq', 'update'],
    ['apt-get', '-qq', 'install', '-y', '--no-install-recommends', ...packages],
    ['apt-get', 'clean'],
  ]) {
    await runInside(made, command, { log: join(folder, 'install.log') });
  }
  writeFileSync(join(made, stampPath), stamp);
  renameSync(made, root);
  return root;
}

/** @returns {import('./archive.mjs').Source[]} at least one */
function findSources() {
  const given = process.env.DEBIAN_MIRROR;
  if (given) return [{ uri: given, release: CODENAME }];
  const ask = () => {
    const args = ['indextargets', '--format', INDEX_TARGETS_FORMAT, 'Created-By: Packages'];
    return archiveSources(spawnSync('apt-get', args, { encoding: 'utf8' }).stdout ?? '', CODENAME);
  };
  let sources = ask();
  if (sources.length === 0) {
    spawnSync('apt-get', ['-qq', 'update'], { stdio: 'inherit' });
    sources = ask();
  }
  if (sources.length === 0) {
    throw new Error("This machine's apt knows no archive of Debian: give the address of one by DEBIAN_MIRROR.");
  }
  return sources;
}

async function debootstrap(target, mirror, downloads) {
  const { stdout } = spawnSync('apt-config', ['shell', 'http_proxy', 'Acquire::http::Proxy'], { encoding: 'utf8' });
  const [, proxy] = /^http_proxy='(.+)'/.exec(stdout ?? '') ?? [];
  await run(
    [
      ...['debootstrap', '--variant=minbase', '--include=ca-certificates', `--cache-dir=${downloads}`],
      ...[CODENAME, target, mirror],
    ],
    { log: join(target, '../debootstrap.log'), env: proxy && proxy !== 'DIRECT' ? { http_proxy: proxy } : {} },
  );
}

function prepareApt(root, sources) {
  for (const path of CARRIED_OVER) {
    if (existsSync(join('/', path))) {
      cpSync(join('/', path), join(root, path), { recursive: true, dereference: true, preserveTimestamps: true });
    }
  }
  for (const name of ['resolv.conf', 'hosts'])
    cpSync(join('/etc', name), join(root, 'etc', name), { dereference: true });
  const { stdout } = spawnSync('apt-config', ['dump'], { encoding: 'utf8' });
  const settings = `${acquireSettings(stdout ?? '')}Acquire::Languages "none";\n`;
  writeFileSync(join(root, 'etc/apt/apt.conf.d/90host'), settings, { mode: 0o600 });
  const lines = sources.map(({ uri, release }) => `deb ${uri} ${release} main\n`);
  writeFileSync(join(root, 'etc/apt/sources.list'), lines.join(''));
  mkdirSync(join(root, 'checkout'), { recursive: true });
}
