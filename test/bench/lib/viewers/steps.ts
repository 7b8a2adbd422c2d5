import { cpus } from 'node:os';
import { startCpuMeter, startMachineMeter, threadSeconds } from '../cpu.js';
import { footprint } from '../footprint.js';
import { measureQuietly } from '../quiet.js';
import { fitLine, median, medianAndRange, percentile } from '../statistics.js';
import { pause, SETTLE_MS, sum } from './settle.js';
import { deliveries, type SrtpViewers } from './srtp-viewers.js';

/** Of the machine, by the benchmark alone. Beyond it the viewers wait for each other, and no figure means anything. */
const SATURATED_PERCENT = 90;
/** No viewer may get less than this share of the frames that the best one gets, nor less than half of all. */
const LEAST_SHARE = 0.95;

/** One number of viewers, for some seconds. */
export interface Step {
  viewers: number;
  /** Of the sending processes, in percent of a core. */
  cpu: number;
  /** The same by kinds of threads. */
  threads: Record<string, number>;
  /** Of the viewers' process. */
  receiving: number;
  /** Of everything on the machine, in percent of it. */
  machine: number;
  others: number;
  rssMb: number;
  fps: number[];
  kbps: number;
  packetsPerSecond: number;
  /** Captured → whole frame at the viewer, in ms, of all viewers together; NaN where the sender does not tell. */
  age: { p50: number; p95: number; p99: number };
}

/** One way to serve viewers, measured in the same blocks as the others. */
export interface Variant {
  label: string;
  /** Numbers of viewers to measure, rising. */
  counts: number[];
  viewers: SrtpViewers;
  /** Where the viewer with this number finds its stream. */
  endpoint(number: number): string;
  /** The processes that send to so many viewers. */
  senders(count: number): readonly number[];
  blocks: Step[][];
}

export async function measureBlock(variant: Variant, seconds: number, quiet: boolean): Promise<Step[]> {
  const { viewers, counts, endpoint } = variant;
  const steps: Step[] = [];
  for (const count of counts) {
    while (viewers.count < count) await viewers.join(endpoint(viewers.count));
    await pause(SETTLE_MS);
    const { value, others } = await measureQuietly(quiet, () => measure(variant.senders(count), viewers, seconds));
    const step = { ...value, others };
    if (step.machine - step.others / cpus().length > SATURATED_PERCENT) break;
    steps.push(step);
  }
  await viewers.leave();
  return steps;
}

async function measure(
  senders: readonly number[],
  viewers: SrtpViewers,
  seconds: number,
): Promise<Omit<Step, 'others'>> {
  const before = await viewers.read();
  const meters = senders.map((pid) => startCpuMeter(pid));
  const receiving = startCpuMeter(viewers.child.pid);
  const machine = startMachineMeter();
  const threads = startThreadMeter(senders);
  await pause(seconds * 1_000);
  const used = {
    cpu: sum(meters.map((meter) => meter())),
    threads: threads(),
    receiving: receiving(),
    machine: machine() / cpus().length,
  };
  const delivered = deliveries(before, await viewers.read());
  const ages = delivered.flatMap(({ agesMs }) => agesMs);
  return {
    ...used,
    viewers: delivered.length,
    rssMb: sum(senders.map((pid) => footprint(pid).rssMb)),
    fps: delivered.map(({ fps }) => fps),
    kbps: median(delivered.map(({ kbps }) => kbps)),
    packetsPerSecond: median(delivered.map(({ packetsPerSecond }) => packetsPerSecond)),
    age: { p50: percentile(ages, 50), p95: percentile(ages, 95), p99: percentile(ages, 99) },
  };
}

function startThreadMeter(pids: readonly number[]): () => Record<string, number> {
  const begin = performance.now();
  const read = () => pids.map((pid) => threadSeconds(pid));
  const before = read();
  return () => {
    const used: Record<string, number> = {};
    for (const [index, after] of read().entries()) {
      for (const [name, seconds] of after) {
        const percent = ((seconds - (before[index]?.get(name) ?? 0)) / (performance.now() - begin)) * 100_000;
        used[name] = (used[name] ?? 0) + percent;
      }
    }
    return used;
  };
}

