import { obey, say } from '../talk.js';
import { answer, BENCH_CAMERA, type Kind, openPair, openPeer, type Pair, sdpOf } from './pairs.js';
import { SocketIoWire, Wire } from './wire.js';

/* The clients of the suite `signaling`, all in one process. */

/** One address has some 28,000 ports (ip_local_port_range), and servers limit how many connections it may hold. */
const SOCKETS_PER_ADDRESS = 50;
const CONNECTING_AT_ONCE = 32;

const IDLE_STREAMS = 100;

const SMALL_SDP = sdpOf(400);

interface PairsCommand {
  kind: Kind;
  url: string;
  far?: string[];
  count: number;
  candidates: number;
}

let pairs: Pair[] = [];
let viewers: SocketIoWire[] = [];
let publishers: SocketIoWire[] = [];
let idle: (Wire | SocketIoWire)[] = [];
let sockets = 0;

say({ value: 'ready' });
process.once('SIGTERM', () => process.exit(0));

await obey({
  // ---- relaying ----------------------------------------------------------------------------------------------------

  /** @param far where the senders are, when that is another node than the receivers'; one after the other when several */
  async pairs({ kind, url, far = [url], count, candidates }: PairsCommand) {
    // A server may still hold the former ones under their names.
    const time = Date.now();
    const open = (number: number) =>
      openPair(kind, {
        url,
        senderUrl: far[number % far.length] ?? url,
        from: source(),
        name: `pair-${time}-${number}`,
        candidates,
      });
    pairs = await severally(count, open);
  },
  /** As fast as the server relays them, one on its way in each pair. */
  candidates: ({ seconds }: { seconds: number }) =>
    keepGoing(seconds, (pair, again) => {
      pair.onCandidate = again;
      return () => pair.candidate();
    }),
  /** The same with an offer and its answer: two descriptions each time. */
  async descriptions({ seconds }: { seconds: number }) {
    const { relayed, tookMs } = await keepGoing(seconds, (pair, again) => {
      pair.onAnswer = again;
      return () => pair.offer();
    });
    return { relayed: relayed * 2, tookMs };
  },
  rate: ({ seconds, perSecond }: { seconds: number; perSecond: number }) => steadily(seconds, perSecond),
  'close-pairs'() {
    for (const pair of pairs) pair.close();
    pairs = [];
  },

  // ---- sessions ----------------------------------------------------------------------------------------------------

  async viewers({ url, count, streams }: { url: string; count: number; streams: number }) {
    publishers = await severally(streams, (number) => openPublisher(url, `stream-${number}`));
    viewers = await severally(count, () => SocketIoWire.open(url, source(), 'receiver'));
  },
  /** Each viewer joins, offers, is answered, is live and leaves, and begins anew. */
  async sessions({ seconds }: { seconds: number }) {
    const begin = performance.now();
    const until = begin + seconds * 1_000;
    let done = 0;
    const watch = async (viewer: SocketIoWire, number: number) => {
      while (performance.now() < until) {
        const { session } = await viewer.request('join', { stream: `stream-${number % publishers.length}` });
        await viewer.request('offer', { session, epoch: 1, sdp: SMALL_SDP });
        await viewer.request('live', { session, epoch: 1 });
        await viewer.request('leave', { session });
        done += 1;
      }
    };
    await Promise.all(viewers.map(watch));
    return { done, tookMs: performance.now() - begin };
  },
  'close-viewers'() {
    for (const wire of [...viewers, ...publishers]) wire.close();
    viewers = publishers = [];
  },

  // ---- idle sockets ------------------------------------------------------------------------------------------------

  /** So many more. The plugin's have joined a stream: it soon closes those that want nothing. */
  async idle({ kind, url, count }: { kind: Kind; url: string; count: number }) {
    const begin = performance.now();
    const already = idle.length;
    const open = async (number: number): Promise<Wire | SocketIoWire> => {
      const name = `idle-${already + number}`;
      if (kind === 'ws') return Wire.open(`${url}/${name}`, source());
      if (kind === 'peerjs') return openPeer(url, source(), name);
      const viewer = await SocketIoWire.open(url, source(), 'receiver');
      await viewer.request('join', { stream: idleStream(already + number) });
      return viewer;
    };
    idle.push(...(await severally(count, open)));
    return { tookMs: performance.now() - begin };
  },
  'join-again': async () => {
    const join = (number: number) => (idle[number] as SocketIoWire).request('join', { stream: idleStream(number) });
    await severally(idle.length, join);
  },
  'idle-state'() {
    const pings = idle.map((wire) => ('pings' in wire ? wire.pings : 0));
    return { open: idle.filter(({ isOpen }) => isOpen).length, fewestPings: Math.min(...pings) };
  },
  'close-idle'() {
    for (const wire of idle) wire.destroy();
    idle = [];
  },
});

/** Viewers share streams. */
function idleStream(number: number): string {
  return `idle-${number % IDLE_STREAMS}`;
}

/** Another address of this machine for every few sockets. */
function source(): string {
  const number = Math.floor(sockets / SOCKETS_PER_ADDRESS);
  sockets += 1;
  return `127.1.${Math.floor(number / 250) % 250}.${(number % 250) + 1}`;
}

/** Does `make` for 0 … count − 1, some at the same time. */
async function severally<T>(count: number, make: (number: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const number = next;
      next += 1;
      made[number] = await make(number);
    }
  };
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, work));
  return made;
}

/** Every pair begins again when the last one has arrived, until the time is over. */
function keepGoing(
  seconds: number,
  prepare: (pair: Pair, again: () => void) => () => boolean,
): Promise<{ relayed: number; tookMs: number }> {
  return new Promise((resolve) => {
    const begin = performance.now();
    const until = begin + seconds * 1_000;
    let relayed = 0;
    let busy = pairs.length;
    const starts = pairs.map((pair) => {
      const start = prepare(pair, () => {
        relayed += 1;
        if (performance.now() < until && start()) return;
        busy -= 1;
        if (busy === 0) resolve({ relayed, tookMs: performance.now() - begin });
      });
      return start;
    });
    for (const start of starts) start();
  });
}

/**
 * So many candidates a second whatever becomes of them, so that a server that stalls is not asked less. The time runs from
 * when each one was really sent.
 */
async function steadily(seconds: number, perSecond: number): Promise<{ relayed: number; timesUs: number[] }> {
  const total = Math.round(seconds * perSecond);
  const timesUs: number[] = [];
  const underway = pairs.map(() => [] as number[]);
  const all = new Promise<void>((resolve) => {
    pairs.forEach((pair, number) => {
      pair.onCandidate = () => {
        timesUs.push(Math.round((performance.now() - (underway[number]?.shift() ?? 0)) * 1_000));
        if (timesUs.length === total) resolve();
      };
    });
  });
  const begin = performance.now();
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, ((performance.now() - begin) / 1_000) * perSecond);
    for (; sent < due; sent += 1) {
      const number = sent % pairs.length;
      underway[number]?.push(performance.now());
      if (!pairs[number]?.candidate()) throw new Error('fewer candidates were prepared than the rate needs');
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await all;
  return { relayed: total, timesUs };
}

async function openPublisher(url: string, stream: string): Promise<SocketIoWire> {
  const sender = await SocketIoWire.open(url, source(), 'sender');
  await sender.request('publish', { stream, instance: stream, camera: BENCH_CAMERA });
  const sdp = JSON.stringify(SMALL_SDP);
  sender.onText = (text) => {
    if (text.startsWith('["offer"', text.indexOf('['))) answer(sender, text, sdp);
  };
  return sender;
}
