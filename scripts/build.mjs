// Builds dist/ from nothing: JavaScript by Rollup, declarations by tsc, what editors and frameworks read of the element, the
// demo's scripts by esbuild.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeManifest } from './manifest/write.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(...command) {
  const [program, ...args] = command;
  const { status } = spawnSync(process.execPath, [`node_modules/${program}`, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(`${root}/dist`, { recursive: true, force: true });
run('rollup/dist/bin/rollup', '--config', 'rollup.config.mjs', '--silent');
run('typescript/bin/tsc', '--project', 'tsconfig.build.json');
writeManifest();
writeLicences();
writeIntegrity();
await import('../demo/build.mjs');

/** What stands inside the script-tag build, and under which terms. */
function writeLicences() {
  const files = {
    'webrtc-preview': 'LICENSE',
    Lit: 'node_modules/lit/LICENSE',
    'Socket.IO': 'node_modules/socket.io-client/LICENSE',
    '@socket.io/component-emitter': 'node_modules/@socket.io/component-emitter/LICENSE',
  };
  const texts = Object.entries(files).map(
    ([name, path]) => `${name}\n\n${readFileSync(join(root, path), 'utf8').trim()}\n`,
  );
  writeFileSync(join(root, 'dist/cdn/LICENSES.txt'), texts.join('\n\n'));
}

/** For pages that take the files from a CDN: what to write into `integrity`, and into an import map for the parts. */
function writeIntegrity() {
  const folder = join(root, 'dist/cdn');
  const files = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .sort();
  const hash = (name) =>
    `sha384-${createHash('sha384')
      .update(readFileSync(join(folder, name)))
      .digest('base64')}`;
  const integrity = Object.fromEntries(files.map((name) => [name, hash(name)]));
  writeFileSync(join(folder, 'integrity.json'), `${JSON.stringify(integrity, null, 2)}\n`);
}
