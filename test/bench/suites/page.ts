import { cpus } from 'node:os';
import type { Browser } from 'puppeteer-core';
import { launchChromium } from '../lib/chromium.js';
import { startCpuMeter, startMachineMeter } from '../lib/cpu.js';
import { measurePage, type PageCost } from '../lib/page-cost.js';
import { measureQuietly, quietOption } from '../lib/quiet.js';
import { startSender } from '../lib/sender.js';
import { startServer } from '../lib/server.js';
import { median, medianAndRange } from '../lib/statistics.js';
import { countOption, type Suite, type SuiteOptions } from '../lib/suite.js';
import type { Wakeups } from '../page/wakeups.js';

/** Small enough for two cores to decode sixteen of them in software. */
const SENDER = { width: 640, height: 360, fps: 30, kbps: 600 };
const STREAM = 'wall';

const VARIANTS = [
  { label: 'bare <video>', words: 'kind=bare' },
  { label: 'bare, told of each frame', words: 'kind=bare&frames' },
  { label: 'element', words: 'kind=element' },
  { label: 'element, overlay open', words: 'kind=element&overlay' },
] as const;

/** All sixteen in view; and no renderer in reserve, whose start would be counted as the page's. */
const BROWSER_FLAGS = ['--window-size=1640,1000', '--disable-features=SpareRendererForSitePerProcess'];
/** After everyone plays: the first pings, the first readings, the browser's own start. */
const SETTLE_MS = 4_000;
const READY_PATIENCE_MS = 40_000;
/** Of the machine. Beyond it everybody waits for everybody, and a share of a core means little. */
const SATURATED_PERCENT = 90;
const LEAST_FPS = SENDER.fps / 2;

interface Step extends PageCost {
  block: number;
  label: string;
  count: number;
  /** Of each video, frames a second. */
  fps: number[];
  /** Of everything on the machine, in percent of it. */
  machine: number;
  /** Of a core, in percent: what the benchmark did not start. */
  others: number;
}

interface IdleStep extends PageCost {
  /** Of a page without elements, over the same time: what the browser does by itself. */
  blankMain: number;
  blankRenderer: number;
  /** Timers and animation frames a second. */
  wakeupsPerSecond: number;
  pending: number[];
}

const suite: Suite = {
  about:
    "the page's main thread, processors and memory for each element that plays, beside bare <video>s; 16 that do not",
  options: {
    blocks: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    counts: { type: 'string', default: '1,4,16' },
    idle: { type: 'string', default: '16' },
    ...quietOption,
  },
  async run(lab, options) {
    const blocks = countOption(options, 'blocks');
    const seconds = countOption(options, 'seconds');
    const counts = countsOption(options);
    const idleCount = countOption(options, 'idle');
    const isQuiet = options.quiet === true;
    const server = await startServer(lab);
    const { width, height, fps, kbps } = SENDER;
    const size = ['--width', width, '--height', height, '--fps', fps, '--bitrate', kbps, '--max-viewers', 64];
    const sender = await startSender(lab, { server, stream: STREAM, grainy: true, words: size.map(String) });
    const browser = await launchChromium(lab, { flags: BROWSER_FLAGS });
    await waitForStream(browser, server);
    const steps: Step[] = [];
    const idle: IdleStep[] = [];
    const sending: number[] = [];
    for (let block = 1; block <= blocks; block += 1) {
      for (const count of counts) {
        for (const { label, words } of VARIANTS) {
          const senderCpu = startCpuMeter(sender.pid);
          const url = `${server}/wall.html?stream=${STREAM}&count=${count}&${words}`;
          const step = { block, label, count, ...(await playing(browser, url, seconds, isQuiet)) };
          steps.push(step);
          sending.push(senderCpu());
          console.log(
            `block ${block} of ${blocks}, ${count} × ${label}: main thread ${step.main.toFixed(1)} %, ` +
              `renderer ${step.renderer.toFixed(0)} %, machine ${step.machine.toFixed(0)} %`,
          );
        }
      }
      idle.push(await idling(browser, server, idleCount, seconds));
    }
    const of = (label: string, count: number) => steps.filter((step) => step.label === label && step.count === count);
    return {
      title:
        `What a page with ${counts.join(', ')} pictures takes (${width}×${height} at ${fps} fps, ${kbps} kbit/s each, one sender, ` +
        `400×225 on the page), ${blocks} interleaved blocks of ${seconds} s: median of blocks (lowest–highest), % of a core`,
      columns: [
        '',
        'n',
        'main thread',
        'scripts',
        'layout',
        'renderer',
        'GPU process',
        'rest',
        'JS heap MB',
        'memory MB',
        'listeners',
        'nodes',
        'fps, worst–best',
        'machine',
        'other programs',
      ],
      rows: VARIANTS.flatMap(({ label }) => counts.map((count) => rowOf(label, count, of(label, count)))),
      aims: [],
      notes: [
        ...counts.map((count) => moreThanBare(count, of)),
        ...idleNotes(idle, idleCount),
        `The sender took ${medianAndRange(sending, 0)} % of a core, openings and closings of pages included.`,
        ...fullNotes(steps),
      ],
      failures: steps.filter(isStarved).map((step) => `${fpsOf(step)}, on a machine that was not full`),
      raw: { steps, idle },
    };
  },
};

