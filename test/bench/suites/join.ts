import type { Browser, Page } from 'puppeteer-core';
import { Capture, type Flight, flightsOf } from '../lib/capture.js';
import { launchChromium } from '../lib/chromium.js';
import { startOthersMeter } from '../lib/cpu.js';
import { type EmulatedLink, layEmulatedLinks } from '../lib/emulator.js';
import type { Lab } from '../lib/lab.js';
import { cellOfPeer, joinPeers, rowOfPeer } from '../lib/peers/joins.js';
import { chosenPeers, peerOption } from '../lib/peers/options.js';
import { quietOption, waitForQuiet } from '../lib/quiet.js';
import type { JoinReading } from '../lib/readings.js';
import { startSender, waitUntilCameraIsOff } from '../lib/sender.js';
import { startServer } from '../lib/server.js';
import { fitLine, median, type Summary, summarise } from '../lib/statistics.js';
import { type Aim, countOption, type Suite, type SuiteOptions } from '../lib/suite.js';
import { FRESH_MS } from '../page/read-clock.js';

/** page/cold.html has it in its markup. */
const STREAM = 'join';
/** A join that shows nothing for so long is a join without a picture. */
const PATIENCE_MS = 10_000;
/** Joins begin at any phase of the camera's frames, so the pause between two of them varies by more than one frame. */
const PAUSE_SPREAD_MS = 100;
/** Of `running`, which is about a page that has shown a picture before; `first` is about the one that has not. */
const WARM_UP_JOINS = 2;
const DEVICE = 'cable';

const MODES = {
  running: 'warm page: start() → first fresh frame',
  first: 'page that has only loaded: its first start() → first fresh frame',
  second: 'second element on a warm page: appended → first fresh frame',
  cold: 'fresh page: navigation → first fresh frame',
  off: 'warm page, camera off: start() → first fresh frame',
} as const;
type Mode = keyof typeof MODES;
const MODE_NAMES = Object.keys(MODES) as Mode[];

/** Aims at the round trip times that have one. */
const AIMS: { mode: Mode; figure: keyof Summary; rtt: number; atMost: number }[] = [
  { mode: 'running', figure: 'p50', rtt: 0, atMost: 120 },
  { mode: 'running', figure: 'p50', rtt: 20, atMost: 220 },
  { mode: 'running', figure: 'p50', rtt: 50, atMost: 340 },
  { mode: 'running', figure: 'p50', rtt: 100, atMost: 540 },
  { mode: 'first', figure: 'p50', rtt: 0, atMost: 120 },
  { mode: 'second', figure: 'p50', rtt: 0, atMost: 90 },
  { mode: 'off', figure: 'p50', rtt: 0, atMost: 400 },
  { mode: 'cold', figure: 'p50', rtt: 0, atMost: 200 },
  { mode: 'cold', figure: 'p99', rtt: 0, atMost: 450 },
];

/** Server, sender and a viewer's browser, on one machine or with a link between them. */
interface Place {
  /** As the viewer sees it. */
  server: string;
  browser: Browser;
  /** Somebody else watches, beside the sender, until the function that comes back is called. */
  keepWatching(): Promise<() => Promise<void>>;
  waitUntilCameraIsOff(): Promise<void>;
  link: EmulatedLink | undefined;
  capture: Capture | undefined;
}

/** All joins of one mode at one round trip time. */
interface Cell {
  rtt: number;
  mode: Mode;
  readings: JoinReading[];
  /** Of the join whose time is the median. */
  flights: Flight[];
}

