import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Lab, logPath, stopProcess } from './lab.js';
import { benchFolder } from './paths.js';

/** What one viewer has received so far. */
export interface Received {
  session: string;
  frames: number;
  /** Payload of RTP, without retransmissions. */
  bytes: number;
  packets: number;
  lost: number;
}

/** What one viewer received between two readings. */
export interface Delivery {
  fps: number;
  kbps: number;
  packetsPerSecond: number;
}

interface Reading {
  /** Seconds, of the machine's monotonic clock. */
  at: number;
  receivers: Received[];
}

/** Far more than the first frame may take: `receivers.py` gives up by itself before that. */
const PATIENCE_MS = 60_000;

/** A process with viewers that decode nothing: `receivers.py`, which has the commands. */
export class Receivers {
  readonly child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #name: string;
  #count = 0;

  static async start(lab: Lab, name: string, server: string, stream: string): Promise<Receivers> {
    const words = [join(benchFolder, 'receivers.py'), server, stream];
    const receivers = new Receivers(name, await lab.start(name, '/usr/bin/python3', words, { stdin: 'pipe' }));
    await receivers.#answer();
    return receivers;
  }

  private constructor(name: string, child: ChildProcess) {
    if (!child.stdout) throw new Error(`${name} has no output`);
    this.#name = name;
    this.child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  get count(): number {
    return this.#count;
  }

  /** Resolves when each of the newcomers has its first frame. */
  async join(count: number): Promise<void> {
    if (count === 0) return;
    const { refused } = (await this.#ask(`join ${count}`)) as { refused: string[] };
    if (refused.length > 0) throw new Error(`${refused.length} of ${count} viewers have no picture: ${refused[0]}`);
    this.#count += count;
  }

  /** The oldest ones say goodbye. */
  async leave(count = this.#count): Promise<void> {
    if (count === 0) return;
    await this.#ask(`leave ${count}`);
    this.#count -= count;
  }

  async read(): Promise<Reading> {
    return (await this.#ask('read')) as Reading;
  }

  /** Everyone goes at once; `SIGKILL` says no goodbye. */
  async stop(): Promise<void> {
    await stopProcess(this.child);
  }

  async #ask(command: string): Promise<unknown> {
    this.child.stdin?.write(`${command}\n`);
    return this.#answer();
  }

  async #answer(): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.#name} does not answer: see ${logPath(this.#name)}`)),
        PATIENCE_MS,
      );
    });
    try {
      const { value, done } = await Promise.race([this.#answers.next(), late]);
      if (done) throw new Error(`${this.#name} has ended: see ${logPath(this.#name)}`);
      return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What each viewer received from one reading of a process to a later one. */
export function deliveries(before: Reading, after: Reading): Delivery[] {
  const seconds = after.at - before.at;
  return after.receivers.map((now) => {
    const then = before.receivers.find(({ session }) => session === now.session);
    const since = (field: 'frames' | 'bytes' | 'packets') => (now[field] - (then?.[field] ?? 0)) / seconds;
    return { fps: since('frames'), kbps: (since('bytes') * 8) / 1_000, packetsPerSecond: since('packets') };
  });
}
