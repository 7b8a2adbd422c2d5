// Writes dist/custom-elements.json, and dist/typings/ from it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { typings } from './typings.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function writeManifest() {
  const analyzer = 'node_modules/@custom-elements-manifest/analyzer/cem.js';
  const args = [analyzer, 'analyze', '--config', 'scripts/manifest/analyzer.config.mjs'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The analyzer could not make custom-elements.json.');
  const manifest = JSON.parse(readFileSync(join(root, 'dist/custom-elements.json'), 'utf8'));
  const [element] = manifest.modules[0].declarations;
  const folder = join(root, 'dist/typings');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(typings(element))) writeFileSync(join(folder, name), text);
}
