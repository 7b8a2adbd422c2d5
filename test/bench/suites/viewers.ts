import type { ChildProcess } from 'node:child_process';
import { cpus } from 'node:os';
import { churn } from '../lib/churn.js';
import { startCpuMeter, startMachineMeter } from '../lib/cpu.js';
import { footprint } from '../lib/footprint.js';
import type { Lab } from '../lib/lab.js';
import { measureQuietly, quietOption } from '../lib/quiet.js';
import { deliveries, Receivers } from '../lib/receivers.js';
import { BENCH_HEIGHT, BENCH_WIDTH, startSender } from '../lib/sender.js';
import { startServer } from '../lib/server.js';
import { fitLine, median, medianAndRange } from '../lib/statistics.js';
import { countOption, type Suite, type SuiteOptions } from '../lib/suite.js';

const FPS = 30;
/** What every viewer really gets, within some percent; the senders' --bitrate is adjusted until it is so. */
const KBPS = 2_500;
/** After the last join, before measuring: keyframes for newcomers, the extensions of their first two seconds. */
const SETTLE_MS = 4_000;
/** Of the machine, by the benchmark alone. Beyond it the viewers wait for each other, and no figure means anything. */
const SATURATED_PERCENT = 90;
/** So many viewers share a process: it is the sender that is measured. */
const VIEWERS_PER_PROCESS = 8;
/** No viewer may get less than this share of the frames that the best one gets, nor less than half of all. */
const LEAST_SHARE = 0.95;
const LEAST_FPS = FPS / 2;

interface Step {
  viewers: number;
  /** Of the sending processes, in percent of a core. */
  cpu: number;
  /** Of everything on the machine, in percent of it. */
  machine: number;
  others: number;
  rssMb: number;
  fps: number[];
  kbps: number;
  packetsPerSecond: number;
}

interface Variant {
  label: string;
  /** Numbers of viewers to measure, rising. */
  counts: number[];
  senders: ChildProcess[];
  /** Brings so many viewers to the stream or streams. */
  watch(count: number): Promise<Receivers[]>;
  blocks: Step[][];
}

const suite: Suite = {
  about: 'processor time per added viewer, one encode for all and one for each; 100 joins and leaves',
  options: {
    blocks: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    counts: { type: 'string', default: '1,4,8,16,24,32' },
    'counts-each': { type: 'string', default: '1,2,4,6' },
    joins: { type: 'string', default: '100' },
    ...quietOption,
  },
  async run(lab, options) {
    const blocks = countOption(options, 'blocks');
    const seconds = countOption(options, 'seconds');
    const joins = countOption(options, 'joins');
    const counts = countsOption(options, 'counts');
    const countsEach = countsOption(options, 'counts-each');
    const server = await startServer(lab);
    const bitrate = await findBitrate(lab, server);
    const variants = [
      await oneEncodeForAll(lab, server, counts, bitrate),
      await oneEncodeForEach(lab, server, countsEach, bitrate),
    ];
    const notes: string[] = [];
    for (let block = 1; block <= blocks; block += 1) {
      for (const variant of variants) {
        const steps = await measureBlock(variant, seconds, options.quiet === true);
        variant.blocks.push(steps);
        console.log(`block ${block} of ${blocks}, ${variant.label}: ${lineOf(steps).slope.toFixed(2)} % per viewer`);
      }
    }
    const after = await churn(lab, server, joins);
    const [shared, each] = variants.map(({ blocks }) => blocks.map((steps) => lineOf(steps).slope));
    const memory = variants[0]?.blocks.map(
      (steps) => fitLine(steps.map(({ viewers, rssMb }) => [viewers, rssMb])).slope,
    );
    for (const { label, counts, blocks } of variants) {
      const most = Math.max(...blocks.flat().map(({ viewers }) => viewers));
      if (most < Math.max(...counts)) notes.push(`${label}: ended at ${most} viewers, where the machine was full.`);
    }
    return {
      title:
        `Processor time of the sending processes, ${BENCH_WIDTH}×${BENCH_HEIGHT} at ${FPS} fps, ${blocks} interleaved blocks of ` +
        `${seconds} s for each number of viewers: median of blocks (lowest–highest), % of a core`,
      columns: [
        '',
        'viewers',
        'CPU',
        'fps, worst–best viewer',
        'kbit/s',
        'packets/s',
        'RSS MB',
        'machine',
        'other programs',
      ],
      rows: variants.flatMap(rowsOf),
      aims: [
        { name: 'added viewer, one encode for all', value: median(shared ?? []), atMost: 0.9, unit: '% of a core' },
        { name: `memory after ${joins} joins and leaves`, value: after.grownMb, atMost: 3, unit: 'MB more' },
      ],
      notes: [
        `One encode for all: ${medianAndRange(shared ?? [], 2)} % of a core and ${medianAndRange(memory ?? [], 1)} MB for each added viewer.`,
        `One encode for each: ${medianAndRange(each ?? [], 1)} % for each added viewer, its own picture and process included.`,
        ...notes,
        ...variants
          .flatMap((variant) => unfairSteps(variant, true))
          .map((step) => `${step}, on a machine that was full.`),
        after.note,
        `The senders were told ${bitrate} kbit/s for ${KBPS} to arrive. Viewers are real connections that decode nothing (receivers.py).`,
      ],
      failures: [...variants.flatMap((variant) => unfairSteps(variant, false)), ...after.faults],
      raw: { bitrate, variants: variants.map(({ label, blocks }) => ({ label, blocks })), churn: after.samples },
    };
  },
};

