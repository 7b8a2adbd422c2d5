// What the test machine has and the real one need not have: a kernel with vivid, and udev. Unpacked, never installed.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** One program for everything that the machine's first moments need, and for the kernel's package. */
export const BUSYBOX = '/bin/busybox';

/** Where in the kernel's package the modules are that the machine may need; the rest, 300 MB, stays packed. */
const MODULES = [
  'drivers/media/*',
  'drivers/net/net_failover*',
  'drivers/net/virtio_net*',
  'drivers/virtio/*',
  'fs/9p/*',
  'fs/fscache/*',
  'fs/netfs/*',
  'fs/overlayfs/*',
  'net/9p/*',
  'net/core/*',
];

/** The package of Debian's newest kernel for `architecture` (`amd64`, …). */
export function kernelPackage(architecture) {
  const name = `linux-image-${architecture}`;
  const { stdout } = ask('apt-cache', ['depends', name], (output) => output.includes('Depends: linux-image-'));
  const found = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (!found) throw new Error(`apt has no ${name}: the test machine needs Debian's kernel.`);
  return found;
}

/**
 * The files that apt would fetch for `names`, without fetching them.
 *
 * @returns {string[]} e.g. `['linux-image-6.1.0-56-amd64_6.1.192-2_amd64.deb']`; throws a sentence where apt does not know one
 */
export function packageFiles(names) {
  const { status, stdout, stderr } = ask('apt-get', ['download', '--print-uris', ...names]);
  if (status !== 0) throw new Error(`apt has no ${names.join(', ')}: ${lastLine(stderr)}`);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => line.split(' ')[1]);
}

/** Fetches the packages `names` into `folder`, as files. */
export function download(names, folder) {
  mkdirSync(folder, { recursive: true });
  const { status, stderr } = run('apt-get', ['-qq', 'download', ...names], folder);
  if (status !== 0) throw new Error(`apt could not fetch ${names.join(', ')}: ${lastLine(stderr)}`);
}

/** Unpacks the kernel and the modules that may be needed from `deb` into `folder`. */
export function unpackKernel(deb, folder) {
  mkdirSync(folder, { recursive: true });
  const patterns = ['./boot/vmlinu*', ...MODULES.map((path) => `./*/modules/*/kernel/${path}`)];
  const quoted = patterns.map((pattern) => `'${pattern}'`).join(' ');
  must('sh', ['-c', `dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards ${quoted}`, 'sh', deb, folder]);
  // Debian 13 packs each module once more.
  must('find', [folder, '-name', '*.ko.xz', '-exec', BUSYBOX, 'unxz', '{}', '+']);
}

/** Unpacks `deb` into `folder`, with all of /bin, /sbin and /lib under /usr, as the machine itself has it. */
export function unpackProgram(deb, folder) {
  mkdirSync(folder, { recursive: true });
  must('dpkg-deb', ['-x', deb, folder]);
  for (const name of ['bin', 'sbin', 'lib']) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    cpSync(path, join(folder, 'usr', name), { recursive: true, verbatimSymlinks: true });
    rmSync(path, { recursive: true });
  }
}

/** The one file in `folder` whose name begins with `start`. */
export function fileIn(folder, start) {
  const found = readdirSync(folder).find((name) => name.startsWith(start));
  if (!found) throw new Error(`no ${start}… in ${folder}`);
  return join(folder, found);
}

export function must(program, args, cwd) {
  const { status, stderr, stdout, error } = run(program, args, cwd);
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? lastLine(stderr)}`);
  return stdout;
}

/** Asks again with fresh lists when the answer is none: a new container has no lists. */
function ask(program, args, isAnswer = () => true) {
  const answer = run(program, args);
  if (answer.status === 0 && isAnswer(answer.stdout)) return answer;
  run('apt-get', ['-qq', 'update']);
  return run(program, args);
}

function run(program, args, cwd) {
  return spawnSync(program, args, { cwd, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 1 << 26 });
}

const lastLine = (text) => (text ?? '').trim().split('\n').at(-1) ?? '';
