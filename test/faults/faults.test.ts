// What happens to a live picture, and what the element says of it. In the networks that run.mjs makes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { FastifyInstance } from 'fastify';
import type { Browser, JSHandle, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { keepScreenshot, waitForFacts } from '../e2e/support/page.js';
import { ROOT, Sender, startServer } from '../e2e/support/stack.js';
import { Coturn, chromiumThere, MIDDLE, openViewer } from '../turn/support.js';
import { ALL, cut, mend, ONLY_TCP_TO_SERVERS, signalling } from './cuts.js';
import type { Witness } from './witness.js';

/** The aim of both, printed beside the figures; not asserted: this machine is shared. */
const AIM_MS = 1_000;
const PATTERN = ['--test-pattern', '--width', '640', '--height', '360', '--fps', '30'];
const STAND_IN = ['--device', 'stand-in', '--width', '640', '--height', '360', '--fps', '30'];
const LONG = process.env.FAULTS === 'all';

interface Row {
  fault: string;
  /** From the cause to the first word that is true of it; `null` where nothing became untrue. */
  truthMs: number | null;
  said: string;
  /** From the end of the cause to the first fresh frame; `null` where it never went. */
  backMs: number | null;
  /** Longest time without a frame. */
  gapMs: number;
}

const rows: Row[] = [];
let script: string;
let browser: Browser;
let closeBrowser: (() => Promise<void>) | undefined;
let app: FastifyInstance;
let port: number;
let url: string;
let coturn: Coturn;
let sender: Sender;
let source: string[];
let page: Page;
let witness: JSHandle<Witness>;
let undo: (() => void)[] = [];

beforeAll(async () => {
  const built = await build({
    entryPoints: [join(ROOT, 'test/faults/witness.ts')],
    bundle: true,
    write: false,
    target: 'es2022',
  });
  script = built.outputFiles[0]?.text ?? '';
  coturn = await Coturn.start('--lt-cred-mech', '--user=viewer:secret', '--allowed-peer-ip=10.97.1.2');
  ({ browser, close: closeBrowser } = await chromiumThere());
});

afterAll(async () => {
  await closeBrowser?.();
  await coturn?.stop();
  console.log(table());
});

beforeEach(async () => {
  source = PATTERN;
  await serve(0);
});

afterEach(async ({ task }) => {
  for (const step of undo.reverse()) step();
  undo = [];
  if (task.result?.state === 'fail') {
    console.log(
      await page?.evaluate(() => document.querySelector('webrtc-preview')?.shadowRoot?.textContent).catch(String),
    );
    console.log(JSON.stringify((await seen().catch(() => undefined))?.said), sender?.lines.slice(-15).join('\n'));
  }
  await page?.close();
  await sender?.stop('SIGKILL');
  await app.close();
});

async function serve(at: number): Promise<void> {
  const iceServers = [{ urls: [`turn:${MIDDLE}:3478?transport=tcp`], username: 'viewer', credential: 'secret' }];
  ({ app, port } = await startServer(at, { host: MIDDLE, plugin: { allowPublish: 'any', iceServers } }));
  url = `http://${MIDDLE}:${port}`;
}

async function startSender(): Promise<void> {
  const [program = '', ...before] = (process.env.CAMERA ?? '').split(' ');
  sender = new Sender(url, {
    source,
    start: (command, [, ...words]) =>
      spawn(program, [...before, command, 'test/faults/faulty-sender.py', ...words], {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
  });
  await sender.logged(/event=published/);
}

/** A page that has been live for a moment, and is watched. */
async function watchLive(): Promise<void> {
  await startSender();
  page = await openViewer(browser, url, []);
  await waitForFacts(page, ({ state }) => state === 'live', 30_000);
  await page.evaluate(script);
  witness = await page.evaluateHandle(() => (globalThis as unknown as { watch(): Witness }).watch());
  await until(({ shown }) => shown.length > 45);
}

const seen = (): Promise<Witness> => witness.jsonValue();

async function until(fits: (witness: Witness) => boolean, timeoutMs = 60_000): Promise<Witness> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const now = await seen();
    if (fits(now)) return now;
    if (Date.now() > deadline) throw new Error(`never seen: ${fits}`);
    await sleep(50);
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Fault {
  begin(): unknown;
  /** How long the cause lasts; it is over when `end` is done. */
  lastsMs?: number;
  end?(): unknown;
  /** States that are true of it. Without any the picture has to stay. */
  truth?: readonly string[];
  /** The element waits that long on purpose: the truth is due then. */
  dueMs?: number;
  /** Frames carry a clock; the slate and the stand-in for a camera have none. */
  clock?: boolean;
}

/** Brings the fault about, waits for the truth and for the picture, and writes both times down. */
async function suffer(
  fault: string,
  { begin, lastsMs = 0, end, truth = [], dueMs = 0, clock = true }: Fault,
): Promise<Row> {
  const began = Date.now();
  await begin();
  const isTrue = ({ said }: Witness) => said.find(({ at, state }) => at >= began && truth.includes(state));
  if (truth.length > 0) await until((now) => isTrue(now) !== undefined, Math.max(30_000, lastsMs + 10_000));
  // A page that nobody sees is not drawn: its screenshot would wait for that.
  if (!(await page.evaluate(() => document.hidden)))
    await keepScreenshot(page, fault.replaceAll(/\W+/g, '-'), 'faults');
  await sleep(Math.max(0, began + lastsMs - Date.now()));
  await end?.();
  const over = end ? Date.now() : began;
  const frames = ({ fresh, shown }: Witness) => (clock ? fresh : shown);
  const isBack = (now: Witness) =>
    now.said.at(-1)?.state === 'live' && frames(now).filter((at) => at > over).length > 30;
  const witnessed = await until(isBack, 60_000);
  const told = isTrue(witnessed);
  const times = witnessed.shown.filter((at) => at > began - 1_000);
  const gapMs = Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)));
  const interrupted = witnessed.said.some(({ at, state }) => at >= began && state !== 'live');
  const row = {
    fault,
    truthMs: told ? told.at - began - dueMs : null,
    said: [
      ...new Set(
        witnessed.said.filter(({ at }) => at >= began).map(({ state, code }) => (code ? `${state} (${code})` : state)),
      ),
    ].join(', '),
    backMs: interrupted ? (frames(witnessed).find((at) => at > over) ?? Number.NaN) - over : null,
    gapMs,
  };
  rows.push(row);
  return row;
}

