import { type ExecFileException, execFile } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Lab } from './lab.js';
import { needBenchPackages } from './setup.js';

const run = promisify(execFile);

/** Above anything that is sent here. */
const FREE_KBPS = 100_000;
/** A packet waits at most this long for its turn; what would have to wait longer is dropped. */
export const QUEUE_MS = 400;
/** What may pass at once: a few packets. More, and a narrow link would let whole frames through at full speed. */
const BURST_BYTES = 5_000;
const NAMESPACE_PATIENCE_MS = 5_000;

/** A network of its own, at the end of a cable: what runs in it sees nothing of the machine's. */
export interface FarPlace {
  /** Words to put before a command for it to run there. */
  enter: readonly string[];
  /** The middle's address, as seen from here. */
  middle: string;
  link: Link;
}

/** What has come out of a link, and what was dropped in front of it, since it was made. */
export interface LinkCount {
  bytes: number;
  dropped: number;
}

/** The way from the middle to one of the others, which can be made narrow. */
export class Link {
  readonly #enter: readonly string[];
  readonly #device: string;

  constructor(enter: readonly string[], device: string) {
    this.#enter = enter;
    this.#device = device;
  }

  /** From now on no more than this gets through; a queue of {@link QUEUE_MS} stands in front of it. */
  async narrow(kbps: number): Promise<void> {
    await this.#tc('replace', `rate ${kbps}kbit burst ${BURST_BYTES} latency ${QUEUE_MS}ms`.split(' '));
  }

  async free(): Promise<void> {
    await this.#tc('replace', `rate ${FREE_KBPS}kbit burst ${BURST_BYTES * 10} latency ${QUEUE_MS}ms`.split(' '));
  }

  async count(): Promise<LinkCount> {
    const text = await inside(this.#enter, 'tc', '-s', 'qdisc', 'show', 'dev', this.#device);
    const [, bytes, dropped] = /Sent (\d+) bytes \d+ pkt \(dropped (\d+)/.exec(text) ?? [];
    return { bytes: Number(bytes), dropped: Number(dropped) };
  }

  async #tc(action: string, words: readonly string[]): Promise<void> {
    await inside(this.#enter, 'tc', 'qdisc', action, 'dev', this.#device, 'root', 'tbf', ...words);
  }
}

/**
 * A place in the middle and `count` others, each joined to it by a cable of its own (veth), and nothing else.
 *
 * Each is a network namespace without a name, kept by a process that ends with its standard input: nothing is left of it,
 * whatever becomes of us.
 *
 * @throws without root, or where the kernel has no such things
 */
export async function layCables(
  lab: Lab,
  count: number,
): Promise<{ enterMiddle: readonly string[]; others: FarPlace[] }> {
  await needBenchPackages();
  if (process.getuid?.() !== 0) throw new Error('This makes network namespaces, and only root may.');
  const { enter: enterMiddle } = await makeNamespace(lab, 'middle');
  const others = [];
  for (let number = 1; number <= count; number += 1) {
    const { pid, enter } = await makeNamespace(lab, `other-${number}`);
    const device = `cable${number}`;
    const [middle, far] = [`10.77.${number}.1`, `10.77.${number}.2`];
    const cable = ['ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'cable', 'netns', String(pid)];
    await inside(enterMiddle, ...cable);
    await addAddress(enterMiddle, device, middle);
    await addAddress(enter, 'cable', far);
    // Browsers gather candidates on the way to the world; here that is the middle, which forwards nothing.
    await inside(enter, 'ip', 'route', 'add', 'default', 'via', middle);
    const link = new Link(enterMiddle, device);
    await link.free();
    others.push({ enter, middle, link });
  }
  return { enterMiddle, others };
}

async function makeNamespace(lab: Lab, name: string): Promise<{ pid: number; enter: readonly string[] }> {
  const keeper = await lab.start(`namespace-${name}`, 'unshare', ['--net', 'cat'], { stdin: 'pipe', stdout: 'log' });
  const pid = keeper.pid ?? 0;
  const path = `/proc/${pid}/ns/net`;
  const deadline = performance.now() + NAMESPACE_PATIENCE_MS;
  while (readlinkSync(path) === readlinkSync('/proc/self/ns/net')) {
    if (performance.now() > deadline) throw new Error(`No network namespace: see test/out/bench/namespace-${name}.log`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // The whole path: puppeteer looks for a file.
  const enter = ['/usr/bin/nsenter', `--net=${path}`];
  await inside(enter, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6');
  await inside(enter, 'ip', 'link', 'set', 'lo', 'up');
  return { pid, enter };
}

async function addAddress(enter: readonly string[], device: string, address: string): Promise<void> {
  await inside(enter, 'ip', 'address', 'add', `${address}/24`, 'dev', device);
  await inside(enter, 'ip', 'link', 'set', device, 'up');
}

async function inside(enter: readonly string[], ...command: string[]): Promise<string> {
  const [program = '', ...words] = [...enter, ...command];
  try {
    return (await run(program, words)).stdout;
  } catch (error) {
    const { stderr, message } = error as ExecFileException & { stderr?: string };
    throw new Error(`${command.join(' ')}: ${stderr?.trim() || message}`);
  }
}
