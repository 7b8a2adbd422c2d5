import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/stack.js';

interface Manifest {
  exports: Record<string, string | { types: string; default: string }>;
  unpkg: string;
  jsdelivr: string;
}

const manifest: Manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const entries = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [[name, target] as const],
);

/** Runs a module in plain Node, where there is no page; what it prints. */
function inNode(source: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', source], { cwd: ROOT, encoding: 'utf8' });
}

describe('the built package', () => {
  it.each(entries)('%s has its file and its types', (_name, { types, default: file }) => {
    expect(existsSync(join(ROOT, types)), types).toBe(true);
    expect(existsSync(join(ROOT, file)), file).toBe(true);
  });

  it.each(entries)('%s can be imported where there is no page', (name) => {
    const specifier = join('webrtc-preview', name);
    expect(inNode(`console.log(Object.keys(await import('${specifier}')).length >= 0)`)).toBe('true\n');
  });

  it('offers what the documentation names', () => {
    const names = (specifier: string) =>
      JSON.parse(inNode(`console.log(JSON.stringify(Object.keys(await import('${specifier}'))))`));
    expect(names('webrtc-preview')).toContain('WebRTCPreviewElement');
    expect(names('webrtc-preview/client')).toContain('PreviewClient');
    expect(names('webrtc-preview/server')).toEqual(expect.arrayContaining(['default', 'webrtcSignaling']));
    expect(names('webrtc-preview/protocol')).toEqual(expect.arrayContaining(['ERRORS', 'EVENTS', 'LIMITS']));
  });

  it('registers the tag only by ./define', () => {
    const plain = readFileSync(join(ROOT, 'dist/element/index.js'), 'utf8');
    expect(plain).not.toContain('customElements.define');
  });

  it.each([manifest.unpkg, manifest.jsdelivr, './dist/cdn/webrtc-preview.js'])('%s has everything inside', (file) => {
    const code = readFileSync(join(ROOT, file), 'utf8');
    expect(code).not.toMatch(/\brequire\(|\bfrom ?["'][^"']+["']|node:/);
  });
});