/** The state was never `live` for long while no frame came to a page that somebody could see: from `since` on, in Unix ms. */
async function expectNoFalseLive(since = 0): Promise<void> {
  const { said, shown } = await seen();
  const gaps = shown.slice(1).flatMap((at, index) => {
    const before = shown[index] ?? at;
    return at - Math.max(before, since) > 2_500 ? [{ from: Math.max(before, since) + 2_000, to: at }] : [];
  });
  for (const { from, to } of gaps) {
    const before = said.filter(({ at }) => at <= from).at(-1);
    const during = said.filter(({ at }) => at > from && at < to - 250);
    for (const word of [before, ...during]) expect(word?.state, 'while no frame came').not.toBe('live');
  }
}

const STALE = ['stalled', 'reconnecting', 'offline', 'failed'] as const;

it('sender killed, another started', async () => {
  await watchLive();
  await suffer('sender killed', {
    begin: () => sender.stop('SIGKILL'),
    lastsMs: 5_000,
    end: startSender,
    truth: STALE,
  });
  await expectNoFalseLive();
});

it('sender stopped and continued', async () => {
  await watchLive();
  undo.push(() => sender.signal('SIGCONT'));
  await suffer('sender stopped for 5 s', {
    begin: () => sender.signal('SIGSTOP'),
    lastsMs: 5_000,
    end: () => sender.signal('SIGCONT'),
    truth: STALE,
  });
  await expectNoFalseLive();
});

it('server restarted', async () => {
  await watchLive();
  const row = await suffer('server restarted', {
    begin: () => app.close(),
    lastsMs: 2_000,
    end: () => serve(port),
  });
  expect(row.backMs, 'the picture never went').toBeNull();
});

it(`signalling cut for ${LONG ? 60 : 8} s`, async () => {
  await watchLive();
  const rules = signalling(port);
  const lastsMs = LONG ? 60_000 : 8_000;
  const row = await suffer(`signalling cut for ${lastsMs / 1_000} s`, {
    begin: () => {
      cut(rules);
      app.server.closeAllConnections();
      for (const socket of app.webrtcSignaling.io.of('/').sockets.values()) socket.conn.close();
    },
    lastsMs,
    end: () => mend(rules),
  });
  expect(row.backMs, 'the picture never went').toBeNull();
  await waitForFacts(page, ({ signalling }) => signalling === 'connected', 30_000);
});

