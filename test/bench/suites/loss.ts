import { startOthersMeter } from '../lib/cpu.js';
import { layEmulatedLinks } from '../lib/emulator.js';
import { countReceived, type FarViewer, openFarViewer, takeSeen, watchFar, watchNothing } from '../lib/far-viewing.js';
import { quietOption, waitForQuiet } from '../lib/quiet.js';
import { BENCH_FPS, BENCH_HEIGHT, BENCH_WIDTH, startSender } from '../lib/sender.js';
import { startServer } from '../lib/server.js';
import { medianAndRange, type Summary, summarise } from '../lib/statistics.js';
import { type Aim, countOption, type Suite } from '../lib/suite.js';
import { findFreezes, readableShare } from '../lib/timeline.js';
import { doubtsOf, untilTrusted } from '../lib/trust.js';

/** Each is a sender of its own; only the one that is watched encodes. */
const VARIANTS = {
  ours: { label: 'ours', words: [] },
  before: { label: 'without loss protection', words: ['--loss-protection', 'off'] },
  buffered: {
    label: "without it, the browser's own buffer",
    words: ['--loss-protection', 'off', '--playout-delay', 'default'],
  },
  fixed: { label: 'no adaptation either', words: ['--adaptation', 'off'] },
} as const;
type Variant = keyof typeof VARIANTS;

/** After the loss has begun: how the sender gets there is not what the figures speak of. */
const SETTLE_MS = 10_000;
/** Without loss, after the first frame: each cell begins with a connection that knows nothing of the one before. */
const START_MS = 2_500;
const QUIET_LOOK_MS = 1_000;

interface Cell {
  name: string;
  loss: number;
  burst: number;
}

interface Reading {
  seconds: number;
  freezes: number;
  frozenMs: number;
  fps: number;
  ages: Summary;
  /** Widths shown, in order. */
  widths: number[];
  /** Bytes on the link beyond those of the RTP packets that were sent once, as a share of these. */
  overhead: number;
  /** What the link lost of what was sent, and what the browser missed of what was sent once. */
  lost: { link: number; browser: number };
  nacks: number;
  keyframesWanted: number;
  readable: number;
  others: number;
}

