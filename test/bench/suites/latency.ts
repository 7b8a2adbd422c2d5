import type { LatencyLegs } from '../../../src/element/core/facts.js';
import { startCpuMeter } from '../lib/cpu.js';
import { buildProbe, type ScreenReading } from '../lib/framebuffer-probe.js';
import { measureQuietly, quietOption } from '../lib/quiet.js';
import type { ElementFigures } from '../lib/readings.js';
import { startScreen } from '../lib/screen.js';
import { BENCH_FPS, startSender } from '../lib/sender.js';
import { startServer } from '../lib/server.js';
import { median, medianAndRange, type Summary, summarise } from '../lib/statistics.js';
import { countOption, type Suite } from '../lib/suite.js';
import { elementFigures, openOnScreen, openWatchPage } from '../lib/viewing.js';

/** The same stream twice; the second as every sender without the extension would send it. */
const VARIANTS = [
  { stream: 'ours', label: 'ours', words: [] },
  { stream: 'plain', label: 'ours without playout-delay', words: ['--no-playout-delay'] },
] as const;

/** After the first frame, before measuring: start-up is the business of the suite `join`. */
const SETTLE_MS = 3_000;
/** With less of the clock readable, a run proves nothing. */
const LEAST_READABLE = 0.9;

interface Block {
  summary: Summary;
  reading: ScreenReading;
  senderCpu: number;
  /** Of one core, in percent: what the benchmark did not start. */
  others: number;
  /** What the element itself says of the same seconds. */
  element: ElementFigures;
}

const suite: Suite = {
  about: 'frame made → pixels on the screen, with and without the playout-delay extension',
  options: {
    blocks: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '12' },
    ...quietOption,
  },
  async run(lab, options) {
    const blocks = countOption(options, 'blocks');
    const seconds = countOption(options, 'seconds');
    const screen = await startScreen(lab);
    const probe = await buildProbe(lab);
    const server = await startServer(lab);
    const variants = [];
    for (const variant of VARIANTS) {
      const sender = await startSender(lab, { server, stream: variant.stream, words: variant.words });
      variants.push({ ...variant, sender, blocks: [] as Block[] });
    }
    const { page } = await openOnScreen(lab, screen);
    for (let block = 1; block <= blocks; block += 1) {
      for (const variant of variants) {
        await openWatchPage(page, server, variant.stream);
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        const { value, others } = await measureQuietly(options.quiet === true, async () => {
          const senderCpu = startCpuMeter(variant.sender.pid);
          const reading = await probe(screen, seconds);
          return { reading, senderCpu: senderCpu() };
        });
        const summary = summarise(value.reading.agesMs);
        variant.blocks.push({ ...value, summary, others, element: await elementFigures(page, seconds) });
        const { p50, p95 } = summary;
        console.log(`block ${block} of ${blocks}, ${variant.label}: p50 ${p50.toFixed(1)} p95 ${p95.toFixed(1)} ms`);
        // Nobody watching: its camera is off while the other one is measured.
        await page.goto(`${server}/blank.html`);
      }
    }

    const failures = variants.flatMap(({ label, blocks }) =>
      blocks.flatMap((block, index) =>
        faultsOf(block, seconds).map((fault) => `${label}, block ${index + 1}: ${fault}`),
      ),
    );
    const [ours, plain] = variants.map(({ blocks }) => blocks.map(({ summary }) => summary));
    const ratios = ours?.map(({ p50 }, index) => (plain?.[index]?.p50 ?? Number.NaN) / p50) ?? [];
    const missed = variants[0]?.blocks.reduce((sum, { reading }) => sum + reading.missed, 0) ?? Number.NaN;
    return {
      title:
        `Frame made → pixels in the screen's memory, 1280×720 at ${BENCH_FPS} fps, loopback, ` +
        `${blocks} interleaved blocks of ${seconds} s: median of blocks (lowest–highest), ms`,
      columns: ['', 'p50', 'p95', 'p99', 'max', 'missed', 'element says', 'sender CPU', 'other programs'],
      rows: variants.map(({ label, blocks }) => rowOf(label, blocks)),
      aims: [
        { name: 'p50', value: median(ours?.map(({ p50 }) => p50) ?? []), atMost: 7.5, unit: 'ms' },
        { name: 'p95', value: median(ours?.map(({ p95 }) => p95) ?? []), atMost: 11, unit: 'ms' },
        { name: 'p99', value: median(ours?.map(({ p99 }) => p99) ?? []), atMost: 16, unit: 'ms' },
        { name: 'missed', value: missed, atMost: 0, unit: 'frames' },
      ],
      notes: [
        `Without the extension the same block takes ${medianAndRange(ratios, 2)} times as long at p50.`,
        `Where they go, in the element's own words: ${legsOf(variants[0]?.blocks ?? [])}.`,
        'From the stamp at the birth of the test picture: the exposure of a camera and the scan-out of a display come on top.',
      ],
      failures,
      raw: variants.map(({ label, blocks }) => ({ label, blocks })),
    };
  },
};

export default suite;

function rowOf(label: string, blocks: readonly Block[]): string[] {
  const each = (pick: (block: Block) => number) => medianAndRange(blocks.map(pick));
  const missed = blocks.reduce((sum, { reading }) => sum + reading.missed, 0);
  const seen = blocks.reduce((sum, { summary }) => sum + summary.count, 0);
  return [
    label,
    each(({ summary }) => summary.p50),
    each(({ summary }) => summary.p95),
    each(({ summary }) => summary.p99),
    each(({ summary }) => summary.max),
    `${missed} of ${seen + missed}`,
    each(({ element }) => element.totalMs ?? Number.NaN),
    `${each(({ senderCpu }) => senderCpu)} %`,
    `${each(({ others }) => others)} %`,
  ];
}

/** "encode 3.1, network 1.2, …": medians of the blocks, ms. */
function legsOf(blocks: readonly Block[]): string {
  const names = Object.keys(blocks[0]?.element.legs ?? {}) as (keyof LatencyLegs)[];
  return names
    .map((name) => `${name} ${median(blocks.map(({ element }) => element.legs[name] ?? NaN)).toFixed(1)}`)
    .join(', ');
}

function faultsOf({ summary, reading }: Block, seconds: number): string[] {
  const faults = [];
  const expected = seconds * BENCH_FPS * LEAST_READABLE;
  if (!(reading.readable >= LEAST_READABLE)) {
    faults.push(`the clock was readable at ${(reading.readable * 100).toFixed(0)} % of the polls`);
  }
  if (summary.count < expected)
    faults.push(`${summary.count} frames were seen, at least ${expected.toFixed(0)} expected`);
  return faults;
}