const suite: Suite = {
  about: 'start() → first fresh frame at several round trip times: warm and cold page, second element, camera off',
  options: {
    joins: { type: 'string', default: '20' },
    rtts: { type: 'string', default: '0,20,50,100' },
    modes: { type: 'string', default: MODE_NAMES.join() },
    /** Between two joins, in ms: long enough for the last keyframe to be too old for who comes next. */
    pause: { type: 'string', default: '700' },
    /** Print what passed the link during the median join. */
    flights: { type: 'boolean', default: false },
    /** More words for the sender's command line. */
    sender: { type: 'string', default: '' },
    ...peerOption,
    ...quietOption,
  },
  async run(lab, options) {
    const joins = countOption(options, 'joins');
    const peers = chosenPeers(options);
    const modes = parseModes(String(options.modes));
    const rtts = parseRtts(options);
    const pauseMs = Number(options.pause);
    const pause = () => {
      const ms = pauseMs + Math.random() * PAUSE_SPREAD_MS;
      return options.quiet === true ? waitForQuiet(ms) : new Promise<void>((resolve) => setTimeout(resolve, ms));
    };
    const meter = startOthersMeter();
    const words = String(options.sender).split(' ').filter(Boolean);
    const wantsLink = options.flights === true;
    let near: Place | undefined;
    let far: Place | undefined;
    const cells: Cell[] = [];
    for (const rtt of rtts) {
      let place: Place;
      // Without a link there is nothing between the two, not even an emulator that does nothing.
      if (rtt === 0 && !wantsLink) place = near ??= await setUpHere(lab, words);
      else place = far ??= await setUpApart(lab, words, wantsLink);
      await place.link?.set('both', { delayMs: rtt / 2 });
      const measured = await measure(place, rtt, modes, joins, pause);
      // Said at once: a run of an hour that is broken off is not in vain.
      for (const cell of measured) console.log(`  ${rowOf(cell, summarise(timesOf(cell.readings))).join('  ')}`);
      cells.push(...measured);
    }
    if (peers.length > 0) await startServer(lab, { pagesOnly: true });
    const peerJoins = await joinPeers(lab, peers, joins, pause);
    const summaries = cells.map(({ readings }) => summarise(timesOf(readings)));
    const summaryOf = (mode: Mode, rtt: number) =>
      summaries[cells.findIndex((cell) => cell.mode === mode && cell.rtt === rtt)];
    const aims: Aim[] = AIMS.filter(({ mode, rtt }) => modes.includes(mode) && rtts.includes(rtt)).map(
      ({ mode, figure, rtt, atMost }) => ({
        name: `${mode}, RTT ${rtt}, ${figure}`,
        value: summaryOf(mode, rtt)?.[figure] ?? Number.NaN,
        atMost,
        unit: 'ms',
      }),
    );
    const all = cells.flatMap(({ readings }) => readings);
    const failed = all.filter(({ ms }) => ms === null).length;
    return {
      title: `Joins, 1280×720, ms. Fresh: the clock burned into the frame is younger than ${FRESH_MS} ms, and the way of the link`,
      columns: ['', 'RTT', 'p5', 'p50', 'p95', 'p99', 'max', 'joins', 'began stale', 'no picture'],
      rows: [...cells.map((cell, index) => rowOf(cell, summaries[index])), ...peerJoins.map(rowOfPeer)],
      aims: [
        ...aims,
        { name: 'joins without a picture', value: failed, atMost: 0, unit: `of ${all.length}`, digits: 0 },
      ],
      notes: [
        ...modes.map((mode) => slopeOf(cells, summaries, mode)).filter((note) => note !== ''),
        ...cells.map((cell) => `${cell.mode}, RTT ${cell.rtt}: ${stepsOf(cell.readings)}`),
        ...cells.map(flightTable).filter((note) => note !== ''),
        `Other programs used ${meter().toFixed(0)} % of a core over the whole time.`,
      ],
      failures: cells.flatMap(faultsOf),
      raw: [...cells, ...peerJoins.map(cellOfPeer)],
    };
  },
};

export default suite;

function parseModes(words: string): Mode[] {
  const modes = words.split(',');
  const unknown = modes.find((mode) => !(mode in MODES));
  if (unknown !== undefined) throw new Error(`--modes knows ${MODE_NAMES.join(', ')}; not “${unknown}”`);
  return modes as Mode[];
}

function parseRtts(options: SuiteOptions): number[] {
  const rtts = String(options.rtts).split(',').map(Number);
  if (rtts.some((rtt) => !(rtt >= 0))) throw new Error('--rtts wants milliseconds: 0,20,50,100');
  return rtts;
}

// ---- where it happens ------------------------------------------------------------------------------------------------

