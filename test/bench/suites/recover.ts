import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { launchChromium } from '../lib/chromium.js';
import { startOthersMeter } from '../lib/cpu.js';
import { type EmulatedPlace, layEmulatedLinks } from '../lib/emulator.js';
import type { Lab } from '../lib/lab.js';
import { inside } from '../lib/namespaces.js';
import { outputFolder } from '../lib/paths.js';
import { chosenPeers, peerOption } from '../lib/peers/options.js';
import { readingsOfPeer, recoverPeers, rowOfRecoveries } from '../lib/peers/recoveries.js';
import { quietOption, waitForQuiet } from '../lib/quiet.js';
import { type Recovery, recoveryOf, type Witnessed } from '../lib/recovery.js';
import { BENCH_FPS, BENCH_HEIGHT, BENCH_WIDTH, startSender } from '../lib/sender.js';
import { startServerProcess } from '../lib/server.js';
import { percentile, summarise } from '../lib/statistics.js';
import { type Aim, countOption, type Suite, type SuiteOptions } from '../lib/suite.js';
import { FRESH_MS } from '../page/read-clock.js';

const STREAM = 'recover';
/** Of peers: some are not back within half a minute, and one look tells as much as twenty. */
const MOST_PEER_REPEATS = 5;
const DELAY_MS = 10;
/** As everywhere, and the way. */
const FRESH_AFTER_LINK_MS = FRESH_MS + DELAY_MS;
/** A picture that is not back by then is counted as lost for good, and its page loaded anew. */
const PATIENCE_MS = 20_000;
const CALM_PATIENCE_MS = 30_000;
/** Live for so long before anything happens to it, and watched for so long after. */
const SETTLE_MS = 3_000;
const AFTER_MS = 1_500;
/** Causes begin at any phase of the camera's frames. */
const SPREAD_MS = 250;
/** Viewers who sit in the same blackout come out of it one after the other: two cores cannot serve them at once. */
const STAGGER_MS = 1_500;
const BACK_FRAMES = 10;
/** How long the server is away. */
const SERVER_AWAY_MS = 2_000;
/** Longer than the server's heartbeat: the cut is noticed. */
const CUT_MS = 12_000;

interface Fault {
  about: string;
  /** Several viewers suffer it at once: each on its own link, or `together` from one cause that is the same for all. */
  many?: 'each' | 'together';
  /** `null`: the picture must not even be interrupted. */
  aims: { p50: number; p95: number } | null;
  /** Frames that were on their way when it came are no sign of an end. */
  bornAnew?: boolean;
  /** Brings it about and ends it for one viewer, or for all. The moments, in Unix ms. */
  suffer(stage: Stage, place: EmulatedPlace, number: number): Promise<{ began: number; ended: number }>;
}

const BLACKOUT_AIMS = { p50: 150, p95: 400 };

const FAULTS: Record<string, Fault> = {
  ...Object.fromEntries(
    [1, 3, 8, 20, 60].map((seconds): [string, Fault] => [
      `blackout-${seconds}`,
      {
        about: `link down both ways for ${seconds} s`,
        many: 'each',
        aims: BLACKOUT_AIMS,
        async suffer(_stage, { link }, number) {
          await sleep(number * STAGGER_MS);
          const began = await link.set('both', { up: false });
          await sleep(seconds * 1_000);
          return { began, ended: await link.set('both', { up: true }) };
        },
      },
    ]),
  ),
  address: {
    about: "viewer's address changed",
    aims: { p50: 400, p95: 900 },
    async suffer(_stage, place) {
      const [a, b, c, last] = place.address.split('.');
      const began = Date.now();
      await place.moveTo([a, b, c, last === '2' ? 3 : 2].join('.'));
      return { began, ended: Date.now() };
    },
  },
  sender: {
    about: 'sender killed (SIGKILL), started again at once',
    bornAnew: true,
    aims: { p50: 900, p95: 1_500 },
    async suffer(stage) {
      const began = Date.now();
      await kill(stage.sender, 'SIGKILL');
      const ended = Date.now();
      await stage.startSender();
      return { began, ended };
    },
  },
  server: {
    about: `server ended (SIGTERM), started again after ${SERVER_AWAY_MS / 1_000} s`,
    many: 'together',
    aims: null,
    suffer: (stage) => restartServer(stage, 'SIGTERM'),
  },
  'server-killed': {
    about: `server killed (SIGKILL), started again after ${SERVER_AWAY_MS / 1_000} s`,
    many: 'together',
    aims: null,
    suffer: (stage) => restartServer(stage, 'SIGKILL'),
  },
  signalling: {
    about: `signalling cut for ${CUT_MS / 1_000} s (TCP reset)`,
    many: 'together',
    aims: null,
    async suffer({ enterMiddle, port }) {
      const rule = ['INPUT', '!', '-i', 'lo', '-p', 'tcp', '--dport', `${port}`];
      const refuse = [...rule, '-j', 'REJECT', '--reject-with', 'tcp-reset'];
      const began = Date.now();
      await inside(enterMiddle, 'iptables', '-w', '-I', ...refuse);
      await sleep(CUT_MS);
      await inside(enterMiddle, 'iptables', '-w', '-D', ...refuse);
      return { began, ended: Date.now() };
    },
  },
};

