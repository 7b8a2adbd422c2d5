import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { APT_PACKAGES } from '../../scripts/packages.mjs';
import { findInPath, isBuilt, missingPackages, nodeProblem, npmReason } from '../../scripts/setup.mjs';

const folders: string[] = [];
function folder() {
  const path = mkdtempSync(join(tmpdir(), 'webrtc-preview-'));
  folders.push(path);
  return path;
}
afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true });
});

describe('nodeProblem', () => {
  it('accepts Node 20 and newer', () => {
    expect(nodeProblem('20.0.0')).toBeUndefined();
    expect(nodeProblem('24.1.0')).toBeUndefined();
  });

  it('says what to do about an older one', () => {
    expect(nodeProblem('18.20.4')).toBe(
      'Node 18.20.4 is too old: webrtc-preview needs Node 20 or newer (https://nodejs.org).',
    );
  });
});

describe('npmReason', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/lit': { version: '3.3.3' },
      'node_modules/a/node_modules/b': { version: '1.0.0' },
      'node_modules/@rollup/rollup-win32': { version: '4.0.0', optional: true },
    },
  };
  const installed = {
    packages: { 'node_modules/lit': { version: '3.3.3' }, 'node_modules/a/node_modules/b': { version: '1.0.0' } },
  };

  it('is silent when everything but what is for other machines is installed', () => {
    expect(npmReason(lock, installed)).toBeUndefined();
  });

  it('names the first difference', () => {
    expect(npmReason(lock, undefined)).toBe('nothing is installed yet');
    expect(npmReason(lock, { packages: {} })).toBe('lit is missing');
    const older = { packages: { ...installed.packages, 'node_modules/lit': { version: '3.0.0' } } };
    expect(npmReason(lock, older)).toBe('lit is not at 3.3.3');
  });
});

describe('missingPackages', () => {
  const groups: Record<string, Record<string, string>> = APT_PACKAGES;
  const bench = Object.keys(APT_PACKAGES.bench);
  const missingNames = (...args: unknown[]): string[] =>
    missingPackages(...args).map(({ name }: { name: string }) => name);

  it('names each missing package with its reason', () => {
    const others = bench.filter((name) => name !== 'xvfb').map((name) => `${name} ii \n`);
    expect(missingPackages(['bench'], others.join(''))).toEqual([{ name: 'xvfb', reason: APT_PACKAGES.bench.xvfb }]);
  });

  it('counts as installed only what dpkg has in full', () => {
    // "rc": removed, its configuration left; "un": unknown; "iU": unpacked, not configured; "hi": held.
    const others = bench.filter((name) => !['xvfb', 'gcc', 'libc6-dev'].includes(name)).map((name) => `${name} ii \n`);
    const names = missingNames(['bench'], `xvfb rc \ngcc un \nlibc6-dev hi \n${others.join('')}`);
    expect(names).toEqual(['xvfb', 'gcc']);
    expect(missingPackages(['bench'], bench.map((name) => `${name} iU `).join('\n'))).toHaveLength(bench.length);
  });

  it('needs no Debian Chromium where another Chrome is', () => {
    expect(missingNames(['test'], '', false)).toContain('chromium');
    expect(missingNames(['test'], '', true)).not.toContain('chromium');
  });

  it('needs no Debian Firefox where another is named', () => {
    expect(missingNames(['test'], '', true, false)).toContain('firefox-esr');
    expect(missingNames(['test'], '', true, true)).not.toContain('firefox-esr');
  });

  it('gives every package a reason', () => {
    for (const group of Object.values(groups)) {
      for (const reason of Object.values(group)) expect(reason).toMatch(/\S/);
    }
  });
});

describe('findInPath', () => {
  it('takes the first name that is a program', () => {
    expect(findInPath(['no-such-program', 'sh'])).toMatch(/\/sh$/);
    expect(findInPath(['no-such-program'])).toBeUndefined();
  });
});

describe('isBuilt', () => {
  const outputs = [
    'dist/element/define.js',
    'dist/cdn/webrtc-preview.js',
    'dist/server/index.js',
    'dist/server/cli/main.js',
    'dist/demo/publish.js',
  ];

  function project(builtAt: number | undefined, changedAt: number) {
    const root = folder();
    const put = (path: string, seconds: number) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), '');
      utimesSync(join(root, path), seconds, seconds);
      utimesSync(dirname(join(root, path)), seconds, seconds);
    };
    put('src/deep/file.ts', changedAt);
    utimesSync(join(root, 'src'), changedAt, changedAt);
    if (builtAt) for (const path of outputs) put(path, builtAt);
    return root;
  }

  it('is false before the first build and after a change', () => {
    expect(isBuilt(project(undefined, 1_000))).toBe(false);
    expect(isBuilt(project(1_000, 2_000))).toBe(false);
  });

  it('is true when everything is newer than its sources', () => {
    expect(isBuilt(project(2_000, 1_000))).toBe(true);
  });
});
