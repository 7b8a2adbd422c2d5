import type { ChildProcess } from 'node:child_process';
import { cpus } from 'node:os';
import type { Browser } from 'puppeteer-core';
import { launchChromium } from './chromium.js';
import { startMachineMeter } from './cpu.js';
import type { Lab } from './lab.js';
import { measurePage, type PageCost } from './page-cost.js';
import { measureQuietly } from './quiet.js';
import { startSender } from './sender.js';
import { startServer } from './server.js';

/* A page with many pictures of one stream (page/wall.html), and what it takes. */

/** Small enough for two cores to decode sixteen of them in software. */
export const WALL = { width: 640, height: 360, fps: 30, kbps: 600 };
const STREAM = 'wall';
/** All sixteen in view; and no renderer in reserve, whose start would be counted as the page's. */
const BROWSER_FLAGS = ['--window-size=1640,1000', '--disable-features=SpareRendererForSitePerProcess'];
/** After everyone plays: the first pings, the first readings, the browser's own start. */
export const WALL_SETTLE_MS = 4_000;
export const WALL_PATIENCE_MS = 40_000;

export interface WallCost extends PageCost {
  /** Of each video, frames a second. */
  fps: number[];
  /** Of everything on the machine, in percent of it. */
  machine: number;
  /** Of a core, in percent: what the benchmark did not start. */
  others: number;
}

export interface Wall {
  sender: ChildProcess;
  browser: Browser;
  server: string;
  /** Of a page with so many pictures; `words` say what kind (page/wall.ts). */
  url(count: number, words: string): string;
}

export async function setUpWall(lab: Lab): Promise<Wall> {
  const server = await startServer(lab);
  const { width, height, fps, kbps } = WALL;
  const size = ['--width', width, '--height', height, '--fps', fps, '--bitrate', kbps, '--max-viewers', 64];
  const sender = await startSender(lab, { server, stream: STREAM, grainy: true, words: size.map(String) });
  const browser = await launchChromium(lab, { flags: BROWSER_FLAGS });
  const url = (count: number, words: string) => `${server}/wall.html?stream=${STREAM}&count=${count}&${words}`;
  const wall = { sender, browser, server, url };
  await waitForStream(wall);
  return wall;
}

/** The sender takes a moment to publish; elements wait for it, bare videos do not. */
async function waitForStream({ browser, url }: Wall): Promise<void> {
  const page = await browser.newPage();
  await page.goto(url(1, 'kind=element&idle'));
  await page.waitForFunction('globalThis.bench?.isReady()', { timeout: WALL_PATIENCE_MS });
  await page.close();
}

/** A page of its own, and with it a renderer of its own, for each measurement. */
export async function measureWall(
  { browser }: Wall,
  url: string,
  seconds: number,
  isQuiet: boolean,
): Promise<WallCost> {
  const page = await browser.newPage();
  try {
    await page.goto(url);
    try {
      await page.waitForFunction('globalThis.bench?.isReady()', { timeout: WALL_PATIENCE_MS });
    } catch {
      throw new Error(`${url} does not play: ${await page.evaluate('globalThis.bench?.describe()')}`);
    }
    await pause(WALL_SETTLE_MS);
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

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
