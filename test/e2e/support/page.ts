import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'puppeteer-core';
import type { Facts } from '../../../src/element/client.js';
import type { ReadFrame } from './clock-reader.js';
import { ROOT, SCREENS } from './stack.js';

/** What of the element the tests use, inside the page. */
interface Preview extends HTMLElement {
  facts: Facts;
}

declare const readFrames: (video: HTMLVideoElement) => () => ReadFrame[];
declare const peerCounter: { made: number };

let reader: Promise<string> | undefined;

function readerScript(): Promise<string> {
  reader ??= build({
    entryPoints: [join(ROOT, 'test/e2e/support/clock-reader.ts')],
    bundle: true,
    write: false,
    target: 'es2022',
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? '');
  return reader;
}

/** Waits until the element's facts fit; rejects with the facts when they never do. */
export async function waitForFacts(page: Page, fits: (facts: Facts) => boolean, timeoutMs = 20_000): Promise<Facts> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const now = await facts(page);
    if (now && fits(now)) return now;
    if (Date.now() > deadline) throw new Error(`the page never came to ${fits}:\n${JSON.stringify(now, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function facts(page: Page): Promise<Facts> {
  return page.evaluate(() => {
    const { media: _, ...plain } = (document.querySelector('webrtc-preview') as Preview).facts;
    return plain as Facts;
  });
}

/** Reads the clock of every frame that is shown during `ms`. */
export async function watchFrames(page: Page, ms: number): Promise<ReadFrame[]> {
  // Not as a script of the page: that would need an exception from its content security policy.
  if (!(await page.evaluate(() => 'readFrames' in globalThis))) await page.evaluate(await readerScript());
  return page.evaluate(async (duration) => {
    const video = document.querySelector('webrtc-preview')?.shadowRoot?.querySelector('video');
    if (!video) throw new Error('the element has no video');
    const stop = readFrames(video);
    await new Promise((resolve) => setTimeout(resolve, duration));
    return stop();
  }, ms);
}

/** From now on looks at every refresh whether the video shows a picture; the returned function says how often it was black. */
export async function watchForBlack(page: Page): Promise<() => Promise<{ looked: number; black: number }>> {
  const watch = await page.evaluateHandle(() => {
    const counts = { looked: 0, black: 0 };
    const video = document.querySelector('webrtc-preview')?.shadowRoot?.querySelector('video');
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const look = () => {
      if (!video || !context) return;
      context.clearRect(0, 0, 1, 1);
      // The sun of the test picture: bright whenever there is a picture at all.
      context.drawImage(video, video.videoWidth * 0.69, video.videoHeight * 0.26, 8, 8, 0, 0, 1, 1);
      const [red = 0, green = 0] = context.getImageData(0, 0, 1, 1).data;
      counts.looked += 1;
      if (video.readyState < 2 || red + green < 200) counts.black += 1;
      requestAnimationFrame(look);
    };
    look();
    return counts;
  });
  return () => watch.jsonValue();
}

/**
 * How many refreshes a browser may show without a picture when one connection's track takes the place of another's. Firefox takes
 * away the former track's picture with the track, up to a frame before the next one's first.
 */
export const MISSED_REFRESHES = { chromium: 0, firefox: 2 };

/** Peer connections that the page has made so far. */
export function peersMade(page: Page): Promise<number> {
  return page.evaluate(() => peerCounter.made);
}

/** All the text in the element. */
export function words(page: Page): Promise<string> {
  return page.evaluate(() => {
    const root = document.querySelector('webrtc-preview')?.shadowRoot;
    return [...(root?.children ?? [])].map((child) => child.textContent ?? '').join('\n');
  });
}

/** Keeps a picture of the page for people to look at, among those of `suite`. */
export async function keepScreenshot(page: Page, name: string, suite = 'e2e'): Promise<void> {
  const folder = join(SCREENS, suite);
  mkdirSync(folder, { recursive: true });
  // Colours change within 150 ms: the picture is of the end of it.
  await page.evaluate(() =>
    Promise.all(
      (document.querySelector('webrtc-preview')?.shadowRoot?.getAnimations?.() ?? [])
        .filter((animation) => animation instanceof CSSTransition)
        .map((animation) => animation.finished.catch(() => {})),
    ),
  );
  await page.screenshot({ path: join(folder, `${name}.png`) as `${string}.png` });
}

/** Selector of one of the element's parts. */
export const part = (name: string): string => `[part~="${name}"]`;
