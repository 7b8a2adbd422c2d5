import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readReference } from '../../scripts/element-docs/manifest.js';
import { elementDocs } from '../../scripts/element-docs.js';

const HOW = 'run: npx tsx scripts/element-docs.ts';
const docs = await elementDocs();

it.each(Object.keys(docs))('%s says what the element and the examples say', (path) => {
  expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'), HOW).toBe(docs[path]);
});

it('everything that a page may use says what it is for', async () => {
  const silent = Object.entries(await readReference()).flatMap(([group, entries]) =>
    entries.filter(({ description }) => description === '').map(({ name }) => `${group}: ${name}`),
  );
  expect(silent).toEqual([]);
});
