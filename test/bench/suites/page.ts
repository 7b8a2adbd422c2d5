import { startCpuMeter } from '../lib/cpu.js';
import { measurePage, type PageCost } from '../lib/page-cost.js';
import { quietOption } from '../lib/quiet.js';
import { median, medianAndRange } from '../lib/statistics.js';
import { countOption, type Suite, type SuiteOptions } from '../lib/suite.js';
import {
  measureWall,
  setUpWall,
  WALL,
  WALL_PATIENCE_MS,
  WALL_SETTLE_MS,
  type Wall,
  type WallCost,
} from '../lib/wall.js';
import type { Wakeups } from '../page/wakeups.js';

const VARIANTS = [
  { name: 'bare', label: 'bare <video>', words: 'kind=bare' },
  { name: 'frames', label: 'bare, told of each frame', words: 'kind=bare&frames' },
  { name: 'element', label: 'element', words: 'kind=element' },
  { name: 'overlay', label: 'element, overlay open', words: 'kind=element&overlay' },
] as const;

/** Of the machine. Beyond it everybody waits for everybody, and a share of a core means little. */
const SATURATED_PERCENT = 90;
const LEAST_FPS = WALL.fps / 2;

interface Step extends WallCost {
  block: number;
  label: string;
  count: number;
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
    blocks: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    counts: { type: 'string', default: '1,4,16' },
    idle: { type: 'string', default: '16' },
    variants: { type: 'string', default: VARIANTS.map(({ name }) => name).join() },
    ...quietOption,
  },
  async run(lab, options) {
    const blocks = countOption(options, 'blocks');
    const seconds = countOption(options, 'seconds');
    const counts = countsOption(options);
    const idleCount = countOption(options, 'idle');
    const wanted = String(options.variants).split(',');
    const variants = VARIANTS.filter(({ name }) => wanted.includes(name));
    if (variants.length < wanted.length) {
      throw new Error(`--variants knows ${VARIANTS.map(({ name }) => name).join()}`);
    }
    const isQuiet = options.quiet === true;
    const wall = await setUpWall(lab);
    const { width, height, fps, kbps } = WALL;
    const steps: Step[] = [];
    const idle: IdleStep[] = [];
    const sending: number[] = [];
    for (let block = 1; block <= blocks; block += 1) {
      for (const count of counts) {
        for (const { label, words } of variants) {
          const senderCpu = startCpuMeter(wall.sender.pid);
          const cost = await measureWall(wall, wall.url(count, words), seconds, isQuiet);
          const step = { block, label, count, ...cost };
          steps.push(step);
          sending.push(senderCpu());
          console.log(
            `block ${block} of ${blocks}, ${count} × ${label}: main thread ${step.main.toFixed(1)} %, ` +
              `renderer ${step.renderer.toFixed(0)} %, machine ${step.machine.toFixed(0)} %`,
          );
        }
      }
      idle.push(await idling(wall, idleCount, seconds));
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
      rows: variants.flatMap(({ label }) => counts.map((count) => rowOf(label, count, of(label, count)))),
      aims: [],
      notes: [
        ...(wanted.includes('bare') ? counts.map((count) => moreThanBare(count, of)) : []),
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

async function idling({ browser, server, url }: Wall, count: number, seconds: number): Promise<IdleStep> {
  const page = await browser.newPage();
  try {
    await page.goto(`${server}/blank.html`);
    await pause(WALL_SETTLE_MS);
    const blank = await measurePage(browser, page, seconds);
    await page.goto(url(count, 'kind=element&idle'));
    await page.waitForFunction('globalThis.bench?.isReady()', { timeout: WALL_PATIENCE_MS });
    await pause(WALL_SETTLE_MS);
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
  const others = VARIANTS.slice(1).filter(({ label }) => of(label, count).length > 0);
  const more = others.map(({ label }) => {
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
