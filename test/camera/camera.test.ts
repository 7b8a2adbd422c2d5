import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Facts } from '../../src/element/client.js';
import type { ErrorCode } from '../../src/protocol/index.js';
import { keepScreenshot, part, peersMade, waitForFacts, words } from '../e2e/support/page.js';
import { launchChromium, openPage, ROOT, Sender, startServer } from '../e2e/support/stack.js';
import { Guest, HOST_ADDRESS } from './support/guest.js';
import { longestGapMs, recordPicture, type Shown, shownSince, waitForFrame, waitForRun } from './support/picture.js';
import { CAMERA, Vivid } from './support/vivid.js';

/** An emulated processor that shares this one takes its time; how long it took is printed, not asserted. */
const PATIENCE_MS = 60_000;

let guest: Guest;
let vivid: Vivid;
let app: FastifyInstance;
let port: number;
let browser: Browser;
let closeBrowser: (() => Promise<void>) | undefined;
let sender: Sender;
let page: Page;
/** Peer connections that the page had made when the picture was live: there must never be another. */
let peers: number;
const errors: string[] = [];

beforeAll(async () => {
  const began = Date.now();
  [guest, { app, port }, { browser, close: closeBrowser }] = await Promise.all([
    Guest.boot(),
    // The sender is another machine here, as it is in life.
    startServer(0, { host: '0.0.0.0', plugin: { allowPublish: 'any' } }),
    launchChromium(),
  ]);
  vivid = new Vivid(guest);
  say(`test machine, server and Chromium are up after ${seconds(began)}`);
});

afterAll(async () => {
  await closeBrowser?.();
  await guest?.stop();
  await app?.close();
  expect(errors, 'errors in the page').toEqual([]);
});

beforeEach(({ task }) => {
  process.stdout.write(`    ${task.suite?.name} ${task.name}\n`);
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') say(`what the sender said:\n${sender?.lines.slice(-40).join('\n')}`);
});

function startSender(device: string, options: { user?: string; folder?: string } = {}): Sender {
  // Without adaptation: a busy machine looks like a narrow link, and what that does to the picture is not asked here.
  const source = ['--device', device, '--width', '640', '--height', '360', '--fps', '15', '--adaptation', 'off'];
  return new Sender(`http://${HOST_ADDRESS}:${port}`, {
    source,
    start: (program, words) => guest.spawn(program, words, options),
  });
}

const published = (which: Sender) => which.logged(/event=published/, { timeoutMs: 2 * PATIENCE_MS });
const openPreview = () => openPage(browser, `http://127.0.0.1:${port}/preview.html`, errors);
const facts = (fits: (facts: Facts) => boolean) => waitForFacts(page, fits, PATIENCE_MS);
const frame = (since: number, fits: (frame: Shown) => boolean) => waitForFrame(page, since, fits, PATIENCE_MS);
const cameraError = ({ stream }: Facts) => stream?.camera?.error?.code;

describe('a V4L2 camera', () => {
  it('is there under its lasting name, and tells the page every mode that it has', async () => {
    const began = Date.now();
    sender = startSender(CAMERA);
    await published(sender);
    say(`the sender has found an encoder and published after ${seconds(began)}`);
    page = await openPreview();
    const { stream } = await facts(({ stream }) => stream?.online === true);
    const offered = stream?.camera?.modes ?? [];
    expect(stream?.camera?.label).toBe('vivid');
    expect(names(offered)).toEqual(names(await vivid.modes()));
  });

  it('is live in Chromium: vivid’s colour bars, each frame a new one, timed by the driver', async () => {
    // Complete only where the driver itself says when it captured a frame: with a camera there is no other way.
    await facts(({ state, stats }) => state === 'live' && stats?.latency?.complete === true);
    await recordPicture(page);
    const is640 = ({ shows, width, height }: Shown) => shows === 'bars' && width === 640 && height === 360;
    const frames = await waitForRun(page, 0, 30, is640, PATIENCE_MS);
    const { stats } = await facts(({ stats }) => stats !== null);
    expect(new Set(frames.map(({ mark }) => mark)).size, 'different pictures').toBeGreaterThan(frames.length / 2);
    expect(stats?.codec).toBe('H.264');
    say(`live: ${rate(frames)} frames a second; latency ${JSON.stringify(stats?.latency)}`);
    peers = await peersMade(page);
    await keepScreenshot(page, 'live', 'camera');
  });

  it('changes its resolution when the page asks, on the same connection', async () => {
    const option = await page.$eval(`>>> ${part('resolution-select')}`, (node) => {
      const { options } = node as HTMLSelectElement;
      return [...options].find(({ text }) => /320\D+180/.test(text))?.value;
    });
    const since = Date.now();
    await page.select(`>>> ${part('resolution-select')}`, option ?? '');
    const first = await frame(since, ({ width, height, shows }) => width === 320 && height === 180 && shows === 'bars');
    say(`the first frame in 320 × 180 came ${seconds(since, first.at)} after the choice`);
    await facts(({ pendingMode, shownSize }) => pendingMode === null && shownSize?.width === 320);
    expect(await vividFormat()).toMatch(/320\/180/);
    expect(await peersMade(page), 'peer connections').toBe(peers);
    await keepScreenshot(page, 'live-320', 'camera');
  });
});

