// Makes what qemu starts: kernel, initramfs, the folder of packages, GStreamer's registry. Kept in a cache between runs.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildInitramfs } from './initramfs.mjs';
import { download, fileIn, kernelPackage, must, packageFiles, unpackKernel, unpackProgram } from './packages.mjs';

/** GStreamer's list of plugins, in the test machine. */
export const REGISTRY = '/var/cache/test-machine/gstreamer-registry.bin';

const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'webrtc-preview/test-machine');
const UNUSED_MS = 30 * 24 * 3_600_000;
const SCRIPTS = fileURLToPath(new URL('.', import.meta.url));

/**
 * @typedef {object} Machine what qemu needs, as paths
 * @property {string} kernel
 * @property {string} initramfs
 * @property {string} packages folder that lies over the real machine's root
 */

/** @param {string} architecture Debian's name for it, e.g. `amd64` @returns {Machine} */
export function buildMachine(architecture) {
  const names = [kernelPackage(architecture), 'udev'];
  const files = packageFiles(names);
  const key = createHash('sha256')
    .update(files.join() + ownText())
    .digest('hex')
    .slice(0, 16);
  const folder = join(CACHE, key);
  if (!existsSync(folder)) {
    console.log(`Fetching ${files.join(' and ')} for the test machine (unpacked into ${CACHE}, not installed).`);
    removeUnused();
    const work = `${folder}.${process.pid}`;
    build(names, work);
    // At once: another checkout may be at it too, or this one may be interrupted.
    if (!existsSync(folder)) renameSync(work, folder);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  const machine = {
    kernel: join(folder, 'kernel'),
    initramfs: join(folder, 'initramfs'),
    packages: join(folder, 'packages'),
  };
  makeRegistry(join(machine.packages, REGISTRY));
  return machine;
}

function build(names, folder) {
  const debs = join(folder, 'debs');
  const unpacked = join(folder, 'unpacked');
  download(names, debs);
  unpackKernel(fileIn(debs, names[0]), unpacked);
  unpackProgram(fileIn(debs, 'udev_'), join(folder, 'packages'));
  buildInitramfs(unpacked, SCRIPTS, join(folder, 'root'), join(folder, 'initramfs'));
  renameSync(fileIn(join(unpacked, 'boot'), 'vmlinu'), join(folder, 'kernel'));
  for (const name of ['debs', 'unpacked', 'root']) rmSync(join(folder, name), { recursive: true });
}

/** Machines of former kernels, and what an interrupted build has left. */
function removeUnused() {
  if (!existsSync(CACHE)) return;
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (Date.now() - statSync(path).mtimeMs > UNUSED_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** GStreamer looks at every plugin once. Here that takes a second, in the test machine ten. */
function makeRegistry(path) {
  mkdirSync(dirname(path), { recursive: true });
  const look = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None)";
  must('env', [`GST_REGISTRY=${path}`, '/usr/bin/python3', '-c', look]);
  chmodSync(path, 0o644);
}

/** What the cached files were made by: another text makes others. */
function ownText() {
  return readdirSync(SCRIPTS)
    .sort()
    .map((name) => readFileSync(join(SCRIPTS, name), 'utf8'))
    .join();
}