for (const seconds of LONG ? [3, 8, 30] : [3, 8]) {
  it(`network cut for ${seconds} s`, async () => {
    await watchLive();
    await suffer(`network cut for ${seconds} s`, {
      begin: () => cut(ALL),
      lastsMs: seconds * 1_000,
      end: () => mend(ALL),
      truth: STALE,
    });
    await expectNoFalseLive();
    const events = sender.lines.map((line) => /event=([\w-]+)/.exec(line)?.[1]);
    // The sender has waited for this viewer, and has not given it up.
    if (seconds > 6) expect(events).toContain('viewer-silent');
    expect(events).not.toContain('viewer-failed');
  });
}

it('UDP blocked midway: falls to TURN over TCP', async () => {
  await watchLive();
  undo.push(() => mend(ONLY_TCP_TO_SERVERS));
  await suffer('UDP blocked midway', { begin: () => cut(ONLY_TCP_TO_SERVERS), truth: STALE });
  const { stats } = await waitForFacts(page, ({ stats }) => stats?.path?.type === 'relay');
  expect(stats?.path?.protocol).toBe('tcp');
});

/** Brings another tab to the front, and this one back. */
async function hide(): Promise<void> {
  const other = await browser.newPage();
  undo.push(() => void other.close());
  await other.bringToFront();
  await page.waitForFunction(() => document.hidden, { polling: 50 });
}

async function show(): Promise<void> {
  await page.bringToFront();
  await page.waitForFunction(() => !document.hidden, { polling: 10 });
}

it('tab hidden and shown', async () => {
  await watchLive();
  await suffer('tab hidden for 8 s, pauses after 5 s', {
    begin: hide,
    lastsMs: 8_000,
    end: show,
    truth: ['paused'],
    dueMs: 5_000,
  });
});

it(`page frozen for ${LONG ? 30 : 6} s`, async () => {
  await watchLive();
  const cdp = await page.createCDPSession();
  const lastsMs = LONG ? 30_000 : 6_000;
  // As a browser does it to a tab in the background, to save power.
  let shownAt = 0;
  await suffer(`page frozen for ${lastsMs / 1_000} s`, {
    begin: async () => {
      await hide();
      await cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
    },
    lastsMs,
    end: async () => {
      await cdp.send('Page.setWebLifecycleState', { state: 'active' });
      shownAt = Date.now();
      await show();
    },
  });
  await expectNoFalseLive(shownAt);
});

it('element moved in the DOM', async () => {
  await watchLive();
  const row = await suffer('moved in the DOM', {
    begin: () =>
      page.evaluate(() => {
        const box = document.body.appendChild(document.createElement('section'));
        box.append(document.querySelector('webrtc-preview') as Element);
      }),
  });
  expect(row.gapMs).toBeLessThan(2_000);
});

it('decoder starved of keyframes', async () => {
  await watchLive();
  await suffer('starved of keyframes for 5 s', {
    begin: () => sender.signal('SIGUSR1'),
    lastsMs: 5_000,
    end: () => sender.signal('SIGUSR1'),
    truth: STALE,
  });
  await expectNoFalseLive();
});

it('camera unplugged and plugged in again', async () => {
  source = STAND_IN;
  await watchLive();
  await suffer('camera (a stand-in) unplugged', {
    begin: () => sender.signal('SIGUSR2'),
    lastsMs: 5_000,
    end: () => sender.signal('SIGUSR2'),
    truth: ['camera-lost'],
    clock: false,
  });
});

function table(): string {
  const figure = (ms: number | null) => (ms === null ? '–' : `${Math.round(ms)}${ms > AIM_MS ? ' !' : ''}`);
  const lines = [
    ['what happened', 'truth ms', 'video back ms', 'longest gap ms', 'what the element said'],
    ...rows.map(({ fault, truthMs, backMs, gapMs, said }) => [
      fault,
      figure(truthMs),
      figure(backMs),
      `${Math.round(gapMs)}`,
      said,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const missed = rows.flatMap(({ fault, truthMs, backMs }) => [
    ...((truthMs ?? 0) > AIM_MS ? [`${fault}: truth ${Math.round((truthMs ?? 0) - AIM_MS)} ms late`] : []),
    ...((backMs ?? 0) > AIM_MS ? [`${fault}: video ${Math.round((backMs ?? 0) - AIM_MS)} ms late`] : []),
  ]);
  return [
    '',
    ...lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')),
    `Aim: both within ${AIM_MS} ms (!: missed)${missed.length > 0 ? `: ${missed.join('; ')}` : ', met by all'}.`,
  ].join('\n');
}
