import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Lab } from './lab.js';
import { firstLine } from './lines.js';
import { benchFolder, outputFolder, projectFolder } from './paths.js';

export interface ServerOptions {
  /** Without the plugin, for what needs no camera. */
  pagesOnly?: boolean;
  /** Words before its command, to have it run elsewhere. */
  enter?: readonly string[];
  /** Where it listens. */
  host?: string;
  /** 0: any that is free. */
  port?: number;
}

/** Starts the signalling server and the pages of the benchmarks, on a free port of 127.0.0.1 unless told otherwise. Returns its address. */
export async function startServer(lab: Lab, options: ServerOptions = {}): Promise<string> {
  return (await startServerProcess(lab, options)).address;
}

/** The same, for whoever wants to end it before the lab does. */
export async function startServerProcess(
  lab: Lab,
  { pagesOnly = false, enter = [], host = '127.0.0.1', port = 0 }: ServerOptions = {},
): Promise<{ address: string; process: ChildProcess }> {
  if (!pagesOnly) needBuild(['dist/server/index.js', 'dist/element/client.js', 'dist/cdn/webrtc-preview.js']);
  // One that is started again on its port is to be there soon: nothing is built for it.
  if (port === 0) await Promise.all([buildPages(), buildProgram()]);
  const [command = process.execPath, ...words] = [...enter, process.execPath, PROGRAM, host, `${port}`];
  if (pagesOnly) words.push('--pages-only');
  const child = await lab.start('server', command, words, { cwd: projectFolder });
  return { address: await firstLine(child, 'server'), process: child };
}

/** As deep in the project as its source, which finds its files from where it is. */
const PROGRAM = join(outputFolder, 'server-process.mjs');

async function buildProgram(): Promise<void> {
  await build({
    entryPoints: [join(benchFolder, 'lib', 'server-process.ts')],
    outfile: PROGRAM,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
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
