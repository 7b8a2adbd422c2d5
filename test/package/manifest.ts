import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './support.js';

interface Named {
  name: string;
  description?: string;
}

/** What custom-elements.json says of the element. */
export interface Manifest {
  tagName: string;
  attributes: (Named & { fieldName: string })[];
  members: (Named & { kind: 'field' | 'method'; attribute?: string; readonly?: boolean })[];
  events: Named[];
  slots?: Named[];
  cssParts: Named[];
  cssProperties: Named[];
  cssStates: Named[];
}

export function manifest(): Manifest {
  const { modules } = JSON.parse(readFileSync(join(ROOT, 'dist/custom-elements.json'), 'utf8'));
  return modules[0].declarations[0];
}

export const namesOf = (items: readonly Named[] = []): string[] => items.map(({ name }) => name).sort();

/** The texts of all files of the view. */
export function viewSources(): string[] {
  const folder = join(ROOT, 'src/element/view');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** What `pattern` finds in the view, each once. */
export function found(pattern: RegExp, texts = viewSources()): string[] {
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name as string)))].sort();
}
