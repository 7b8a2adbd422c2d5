import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ROOT } from '../e2e/support/stack.js';

const run = promisify(execFile);
const NPM = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
const GENERATED = ['node_modules', 'dist', '.next', '.svelte-kit'];

/** The package as npm would publish it, in a folder of its own. */
export async function packPackage(): Promise<{ folder: string; tarball: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-examples-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder, ...NPM], { cwd: ROOT });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return { folder, tarball: join(folder, filename) };
}

/** A copy of an example, as a person would have it: the package comes from the tarball, all else as its lock says. */
export class App {
  readonly name: string;
  readonly folder: string;
  #server: ChildProcess | undefined;

  constructor(name: string, folder: string, tarball: string) {
    this.name = name;
    this.folder = join(folder, name);
    const from = join(ROOT, 'demo/examples', name);
    cpSync(from, this.folder, {
      recursive: true,
      filter: (path) =>
        !path
          .slice(from.length)
          .split(sep)
          .some((part) => GENERATED.includes(part)),
    });
    const file = join(this.folder, 'package.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8'));
    manifest.dependencies['webrtc-preview'] = `file:${tarball}`;
    writeFileSync(file, JSON.stringify(manifest));
  }

  /** Installs it, and runs those of its scripts; rejects with what the tool has printed. */
  async make(scripts: readonly string[]): Promise<void> {
    await this.#npm('install', ...NPM);
    for (const script of scripts) await this.#npm('run', script);
  }

  async #npm(...args: string[]): Promise<void> {
    try {
      await run('npm', args, { cwd: this.folder, env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } });
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${this.name}: npm ${args[0]} ${args[1]} failed:\n${stdout}\n${stderr}`);
    }
  }

  /** Starts one of its own servers; resolves with the address that it prints. */
  serve(program: string, args: string[], env: Record<string, string>): Promise<string> {
    return new Promise((resolve, reject) => {
      const lines: string[] = [];
      // Not by npm, which would stand between it and its end.
      const child = spawn(process.execPath, [join(this.folder, 'node_modules', program), ...args], {
        cwd: this.folder,
        env: { ...process.env, NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      this.#server = child;
      for (const output of [child.stdout, child.stderr]) {
        createInterface({ input: output }).on('line', (line) => {
          lines.push(line);
          const address = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(line)?.[0];
          if (address) resolve(address);
        });
      }
      child.on('exit', (code) => reject(new Error(`${this.name}'s server ended with ${code}:\n${lines.join('\n')}`)));
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs no more than `most` at once, in the order in which they come. */
export function limited(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