/** What runs, and how it is started again. */
interface Stage {
  enterMiddle: readonly string[];
  port: number;
  server: ChildProcess;
  sender: ChildProcess;
  startServer(): Promise<void>;
  startSender(): Promise<void>;
}

interface Viewer {
  place: EmulatedPlace;
  page: Page;
  url: string;
}

interface Reading extends Recovery {
  viewer: number;
  /** What other programs used of a core meanwhile, in percent. */
  others: number;
}

const suite: Suite = {
  about: 'blackouts, another address, sender and server killed: the cause’s end → first fresh frame; frames lost',
  options: {
    repeats: { type: 'string', default: '3' },
    viewers: { type: 'string', default: '1' },
    faults: { type: 'string', default: 'blackout-1,blackout-3,blackout-8,address,sender,server,signalling' },
    ...peerOption,
    ...quietOption,
  },
  async run(lab, options) {
    const repeats = countOption(options, 'repeats');
    // What is remembered from one start to the next is the sender's own: another program with other plugins of GStreamer, and
    // the same user, would have all of them looked at again.
    process.env.XDG_CACHE_HOME = join(outputFolder, 'cache');
    const names = faultsOption(options);
    const peers = chosenPeers(options);
    const count = names.some((name) => FAULTS[name]?.many) ? countOption(options, 'viewers') : 1;
    const { enterMiddle, others } = await layEmulatedLinks(lab, count);
    for (const { link } of others) await link.set('both', { delayMs: DELAY_MS });
    const stage = await setStage(lab, enterMiddle);
    const viewers: Viewer[] = [];
    for (const place of others) viewers.push(await openViewer(lab, place, stage.port));
    const readings: Record<string, Reading[]> = Object.fromEntries(names.map((name) => [name, []]));
    const meter = startOthersMeter();
    // Interleaved: a machine that is slow for a while is slow for all of them.
    for (let round = 1; names.some((name) => (readings[name]?.length ?? 0) < repeats); round += 1) {
      for (const name of names) {
        const fault = FAULTS[name] as Fault;
        const all = readings[name] as Reading[];
        if (all.length >= repeats) continue;
        const taking = viewers.slice(0, fault.many ? repeats - all.length : 1);
        if (options.quiet === true) await waitForQuiet(SETTLE_MS);
        const taken = await measure(stage, fault, taking, viewers);
        all.push(...taken);
        const figures = taken.map(({ backMs, lost }) =>
          fault.aims ? `${backMs?.toFixed(0) ?? 'never'} ms` : `${lost} lost`,
        );
        console.log(`round ${round}, ${name}: ${figures.join(', ')}`);
      }
    }
    const peerRecoveries = await recoverPeers(lab, peers, Math.min(repeats, MOST_PEER_REPEATS));
    const others_ = meter();
    return {
      title: `A viewer at RTT ${2 * DELAY_MS} ms, ${BENCH_WIDTH}×${BENCH_HEIGHT} at ${BENCH_FPS} fps: from the cause's end to the first fresh frame, ms`,
      columns: [
        '',
        'p50',
        'p95',
        'max',
        'gap after max',
        'truth p50',
        'p95',
        'frames lost p50',
        'max',
        'server back p50',
        'n',
        'never',
      ],
      rows: [...names.map((name) => rowOf(name, readings[name] ?? [])), ...peerRecoveries.map(rowOfRecoveries)],
      aims: names.flatMap((name) => aimsOf(name, readings[name] ?? [])),
      notes: [
        `Fresh: the clock burned into the frame is younger than ${FRESH_AFTER_LINK_MS} ms. Gap after: the longest without a frame once it was back. Truth: from the cause's beginning until the element no longer says “live”. Server back: until signalling is there again, where it was lost.`,
        ...names.map((name) => `${name}: the element said ${wordsOf(readings[name] ?? [])}.`),
        `Other programs used ${others_.toFixed(0)} % of a core over the whole time.`,
      ],
      failures: names.flatMap((name) => failuresOf(name, readings[name] ?? [])),
      raw: { ...readings, ...Object.fromEntries(peerRecoveries.map(readingsOfPeer)) },
    };
  },
};

