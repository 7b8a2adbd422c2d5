import { build } from 'esbuild';
import { expect, it, onTestFinished } from 'vitest';
import { launchChromium } from '../e2e/support/stack.js';
import { found, manifest, namesOf } from './manifest.js';
import type { compare } from './same-element.js';
import { inPackage, quietPage, ROOT, serve } from './support.js';

/** `part="a b"` in the templates, as far as no expression is in it. */
const PARTS = /\bpart="([\w -]+)"/g;
/** Those of lines and buttons that are made from a list. */
const LISTED = /'([a-z]+-(?:item|button))'/g;

it('shows in the script-tag build what the sources show, to the last computed style', async () => {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['test/package/same-element.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // With them, and without chunks, esbuild forgets to run a module that one part imports now and another later.
    ignoreAnnotations: true,
    write: false,
  });
  const script = `${outputFiles[0]?.text}\nglobalThis.compare = compare;`.replaceAll('</script', '<\\/script');
  const html = `<!doctype html><html lang="en"><link rel="icon" href="data:,"><body><script type="module">${script}</script>`;
  const host = await serve({ '/': html }, inPackage);
  const { browser, close } = await launchChromium();
  onTestFinished(close);
  const { page, said } = await quietPage(browser);
  await page.goto(host.url);
  await page.waitForFunction('globalThis.compare');
  const { differences, lines, parts } = (await page.evaluate(
    `import('/dist/cdn/webrtc-preview.js').then(compare)`,
  )) as Awaited<ReturnType<typeof compare>>;
  expect(differences.slice(0, 3)).toEqual([]);
  expect(lines).toBeGreaterThan(1_000);
  expect(said).toEqual([]);

  // Every part that was seen, or that stands in a template for a case that was not.
  const inTemplates = [...found(PARTS).flatMap((names) => names.split(' ')), ...found(LISTED)];
  expect(namesOf(manifest().cssParts)).toEqual([...new Set([...parts, ...inTemplates])].sort());
});
