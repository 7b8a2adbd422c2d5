import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Lab } from './lab.js';
import { benchFolder } from './paths.js';

/** A packet, as it passed the viewer's end of the link. */
export interface Packet {
  /** Unix ms. */
  at: number;
  /** `up` is from the viewer. */
  way: 'up' | 'down';
  /** Of the viewer. */
  port: number;
  what: string;
}

/** Packets of one way that passed together. */
export interface Flight {
  /** Ms since the join began. */
  at: number;
  way: Packet['way'];
  /** What the packets were, and how many of each. */
  what: string;
}

/** What is left out of the table: it is there all the time and nobody waits for it. */
const NOISE = ['mDNS', 'RTCP', 'ping', 'pong', 'UDP'];
/** Packets of one way within this time are one flight. */
const TOGETHER_MS = 4;

/** Reads along on a network device, as root. */
export class Capture {
  #packets: Packet[] = [];

  /** @param enter words before a command, to have it run in the network of the device */
  static async start(lab: Lab, enter: readonly string[], device: string): Promise<Capture> {
    const [command = '', ...words] = [...enter, '/usr/bin/python3', join(benchFolder, 'capture.py'), device];
    const child = await lab.start('capture', command, words, { stdin: 'pipe' });
    if (!child.stdout) throw new Error('capture.py has no output');
    const capture = new Capture();
    const lines = createInterface({ input: child.stdout });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error('Nothing is captured: see test/out/bench/capture.log')));
      lines.on('line', (line) => {
        if (line === 'ready') resolve();
        else capture.#packets.push(JSON.parse(line) as Packet);
      });
    });
    return capture;
  }

  /** What has passed since the last time that this was asked. */
  take(): Packet[] {
    const taken = this.#packets;
    this.#packets = [];
    return taken;
  }
}

/** The packets from `begin` to the first of the picture, put together; other connections are left out. */
export function flightsOf(packets: readonly Packet[], begin: number): Flight[] {
  const since = packets.filter(({ at, what }) => at >= begin && !NOISE.includes(what));
  const media = since.find(({ what }) => what.startsWith('DTLS ClientHello'))?.port;
  const relevant = since.filter(({ what, port }) => port === media || !/^(RTP|DTLS|ICE)/.test(what));
  const first = relevant.findIndex(({ what }) => what === 'RTP');
  const flights: (Flight & { whats: string[]; last: number })[] = [];
  for (const { at, way, what } of relevant.slice(0, first < 0 ? undefined : first + 1)) {
    const open = flights.filter((flight) => flight.way === way).at(-1);
    if (open && at - open.last < TOGETHER_MS) {
      open.whats.push(what);
      open.last = at;
    } else flights.push({ at, way, what: '', whats: [what], last: at });
  }
  return flights.map(({ at, way, whats }) => ({ at: at - begin, way, what: countEach(whats) }));
}

/** "check, candidate ×3" */
function countEach(whats: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const what of whats) counts.set(what, (counts.get(what) ?? 0) + 1);
  return [...counts].map(([what, count]) => (count > 1 ? `${what} ×${count}` : what)).join(', ');
}