const suite: Suite = {
  about: 'a link that loses packets: freezes, age and smoothness of the picture',
  options: {
    blocks: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '8' },
    rtt: { type: 'string', default: '40' },
    cells: { type: 'string', default: '0,1,5,10,20,5x4' },
    variants: { type: 'string', default: 'ours,before' },
    kbps: { type: 'string', default: 'free' },
    ...quietOption,
  },
  async run(lab, options) {
    const blocks = countOption(options, 'blocks');
    const seconds = countOption(options, 'seconds');
    const cells = cellsOption(String(options.cells));
    const variants = variantsOption(String(options.variants));
    const delayMs = Number(options.rtt) / 2;
    const kbps = options.kbps === 'free' ? null : Number(options.kbps);
    const { enterMiddle, others } = await layEmulatedLinks(lab, 1);
    const [place] = others;
    if (!place) throw new Error('there is no link');
    const { port } = new URL(await startServer(lab, { enter: enterMiddle, host: '0.0.0.0' }));
    const server = `http://127.0.0.1:${port}`;
    for (const variant of variants) {
      const words = VARIANTS[variant].words;
      await startSender(lab, { server, stream: variant, words, grainy: true, enter: enterMiddle });
    }
    const viewer = await openFarViewer(lab, place, port);
    const again: string[] = [];
    const readings = new Map(variants.map((variant) => [variant, cells.map((): Reading[] => [])]));
    for (let block = 1; block <= blocks; block += 1) {
      for (const variant of variants) {
        if (options.quiet === true) await waitForQuiet(QUIET_LOOK_MS);
        for (const [index, cell] of cells.entries()) {
          const where = `block ${block} of ${blocks}, ${VARIANTS[variant].label}, ${cell.name}`;
          const measure = async () => {
            await place.link.reset();
            await place.link.set('both', { delayMs });
            await place.link.set('down', { kbps });
            await watchFar(viewer, variant);
            await pause(START_MS);
            return measureCell(viewer, cell, seconds);
          };
          const reading = await untilTrusted(measure, (doubts) => {
            again.push(`${where} (${doubts.join(', ')})`);
            console.log(`${where}: measured again, as ${doubts.join(', ')}`);
          });
          readings.get(variant)?.[index]?.push(reading);
          const { freezes, frozenMs, ages, fps } = reading;
          console.log(
            `${where}: ${freezes} freezes, ` +
              `${(frozenMs / 1_000).toFixed(1)} s frozen, p50 ${ages.p50.toFixed(0)} p95 ${ages.p95.toFixed(0)} ms, ` +
              `${fps.toFixed(1)} fps, widths ${reading.widths.join(' ')}, overhead ${(reading.overhead * 100).toFixed(0)} %, ` +
              `missed ${(reading.lost.browser * 100).toFixed(1)} of ${(reading.lost.link * 100).toFixed(1)} %, ` +
              `${reading.keyframesWanted} keyframes wanted, others ${reading.others.toFixed(0)} %`,
          );
        }
        await watchNothing(viewer);
      }
    }
    const ours = readings.get('ours') ?? [];
    return {
      title:
        `A link of ${options.rtt} ms round trip that loses packets both ways, ${BENCH_WIDTH}×${BENCH_HEIGHT} at ${BENCH_FPS} fps, ` +
        `2.5 Mbit/s, ${blocks} interleaved blocks of ${seconds} s a cell`,
      columns: [
        '',
        'loss',
        'freezes/min',
        'frozen %',
        'age p50 ms',
        'p95',
        'p99',
        'fps',
        'smallest width',
        'overhead %',
        'missed %',
      ],
      rows: variants.flatMap((variant) =>
        cells.map((cell, index) => rowOf(VARIANTS[variant].label, cell, readings.get(variant)?.[index] ?? [])),
      ),
      aims: cells.flatMap((cell, index) => aimsOf(cell, ours[index] ?? [])),
      notes: [
        'Freeze: a gap of three times the usual one, or 150 ms more than that (W3C webrtc-stats); all blocks together. ' +
          'Ages: from the birth of a picture to its presentation, of every frame that was presented.',
        'Overhead: bytes on the link beyond those of the packets sent once. Missed: what of these never came, or only as a retransmission.',
        `Other programs used ${medianAndRange(
          [...readings.values()].flat(2).map(({ others }) => others),
          0,
        )} % of a core.`,
        again.length > 0 ? `Measured again: ${again.join('; ')}.` : 'Nothing had to be measured again.',
      ],
      failures: variants.flatMap((variant) =>
        cells.flatMap((cell, index) =>
          (readings.get(variant)?.[index] ?? []).flatMap((reading, block) =>
            doubtsOf(reading).map((doubt) => `${VARIANTS[variant].label}, ${cell.name}, block ${block + 1}: ${doubt}`),
          ),
        ),
      ),
      raw: { cells, readings: Object.fromEntries(readings) },
    };
  },
};

export default suite;

/** "5x4" is 5 % in bursts of 4. */
function cellsOption(text: string): Cell[] {
  return text.split(',').map((word) => {
    const [, percent, burst] = /^(\d+(?:\.\d+)?)(?:x(\d+))?$/.exec(word) ?? [];
    if (percent === undefined) throw new Error('--cells wants percents, with bursts or without: 0,1,5,10,20,5x4');
    const name = burst === undefined ? `${percent} %` : `${percent} %, bursts of ${burst}`;
    return { name, loss: Number(percent) / 100, burst: Number(burst ?? 1) };
  });
}

function variantsOption(text: string): Variant[] {
  return text.split(',').map((word) => {
    if (!(word in VARIANTS)) throw new Error(`--variants wants some of ${Object.keys(VARIANTS).join(', ')}`);
    return word as Variant;
  });
}