describe('a camera that goes away', () => {
  it('is replaced by a picture that says so when it is unplugged, and is back by itself', async () => {
    const outage = await beginOutage(() => vivid.unplug());
    await facts(({ state }) => state === 'camera-lost');
    say(`unplugged: ${await told('camera_missing')}`);
    await keepScreenshot(page, 'unplugged', 'camera');
    await endOutage(outage, 'plugged in', () => vivid.plugIn());
  });

  it('is back by itself when it drops off its bus for a moment', async () => {
    await endOutage(await beginOutage(() => vivid.dropOff()));
  });

  it('counts as lost when it is open and delivers nothing', async () => {
    const outage = await beginOutage(() => vivid.stall());
    say(`stalled: ${await told('camera_failed')}`);
    await keepScreenshot(page, 'stalled', 'camera');
    await endOutage(outage, 'released', () => vivid.recover());
  });

  it('is started anew when its driver breaks down', async () => {
    await endOutage(await beginOutage(() => vivid.breakDown()));
  });
});

describe('a camera that cannot be had', () => {
  it('is called busy while another program has it, and shown as soon as that ends', async () => {
    await page.close();
    await sender.logged(/event=capture-stopped/, { timeoutMs: PATIENCE_MS });
    const release = await vivid.occupy();
    page = await openPreview();
    say(`busy: ${await told('camera_busy')}`);
    await keepScreenshot(page, 'busy', 'camera');
    await release();
    const since = Date.now();
    await facts(({ state }) => state === 'live');
    await recordPicture(page);
    const { at } = await frame(0, ({ shows }) => shows === 'bars');
    say(`live ${seconds(since, at)} after the other program had ended`);
  });

  it('ends cleanly', async () => {
    const since = Date.now();
    expect(await sender.stop()).toBe(0);
    say(`the sender ended ${seconds(since)} after SIGTERM`);
  });

  it('is called denied to a user who is not in group video', async () => {
    // Wherever the project is, this user need not be allowed to read it.
    await guest.run(`cp -r '${ROOT}/sender' /run/ && chmod -R a+rX /run/sender`);
    sender = startSender(CAMERA, { user: 'nobody', folder: '/run' });
    await published(sender);
    say(`denied: ${await told('camera_denied')}`);
    await keepScreenshot(page, 'denied', 'camera');
    await sender.stop();
  });
});

/** Waits until the page's words are those of the camera's error `code`; resolves with them. */
async function told(code: ErrorCode): Promise<string> {
  let message: string | undefined;
  await vi.waitUntil(
    async () => {
      const { problem, stream } = await facts(() => true);
      const error = [problem, stream?.camera?.error].find((error) => error?.code === code);
      message = error?.message;
      return message !== undefined && (await words(page)).includes(message);
    },
    { timeout: PATIENCE_MS, interval: 50 },
  );
  return message ?? '';
}

interface Outage {
  /** When it was begun, in Unix ms. */
  since: number;
  slate: Shown;
}

/** Takes the camera away; resolves when the viewer sees the picture that stands in for it. */
async function beginOutage(take: () => Promise<void>): Promise<Outage> {
  await frame(Date.now(), ({ shows }) => shows === 'bars');
  const since = Date.now();
  await take();
  const slate = await frame(since, ({ shows }) => shows === 'slate');
  const bars = (await shownSince(page, since)).filter(({ at, shows }) => shows === 'bars' && at < slate.at);
  say(`"camera lost" was seen ${seconds(bars.at(-1)?.at ?? since, slate.at)} after the camera's last frame`);
  return { since, slate };
}

/** Gives the camera back, if that is not its own doing; resolves when the viewer sees it again. */
async function endOutage({ since, slate }: Outage, what = 'lost', give?: () => Promise<void>): Promise<void> {
  const from = give ? Date.now() : slate.at;
  await give?.();
  const back = await frame(from, ({ shows }) => shows === 'bars');
  say(`live again ${seconds(from, back.at)} after it was ${what}`);
  await facts((facts) => facts.state === 'live' && cameraError(facts) === undefined);
  const frames = await shownSince(page, since);
  expect(frames.filter(({ shows }) => shows === 'other').map(kind), 'neither camera nor slate').toEqual([]);
  say(`longest time without a new frame: ${(longestGapMs(frames) / 1_000).toFixed(1)} s`);
  expect(await peersMade(page), 'peer connections').toBe(peers);
}

const vividFormat = () => guest.run(`v4l2-ctl -d ${CAMERA} --get-fmt-video`);
const names = (modes: { width: number; height: number; fps: number }[]) =>
  modes.map(({ width, height, fps }) => `${width} × ${height} at ${fps}`).sort();
const kind = ({ width, height, shows }: Shown) => `${width} × ${height}, ${shows}`;
const rate = (frames: Shown[]) => {
  const ms = (frames.at(-1)?.at ?? 0) - (frames[0]?.at ?? 0);
  return (((frames.length - 1) * 1_000) / ms).toFixed(1);
};
const seconds = (from: number, to = Date.now()) => `${((to - from) / 1_000).toFixed(1)} s`;

function say(text: string): void {
  process.stdout.write(`      ${text}\n`);
}
