import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'puppeteer-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LatencyLegs } from '../../src/element/core/facts.js';
import {
  type Ages,
  framesOf,
  type LatePlace,
  latencyScript,
  legsOf,
  percentile,
  secondsOf,
  startLateSender,
} from './support/latency.js';
import type { LatencyReadings } from './support/latency-page.js';
import { keepScreenshot } from './support/page.js';
import { inBrowsers, launchBrowser, type Sender, startServer } from './support/stack.js';

/*
 * The latency that the element shows is worth nothing unless it is true: here it is compared with the clock that is burned into
 * each frame, as it is and with a sender that is late on purpose.
 */

const FRAME_MS = 1_000 / 30;
const LATE_MS = 200;
const FRAMES = 300;
/** Clocks are compared and the browser's buffer finds its size. */
const SETTLE_MS = 3_000;

let closeBrowser: (() => Promise<void>) | undefined;
let app: FastifyInstance;
let url: string;
let sender: Sender | undefined;
const errors: string[] = [];

beforeEach(async () => {
  errors.length = 0;
  ({ app, url } = await startServer());
});

afterEach(async () => {
  await closeBrowser?.();
  closeBrowser = undefined;
  await sender?.stop();
  sender = undefined;
  await app.close();
  expect(errors, 'errors in the page').toEqual([]);
});

/** Of one run with one sender. */
interface Measured {
  frames: Ages[];
  seconds: { shownMs: number; clockMs: number }[];
  legs: LatencyLegs;
  unread: number;
}

async function measure(on: Browser, place: LatePlace, lateMs: number): Promise<Measured> {
  sender = startLateSender(url, place, lateMs);
  await sender.logged(/event=published/);
  // Any page of this server will do: the script puts its own element on it.
  const page = await on.newPage();
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(`${url}/whep.html`);
  await page.evaluate(await latencyScript());
  await page.waitForFunction(`document.querySelector('webrtc-preview').state === 'live'`, { timeout: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  // In place: the listeners hold on to these arrays.
  await page.evaluate(
    `for (const part of ['clocks', 'shown', 'seconds']) readings[part].length = 0; readings.unread = 0`,
  );
  await page.waitForFunction(`readings.clocks.length >= ${FRAMES} && readings.shown.length >= ${FRAMES}`, {
    timeout: 60_000,
  });
  const readings = (await page.evaluate('readings')) as LatencyReadings;
  await expectOverlay(page);
  await keepScreenshot(page, `latency-${(await on.version()).split('/')[0]}-${place}-${lateMs}`);
  await page.close();
  await sender.stop();
  sender = undefined;
  return { frames: framesOf(readings), seconds: secondsOf(readings), legs: legsOf(readings), unread: readings.unread };
}

/** What a person reads is the figure that was measured: of this second, or of the one that ended meanwhile. */
async function expectOverlay(page: Page): Promise<void> {
  const { text, seconds } = (await page.evaluate(`({
    text: document.querySelector('webrtc-preview').shadowRoot.querySelector('[part~="stats"] strong').textContent,
    seconds: readings.seconds.slice(-2).map(({ totalMs }) => totalMs),
  })`)) as { text: string; seconds: number[] };
  const read = Number.parseFloat(text);
  const nearest = Math.min(...seconds.map((ms) => Math.abs(ms - read)));
  expect(nearest, `the overlay says "${text}", measured were ${seconds.join(' and ')} ms`).toBeLessThanOrEqual(1);
}

/** Of all frames, at 0.5 the median. */
const at = ({ frames }: Measured, which: keyof Ages, part: number) =>
  percentile(
    frames.map((ages) => ages[which]),
    part,
  );

const columns = ['', 'frames', 'clock p50', 'p95', 'shown p50', 'p95', 'difference p50', 'p95', 'readable p50', 'p95'];

function row(name: string, measured: Measured): string[] {
  const both = (which: keyof Ages) => [at(measured, which, 0.5), at(measured, which, 0.95)];
  const [clock, shown] = [both('clockMs'), both('shownMs')];
  const difference = shown.map((ms, index) => ms - (clock[index] ?? Number.NaN));
  const figures = [...clock, ...shown, ...difference, ...both('readableMs')];
  return [name, String(measured.frames.length), ...figures.map((ms) => ms.toFixed(ms < 10 ? 2 : 1))];
}

function table(rows: string[][]): string {
  const widths = columns.map((_, index) => Math.max(...[columns, ...rows].map((cells) => cells[index]?.length ?? 0)));
  return [columns, ...rows]
    .map((cells) => cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  '))
    .join('\n');
}

const roundedLegs = (legs: LatencyLegs) =>
  Object.entries(legs)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
    .join(', ');

/** At the median, at the slow end, and in every single second that a person could have read. */
function expectAgreement(name: string, measured: Measured): void {
  expect(measured.frames.length, `${name}: frames whose clock was read`).toBeGreaterThanOrEqual(FRAMES * 0.9);
  for (const part of [0.5, 0.95]) {
    const apart = at(measured, 'shownMs', part) - at(measured, 'clockMs', part);
    expect(Math.abs(apart), `${name}: shown and clock apart at p${100 * part}, in ms`).toBeLessThan(FRAME_MS);
  }
  const later = at(measured, 'readableMs', 0.5) - at(measured, 'shownMs', 0.5);
  expect(Math.abs(later), `${name}: shown, and readable in the page`).toBeLessThan(FRAME_MS);
  expect(measured.seconds.length).toBeGreaterThan(5);
  for (const { shownMs, clockMs } of measured.seconds) {
    expect(Math.abs(shownMs - clockMs), `${name}: a second's figure, in ms`).toBeLessThan(FRAME_MS);
  }
}

describe('the latency that is shown, and the clock in the picture', () => {
  inBrowsers((name) => {
    it('agree, also when the sender is 200 ms late, and the legs say where', async () => {
      const { browser, close } = await launchBrowser(name);
      closeBrowser = close;
      const plain = await measure(browser, 'encode', 0);
      const encode = await measure(browser, 'encode', LATE_MS);
      const send = await measure(browser, 'send', LATE_MS);
      const all = { 'as it is': plain, '+200 ms before the encoder': encode, '+200 ms before the payloader': send };
      console.log(
        `Age of each frame in ${name}, in ms: by the clock in it, as the element shows it, and when the page could read it\n${table(
          Object.entries(all).map(([name, measured]) => row(name, measured)),
        )}\n${Object.entries(all)
          .map(([name, { legs, unread }]) => `${name}: ${roundedLegs(legs)}; ${unread} frames unread`)
          .join('\n')}`,
      );
      for (const [name, measured] of Object.entries(all)) expectAgreement(name, measured);

      for (const late of [encode, send]) {
        const risen = at(late, 'shownMs', 0.5) - at(plain, 'shownMs', 0.5);
        expect(Math.abs(risen - LATE_MS), 'the figure rises by what was added').toBeLessThan(FRAME_MS);
      }
      // The culprit is named, and nobody else is.
      for (const [leg, { legs }] of [
        ['encode', encode],
        ['send', send],
      ] as const) {
        expect(legs[leg], `${leg} with 200 ms more in it`).toBeGreaterThan((plain.legs[leg] ?? 0) + LATE_MS - FRAME_MS);
        for (const other of ['encode', 'send', 'network', 'buffer', 'decode', 'display'] as const) {
          if (other === leg) continue;
          expect(legs[other] ?? 0, `${other} while ${leg} is late`).toBeLessThan((plain.legs[other] ?? 0) + FRAME_MS);
        }
      }
    });
  });
});
