import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './support.js';

/*
 * The typings as an app has them: the package lies in node_modules beside the framework, and each framework's own tool reads a
 * component that uses the element well, and one that uses it wrongly in each line.
 */

const APP = join(ROOT, 'test/out/typings');
const FROM = join(ROOT, 'test/package/typings');
/** What an app's npm would install with the package, as far as types need it. */
const WITH = ['lit', 'socket.io-client', 'typebox'];

beforeAll(() => {
  const lock = (folder: string) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const isInstalled = existsSync(join(APP, 'node_modules/vue')) && lock(APP) === lock(FROM);
  mkdirSync(APP, { recursive: true });
  cpSync(FROM, APP, { recursive: true });
  if (!isInstalled) execFileSync('npm', ['ci', '--prefer-offline', '--loglevel=error'], { cwd: APP });
  const installed = join(APP, 'node_modules/webrtc-preview');
  rmSync(installed, { recursive: true, force: true });
  for (const name of ['package.json', 'dist/types', 'dist/typings']) {
    cpSync(join(ROOT, name), join(installed, name), { recursive: true });
  }
  for (const name of WITH) {
    const link = join(APP, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    rmSync(link, { recursive: true, force: true });
    symlinkSync(join(ROOT, 'node_modules', name), link);
  }
}, 240_000);

const tool = (folder: string, path: string, ...args: string[]) => {
  const options = { cwd: join(APP, folder), encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync(process.execPath, [join(APP, 'node_modules', path), ...args], options);
  return `${stdout}${stderr}`;
};

/** Lines in which a tool finds an error, as "file:line", each once. */
const errors = (output: string, pattern: RegExp) =>
  [...new Set([...output.matchAll(pattern)].map(([, file, line]) => `${file}:${line}`))].sort();

describe('what a framework makes of the typings', () => {
  it('React: takes JSX that is right, and finds what is wrong', () => {
    const output = tool('react', 'typescript/bin/tsc', '-p', '.', '--pretty', 'false');
    const wrong = [4, 5, 6, 7, 8].map((line) => `wrong.tsx:${line}`);
    expect(errors(output, /^(\w+\.tsx)\((\d+),/gm), output).toEqual(wrong);
  });

  it('Vue: takes a template that is right, and finds what is wrong', () => {
    const output = tool('vue', 'vue-tsc/bin/vue-tsc.js', '-p', '.', '--pretty', 'false');
    const wrong = [6, 7, 8, 9].map((line) => `Wrong.vue:${line}`);
    expect(errors(output, /^(\w+\.vue)\((\d+),/gm), output).toEqual(wrong);
  });

  it('Svelte: takes a component that is right, and finds what is wrong', () => {
    const output = tool(
      'svelte',
      'svelte-check/bin/svelte-check',
      '--output',
      'machine',
      '--no-tsconfig',
      '--workspace',
      '.',
    );
    const wrong = [5, 6, 7, 8, 9].map((line) => `Wrong.svelte:${line}`);
    expect(errors(output, /ERROR "(\w+\.svelte)" (\d+):/g), output).toEqual(wrong);
  });
});