export default suite;

function faultsOption(options: SuiteOptions): string[] {
  const words = String(options.faults);
  const names = words === 'all' ? Object.keys(FAULTS) : words.split(',');
  const unknown = names.find((name) => !(name in FAULTS));
  if (unknown !== undefined)
    throw new Error(`--faults knows ${Object.keys(FAULTS).join(', ')} and all; not “${unknown}”`);
  return names;
}

async function setStage(lab: Lab, enterMiddle: readonly string[]): Promise<Stage> {
  const at = { enter: enterMiddle, host: '0.0.0.0' };
  const { address, process: server } = await startServerProcess(lab, at);
  const port = Number(new URL(address).port);
  const words = process.env.DEBUG ? ['--log-level', 'debug'] : [];
  const sender = () =>
    startSender(lab, { server: `http://127.0.0.1:${port}`, stream: STREAM, words, enter: enterMiddle });
  const stage: Stage = {
    enterMiddle,
    port,
    server,
    sender: await sender(),
    async startServer() {
      stage.server = (await startServerProcess(lab, { ...at, port })).process;
    },
    async startSender() {
      stage.sender = await sender();
    },
  };
  return stage;
}

async function openViewer(lab: Lab, place: EmulatedPlace, port: number): Promise<Viewer> {
  const server = `http://${place.middle}:${port}`;
  // What reads the clock from a frame is only there for origins that the browser trusts.
  const flags = [`--unsafely-treat-insecure-origin-as-secure=${server}`];
  const browser = await launchChromium(lab, { enter: place.enter, flags });
  const page = await browser.newPage();
  return { place, page, url: `${server}/recover.html?stream=${STREAM}&width=${BENCH_WIDTH}` };
}

/** One fault. Whoever does not take part shows nothing meanwhile, and costs nothing. */
async function measure(stage: Stage, fault: Fault, taking: Viewer[], viewers: Viewer[]): Promise<Reading[]> {
  for (const viewer of viewers) {
    const isWanted = taking.includes(viewer);
    if (isWanted && viewer.page.url() !== viewer.url) await viewer.page.goto(viewer.url);
    if (!isWanted && viewer.page.url() !== 'about:blank') await viewer.page.goto('about:blank');
  }
  await Promise.all(taking.map(untilCalm));
  await sleep(SETTLE_MS + Math.random() * SPREAD_MS);
  let common: Promise<{ began: number; ended: number }> | undefined;
  const suffer = (place: EmulatedPlace, number: number) => {
    if (fault.many !== 'together') return fault.suffer(stage, place, number);
    common ??= fault.suffer(stage, place, number);
    return common;
  };
  return Promise.all(
    taking.map(async ({ page, place, url }, number) => {
      await page.evaluate('bench.begin()');
      await sleep(500);
      const meter = startOthersMeter();
      const { began, ended } = await suffer(place, number);
      const isBack = `bench.freshSince(${ended}, ${FRESH_AFTER_LINK_MS}) >= ${BACK_FRAMES}`;
      await page.waitForFunction(isBack, { timeout: PATIENCE_MS, polling: 50 }).catch(() => {});
      const others = meter();
      await sleep(AFTER_MS + (fault.aims ? 0 : SERVER_AWAY_MS));
      const witnessed = (await page.evaluate('bench.take()')) as Witnessed;
      const how = { freshMs: FRESH_AFTER_LINK_MS, fps: BENCH_FPS, bornAnew: fault.bornAnew === true };
      const recovery = recoveryOf(witnessed, began, ended, how);
      if (process.env.DEBUG)
        console.log(JSON.stringify({ began, ended, others, ...recovery, signalling: witnessed.signalling }));
      if (recovery.backMs === null) {
        console.log(await page.evaluate('bench.describe()'));
        await page.goto(url);
      }
      return { viewer: number, others, ...recovery };
    }),
  );
}

