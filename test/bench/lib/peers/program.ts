import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { type Lab, logPath, stopProcess } from '../lab.js';
import type { PeerProgram } from './peer.js';

const run = promisify(execFile);

const READY_PATIENCE_MS = 15_000;
const ASK_AGAIN_MS = 25;

/** A program that is started as often as wanted, always by the same command. */
export class Program implements PeerProgram {
  readonly #lab: Lab;
  readonly #name: string;
  readonly #command: readonly string[];
  readonly #isReady: (child: ChildProcess) => Promise<unknown>;
  #child: ChildProcess | undefined;

  /** @param isReady resolves as soon as it can be used; rejects where that will never be */
  constructor(
    lab: Lab,
    name: string,
    command: readonly string[],
    isReady: (child: ChildProcess) => Promise<unknown> = async () => {},
  ) {
    this.#lab = lab;
    this.#name = name;
    this.#command = command;
    this.#isReady = isReady;
  }

  get child(): ChildProcess | undefined {
    return this.#child;
  }

  async start(): Promise<void> {
    const [program = '', ...words] = this.#command;
    const child = await this.#lab.start(this.#name, program, words);
    this.#child = child;
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${this.#name} ended at once: see ${logPath(this.#name)}`);
    });
    ended.catch(() => {});
    await Promise.race([this.#isReady(child), ended]);
    child.stdout?.resume();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    process.kill(child.pid, 'SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    if (this.#child) await stopProcess(this.#child);
  }
}

/** Asks until there is an answer for which `isGood` holds; `enter` as for the program that is asked. */
export async function untilAnswered(
  enter: readonly string[],
  address: string,
  isGood: (text: string) => boolean = () => true,
): Promise<void> {
  const deadline = performance.now() + READY_PATIENCE_MS;
  for (;;) {
    const text = await ask(enter, address).catch(() => undefined);
    if (text !== undefined && isGood(text)) return;
    if (performance.now() > deadline) {
      throw new Error(`${address} is not ready after ${READY_PATIENCE_MS / 1_000} s: ${text ?? 'no answer'}`);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

const ASK = 'fetch(process.argv[1]).then((answer) => answer.text()).then((text) => process.stdout.write(text))';

async function ask(enter: readonly string[], address: string): Promise<string> {
  if (enter.length === 0) return (await fetch(address)).text();
  const [program = '', ...words] = [...enter, process.execPath, '-e', ASK, address];
  return (await run(program, words)).stdout;
}

type Said = { stdout: string; stderr: string };

/** The first version in what a program says of itself: "1.9.14" of "go2rtc version 1.9.14 (…) linux/amd64"; 'unknown' where there is none. */
export async function versionOf(program: string, word: string): Promise<string> {
  // Some end with an error after having said it.
  const { stdout = '', stderr = '' } = await run(program, [word]).catch((error: Partial<Said>) => error as Said);
  return /\d+\.\d+[\w.+-]*\w/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}

/** A port that nobody had a moment ago, for TCP and, where the system gives both alike, for UDP. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (!address || typeof address === 'string') throw new Error('No free port');
  return address.port;
}
