import type { Page } from 'puppeteer-core';

/*
 * Every peer's page scales its video or puts it somewhere. For the probe it has to lie pixel for pixel in the corner, so
 * this much of each page is overruled, and nothing else. Being on top of everything is the cheapest place to be.
 */

const styles = (width: number, height: number) => `
  html, body { overflow: hidden !important }
  video {
    position: fixed !important; inset: 0 auto auto 0 !important; z-index: 2147483647 !important;
    width: ${width}px !important; height: ${height}px !important; min-width: 0 !important; min-height: 0 !important;
    max-width: none !important; max-height: none !important; margin: 0 !important; padding: 0 !important;
    border: 0 !important; border-radius: 0 !important; box-shadow: none !important; object-fit: fill !important;
  }`;

const PATIENCE_MS = 30_000;

/** Where the video with a picture lies; `null` while there is none of that width that goes on. */
const FIND = (width: number) => `(() => {
  const video = [...document.querySelectorAll('video')].find((each) => each.videoWidth === ${width} && !each.paused);
  if (!video || !(video.currentTime > 0)) return null;
  const { x, y, width, height } = video.getBoundingClientRect();
  return [x, y, width, height].join(' ');
})()`;

/** Puts the picture of somebody else's page into the corner, and waits for it. */
export async function showOneToOne(page: Page, { width, height }: { width: number; height: number }): Promise<void> {
  await page.addStyleTag({ content: styles(width, height) });
  try {
    await page.waitForFunction(FIND(width), { timeout: PATIENCE_MS });
  } catch {
    throw new Error(`${page.url()} shows no picture ${width} pixels wide after ${PATIENCE_MS / 1_000} s.`);
  }
  const place = await page.evaluate(FIND(width));
  if (place !== `0 0 ${width} ${height}`) throw new Error(`The picture of ${page.url()} lies at ${place}.`);
}
