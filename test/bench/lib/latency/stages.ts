import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH_BITRATE_KBPS, BENCH_ENCODER } from '../encoding.js';
import { buildProbe, type ScreenReading } from '../framebuffer-probe.js';
import type { Lab } from '../lab.js';
import { benchFolder, outputFolder } from '../paths.js';
import type { PeerPicture } from '../peers/peer.js';
import type { PageFrame, ReceiverTotals } from '../readings.js';
import { startScreen } from '../screen.js';
import { startSender } from '../sender.js';
import { percentile } from '../statistics.js';
import type { SuiteResult } from '../suite.js';
import { openOnScreen, openWatchPage } from '../viewing.js';

/** What `traced-sender.py` notes of a frame, Unix ms. */
interface SentFrame {
  sequence: number;
  rtp: number | null;
  born: number;
  made?: number;
  converted?: number;
  encoded?: number;
  handedOver?: number;
  packetised?: number;
  encrypted?: number;
}

/** Every moment of a frame's way that is known, in order. */
const MOMENTS = [
  'born', 'made', 'converted', 'encoded', 'handedOver', 'packetised', 'encrypted', 'received', 'presented', 'seen',
] as const; // biome-ignore format: one way, one line
type Moment = (typeof MOMENTS)[number];
export type Way = Record<Moment, number> & { decodeMs: number };

/** From one moment to the next: what happens there, and the least that it could take on this machine. */
const STAGES: { to: Exclude<Moment, 'born'>; name: string; limit: string }[] = [
  { to: 'made', name: 'made: the clock drawn, handed on', limit: '0.1: 64 blocks, one call' },
  { to: 'converted', name: 'converted: to the encoder’s thread, nothing to convert', limit: '0.05: one thread woken' },
  {
    to: 'encoded',
    name: 'encoded: x264, ultrafast, a slice for each core',
    limit: '2–3: every block looked at once, two cores',
  },
  { to: 'handedOver', name: 'handed over: parser, appsink, Python, feed', limit: '0.1: a call into Python' },
  { to: 'packetised', name: 'packetised: the viewer’s thread, the first slice', limit: '0.1: one thread woken' },
  { to: 'encrypted', name: 'encrypted: rtpbin, SRTP', limit: '0.05: 1 kB of AES a packet' },
  {
    to: 'received',
    name: 'sent, received: every packet, loopback, the browser’s network process',
    limit: '0.2: two to ten packets, three processes',
  },
  { to: 'presented', name: 'assembled, decoded, given to the compositor', limit: '1.0: one decode on one core' },
  {
    to: 'seen',
    name: 'composed: drawn, copied to the X server, found by the probe',
    limit: '1.0: three copies of 3.7 MB, poll 0.3',
  },
];

const SETTLE_MS = 3_000;
const PATIENCE_MS = 5_000;

