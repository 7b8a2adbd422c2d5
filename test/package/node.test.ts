import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support.js';

const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};
const entries = Object.entries(exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([name]) => join('webrtc-preview', name));

/** Lit's own: what it needs of a browser, and how many of it there are. */
const LITS = /^(litHtml|litElement|reactiveElement)Versions$|^lit(ServerRoot|PropertyMetadata)$|^customElements$/;

/** Runs a module in plain Node, where there is no page. Returns what it prints; rejects when it does not end by itself. */
function inNode(source: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

describe.each(entries)('%s, imported where there is no page', (specifier) => {
  it('prints nothing, keeps nothing running, and leaves nothing behind', () => {
    const names = inNode(`
      const before = Object.getOwnPropertyNames(globalThis);
      await import('${specifier}');
      await import('${specifier}?again').catch(() => {});
      process.stdout.write(Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name)).join());
    `);
    expect(names.split(',').filter((name) => name && !LITS.test(name))).toEqual([]);
  });
});

it('makes an element where there is no page, too', () => {
  expect(
    inNode(`
      const { WebRTCPreviewElement } = await import('webrtc-preview/define');
      const { state } = new WebRTCPreviewElement();
      process.stdout.write(state);
    `),
  ).toBe('idle');
});
