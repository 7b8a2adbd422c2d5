// The archive that the test machine's kernel starts from: busybox, the modules in the order in which they load, three scripts.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BUSYBOX, must } from './packages.mjs';

/** Loaded before the root is mounted. vivid is loaded later, by start.sh: udev has to see it come. */
const FOR_THE_ROOT = ['virtio_pci', 'virtio_net', '9p', '9pnet_virtio', 'overlay'];

/**
 * @param {string} kernel folder with the unpacked modules
 * @param {string} scripts folder with init.sh, start.sh and command.sh
 * @param {string} work folder to build in; emptied
 * @param {string} output the archive
 */
export function buildInitramfs(kernel, scripts, work, output) {
  rmSync(work, { recursive: true, force: true });
  for (const folder of ['bin', 'dev', 'machine', 'memory', 'modules', 'packages', 'proc', 'root', 'sys']) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  const available = findModules(kernel);
  if (!available.has('vivid'))
    throw new Error('This kernel has no vivid, the driver of the camera that the tests use.');
  const modules = inLoadOrder(available, [...FOR_THE_ROOT, 'vivid']);
  for (const { path } of modules) cpSync(path, join(work, 'modules', basename(path)));
  const atOnce = modules.filter(({ name }) => name !== 'vivid');
  writeFileSync(join(work, 'modules/order'), atOnce.map(({ path }) => `${basename(path)}\n`).join(''));
  cpSync(BUSYBOX, join(work, 'bin/busybox'));
  cpSync(join(scripts, 'init.sh'), join(work, 'init'));
  for (const name of ['start.sh', 'command.sh']) cpSync(join(scripts, name), join(work, name));
  const script = 'chmod 755 init command.sh bin/busybox && find . | "$0" cpio -o -H newc >"$1"';
  must('sh', ['-c', script, BUSYBOX, output], work);
}

/**
 * `wanted` and everything they depend on, each after what it depends on. Names as the kernel has them, with "_".
 *
 * @param {Map<string, { name: string, path: string, depends: string[] }>} available
 */
function inLoadOrder(available, wanted) {
  const order = new Map();
  const add = (name) => {
    const module = available.get(name);
    // What is not a module is part of the kernel; a module that is missing all the same fails at its user's insmod.
    if (!module || order.has(name)) return;
    module.depends.forEach(add);
    order.set(name, module);
  };
  wanted.forEach(add);
  return [...order.values()];
}

function findModules(folder) {
  const modules = new Map();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.ko')) continue;
    const path = join(entry.parentPath, entry.name);
    const name = kernelName(entry.name.slice(0, -'.ko'.length));
    modules.set(name, {
      name,
      path,
      // Read only when it is asked for: there are hundreds.
      get depends() {
        const [, list = ''] = /\0depends=([^\0]*)\0/.exec(readFileSync(path, 'latin1')) ?? [];
        return list.split(',').filter(Boolean).map(kernelName);
      },
    });
  }
  return modules;
}

const kernelName = (name) => name.replaceAll('-', '_');