/** Follows every frame from its birth to the screen and says where the time goes. */
export async function measureStages(
  lab: Lab,
  { server, blocks, seconds, picture }: { server: string; blocks: number; seconds: number; picture: PeerPicture },
): Promise<SuiteResult> {
  const screen = await startScreen(lab, picture);
  const probe = await buildProbe(lab);
  const trace = join(outputFolder, 'trace.jsonl');
  process.env.BENCH_TRACE = trace;
  const words = ['--encoder', BENCH_ENCODER, '--bitrate', String(BENCH_BITRATE_KBPS)];
  const program = join(benchFolder, 'traced-sender.py');
  const sender = await startSender(lab, { server, stream: 'traced', picture, words, program });
  const { page } = await openOnScreen(lab, screen);
  await openWatchPage(page, server, { stream: 'traced' }, picture, 'stages.html');
  await page.evaluate('stages.begin()');
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const ways: Way[] = [];
  const means: Record<string, number>[] = [];
  let readable = 1;
  for (let block = 1; block <= blocks; block += 1) {
    await takeTrace(sender.pid ?? 0, trace);
    await page.evaluate('stages.takeFrames()');
    const before = (await page.evaluate('stages.totals()')) as ReceiverTotals;
    const reading = await probe(screen, seconds, picture.width);
    const after = (await page.evaluate('stages.totals()')) as ReceiverTotals;
    const shown = (await page.evaluate('stages.takeFrames()')) as PageFrame[];
    ways.push(...joinWays(await takeTrace(sender.pid ?? 0, trace), shown, reading));
    means.push(meansBetween(before, after));
    readable = Math.min(readable, reading.readable);
  }
  const rows = STAGES.map(({ to, name, limit }) => {
    const before = MOMENTS[MOMENTS.indexOf(to) - 1] as Moment;
    return row(
      name,
      ways.map((way) => way[to] - way[before]),
      limit,
    );
  });
  const place = rows.findIndex(([name]) => name?.startsWith('assembled'));
  rows.splice(
    place + 1,
    0,
    row(
      '    of which in the decoder',
      ways.map(({ decodeMs }) => decodeMs),
      '1.0',
    ),
  );
  rows.push(
    row(
      'all',
      ways.map((way) => way.seen - way.born),
      'about 5',
    ),
  );
  const mean = (name: string) =>
    percentile(
      means.map((each) => each[name] ?? Number.NaN),
      50,
    ).toFixed(2);
  return {
    title: `Where the time goes, ${picture.height}p at ${picture.fps} fps, ${ways.length} frames that are known everywhere, ms`,
    columns: ['stage', 'p5', 'p50', 'p95', 'p99', 'limit here'],
    rows,
    aims: [],
    notes: [
      `The browser's own sums, mean per frame: assembled ${mean('assembly')}, buffered ${mean('buffered')}, ` +
        `decoded ${mean('decoded')}, from the first packet to decoded ${mean('processed')} ms.`,
      'Looking costs time: pad probes in Python on the sender, a callback for each frame in the page. `latency` itself has neither.',
    ],
    failures: readable >= 0.9 ? [] : [`the clock was readable at ${(readable * 100).toFixed(0)} % of the polls`],
    raw: { ways, means },
  };
}

/** Each frame that the sender, the page and the screen all know. */
export function joinWays(
  sent: readonly SentFrame[],
  shown: readonly PageFrame[],
  { frames }: Pick<ScreenReading, 'frames'>,
): Way[] {
  const byRtp = new Map(shown.map((frame) => [frame.rtp, frame]));
  const bySequence = new Map(frames.map((frame) => [frame.sequence, frame]));
  return sent.flatMap((frame) => {
    const page = byRtp.get(frame.rtp ?? -1);
    const screen = bySequence.get(frame.sequence);
    if (!page || !screen) return [];
    const { decodeMs, receivedMs: received, presentedMs: presented } = page;
    const way = { ...frame, received, presented, seen: screen.seenMs, decodeMs };
    return MOMENTS.every((moment) => Number.isFinite(way[moment])) ? [way as Way] : [];
  });
}

/** Asks the sender for what it has noted since the last time. */
async function takeTrace(pid: number, file: string): Promise<SentFrame[]> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const deadline = performance.now() + PATIENCE_MS;
  while (!existsSync(file)) {
    if (performance.now() > deadline) throw new Error('The sender wrote no trace.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as SentFrame);
}

function meansBetween(before: ReceiverTotals, after: ReceiverTotals): Record<string, number> {
  const names = Object.keys(after) as (keyof ReceiverTotals)[];
  return Object.fromEntries(
    names.map((name) => {
      const [seconds, count] = [after[name][0] - before[name][0], after[name][1] - before[name][1]];
      return [name, (seconds / count) * 1_000];
    }),
  );
}

const row = (name: string, values: readonly number[], limit: string): string[] => [
  name,
  ...[5, 50, 95, 99].map((percent) => percentile(values, percent).toFixed(2)),
  limit,
];