async function setUpHere(lab: Lab, words: readonly string[]): Promise<Place> {
  const server = await startServer(lab);
  const sender = await startSender(lab, { server, stream: STREAM, words });
  return {
    server,
    browser: await launchChromium(lab),
    keepWatching: () => keepWatching(lab, server, []),
    waitUntilCameraIsOff: () => waitUntilCameraIsOff(sender),
    link: undefined,
    capture: undefined,
  };
}

async function setUpApart(lab: Lab, words: readonly string[], wantsCapture: boolean): Promise<Place> {
  const { enterMiddle, others } = await layEmulatedLinks(lab, 1);
  const [other] = others;
  if (!other) throw new Error('no link was laid');
  const { port } = new URL(await startServer(lab, { enter: enterMiddle, host: '0.0.0.0' }));
  const here = `http://127.0.0.1:${port}`;
  const server = `http://${other.middle}:${port}`;
  const sender = await startSender(lab, { server: here, stream: STREAM, words, enter: enterMiddle });
  return {
    server,
    browser: await launchChromium(lab, { enter: other.enter, flags: [trusting(server)] }),
    keepWatching: () => keepWatching(lab, here, enterMiddle),
    waitUntilCameraIsOff: () => waitUntilCameraIsOff(sender),
    link: other.link,
    capture: wantsCapture ? await Capture.start(lab, other.enter, DEVICE) : undefined,
  };
}

/** What reads the clock from a frame is only there for origins that the browser trusts. */
const trusting = (server: string) => `--unsafely-treat-insecure-origin-as-secure=${server}`;

async function keepWatching(lab: Lab, server: string, enter: readonly string[]): Promise<() => Promise<void>> {
  const browser = await launchChromium(lab, { enter });
  const page = await openPage(browser, `${server}/join.html?stream=${STREAM}`);
  await page.evaluate('bench.ready()');
  const { ms } = (await page.evaluate(`bench.join(${PATIENCE_MS})`)) as JoinReading;
  if (ms === null) throw new Error('The viewer that is to keep the camera running gets no picture.');
  return () => browser.close();
}

async function openPage(browser: Browser, address: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForFunction('globalThis.bench');
  return page;
}

// ---- the joins -------------------------------------------------------------------------------------------------------

async function measure(
  place: Place,
  rtt: number,
  modes: readonly Mode[],
  joins: number,
  pause: () => Promise<void>,
): Promise<Cell[]> {
  const { browser, server } = place;
  const oneWayMs = rtt / 2;
  const words = `${PATIENCE_MS}, ${FRESH_MS + oneWayMs}`;
  const page = await openPage(browser, `${server}/join.html?stream=${STREAM}`);
  const cells = modes.map((mode): Cell => ({ rtt, mode, readings: [], flights: [] }));
  const cellOf = (mode: Mode) => cells.find((cell) => cell.mode === mode);
  const flights = new Map<JoinReading, Flight[]>();
  const join = async (mode: Mode, act: () => Promise<JoinReading>) => {
    const cell = cellOf(mode);
    if (!cell) return;
    await pause();
    place.capture?.take();
    const reading = await act();
    if (place.capture) flights.set(reading, flightsOf(place.capture.take(), reading.beganAt));
    cell.readings.push(reading);
  };
  const joinAndLeave = async () => {
    await page.evaluate('bench.ready()');
    const reading = (await page.evaluate(`bench.join(${words})`)) as JoinReading;
    await page.evaluate('bench.leave()');
    return reading;
  };
  const joinFirst = async (): Promise<JoinReading> => {
    const fresh = await openPage(browser, `${server}/join.html?stream=${STREAM}`);
    await fresh.evaluate('bench.ready()');
    await fresh.evaluate('bench.rest()');
    place.capture?.take();
    const reading = (await fresh.evaluate(`bench.join(${words})`)) as JoinReading;
    await fresh.close();
    return reading;
  };
  const joinFromNowhere = async () => {
    const fresh = await browser.newPage();
    await fresh.goto(`${server}/cold.html?patience=${PATIENCE_MS}&fresh=${FRESH_MS + oneWayMs}`);
    const reading = (await fresh.evaluate('bench.reading')) as JoinReading;
    await fresh.close();
    return reading;
  };
  if (modes.some((mode) => mode !== 'off')) {
    const stopWatching = await place.keepWatching();
    const warm = modes.includes('running') ? WARM_UP_JOINS : 0;
    for (let number = 0; number < warm; number += 1) await joinAndLeave();
    for (let number = 1; number <= joins; number += 1) {
      await join('running', joinAndLeave);
      await join('first', joinFirst);
      await join('cold', joinFromNowhere);
      tell(number, joins, `RTT ${rtt}, camera running`);
    }
    if (modes.includes('second')) {
      const both = await openPage(browser, `${server}/second.html?stream=${STREAM}`);
      await both.evaluate(`bench.begin(${PATIENCE_MS})`);
      for (let number = 1; number <= joins; number += 1) {
        await join('second', async () => (await both.evaluate(`bench.second(${words})`)) as JoinReading);
      }
      await both.close();
    }
    await stopWatching();
  }
  for (let number = 1; number <= joins && modes.includes('off'); number += 1) {
    await place.waitUntilCameraIsOff();
    await join('off', joinAndLeave);
    tell(number, joins, `RTT ${rtt}, camera off`);
  }
  await page.close();
  for (const cell of cells) cell.flights = flights.get(middleOf(cell.readings)) ?? [];
  return cells;
}

