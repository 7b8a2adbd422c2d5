import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { promisify } from 'node:util';
import { chromiumPath } from './chromium.js';
import { projectFolder } from './paths.js';
import { isBuilt } from './setup.js';

const run = promisify(execFile);

export interface Environment {
  at: string;
  commit: string;
  /** Whether dist/ is newer than everything it is built from. */
  builtNow: boolean;
  system: string;
  cores: number;
  processor: string;
  node: string;
  chromium: string;
  gstreamer: string;
}

export const loadAverages = (): string =>
  loadavg()
    .map((load) => load.toFixed(2))
    .join(' ');

export async function describeEnvironment(): Promise<Environment> {
  const processors = cpus();
  return {
    at: new Date().toISOString(),
    commit: await firstLine('git', ['-C', projectFolder, 'describe', '--always', '--dirty']),
    builtNow: isBuilt(),
    system: `${/PRETTY_NAME="(.*)"/.exec(readText('/etc/os-release'))?.[1] ?? process.platform}, kernel ${release()}`,
    cores: processors.length,
    processor: processors[0]?.model ?? 'unknown',
    node: process.version,
    chromium: await firstLine(chromiumPath(), ['--version']),
    gstreamer: await firstLine('gst-inspect-1.0', ['--gst-version'], (text) => /[\d.]{3,}/.exec(text)?.[0]),
  };
}

async function firstLine(
  command: string,
  words: string[],
  pick: (text: string) => string | undefined = (text) => text.split('\n')[0]?.trim(),
): Promise<string> {
  try {
    return pick((await run(command, words)).stdout) ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
