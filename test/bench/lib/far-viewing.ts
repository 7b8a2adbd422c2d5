import type { Page } from 'puppeteer-core';
import { launchChromium } from './chromium.js';
import type { EmulatedPlace } from './emulator.js';
import type { Lab } from './lab.js';
import type { Received, Seen } from './readings.js';
import type { VirtualScreen } from './screen.js';
import { BENCH_WIDTH } from './sender.js';
import { screenFlags } from './viewing.js';

const LIVE_PATIENCE_MS = 30_000;

/** A browser at the other end of a link, and its page that notes every frame. */
export interface FarViewer {
  page: Page;
  place: EmulatedPlace;
  /** On a screen, pixel for pixel. */
  isExact: boolean;
  /** The address of server and pages, as seen from there. */
  server: string;
}

/** @param screen shows it there, pixel for pixel; without one the browser has no window */
export async function openFarViewer(
  lab: Lab,
  place: EmulatedPlace,
  port: string,
  screen?: VirtualScreen,
): Promise<FarViewer> {
  const server = `http://${place.middle}:${port}`;
  // What reads the clock from a frame is only there for origins that the browser trusts.
  const flags = [`--unsafely-treat-insecure-origin-as-secure=${server}`, ...(screen ? screenFlags(screen) : [])];
  const browser = await launchChromium(lab, { enter: place.enter, flags, ...(screen && { display: screen.display }) });
  const [first] = screen ? await browser.pages() : [];
  return { page: first ?? (await browser.newPage()), place, server, isExact: screen !== undefined };
}

/** Shows a stream; resolves when it is live. */
export async function watchFar({ page, server, isExact }: FarViewer, stream: string): Promise<void> {
  await page.goto(`${server}/squeeze.html?stream=${stream}&width=${BENCH_WIDTH}${isExact ? '&exact' : ''}`);
  try {
    await page.waitForFunction('globalThis.bench?.isLive()', { timeout: LIVE_PATIENCE_MS });
  } catch {
    throw new Error(
      `“${stream}” is not live after ${LIVE_PATIENCE_MS / 1_000} s: ${await page.evaluate('bench.describe()')}`,
    );
  }
}

/** Shows nothing: with nobody watching, the camera is off. */
export async function watchNothing({ page, server }: FarViewer): Promise<void> {
  await page.goto(`${server}/blank.html`);
}

/** What was seen since the last time that it was asked for. */
export async function takeSeen({ page }: FarViewer): Promise<Seen> {
  return (await page.evaluate('bench.take()')) as Seen;
}

/** What the browser has counted since the page connected. */
export async function countReceived({ page }: FarViewer): Promise<Received> {
  return (await page.evaluate('bench.received()')) as Received;
}
