// npm run test:turn: a viewer and a camera that reach each other through a real TURN server (coturn) only.
//
// test/run.mjs has installed what is needed. Each of the three is in a network of its own, without a way out.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findChrome, root } from '../../scripts/setup.mjs';

// All of it is gone with its first process, whatever becomes of this one.
const NAMESPACE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const namespaced = (...command) => [...NAMESPACE, 'sh', join(root, 'test/turn/namespace.sh'), ...command];

const impossible = whyNot();
if (impossible) {
  console.log(`Skipped: ${impossible}.`);
  if (process.env.TEST_COUNTS) {
    const skipped = [{ name: 'the whole suite', reason: impossible }];
    writeFileSync(process.env.TEST_COUNTS, JSON.stringify({ passed: 0, failed: 0, skipped }));
  }
  process.exit(0);
}

const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'turn', '--reporter=verbose'];
if (process.env.TEST_COUNTS) vitest.push('--reporter=./test/report/vitest.mjs');
const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaced(process.execPath, ...vitest)], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, CHROME_PATH: findChrome() },
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    child.kill('SIGKILL');
    process.exit(1);
  });
}
child.on('close', (code) => process.exit(code ?? 1));

/** Why this machine cannot have the networks: nothing that an installation would mend. */
function whyNot() {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (!existsSync('/usr/bin/turnserver')) return 'there is no coturn (apt install coturn)';
  const { status, stderr } = spawnSync('unshare', namespaced('true'), { encoding: 'utf8' });
  return status === 0 ? undefined : `no network namespaces can be made: ${stderr.trim()}`;
}
