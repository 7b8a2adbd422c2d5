import type { Browser, Page } from 'puppeteer-core';
import { launchChromium } from '../lib/chromium.js';
import { startOthersMeter } from '../lib/cpu.js';
import type { Lab } from '../lib/lab.js';
import { quietOption, waitForQuiet } from '../lib/quiet.js';
import type { JoinReading } from '../lib/readings.js';
import { startSender, waitUntilCameraIsOff } from '../lib/sender.js';
import { startServer } from '../lib/server.js';
import { median, type Summary, summarise } from '../lib/statistics.js';
import { countOption, type Suite } from '../lib/suite.js';
import { FRESH_MS } from '../page/read-clock.js';

/** page/cold.html has it in its markup. */
const STREAM = 'join';
/** A join that shows nothing for so long is a join without a picture. */
const PATIENCE_MS = 10_000;
/** Joins begin at any phase of the camera's frames, so the pause between two of them varies by more than one frame. */
const PAUSE_MS = 200;
const PAUSE_SPREAD_MS = 100;

const MODES = {
  running: 'warm page, camera running: start() → first fresh frame',
  cold: 'fresh page, camera running: navigation → first fresh frame',
  off: 'warm page, camera off: start() → first fresh frame',
} as const;
type Mode = keyof typeof MODES;
/** Waits a moment before the next join. */
type Pause = () => Promise<void>;

const suite: Suite = {
  about: 'start() → first fresh frame, camera running and off; navigation → first fresh frame',
  options: {
    joins: { type: 'string', default: '100' },
    modes: { type: 'string', default: Object.keys(MODES).join() },
    ...quietOption,
  },
  async run(lab, options) {
    const joins = countOption(options, 'joins');
    const modes = parseModes(String(options.modes));
    const pause: Pause = () => {
      const ms = PAUSE_MS + Math.random() * PAUSE_SPREAD_MS;
      return options.quiet === true ? waitForQuiet(ms) : new Promise((resolve) => setTimeout(resolve, ms));
    };
    const meter = startOthersMeter();
    const server = await startServer(lab);
    const sender = await startSender(lab, { server, stream: STREAM });
    const browser = await launchChromium(lab);
    const page = await openJoinPage(browser, server);
    const readings: Record<Mode, JoinReading[]> = { running: [], cold: [], off: [] };

    if (modes.includes('running') || modes.includes('cold')) {
      const stopWatching = await keepWatching(lab, server);
      for (let join = 1; join <= joins; join += 1) {
        if (modes.includes('running')) readings.running.push(await joinAndLeave(page, pause));
        if (modes.includes('cold')) readings.cold.push(await joinFromNowhere(browser, server, pause));
        tell(join, joins, 'camera running');
      }
      await stopWatching();
    }
    for (let join = 1; join <= joins && modes.includes('off'); join += 1) {
      await waitUntilCameraIsOff(sender);
      readings.off.push(await joinAndLeave(page, pause));
      tell(join, joins, 'camera off');
    }

    const summaries = Object.fromEntries(modes.map((mode) => [mode, summarise(timesOf(readings[mode]))]));
    const aim = (mode: Mode, figure: keyof Summary, atMost: number) =>
      modes.includes(mode)
        ? [{ name: `${mode} ${figure}`, value: summaries[mode]?.[figure] ?? Number.NaN, atMost, unit: 'ms' }]
        : [];
    return {
      title: `Joins on loopback, 1280×720, ms. Fresh: the clock burned into the frame is younger than ${FRESH_MS} ms`,
      columns: ['', 'p5', 'p50', 'p95', 'p99', 'max', 'joins', 'began stale', 'no picture'],
      rows: modes.map((mode) => rowOf(mode, summaries[mode], readings[mode])),
      aims: [...aim('running', 'p50', 90), ...aim('cold', 'p50', 200), ...aim('cold', 'p99', 450)],
      notes: [
        ...modes.map((mode) => `${mode}: ${stepsOf(readings[mode])}`),
        `Other programs used ${meter().toFixed(0)} % of a core over the whole time.`,
      ],
      failures: modes.flatMap((mode) => faultsOf(mode, readings[mode])),
      raw: readings,
    };
  },
};

export default suite;

function parseModes(words: string): Mode[] {
  const modes = words.split(',');
  const unknown = modes.find((mode) => !(mode in MODES));
  if (unknown !== undefined) throw new Error(`--modes knows ${Object.keys(MODES).join(', ')}; not “${unknown}”`);
  return modes as Mode[];
}

async function openJoinPage(browser: Browser, server: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${server}/join.html?stream=${STREAM}`);
  await page.waitForFunction('globalThis.bench');
  await page.evaluate('bench.ready()');
  return page;
}

/** Someone else watches, in a browser of their own, until the function that is returned is called. */
async function keepWatching(lab: Lab, server: string): Promise<() => Promise<void>> {
  const browser = await launchChromium(lab);
  const page = await openJoinPage(browser, server);
  const { ms } = (await page.evaluate(`bench.join(${PATIENCE_MS})`)) as JoinReading;
  if (ms === null) throw new Error('The viewer that is to keep the camera running gets no picture.');
  return () => browser.close();
}

async function joinAndLeave(page: Page, pause: Pause): Promise<JoinReading> {
  await pause();
  await page.evaluate('bench.ready()');
  const reading = (await page.evaluate(`bench.join(${PATIENCE_MS})`)) as JoinReading;
  await page.evaluate('bench.leave()');
  return reading;
}

async function joinFromNowhere(browser: Browser, server: string, pause: Pause): Promise<JoinReading> {
  await pause();
  const page = await browser.newPage();
  await page.goto(`${server}/cold.html?patience=${PATIENCE_MS}`);
  const reading = (await page.evaluate('bench.reading')) as JoinReading;
  await page.close();
  return reading;
}

const timesOf = (readings: readonly JoinReading[]) => readings.map(({ ms }) => ms).filter((ms) => ms !== null);

function rowOf(mode: Mode, summary: Summary | undefined, readings: readonly JoinReading[]): string[] {
  const figures = [summary?.p5, summary?.p50, summary?.p95, summary?.p99, summary?.max];
  const failed = readings.filter(({ ms }) => ms === null).length;
  const stale = readings.filter(({ firstAgeMs }) => (firstAgeMs ?? 0) >= FRESH_MS).length;
  return [MODES[mode], ...figures.map((ms) => ms?.toFixed(0) ?? ''), ...[readings.length, stale, failed].map(String)];
}

/** "server 40 → camera 45 → …": the median time at which each step was done, of those that most joins saw. */
function stepsOf(readings: readonly JoinReading[]): string {
  const names = new Set(readings.flatMap(({ steps }) => Object.keys(steps)));
  return [...names]
    .map((name) => ({ name, times: readings.map(({ steps }) => steps[name]).filter((ms) => ms !== undefined) }))
    .filter(({ times }) => times.length > readings.length * 0.9)
    .map(({ name, times }) => ({ name, ms: median(times) }))
    .sort((a, b) => a.ms - b.ms)
    .map(({ name, ms }) => `${name} ${ms.toFixed(0)}`)
    .join(' → ');
}

function faultsOf(mode: Mode, readings: readonly JoinReading[]): string[] {
  const failed = readings.filter(({ ms }) => ms === null);
  if (failed.length === 0) return [];
  return [`${mode}: ${failed.length} of ${readings.length} joins showed no picture. The first: ${failed[0]?.report}`];
}

function tell(join: number, joins: number, what: string): void {
  if (join % 20 === 0 || join === joins) console.log(`${what}: ${join} of ${joins} joins`);
}