export default suite;

function countsOption(options: SuiteOptions): number[] {
  const counts = String(options.counts).split(',').map(Number);
  if (!counts.every((count) => Number.isInteger(count) && count > 0)) throw new Error('--counts wants numbers: 1,4,16');
  return counts;
}

/** The sender takes a moment to publish; elements wait for it, bare videos do not. */
async function waitForStream(browser: Browser, server: string): Promise<void> {
  const page = await browser.newPage();
  await page.goto(`${server}/wall.html?stream=${STREAM}&count=1&kind=element&idle`);
  await page.waitForFunction('globalThis.bench?.isReady()', { timeout: READY_PATIENCE_MS });
  await page.close();
}

/** A page of its own, and with it a renderer of its own, for each measurement. */
async function playing(browser: Browser, url: string, seconds: number, isQuiet: boolean) {
  const page = await browser.newPage();
  try {
    await page.goto(url);
    try {
      await page.waitForFunction('globalThis.bench?.isReady()', { timeout: READY_PATIENCE_MS });
    } catch {
      throw new Error(`${url} does not play: ${await page.evaluate('globalThis.bench?.describe()')}`);
    }
    await pause(SETTLE_MS);
    const { value, others } = await measureQuietly(isQuiet, async () => {
      const frames = () => page.evaluate('bench.frames()') as Promise<number[]>;
      const [before, begin] = [await frames(), performance.now()];
      const machine = startMachineMeter();
      const cost = await measurePage(browser, page, seconds);
      const elapsed = (performance.now() - begin) / 1_000;
      const after = await frames();
      const fps = after.map((count, index) => (count - (before[index] ?? 0)) / elapsed);
      return { ...cost, fps, machine: machine() / cpus().length };
    });
    return { ...value, others };
  } finally {
    await page.close();
  }
}

async function idling(browser: Browser, server: string, count: number, seconds: number): Promise<IdleStep> {
  const page = await browser.newPage();
  try {
    await page.goto(`${server}/blank.html`);
    await pause(SETTLE_MS);
    const blank = await measurePage(browser, page, seconds);
    await page.goto(`${server}/wall.html?stream=${STREAM}&count=${count}&kind=element&idle`);
    await page.waitForFunction('globalThis.bench?.isReady()', { timeout: READY_PATIENCE_MS });
    await pause(SETTLE_MS);
    const wakeups = () => page.evaluate('bench.wakeups()') as Promise<Wakeups>;
    const before = await wakeups();
    const cost = await measurePage(browser, page, seconds);
    const { ran, pending } = await wakeups();
    const wakeupsPerSecond = (ran - before.ran) / seconds;
    return { ...cost, blankMain: blank.main, blankRenderer: blank.renderer, wakeupsPerSecond, pending };
  } finally {
    await page.close();
  }
}

