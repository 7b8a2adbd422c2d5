/*
 * Writes the tables of docs/element.md and the entries of demo/reference.html from the element's own comments, and the examples of
 * docs/frameworks.md from demo/examples: npx tsx scripts/element-docs.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referencePage } from './element-docs/html.js';
import { readReference } from './element-docs/manifest.js';
import { elementPage } from './element-docs/markdown.js';
import { frameworksPage } from './element-docs/snippets.js';

const pathOf = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

/** Each file as it is to be. */
export async function elementDocs(): Promise<Record<string, string>> {
  const reference = await readReference();
  const now = (file: string) => readFileSync(pathOf(file), 'utf8');
  return {
    'docs/element.md': elementPage(now('docs/element.md'), reference),
    'docs/frameworks.md': frameworksPage(now('docs/frameworks.md')),
    'demo/reference.html': referencePage(now('demo/reference.html'), reference),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of Object.entries(await elementDocs())) writeFileSync(pathOf(file), text);
}