export default suite;

function countsOption(options: SuiteOptions, name: string): number[] {
  const counts = String(options[name]).split(',').map(Number);
  const rising = counts.every((count, index) => Number.isInteger(count) && count > (counts[index - 1] ?? 0));
  if (!rising || counts.length < 2) throw new Error(`--${name} wants rising whole numbers, at least two: 1,4,8`);
  return counts;
}

function senderWords(bitrate: number, most: number): string[] {
  return ['--fps', String(FPS), '--bitrate', String(bitrate), '--max-viewers', String(most)];
}

/** An encoder does not keep to its bitrate exactly: finds out what to tell it for KBPS to arrive. */
async function findBitrate(lab: Lab, server: string): Promise<number> {
  const sender = await startSender(lab, { server, stream: 'trial', grainy: true, words: senderWords(KBPS, 1) });
  const receivers = await startReceivers(lab, 'trial', server);
  await receivers.join(1);
  await pause(SETTLE_MS);
  const before = await receivers.read();
  await pause(4_000);
  const [delivery] = deliveries(before, await receivers.read());
  await receivers.stop();
  sender.kill('SIGTERM');
  return Math.round((KBPS * KBPS) / (delivery?.kbps ?? Number.NaN));
}

async function oneEncodeForAll(lab: Lab, server: string, counts: number[], bitrate: number): Promise<Variant> {
  const most = Math.max(...counts);
  const words = senderWords(bitrate, most);
  const sender = await startSender(lab, { server, stream: 'shared', grainy: true, words });
  const processes: Receivers[] = [];
  for (let first = 0; first < most; first += VIEWERS_PER_PROCESS) {
    processes.push(await startReceivers(lab, 'shared', server, processes.length));
  }
  return {
    label: 'one encode for all',
    counts,
    senders: [sender],
    watch: async (count) => {
      for (const [index, process] of processes.entries()) {
        const wanted = Math.min(VIEWERS_PER_PROCESS, Math.max(0, count - index * VIEWERS_PER_PROCESS));
        await process.join(wanted - process.count);
      }
      return processes.slice(0, Math.ceil(count / VIEWERS_PER_PROCESS));
    },
    blocks: [],
  };
}

