import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { outputFolder } from './paths.js';

/** How long a program may take to end by itself before it is killed. */
const STOP_MS = 3_000;

/**
 * Everything that a benchmark starts, so that nothing is left behind: at the end, after an error and after Ctrl-C the
 * disposers run, last one first. Only processes that were started here are ever signalled.
 */
export class Lab {
  readonly #disposers: (() => unknown)[] = [];
  readonly #children = new Set<ChildProcess>();
  #closing: Promise<void> | undefined;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // Not once: whoever ends a whole group and its parent tells us twice, and the second time would leave all behind.
      process.on(signal, () => void this.close().then(() => process.exit(130)));
    }
    process.on('exit', () => {
      for (const child of this.#children) signalGroup(child, 'SIGKILL');
    });
  }

  /** Runs `dispose` when the lab closes. */
  defer(dispose: () => unknown): void {
    this.#disposers.push(dispose);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const dispose of this.#disposers.reverse()) {
      try {
        await dispose();
      } catch (error) {
        console.error(`bench: cleaning up: ${error}`);
      }
    }
  }

  /**
   * Starts a program in its own process group; it ends with the lab. What it writes to standard error goes to
   * `test/out/bench/<name>.log`, its standard output to the caller unless `stdout` says 'log'. It reads nothing, unless
   * `stdin` says 'pipe'.
   */
  async start(
    name: string,
    command: string,
    words: readonly string[],
    {
      stdin = 'ignore',
      stdout = 'pipe',
      ...options
    }: SpawnOptions & { stdin?: 'ignore' | 'pipe'; stdout?: 'pipe' | 'log' } = {},
  ): Promise<ChildProcess> {
    await mkdir(outputFolder, { recursive: true });
    const log = openSync(logPath(name), 'w');
    const child = spawn(command, words, {
      ...options,
      detached: true,
      stdio: [stdin, stdout === 'log' ? log : 'pipe', log],
    });
    closeSync(log); // the child has its own
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new Error(`${command} does not start: ${error.message}`)));
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    this.defer(() => stopProcess(child));
    return child;
  }
}

export function logPath(name: string): string {
  return join(outputFolder, `${name}.log`);
}

/** Asks a program of ours to end, and kills it when it does not. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has already ended.
  }
}
