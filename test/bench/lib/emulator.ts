import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type Lab, logPath } from './lab.js';
import { inside, makeNamespace } from './namespaces.js';
import { benchFolder, outputFolder } from './paths.js';
import { needBenchPackages } from './setup.js';

const run = promisify(execFile);

/** What a link does to packets, each way by itself. */
export interface LinkShape {
  /** One way. */
  delayMs: number;
  /** Up to so much more for each packet. */
  jitterMs: number;
  /** Packets may overtake each other by that; otherwise they stay in order. */
  reorder: boolean;
  /** Share of the packets, 0 to 1. */
  loss: number;
  /** Mean length of a run of losses; 1: each packet by itself. */
  burst: number;
  /** Of IP packets; `null`: no limit. */
  kbps: number | null;
  /** A packet that would wait longer for its turn is dropped. */
  queueMs: number;
  /** When not, nothing goes in and nothing comes out, and what was on its way is lost. */
  up: boolean;
}

/** Since the link was laid. */
export interface LinkCounters {
  /** Packets that came out. */
  passed: number;
  /** By `loss`, or because the link was down. */
  lost: number;
  /** In front of a narrow link. */
  queueDropped: number;
  /** Of what came out, IP headers included. */
  bytes: number;
}

/** `down` is from the middle to the other, where the viewer is. */
export type LinkWay = 'down' | 'up' | 'both';

export const DEFAULT_QUEUE_MS = 400;

const OPEN: LinkShape = {
  delayMs: 0,
  jitterMs: 0,
  reorder: false,
  loss: 0,
  burst: 1,
  kbps: null,
  queueMs: DEFAULT_QUEUE_MS,
  up: true,
};

/** How the program calls them, and in which unit it takes them. */
const WORDS: { [Name in keyof LinkShape]: (value: LinkShape[Name]) => string } = {
  delayMs: (ms) => `delay-us ${ms * 1_000}`,
  jitterMs: (ms) => `jitter-us ${ms * 1_000}`,
  reorder: (on) => `reorder ${Number(on)}`,
  loss: (share) => `loss ${share}`,
  burst: (packets) => `burst ${packets}`,
  kbps: (rate) => `rate-bps ${(rate ?? 0) * 1_000}`,
  queueMs: (ms) => `queue-us ${ms * 1_000}`,
  up: (on) => `up ${Number(on)}`,
};

/** A link that does to packets what it is told: `link-emulator.c`. */
export class EmulatedLink {
  readonly #input: NodeJS.WritableStream;
  readonly #answers: AsyncIterator<string>;
  readonly #name: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(program: ChildProcess, answers: AsyncIterator<string>, name: string) {
    if (!program.stdin) throw new Error(`${name} takes no orders`);
    this.#input = program.stdin;
    this.#input.on('error', () => {}); // it has ended, and says so where its answer is awaited
    this.#answers = answers;
    this.#name = name;
  }

  /** What is not named stays as it is. Resolves with the moment at which it took effect, in Unix ms. */
  async set(way: LinkWay, change: Partial<LinkShape>): Promise<number> {
    const words = Object.entries(change)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => WORDS[name as keyof LinkShape](value as never));
    const [verb, micros] = (await this.#ask(`set ${way} ${words.join(' ')}`)).split(' ');
    if (verb !== 'ok') throw new Error(`${this.#name} does not understand: set ${way} ${words.join(' ')}`);
    return Number(micros) / 1_000;
  }

  /** No delay, no loss, no limit, up. */
  reset(): Promise<number> {
    return this.set('both', OPEN);
  }

  async counters(): Promise<{ down: LinkCounters; up: LinkCounters }> {
    const [, ...counts] = (await this.#ask('count')).split(' ').map(Number);
    const of = ([passed = 0, lost = 0, queueDropped = 0, bytes = 0]: number[]) => ({
      passed,
      lost,
      queueDropped,
      bytes,
    });
    return { down: of(counts.slice(0, 4)), up: of(counts.slice(4)) };
  }

  #ask(line: string): Promise<string> {
    const answer = this.#turn.then(async () => {
      this.#input.write(`${line}\n`);
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(`${this.#name} has ended: see ${logPath(this.#name)}`);
      return value;
    });
    this.#turn = answer.catch(() => {});
    return answer;
  }
}

/** A place with a network of its own, at the end of an emulated link. */
export interface EmulatedPlace {
  /** Words to put before a command for it to run there. */
  enter: readonly string[];
  /** The middle's address, as seen from here. */
  middle: string;
  /** Its own, in the network that it shares with the middle; see {@link moveTo}. */
  readonly address: string;
  link: EmulatedLink;
  /** Gives it another address of the same network, as 10.77.1.9; its old one is gone. */
  moveTo(address: string): Promise<void>;
}

/**
 * A place in the middle and `count` others, each joined to it by an emulated link of its own, and nothing else. The links
 * are open (no delay, no loss, no limit) until they are told otherwise.
 *
 * @param seed the same seed loses the same packets
 * @throws without root, or where the kernel has no such things
 */
export async function layEmulatedLinks(
  lab: Lab,
  count: number,
  seed = 1,
): Promise<{ enterMiddle: readonly string[]; others: EmulatedPlace[] }> {
  const emulator = await buildEmulator();
  const middle = await makeNamespace(lab, 'middle');
  const others = [];
  for (let number = 1; number <= count; number += 1) {
    const far = await makeNamespace(lab, `other-${number}`);
    const name = `link-emulator-${number}`;
    const [device, farDevice] = [`cable${number}`, 'cable'];
    const words = [middle.path, device, far.path, farDevice, String(seed * 1_000 + number)];
    const program = await lab.start(name, emulator, words, { stdin: 'pipe' });
    if (!program.stdout) throw new Error(`${name} has no output`);
    const answers = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    if ((await answers.next()).value !== 'ready') throw new Error(`No link: see ${logPath(name)}`);
    const address = `10.77.${number}.1`;
    await inside(middle.enter, 'ip', 'address', 'add', `${address}/24`, 'dev', device);
    await bringUp(middle.enter, device);
    const link = new EmulatedLink(program, answers, name);
    others.push(await settle(far.enter, farDevice, address, `10.77.${number}.2`, link));
  }
  return { enterMiddle: middle.enter, others };
}

async function buildEmulator(): Promise<string> {
  await needBenchPackages();
  await mkdir(outputFolder, { recursive: true });
  const program = join(outputFolder, 'link-emulator');
  await run('gcc', ['-O2', '-Wall', '-Wextra', '-o', program, join(benchFolder, 'link-emulator.c')]);
  return program;
}

async function settle(
  enter: readonly string[],
  device: string,
  middle: string,
  first: string,
  link: EmulatedLink,
): Promise<EmulatedPlace> {
  let address = first;
  // Browsers gather candidates on the way to the world; here that is the middle, which forwards nothing.
  const arrive = async () => {
    await inside(enter, 'ip', 'address', 'add', `${address}/24`, 'dev', device);
    await inside(enter, 'ip', 'route', 'replace', 'default', 'via', middle, 'dev', device);
  };
  await bringUp(enter, device);
  await arrive();
  return {
    enter,
    middle,
    link,
    get address() {
      return address;
    },
    async moveTo(next) {
      await inside(enter, 'ip', 'address', 'del', `${address}/24`, 'dev', device);
      address = next;
      await arrive();
    },
  };
}

/** With room for all that a sender says at once: the link has its own queue, and this is not meant to be another. */
async function bringUp(enter: readonly string[], device: string): Promise<void> {
  await inside(enter, 'ip', 'link', 'set', device, 'txqueuelen', '10000', 'up');
}
