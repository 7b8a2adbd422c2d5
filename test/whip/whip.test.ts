// In the namespace that run.mjs makes. The server is Pion's example: it asks for a keyframe every 3 s, and hands what it gets on.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ReadFrame } from '../e2e/support/clock-reader.js';
import { launchChromium, ROOT, Sender } from '../e2e/support/stack.js';

const PORT = 8080;
const SERVER = `http://127.0.0.1:${PORT}`;

declare const video: HTMLVideoElement;
declare const peer: Promise<RTCPeerConnection>;
declare const readFrames: (video: HTMLVideoElement) => () => ReadFrame[];

let pages: string;
let browser: Browser;
let closeBrowser: () => Promise<void>;
let server: ChildProcess;
let sender: Sender;

beforeAll(async () => {
  pages = mkdtempSync(join(tmpdir(), 'webrtc-preview-whip-'));
  cpSync(join(ROOT, 'test/whip/page/index.html'), join(pages, 'index.html'));
  await build({
    entryPoints: [join(ROOT, 'test/whip/page/play.ts')],
    outfile: join(pages, 'play.js'),
    bundle: true,
    target: 'es2022',
    // package.json says that only the built files have side effects.
    ignoreAnnotations: true,
  });
  ({ browser, close: closeBrowser } = await launchChromium());
});

afterAll(async () => {
  await closeBrowser?.();
  rmSync(pages, { recursive: true, force: true });
});

beforeEach(async () => {
  server = await startServer();
  sender = new Sender('none', { source: ['--test-pattern', '--whip', `${SERVER}/whip`] });
});

afterEach(async () => {
  for (const page of await browser.pages()) if (page.url().startsWith('http')) await page.close();
  await sender.stop();
  await stopServer();
});

/** It serves the folder that it is started in, too. */
async function startServer(): Promise<ChildProcess> {
  const started = spawn(process.env.WHIP_SERVER ?? '', { cwd: pages, stdio: 'ignore' });
  const answers = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(PORT, '127.0.0.1');
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
  while (started.exitCode === null && !(await answers())) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(started.exitCode, 'the server runs').toBeNull();
  return started;
}

async function stopServer(): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;
}

/** Plays what is published, until frames with a readable clock have come for `ms`. */
async function watch(ms: number): Promise<{ page: Page; frames: ReadFrame[] }> {
  const page = await browser.newPage();
  await page.goto(SERVER);
  await page.waitForFunction(() => video.readyState >= 2 && video.videoWidth > 0, { timeout: 30_000 });
  const frames = await page.evaluate(async (duration) => {
    const stop = readFrames(video);
    await new Promise((resolve) => setTimeout(resolve, duration));
    return stop();
  }, ms);
  return { page, frames };
}

function expectLive(frames: ReadFrame[], seconds: number): void {
  const read = frames.filter(({ ageMs }) => ageMs !== null);
  expect(read.length, 'clocks that can be read').toBeGreaterThan(frames.length * 0.9);
  expect(new Set(read.map(({ sequence }) => sequence)).size, 'different frames').toBeGreaterThan(seconds * 15);
  const ages = read.map(({ ageMs }) => ageMs ?? 0).sort((a, b) => a - b);
  const p50 = ages[Math.floor(ages.length / 2)] ?? 0;
  console.log(`age of the shown frames: p50 ${p50.toFixed(1)} ms, ${frames.length} frames in ${seconds} s`);
  // No figure of speed: only that this is now.
  expect(p50, 'age of the frames, in ms').toBeGreaterThan(0);
  expect(p50, 'age of the frames, in ms').toBeLessThan(1_000);
}

it('publishes to a server that nobody here wrote, and Chromium plays it from there', async () => {
  const live = await sender.logged(/event=whip-live/);
  expect(live).toContain('codec=H264');
  expect(live).toMatch(/camera="on /);
  // The only keyframes are those that the server asks for: without them there would be no picture.
  const { page, frames } = await watch(4_000);
  expectLive(frames, 4);
  for (const { width, height } of frames) expect([width, height]).toEqual([1280, 720]);
  const codec = await page.evaluate(async () => {
    const stats = [...(await (await peer).getStats()).values()];
    const inbound = stats.find(({ type }) => type === 'inbound-rtp');
    return stats.find(({ id }) => id === inbound?.codecId)?.mimeType;
  });
  expect(codec).toBe('video/H264');
  expect(await sender.stop(), 'exit code').toBe(0);
  expect(sender.lines.filter((line) => /WARNING|ERROR/.test(line))).toEqual([]);
});

it('publishes again when the server has been away, with the camera off meanwhile', async () => {
  await sender.logged(/event=whip-live/);
  await stopServer();
  await sender.logged(/event=capture-stopped/, { timeoutMs: 40_000 });
  await sender.logged(/event=whip-failed.*Nothing listens on this port/, { timeoutMs: 40_000 });
  server = await startServer();
  await sender.logged(/event=whip-live/, { times: 2, timeoutMs: 40_000 });
  const { frames } = await watch(2_000);
  expectLive(frames, 2);
});
