import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Everything that the first picture needs. What it should be is another matter: `npm run size` says how far away that is. */
const MAIN = '45.5 kB';
/** What is loaded when it is first used must be here before a person has noticed. */
const PART = '8 kB';

const PARTS = 'dist/cdn/parts';
const parts = existsSync(PARTS)
  ? readdirSync(PARTS, { recursive: true })
      .filter((name) => name.endsWith('.js'))
      .sort()
  : [];

export default [
  { name: 'script tag, module', path: 'dist/cdn/webrtc-preview.js', limit: MAIN, gzip: true },
  { name: 'script tag, classic', path: 'dist/cdn/webrtc-preview.iife.js', limit: MAIN, gzip: true },
  ...parts.map((name) => ({ name: `later: ${name}`, path: join(PARTS, name), limit: PART, gzip: true })),
];
