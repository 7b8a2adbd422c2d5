import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { projectFolder } from '../lib/paths.js';
import type { Suite } from '../lib/suite.js';

const MAIN = 'dist/cdn/webrtc-preview.js';
/** What all that the first picture needs should weigh, as in scripts/size.mjs. */
const AIM_KB = 30;

/** Other players and what we are made of, bundled in the same way, as a page would load them. */
const OTHERS = {
  '@eyevinn/webrtc-player': "import { WebRTCPlayer } from '@eyevinn/webrtc-player'; globalThis.kept = WebRTCPlayer;",
  'lit alone': "import { LitElement, html, css } from 'lit'; globalThis.kept = [LitElement, html, css];",
  'socket.io-client alone': "import { io } from 'socket.io-client'; globalThis.kept = io;",
};

interface Weight {
  label: string;
  bytes: number;
  gzip: number;
}

const suite: Suite = {
  about: 'what the element weighs, and where; needs no camera and no browser',
  options: {},
  async run() {
    const own = [
      weigh('script-tag build: all for the first picture', [MAIN]),
      weigh('its parts, fetched when they are used', filesIn('dist/cdn/parts')),
    ];
    const others: Weight[] = [];
    for (const [label, source] of Object.entries(OTHERS)) others.push(await bundled(label, source));
    const weights = [...own, ...others];
    return {
      title: 'Weight of what a page loads, minified, in bytes; gzip at level 9, each file by itself',
      columns: ['', 'minified', 'gzip'],
      rows: weights.map(({ label, bytes, gzip }) => [label, String(bytes), String(gzip)]),
      aims: [
        {
          name: 'all for the first picture',
          value: (own[0]?.gzip ?? Number.NaN) / 1_000,
          atMost: AIM_KB,
          unit: 'kB gzip',
        },
      ],
      notes: ['`npm run size` says which modules weigh what, and guards the limits.'],
      failures: [],
      raw: weights,
    };
  },
};

export default suite;

const filesIn = (folder: string): string[] =>
  readdirSync(join(projectFolder, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name));

function weigh(label: string, files: readonly string[]): Weight {
  const texts = files.map((file) => readFileSync(join(projectFolder, file)));
  return { label, bytes: sum(texts.map(({ length }) => length)), gzip: sum(texts.map(gzipBytes)) };
}

async function bundled(label: string, contents: string): Promise<Weight> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: projectFolder },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2021',
    conditions: ['browser', 'production'],
  });
  const [code] = outputFiles.map(({ contents }) => contents);
  if (!code) throw new Error(`${label} has no bundle`);
  return { label, bytes: code.length, gzip: gzipBytes(code) };
}

const gzipBytes = (text: Uint8Array): number => gzipSync(text, { level: 9 }).length;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