/** The join whose time is the median. */
function middleOf(readings: readonly JoinReading[]): JoinReading {
  const sorted = [...readings].sort((a, b) => (a.ms ?? Number.POSITIVE_INFINITY) - (b.ms ?? Number.POSITIVE_INFINITY));
  return sorted[Math.floor((sorted.length - 1) / 2)] as JoinReading;
}

function tell(number: number, joins: number, what: string): void {
  if (number % 20 === 0 || number === joins) console.log(`${what}: ${number} of ${joins} joins`);
}

// ---- what is told ----------------------------------------------------------------------------------------------------

const timesOf = (readings: readonly JoinReading[]) => readings.map(({ ms }) => ms).filter((ms) => ms !== null);

function rowOf({ mode, rtt, readings }: Cell, summary: Summary | undefined): string[] {
  const figures = [summary?.p5, summary?.p50, summary?.p95, summary?.p99, summary?.max];
  const failed = readings.filter(({ ms }) => ms === null).length;
  const stale = readings.filter(({ firstAgeMs }) => (firstAgeMs ?? 0) >= FRESH_MS + rtt / 2).length;
  const counts = [readings.length, stale, failed].map(String);
  return [MODES[mode], String(rtt), ...figures.map((ms) => ms?.toFixed(0) ?? ''), ...counts];
}

/** How many round trips a join takes: what it costs more with each millisecond of round trip time. */
function slopeOf(cells: readonly Cell[], summaries: readonly Summary[], mode: Mode): string {
  const points = cells
    .map((cell, index): [number, number, Mode] => [cell.rtt, summaries[index]?.p50 ?? Number.NaN, cell.mode])
    .filter(([, p50, of]) => of === mode && !Number.isNaN(p50))
    .map(([rtt, p50]): [number, number] => [rtt, p50]);
  if (new Set(points.map(([rtt]) => rtt)).size < 2) return '';
  const { base, slope } = fitLine(points);
  return `${mode}: ${base.toFixed(0)} ms and ${slope.toFixed(2)} round trips (least squares over the medians).`;
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

function flightTable({ mode, rtt, flights }: Cell): string {
  if (flights.length === 0) return '';
  const lines = flights.map(({ at, way, what }) => {
    const trips = rtt === 0 ? '' : `${(at / rtt).toFixed(2)} RTT`;
    return `  ${at.toFixed(1).padStart(7)} ms  ${trips.padStart(8)}  ${way === 'up' ? '→' : '  ←'} ${what}`;
  });
  return `What passed the viewer's end, ${mode}, RTT ${rtt}, in the median join (→ from the viewer):\n${lines.join('\n')}`;
}

function faultsOf({ mode, rtt, readings }: Cell): string[] {
  const failed = readings.filter(({ ms }) => ms === null);
  if (failed.length === 0) return [];
  const first = failed[0]?.report;
  return [`${mode}, RTT ${rtt}: ${failed.length} of ${readings.length} joins showed no picture. The first: ${first}`];
}