function rowOf(label: string, count: number, steps: readonly Step[]): string[] {
  const each = (pick: (step: Step) => number, digits = 1) => medianAndRange(steps.map(pick), digits);
  const middle = (pick: (step: Step) => number, digits = 0) => median(steps.map(pick)).toFixed(digits);
  const fps = steps.flatMap((step) => step.fps);
  return [
    label,
    String(count),
    each(({ main }) => main),
    each(({ script }) => script),
    middle(({ layout }) => layout, 1),
    each(({ renderer }) => renderer, 0),
    middle(({ gpu }) => gpu),
    middle(({ rest }) => rest),
    middle(({ heapMb }) => heapMb, 1),
    middle(({ pssMb }) => pssMb),
    middle(({ listeners }) => listeners),
    middle(({ nodes }) => nodes),
    `${Math.min(...fps).toFixed(1)}–${Math.max(...fps).toFixed(1)}`,
    `${middle(({ machine }) => machine)} %`,
    `${each(({ others }) => others, 0)} %`,
  ];
}

/** What the element adds to what any player has to pay; within each block, so that a busy hour hits both. */
function moreThanBare(count: number, of: (label: string, count: number) => Step[]): string {
  const bare = of(VARIANTS[0].label, count);
  const more = VARIANTS.slice(1).map(({ label }) => {
    const each = (pick: (step: Step) => number, digits: number) =>
      medianAndRange(
        of(label, count).map((step, index) => (pick(step) - pick(bare[index] as Step)) / count),
        digits,
      );
    return (
      `${label}: main thread ${each(({ main }) => main, 2)} %, renderer ${each(({ renderer }) => renderer, 1)} %, ` +
      `JS heap ${each(({ heapMb }) => heapMb, 2)} MB, memory ${each(({ pssMb }) => pssMb, 1)} MB`
    );
  });
  return `More than a bare <video>, for each of ${count}:\n  ${more.join('\n  ')}`;
}

function idleNotes(idle: readonly IdleStep[], count: number): string[] {
  const each = (pick: (step: IdleStep) => number, digits: number) => medianAndRange(idle.map(pick), digits);
  const pending = idle.at(-1)?.pending.map((ms) => `${ms} ms`) ?? [];
  return [
    `${count} elements that are not started: main thread ${each(({ main }) => main, 2)} % of a core (a blank page ` +
      `${each(({ blankMain }) => blankMain, 2)}), renderer ${each(({ renderer }) => renderer, 1)} % (blank ` +
      `${each(({ blankRenderer }) => blankRenderer, 1)}), ${each(({ wakeupsPerSecond }) => wakeupsPerSecond, 1)} timers or ` +
      `animation frames a second, ${pending.length} timers waiting${pending.length ? ` (${pending.join(', ')})` : ''}, ` +
      `${each(({ listeners }) => listeners, 0)} listeners, JS heap ${each(({ heapMb }) => heapMb, 1)} MB.`,
  ];
}

const fpsOf = ({ block, label, count, fps }: Step) =>
  `${count} × ${label}, block ${block}: ${Math.min(...fps).toFixed(1)} frames a second`;
const isFull = ({ machine }: Step) => machine > SATURATED_PERCENT;
const isStarved = (step: Step) => Math.min(...step.fps) < LEAST_FPS && !isFull(step);

function fullNotes(steps: readonly Step[]): string[] {
  const full = steps.filter(isFull);
  if (full.length === 0) return [];
  const all = full.length === steps.length;
  const which = all ? '' : ` (${[...new Set(full.map(({ count, label }) => `${count} × ${label}`))].join(', ')})`;
  return [
    `The machine was full in ${full.length} of ${steps.length} measurements${which}: compare these within a block only.`,
  ];
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
