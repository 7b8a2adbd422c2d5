// What the ecosystem's own tools say of the package. Needs a build. `npm test -- package` runs these too.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeManifest } from './manifest/write.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns {string | undefined} all that the tool has said, if it ended with an error */
function tool(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? undefined : `${stdout}${stderr}`.trim();
}

/** Each answers with what is wrong, or with nothing. */
export const checks = {
  'publint: exports, files and types are as bundlers and Node expect': () =>
    tool('node_modules/publint/src/cli.js', '--strict'),

  // A package of modules: `require()` of one is Node's own business from version 22 on.
  'attw: every entry has types that are true for what is loaded': () =>
    tool('node_modules/@arethetypeswrong/cli/dist/index.js', '--pack', '.', '--profile', 'esm-only', '--no-color'),

  'size-limit: the script-tag build is as small as it has to be': () => tool('node_modules/size-limit/bin.js'),

  'custom-elements.json is the same each time it is made': () => {
    const read = () => readFileSync(join(root, 'dist/custom-elements.json'), 'utf8');
    const before = read();
    writeManifest();
    return read() === before ? undefined : 'dist/custom-elements.json differs from one made now: npm run build';
  },

  'package-lock.json names no registry': () =>
    /"resolved": "(?!file:)/.test(readFileSync(join(root, 'package-lock.json'), 'utf8'))
      ? 'It does: npm install --omit-lockfile-registry-resolved'
      : undefined,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, check] of Object.entries(checks)) {
    const problem = check();
    console.log(`${problem ? 'FAIL' : 'ok  '} ${name}`);
    if (problem) {
      console.log(problem.replaceAll(/^/gm, '       '));
      process.exitCode = 1;
    }
  }
}
