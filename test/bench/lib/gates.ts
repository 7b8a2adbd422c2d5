import { judge } from './aims.js';
import { ADDED_MS } from './honesty.js';
import type { Report } from './report.js';
import { fitLine, median } from './statistics.js';
import type { Aim } from './suite.js';

/**
 * What the short run lets through. Each is a ratio of two readings of one run, or a share: no machine is fast or slow enough
 * to make it wrong. The thresholds are far from what is read on a quiet machine (beside each), and as far from what a lost
 * feature would read.
 */
interface Gate {
  suite: string;
  name: string;
  unit: string;
  atLeast?: number;
  atMost?: number;
  digits?: number;
  /** NaN when the report has no such readings, which lets nothing through. */
  read(raw: never): number;
}

interface HonestyRaw {
  honesty: { screenMs: number; browserLoss: number; emulatorLoss: number };
}

interface LatencyRound {
  contenders: {
    label: string;
    blocks: ({ summary: { p50: number; count: number }; reading: { missed: number; readable: number } } | null)[];
  }[];
}

interface JoinCell {
  mode: string;
  readings: { ms: number | null }[];
}

interface ViewersRaw {
  variants: { label: string; blocks: { viewers: number; cpu: number; fps: number[] }[][] }[];
}

interface PageRaw {
  steps: { label: string; count: number; main: number }[];
  idle: { main: number; blankMain: number }[];
}

const IDLE_ELEMENTS = 16;

const GATES: readonly Gate[] = [
  {
    suite: 'honesty',
    name: 'a known delay is read wrong by',
    unit: 'ms',
    // In two blocks of 2 s: a whole run allows 1 ms.
    atMost: 2,
    digits: 2,
    read: ({ honesty: { screenMs } }: HonestyRaw) => Math.abs(screenMs - ADDED_MS),
  },
  {
    // In a short time a tenth is not exactly a tenth: the link knows what it took.
    suite: 'honesty',
    name: 'a known loss is read wrong by',
    unit: '%',
    atMost: 1,
    digits: 2,
    read: ({ honesty: { browserLoss, emulatorLoss } }: HonestyRaw) => Math.abs(browserLoss - emulatorLoss) * 100,
  },
  {
    // 3.5 to 4.5; 1 where the extension does not arrive.
    suite: 'latency',
    name: 'frame made → pixels, median: without playout-delay it takes longer',
    unit: '× ours',
    atLeast: 1.5,
    digits: 2,
    read: (rounds: LatencyRound[]) => {
      const plain = latencyBlocks(rounds, 'ours without playout-delay');
      const ratio = (p50: number, block: number) => (plain[block]?.summary.p50 ?? Number.NaN) / p50;
      return median(
        latencyBlocks(rounds, 'ours').map((block, index) => ratio(block?.summary.p50 ?? Number.NaN, index)),
      );
    },
  },
  {
    suite: 'latency',
    name: 'the clock can be read',
    unit: '% of the time',
    atLeast: 90,
    digits: 0,
    read: (rounds: LatencyRound[]) =>
      Math.min(...latencyBlocks(rounds, 'ours').map((block) => (block?.reading.readable ?? Number.NaN) * 100)),
  },
  {
    suite: 'latency',
    name: 'frames that never reached the screen',
    unit: '%',
    atMost: 2,
    // The median block: a hiccup of the machine is not the product's.
    read: (rounds: LatencyRound[]) =>
      median(
        latencyBlocks(rounds, 'ours').map((block) => {
          const { missed = Number.NaN } = block?.reading ?? {};
          return (missed / ((block?.summary.count ?? Number.NaN) + missed)) * 100;
        }),
      ),
  },
  {
    // 2.2 to 2.4; a join that begins from nothing is a page more.
    suite: 'join',
    name: 'a fresh page takes longer than start() on one that is ready',
    unit: '× start()',
    atLeast: 1.3,
    digits: 2,
    read: (cells: JoinCell[]) => middle(cells, 'cold') / middle(cells, 'running'),
  },
  {
    suite: 'join',
    name: 'joins without a picture',
    unit: '',
    atMost: 0,
    digits: 0,
    read: (cells: JoinCell[]) => cells.flatMap(({ readings }) => readings).filter(({ ms }) => ms === null).length,
  },
  {
    // 6 to 12; 1 with an encoder for each viewer.
    suite: 'viewers',
    name: 'one more viewer: with an encode of its own it costs more',
    unit: '× of one encode for all',
    atLeast: 3,
    read: ({ variants }: ViewersRaw) => {
      const [shared, each] = variants.map(
        ({ blocks }) => fitLine(blocks.flat().map(({ viewers, cpu }) => [viewers, cpu])).slope,
      );
      return (each ?? Number.NaN) / (shared ?? Number.NaN);
    },
  },
  {
    suite: 'viewers',
    name: 'one encode for all: the worst served viewer gets of the best one’s frames',
    unit: '%',
    atLeast: 85,
    read: ({ variants: [shared] }: ViewersRaw) =>
      Math.min(...(shared?.blocks.flat().map(({ fps }) => (Math.min(...fps) / Math.max(...fps)) * 100) ?? [])),
  },
  {
    suite: 'page',
    name: 'main thread of a playing element',
    unit: '× a bare video that is told of each frame',
    atMost: 2.5,
    digits: 2,
    read: ({ steps }: PageRaw) => mainOf(steps, 'element') / mainOf(steps, 'bare, told of each frame'),
  },
  {
    suite: 'page',
    name: 'main thread of an element that is not started',
    unit: '% of a playing one’s',
    atMost: 10,
    read: ({ steps, idle }: PageRaw) => {
      const each = median(idle.map(({ main, blankMain }) => main - blankMain)) / IDLE_ELEMENTS;
      const playing = steps.filter(({ label }) => label === 'element').map(({ main, count }) => main / count);
      return (each / median(playing)) * 100;
    },
  },
];

/** The gates of this report's suite, judged. */
export function gatesOf({ suite, raw }: Pick<Report, 'suite' | 'raw'>): Aim[] {
  return GATES.filter((gate) => gate.suite === suite).map(({ read, suite: _, ...gate }) => ({
    ...gate,
    value: readOr(() => read(raw as never)),
  }));
}

/** One line each, as test/run.mjs counts them. */
export function gateLines(suite: string, gates: readonly Aim[]): string[] {
  return gates.map((gate) => {
    const { verdict, figure, limit } = judge(gate);
    return `${verdict === 'met' ? 'ok  ' : 'FAIL'} ${suite}: ${gate.name}: ${figure} (${limit})`;
  });
}

function readOr(read: () => number): number {
  try {
    return read();
  } catch {
    return Number.NaN;
  }
}

const latencyBlocks = ([round]: readonly LatencyRound[], wanted: string) =>
  round?.contenders.find(({ label }) => label === wanted)?.blocks ?? [];

const middle = (cells: readonly JoinCell[], wanted: string) =>
  median(
    cells
      .filter(({ mode }) => mode === wanted)
      .flatMap(({ readings }) => readings.map(({ ms }) => ms).filter((ms) => ms !== null)),
  );

const mainOf = (steps: PageRaw['steps'], wanted: string) =>
  median(steps.filter(({ label }) => label === wanted).map(({ main }) => main));