/** What our sender's threads do for a viewer, by their names; all others together are the rest. */
const KINDS: Record<string, string> = {
  'frames:src': 'packets (payload, RTX, SRTP, socket)',
  'queue:src': 'its reports',
  'nicesrc:src': 'receiving them',
  'raw:src': 'encoder and handing out',
  python: 'Python',
};

/** Each kind of threads' own share of an added viewer, in percent of a core. */
export function sharesOf({ blocks }: Variant): string {
  const shares = new Map<string, number[]>();
  for (const steps of blocks) {
    for (const name of new Set(steps.flatMap(({ threads }) => Object.keys(threads)))) {
      const kind = KINDS[name] ?? 'the rest';
      const { slope } = fitLine(steps.map(({ viewers, threads }) => [viewers, threads[name] ?? 0]));
      shares.set(kind, [...(shares.get(kind) ?? []), slope]);
    }
  }
  return [...shares]
    .map(([kind, slopes]) => [kind, sum(slopes) / blocks.length] as const)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, share]) => `${kind} ${share.toFixed(2)}`)
    .join(', ');
}

/** Processor time over viewers. NaN for fewer than two steps. */
export const lineOf = (steps: readonly Step[]) => fitLine(steps.map(({ viewers, cpu }) => [viewers, cpu]));

export const slopesOf = ({ blocks }: Variant): number[] => blocks.map((steps) => lineOf(steps).slope);

export const memoryOf = ({ blocks }: Variant): number[] =>
  blocks.map((steps) => fitLine(steps.map(({ viewers, rssMb }) => [viewers, rssMb])).slope);

export const COLUMNS = [
  '',
  'viewers',
  'CPU',
  'frame age p50 ms',
  'p95',
  'fps, worst–best viewer',
  'kbit/s',
  'packets/s',
  'RSS MB',
  'machine',
  'other programs',
];

export function rowsOf({ label, counts, blocks }: Variant): string[][] {
  return counts.flatMap((count) => {
    const steps = blocks.flat().filter(({ viewers }) => viewers === count);
    if (steps.length === 0) return [];
    const each = (pick: (step: Step) => number, digits: number) => medianAndRange(steps.map(pick), digits);
    const age = (which: 'p50' | 'p95') => (Number.isNaN(steps[0]?.age.p50) ? '–' : each((step) => step.age[which], 1));
    const fps = steps.flatMap((step) => step.fps);
    return [
      [
        label,
        String(count),
        each(({ cpu }) => cpu, 1),
        age('p50'),
        age('p95'),
        `${Math.min(...fps).toFixed(1)}–${Math.max(...fps).toFixed(1)}`,
        each(({ kbps }) => kbps, 0),
        median(steps.map(({ packetsPerSecond }) => packetsPerSecond)).toFixed(0),
        median(steps.map(({ rssMb }) => rssMb)).toFixed(0),
        `${each(({ machine }) => machine, 0)} %`,
        `${each(({ others }) => others, 0)} %`,
      ],
    ];
  });
}

/** Viewers that were served unlike the others. Where other programs fill the machine, that says nothing of the sender. */
export function unfairSteps({ label, blocks }: Variant, fps: number, isFull: boolean): string[] {
  return blocks.flatMap((steps, index) =>
    steps
      .filter((step) => Math.min(...step.fps) < Math.max(fps / 2, Math.max(...step.fps) * LEAST_SHARE))
      .filter(({ machine }) => machine > SATURATED_PERCENT === isFull)
      .map((step) => {
        const [worst, best] = [Math.min(...step.fps), Math.max(...step.fps)].map((each) => each.toFixed(1));
        return `${label}, block ${index + 1}: of ${step.viewers} viewers one got ${worst} frames a second, the best ${best}`;
      }),
  );
}