async function measureCell(viewer: FarViewer, { loss, burst }: Cell, seconds: number): Promise<Reading> {
  const { link } = viewer.place;
  await link.set('both', { loss, burst });
  await pause(SETTLE_MS);
  await takeSeen(viewer);
  const meter = startOthersMeter();
  const before = { link: (await link.counters()).down, browser: await countReceived(viewer) };
  const begin = performance.now();
  await pause(seconds * 1_000);
  const after = { link: (await link.counters()).down, browser: await countReceived(viewer) };
  const took = (performance.now() - begin) / 1_000;
  const others = meter();
  const seen = await takeSeen(viewer);
  const count = <Name extends string>(pair: (each: typeof after) => Record<Name, number>, name: Name) =>
    pair(after)[name] - pair(before)[name];
  const link_ = (name: keyof typeof after.link) => count(({ link }) => link, name);
  const browser = (name: keyof typeof after.browser) => count(({ browser }) => browser, name);
  const sentOnce = browser('arrived') + browser('lost');
  const linkLoss = link_('lost') / (link_('lost') + link_('passed'));
  const { count: freezes, frozenMs } = findFreezes(seen.frames.map(({ atMs }) => atMs));
  // 28 bytes of IP and UDP, 10 of SRTP, are no overhead of ours.
  const onceBytes = (browser('bytes') / browser('arrived') + 38) * sentOnce;
  return {
    seconds: took,
    freezes,
    frozenMs,
    fps: seen.frames.length / took,
    ages: summarise(seen.ages.map(({ ageMs }) => ageMs)),
    widths: seen.frames.map(({ width }) => width).filter((width, index, all) => width !== all[index - 1]),
    overhead: link_('bytes') / (1 - linkLoss) / onceBytes - 1,
    lost: { link: linkLoss, browser: browser('lost') / sentOnce },
    nacks: browser('nacks'),
    keyframesWanted: browser('keyframesWanted'),
    readable: readableShare(seen),
    others,
  };
}

function perMinute(readings: readonly Reading[]): number {
  const freezes = readings.reduce((sum, reading) => sum + reading.freezes, 0);
  return (freezes * 60) / readings.reduce((sum, { seconds }) => sum + seconds, 0);
}

function frozenPercent(readings: readonly Reading[]): number {
  const frozenMs = readings.reduce((sum, reading) => sum + reading.frozenMs, 0);
  return frozenMs / readings.reduce((sum, { seconds }) => sum + seconds, 0) / 10;
}

function rowOf(label: string, cell: Cell, readings: readonly Reading[]): string[] {
  const each = (pick: (reading: Reading) => number, digits = 0) => medianAndRange(readings.map(pick), digits);
  return [
    label,
    cell.name,
    perMinute(readings).toFixed(1),
    frozenPercent(readings).toFixed(1),
    each(({ ages }) => ages.p50),
    each(({ ages }) => ages.p95),
    each(({ ages }) => ages.p99),
    each(({ fps }) => fps, 1),
    each(({ widths }) => Math.min(...widths)),
    each(({ overhead }) => overhead * 100),
    each(({ lost }) => lost.browser * 100, 1),
  ];
}

/** Freezes are so rare that the blocks count together; of the ages the median block. */
function aimsOf({ name, loss, burst }: Cell, readings: readonly Reading[]): Aim[] {
  if (readings.length === 0) return [];
  const freezes = (atMost: number): Aim => ({
    name: `${name}: freezes`,
    value: perMinute(readings),
    atMost,
    unit: 'a minute',
  });
  const frozen = (atMost: number): Aim => ({
    name: `${name}: frozen`,
    value: frozenPercent(readings),
    atMost,
    unit: '%',
  });
  const p95s = readings.map(({ ages }) => ages.p95).sort((a, b) => a - b);
  const p95 = (atMost: number): Aim => ({
    name: `${name}: age p95`,
    value: p95s[p95s.length >> 1] ?? Number.NaN,
    atMost,
    unit: 'ms',
  });
  if (burst > 1) return [freezes(2)];
  const aims: Record<number, Aim[]> = {
    0: [freezes(0)],
    0.01: [freezes(0)],
    0.05: [freezes(1)],
    0.1: [freezes(2), p95(110)],
    0.2: [frozen(5)],
  };
  return aims[loss] ?? [];
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
