// npm run test:gst126 [-- arguments for pytest]: the sender's tests on GStreamer 1.26, in a Debian 13 that this makes itself.
//
// The chroot is kept in .cache/gst126: the first run takes minutes, the next ones as long as the tests.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { APT_PACKAGES } from '../../scripts/packages.mjs';
import { root as checkout, ensureApt } from '../../scripts/setup.mjs';
import { readJUnit, summary } from '../report/counts.mjs';
import { ensureDebian } from './debian.mjs';
import { runInside } from './process.mjs';

const FOLDER = join(checkout, '.cache/gst126');
const PACKAGES = [...Object.keys(APT_PACKAGES.sender), 'python3-pytest', 'python3-jsonschema'];
const COUNTS = '/var/tmp/counts.xml';
const VERSIONS = `
import platform, gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst
Gst.init(None)
print(f'{Gst.version_string()}, Python {platform.python_version()}, {platform.freedesktop_os_release()["PRETTY_NAME"]}')
`;

const seconds = (since) => (Date.now() - since) / 1_000;

async function main() {
  const begun = Date.now();
  if (process.getuid?.() !== 0) throw new Error('Making a chroot takes root: sudo npm run test:gst126');
  const apt = await ensureApt(['gst126'], { yes: true });
  if (apt) throw new Error([apt.reason, apt.command].filter(Boolean).join('\n  '));
  mkdirSync(FOLDER, { recursive: true });
  const debian = await ensureDebian(FOLDER, PACKAGES);
  console.log(`Debian 13 is there after ${seconds(begun).toFixed(1)} s.`);

  await runInside(debian, ['/usr/bin/python3', '-c', VERSIONS]);
  const started = Date.now();
  const pytest = ['-m', 'pytest', '-p', 'no:cacheprovider', `--junitxml=${COUNTS}`, '-o', 'junit_family=xunit2'];
  const code = await runInside(
    debian,
    ['/usr/bin/python3', ...pytest, ...(process.argv.length > 2 ? process.argv.slice(2) : ['test/sender'])],
    { mayFail: true, env: { PYTHONDONTWRITEBYTECODE: '1' } },
  );
  const counts = readJUnit(join(debian, COUNTS)) ?? { passed: 0, failed: 1, skipped: [] };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  console.log(`\n${summary([{ name: 'sender, GStreamer 1.26', seconds: seconds(started), counts }]).join('\n')}`);
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.log(error.message);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
}
