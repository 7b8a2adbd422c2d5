// npm run test:camera: the sender with a real V4L2 device, in a test machine (qemu) in a network namespace, into Chromium.
//
// test/run.mjs has installed what all tests need. This installs the emulator, makes the test machine's files, and runs Vitest in the namespace.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureApt, root } from '../../scripts/setup.mjs';
import { buildMachine, REGISTRY } from './machine/build.mjs';

/** Debian's name for a processor, and qemu's program for it. */
const EMULATORS = { amd64: 'qemu-system-x86_64' };

const architecture = spawnSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).stdout?.trim();
// All of it is gone with its first process, whatever becomes of this one.
const NAMESPACE = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
const namespaced = (...command) => [...NAMESPACE, 'sh', join(root, 'test/camera/namespace.sh'), ...command];

const impossible = whyNot();
if (impossible) endWithout(impossible, 'skipped');
const missing = await ensureApt(['camera'], { yes: true });
// Whoever calls itself CI has to have what can be installed.
if (missing) endWithout(missing.reason, process.env.CI ? 'failed' : 'skipped');
const isolated = tryOut(namespaced('true'));
if (isolated) endWithout(`no network namespace with a cable can be made: ${isolated}`, 'skipped');

const began = Date.now();
const machine = buildMachine(architecture);
console.log(`Test machine ready in ${((Date.now() - began) / 1_000).toFixed(1)} s.`);

// One test goes on where the other ended: after a failure there is nothing to go on with.
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project=camera', '--bail=1', '--reporter=default'];
if (process.env.TEST_COUNTS) vitest.push('--reporter=./test/report/vitest.mjs');
const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaced(process.execPath, ...vitest)], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...process.env,
    TEST_MACHINE: JSON.stringify({ ...machine, registry: REGISTRY, emulator: EMULATORS[architecture] }),
  },
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    child.kill('SIGKILL');
    process.exit(1);
  });
}
child.on('close', (code) => process.exit(code ?? 1));

/** Why this machine can never have the namespace or the emulator: nothing that an installation would mend. */
function whyNot() {
  if (!architecture) return 'this Linux has no dpkg (Debian has)';
  if (!EMULATORS[architecture])
    return `the test machine is not known for ${architecture} (only ${Object.keys(EMULATORS)})`;
  if (process.getuid() !== 0) return 'a network namespace and the root file system of the test machine need root';
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun, the cable to the test machine';
  const problem = tryOut([...NAMESPACE, 'true']);
  return problem && `no namespaces can be made: ${problem}`;
}

/** What `unshare` has against these arguments, or `undefined`. */
function tryOut(words) {
  const { status, stderr, error } = spawnSync('unshare', words, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

function endWithout(reason, as) {
  console.log(`The camera's tests cannot run here: ${reason}.`);
  const counts = { passed: 0, failed: 0, skipped: [] };
  if (as === 'failed') counts.failed = 1;
  else counts.skipped.push({ name: 'the whole suite', reason });
  if (process.env.TEST_COUNTS) writeFileSync(process.env.TEST_COUNTS, JSON.stringify(counts));
  process.exit(counts.failed);
}