/**
 * What a sender costs that encodes for each viewer anew. So many senders with one viewer each: unlike webrtcsink, they
 * also draw the picture anew, which costs about 2 % of a core.
 */
async function oneEncodeForEach(lab: Lab, server: string, counts: number[], bitrate: number): Promise<Variant> {
  const senders: ChildProcess[] = [];
  const processes: Receivers[] = [];
  for (let number = 0; number < Math.max(...counts); number += 1) {
    const stream = `each-${number}`;
    senders.push(await startSender(lab, { server, stream, grainy: true, words: senderWords(bitrate, 1) }));
    processes.push(await startReceivers(lab, stream, server));
  }
  return {
    label: 'one encode for each',
    counts,
    senders,
    watch: async (count) => {
      const watching = processes.slice(0, count);
      for (const process of watching) await process.join(1 - process.count);
      return watching;
    },
    blocks: [],
  };
}

function startReceivers(lab: Lab, stream: string, server: string, number = 0): Promise<Receivers> {
  return Receivers.start(lab, `receivers-${stream}-${number}`, server, stream);
}

async function measureBlock(variant: Variant, seconds: number, quiet: boolean): Promise<Step[]> {
  const steps: Step[] = [];
  let watching: Receivers[] = [];
  for (const count of variant.counts) {
    watching = await variant.watch(count);
    await pause(SETTLE_MS);
    const { value, others } = await measureQuietly(quiet, () =>
      measure(variant.senders.slice(0, count), watching, seconds),
    );
    const step = { ...value, others };
    if (step.machine - step.others / cpus().length > SATURATED_PERCENT) break;
    steps.push(step);
  }
  for (const process of watching) await process.leave();
  return steps;
}

async function measure(senders: ChildProcess[], watching: Receivers[], seconds: number): Promise<Omit<Step, 'others'>> {
  const read = () => Promise.all(watching.map((process) => process.read()));
  const before = await read();
  const meters = senders.map(({ pid }) => startCpuMeter(pid));
  const machine = startMachineMeter();
  await pause(seconds * 1_000);
  const cpu = sum(meters.map((meter) => meter()));
  const step = { cpu, machine: machine() / cpus().length };
  const after = await read();
  const delivered = before.flatMap((reading, index) => {
    const later = after[index];
    return later ? deliveries(reading, later) : [];
  });
  return {
    ...step,
    viewers: delivered.length,
    rssMb: sum(senders.map(({ pid }) => footprint(pid ?? 0).rssMb)),
    fps: delivered.map(({ fps }) => fps),
    kbps: median(delivered.map(({ kbps }) => kbps)),
    packetsPerSecond: median(delivered.map(({ packetsPerSecond }) => packetsPerSecond)),
  };
}

const lineOf = (steps: readonly Step[]) => fitLine(steps.map(({ viewers, cpu }) => [viewers, cpu]));

function rowsOf({ label, counts, blocks }: Variant): string[][] {
  return counts.flatMap((count) => {
    const steps = blocks.flat().filter(({ viewers }) => viewers === count);
    if (steps.length === 0) return [];
    const each = (pick: (step: Step) => number, digits: number) => medianAndRange(steps.map(pick), digits);
    const fps = steps.flatMap((step) => step.fps);
    return [
      [
        label,
        String(count),
        each(({ cpu }) => cpu, 1),
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
function unfairSteps({ label, blocks }: Variant, isFull: boolean): string[] {
  return blocks.flatMap((steps, index) =>
    steps
      .filter(({ fps }) => Math.min(...fps) < Math.max(LEAST_FPS, Math.max(...fps) * LEAST_SHARE))
      .filter(({ machine }) => machine > SATURATED_PERCENT === isFull)
      .map(({ viewers, fps }) => {
        const [worst, best] = [Math.min(...fps), Math.max(...fps)].map((each) => each.toFixed(1));
        return `${label}, block ${index + 1}: of ${viewers} viewers one got ${worst} frames a second, the best ${best}`;
      }),
  );
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
