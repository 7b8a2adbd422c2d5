// npm run test:whip: the sender publishes to a WHIP server that nobody here wrote, and Chromium plays it from there.
//
// test/run.mjs has installed what is needed, but for the server, which Go installs.
// The server listens on every address, so it, the sender and Chromium run in a network namespace without a way out.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findChrome, root } from '../../scripts/setup.mjs';
import { installServer, SERVER } from './server.mjs';

// All of it is gone with its first process, whatever becomes of this one.
const NAMESPACE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const namespaced = (...command) => [...NAMESPACE, 'sh', join(root, 'test/whip/namespace.sh'), ...command];

const impossible = whyNot() ?? installServer();
if (impossible) {
  console.log(`Skipped: ${impossible}.`);
  if (process.env.TEST_COUNTS) {
    const skipped = [{ name: 'the whole suite', reason: impossible }];
    writeFileSync(process.env.TEST_COUNTS, JSON.stringify({ passed: 0, failed: 0, skipped }));
  }
  process.exit(0);
}

const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'whip', '--reporter=verbose'];
if (process.env.TEST_COUNTS) vitest.push('--reporter=./test/report/vitest.mjs');
const child = spawn('unshare', namespaced(process.execPath, ...vitest), {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, CHROME_PATH: findChrome(), WHIP_SERVER: SERVER },
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    child.kill('SIGKILL');
    process.exit(1);
  });
}
child.on('close', (code) => process.exit(code ?? 1));

/** Why this machine cannot have the namespace: nothing that an installation would mend. */
function whyNot() {
  if (process.getuid?.() !== 0) return 'a network namespace needs root';
  const { status, stderr } = spawnSync('unshare', namespaced('true'), { encoding: 'utf8' });
  return status === 0 ? undefined : `no network namespace can be made: ${stderr.trim()}`;
}
