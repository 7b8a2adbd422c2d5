import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import type { Browser } from 'puppeteer-core';
import { type OutputOptions, rollup } from 'rollup';
import esbuild from 'rollup-plugin-esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCATE, lazyParts } from '../../scripts/bundle/lazy-parts.mjs';
import { minify } from '../../scripts/bundle/minify.mjs';
import { minifyLiterals } from '../../scripts/bundle/minify-literals.mjs';
import { launchChromium } from '../e2e/support/stack.js';
import { quietPage, serve } from './support.js';

const FROM = fileURLToPath(new URL('./lazy', import.meta.url));
const CORS = { 'access-control-allow-origin': '*' };

async function build(entry: string, output: OutputOptions): Promise<string[]> {
  const plugins = () => [esbuild({ target: 'es2022', tsconfig: false }), minifyLiterals()];
  const bundle = await rollup({
    input: join(FROM, entry),
    plugins: [
      nodeResolve({ browser: true, exportConditions: ['production'] }),
      ...plugins(),
      lazyParts({ from: FROM, plugins, minify }),
    ],
  });
  const written = await bundle.write({ ...output, plugins: minify });
  await bundle.close();
  return written.output.map(({ fileName }) => fileName).sort();
}

let browser: Browser;
let close: () => Promise<void>;
let folder: string;
let files: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-lazy-'));
  files = await build('entry.ts', { file: join(folder, 'main.js'), format: 'es' });
  await build('entry.ts', { file: join(folder, 'main.iife.js'), format: 'iife', intro: LOCATE });
  ({ browser, close } = await launchChromium());
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await close();
});

it('makes a file of each import(), without being told of any', () => {
  const parts = files.filter((name) => name.endsWith('.js'));
  expect(parts).toEqual(['main.js', 'parts/deep/deeper.js', 'parts/part.js']);
});

it('refuses a part that would bring a second Lit along, and says what to do', async () => {
  const wrong = build('wrong-entry.ts', { file: join(folder, 'wrong.js'), format: 'es' });
  await expect(wrong).rejects.toThrow(/wrong\.ts imports lit\/directives\/class-map\.js.*given to it as an argument/s);
});

describe.each([
  ['a module beside the page', '', '/cdn/', '<script type="module" src="CDN/cdn/main.js?v=1"></script>'],
  ['a classic script beside the page', '', '/cdn/', '<script src="CDN/cdn/main.iife.js?v=1"></script>'],
  ['a module elsewhere', 'CDN', '/cdn/', '<script type="module" src="CDN/cdn/main.js"></script>'],
  ['a classic script elsewhere', 'CDN', '/cdn/', '<script src="CDN/cdn/main.iife.js"></script>'],
  ['a package by its name', 'CDN', '/webrtc-preview@1/dist/cdn/', '<script src="CDN/webrtc-preview@1"></script>'],
])('%s', (_name, elsewhere, path, script) => {
  it('fetches a part when it is first used, from where it is itself', async () => {
    const find = (asked: string) => {
      if (asked === '/webrtc-preview@1') return join(folder, 'main.iife.js');
      return asked.startsWith(path) ? join(folder, asked.slice(path.length)) : undefined;
    };
    const cdn = await serve({}, find, { ...CORS, 'content-type': 'text/javascript' });
    const source = elsewhere ? cdn.url : "'self'";
    const policy = { 'content-security-policy': `default-src 'none'; img-src data:; script-src ${source}` };
    const html = `<!doctype html><link rel="icon" href="data:,">${script.replace('CDN', elsewhere && cdn.url)}`;
    const host = await serve({ '/': html }, find, policy);
    const from = elsewhere ? cdn : host;
    const { page, said } = await quietPage(browser);
    await page.goto(host.url);
    const parts = () => from.asked.filter((asked) => asked.includes('/parts/'));

    expect(parts()).toEqual([]);
    await page.mouse.click(5, 5);
    await page.waitForSelector('#later');
    expect(parts()).toEqual([`${path}parts/part.js`]);
    const seen = await page.$eval('#later', (later) => ({
      title: later.getAttribute('title'),
      colour: getComputedStyle(later).color,
      circle: later.querySelector('circle')?.namespaceURI,
    }));
    expect(seen).toEqual({ title: 'later', colour: 'rgb(255, 0, 0)', circle: 'http://www.w3.org/2000/svg' });

    await page.click('button');
    await page.waitForSelector('[data-mark=deeper]');
    expect(parts()).toEqual([`${path}parts/part.js`, `${path}parts/deep/deeper.js`]);
    expect(said).toEqual([]);
  });
});