async function untilCalm({ page }: Viewer): Promise<void> {
  try {
    await page.waitForFunction('globalThis.bench?.isCalm()', { timeout: CALM_PATIENCE_MS, polling: 100 });
  } catch {
    throw new Error(`Not live after ${CALM_PATIENCE_MS / 1_000} s: ${await page.evaluate('bench.describe()')}`);
  }
}

async function restartServer(stage: Stage, signal: NodeJS.Signals): Promise<{ began: number; ended: number }> {
  const began = Date.now();
  await kill(stage.server, signal);
  await sleep(SERVER_AWAY_MS);
  await stage.startServer();
  return { began, ended: Date.now() };
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

const isNumber = (value: number | null): value is number => value !== null;

function rowOf(name: string, readings: readonly Reading[]): string[] {
  const fault = FAULTS[name] as Fault;
  const figure = (values: readonly (number | null)[], percent: number) => {
    const numbers = values.filter(isNumber);
    return numbers.length > 0 ? percentile(numbers, percent).toFixed(0) : '–';
  };
  const of = (pick: (reading: Reading) => number | null, ...percents: number[]) =>
    percents.map((percent) => figure(readings.map(pick), percent));
  return [
    fault.about,
    ...(fault.aims ? of(({ backMs }) => backMs, 50, 95, 100) : ['–', '–', '–']),
    ...of(({ gapAfterMs }) => gapAfterMs, 100),
    ...of(({ truthMs }) => truthMs, 50, 95),
    ...of(({ lost }) => lost, 50, 100),
    ...of(({ serverMs }) => serverMs, 50),
    `${readings.length}`,
    `${readings.filter(({ backMs }) => backMs === null).length}`,
  ];
}

/** Who never came back counts as long as the patience lasted. */
function aimsOf(name: string, readings: readonly Reading[]): Aim[] {
  const { aims } = FAULTS[name] as Fault;
  if (!aims) {
    return [
      {
        name: `${name}: frames lost`,
        value: Math.max(...readings.map(({ lost }) => lost)),
        atMost: 0,
        unit: '',
        digits: 0,
      },
    ];
  }
  const { p50, p95 } = summarise(readings.map(({ backMs }) => backMs ?? PATIENCE_MS));
  return [
    { name: `${name} p50`, value: p50, atMost: aims.p50, unit: 'ms', digits: 0 },
    { name: `${name} p95`, value: p95, atMost: aims.p95, unit: 'ms', digits: 0 },
  ];
}

function wordsOf(readings: readonly Reading[]): string {
  const counts = new Map<string, number>();
  for (const { said } of readings) {
    const words = said.length > 0 ? said.join(' → ') : 'nothing';
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return [...counts].map(([words, times]) => `${words} (${times}×)`).join('; ');
}

function failuresOf(name: string, readings: readonly Reading[]): string[] {
  const never = readings.filter(({ backMs }) => backMs === null).length;
  return never > 0
    ? [`${name}: ${never} of ${readings.length} pictures did not come back in ${PATIENCE_MS / 1_000} s`]
    : [];
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
