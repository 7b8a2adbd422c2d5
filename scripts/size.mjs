// npm run size: what the script-tag build weighs, file by file and module by module, and whether that is within the limits.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const MAIN = 'dist/cdn/webrtc-preview.js';
const SHOWN = 25;
/** What all that the first picture needs should weigh. Lit and Socket.IO's client alone are two thirds of it. */
const AIM_KB = 30;

const gzipBytes = (text) => gzipSync(text, { level: 9 }).length;

/** @returns {{ module: string, char: string }[]} the file, each character with the module that it comes from */
export function attribute(code, map) {
  const sources = new SourceMap(map);
  let module = 'the bundle itself';
  return code.split('\n').flatMap((line, row) =>
    [...`${line}\n`].map((char, column) => {
      const source = column < line.length ? sources.findEntry(row, column).originalSource : undefined;
      if (source) module = source.replace(/^.*\/(?=node_modules\/|src\/)/, '').replace('node_modules/', '');
      return { module, char };
    }),
  );
}

/** @returns {{ module: string, bytes: number, gzip: number }[]} `gzip`: by how much the whole shrinks without it */
export function breakdown(code, map) {
  const chars = attribute(code, map);
  const whole = gzipBytes(chars.map(({ char }) => char).join(''));
  const bytes = new Map();
  for (const { module } of chars) bytes.set(module, (bytes.get(module) ?? 0) + 1);
  return [...bytes]
    .map(([module, count]) => {
      const rest = chars.filter((each) => each.module !== module).map(({ char }) => char);
      return { module, bytes: count, gzip: whole - gzipBytes(rest.join('')) };
    })
    .sort((a, b) => b.gzip - a.gzip);
}

function main() {
  if (!existsSync(join(root, MAIN))) {
    console.error(`${MAIN} is not there: npm run build`);
    return 2;
  }
  const read = (path) => readFileSync(join(root, path), 'utf8');
  const modules = breakdown(read(MAIN), JSON.parse(read(`${MAIN}.map`)));
  console.log(
    `The heaviest ${SHOWN} of ${modules.length} modules of ${MAIN}, in bytes: minified, and what gzip makes of it\n`,
  );
  const print = ({ module, bytes, gzip }) =>
    console.log(`${String(bytes).padStart(7)} ${String(gzip).padStart(6)}  ${module}`);
  modules.slice(0, SHOWN).forEach(print);
  const rest = modules.slice(SHOWN);
  const sum = (key) => rest.reduce((all, each) => all + each[key], 0);
  if (rest.length > 0) print({ module: `${rest.length} more`, bytes: sum('bytes'), gzip: sum('gzip') });
  const kB = gzipBytes(read(MAIN)) / 1_000;
  const missed = kB - AIM_KB;
  console.log(
    `\n${MAIN}: ${kB.toFixed(1)} kB gzip. Aim: ${AIM_KB} kB, ${missed > 0 ? `missed by ${missed.toFixed(1)} kB` : 'met'}.`,
  );
  const limits = spawnSync(process.execPath, ['node_modules/size-limit/bin.js'], { cwd: root, stdio: 'inherit' });
  return limits.status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main();
