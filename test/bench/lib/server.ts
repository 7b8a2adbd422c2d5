import { existsSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Lab } from './lab.js';
import { firstLine } from './lines.js';
import { benchFolder, outputFolder, projectFolder } from './paths.js';

/**
 * Starts the signalling server and the pages of the benchmarks on a free port of 127.0.0.1. Returns its address.
 *
 * @param pagesOnly without the plugin, for what needs no camera
 * @param enter words before its command, to have it run elsewhere
 * @param host where it listens
 */
export async function startServer(
  lab: Lab,
  {
    pagesOnly = false,
    enter = [],
    host = '127.0.0.1',
  }: { pagesOnly?: boolean; enter?: readonly string[]; host?: string } = {},
): Promise<string> {
  if (!pagesOnly) needBuild(['dist/server/index.js', 'dist/element/client.js', 'dist/cdn/webrtc-preview.js']);
  await buildPages();
  const program = join(benchFolder, 'lib', 'server-process.ts');
  const [command = process.execPath, ...words] = [...enter, process.execPath, '--import', 'tsx', program, host];
  if (pagesOnly) words.push('--pages-only');
  return firstLine(await lab.start('server', command, words, { cwd: projectFolder }), 'server');
}

function needBuild(files: readonly string[]): void {
  const missing = files.filter((file) => !existsSync(join(projectFolder, file)));
  if (missing.length > 0) throw new Error(`${missing.join(', ')} missing. Build first: npm run build`);
}

/** The pages' programs are bundled as an application would be; what they measure comes from dist/. */
async function buildPages(): Promise<void> {
  const source = join(benchFolder, 'page');
  const target = join(outputFolder, 'page');
  const files = await readdir(source);
  await build({
    entryPoints: files.filter((file) => file.endsWith('.ts')).map((file) => join(source, file)),
    outdir: target,
    bundle: true,
    format: 'esm',
    minify: true,
    logLevel: 'error',
  });
  for (const file of files.filter((file) => file.endsWith('.html'))) await cp(join(source, file), join(target, file));
}
