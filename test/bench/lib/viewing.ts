import type { Browser, Page } from 'puppeteer-core';
import { launchChromium } from './chromium.js';
import type { Lab } from './lab.js';
import type { ElementFigures } from './readings.js';
import { SCREEN_HEIGHT, SCREEN_WIDTH, type VirtualScreen } from './screen.js';
import { BENCH_HEIGHT, BENCH_WIDTH } from './sender.js';

/** Far more than a start may take, and short enough to end a hopeless run. */
const LIVE_PATIENCE_MS = 20_000;

/** Opens a browser that fills the virtual screen with one page, pixel for pixel, its corner at (0, 0). */
export async function openOnScreen(lab: Lab, screen: VirtualScreen): Promise<{ browser: Browser; page: Page }> {
  const browser = await launchChromium(lab, {
    display: screen.display,
    flags: [
      '--kiosk',
      '--window-position=0,0',
      `--window-size=${SCREEN_WIDTH},${SCREEN_HEIGHT}`,
      '--force-device-scale-factor=1',
    ],
  });
  const [page = await browser.newPage()] = await browser.pages();
  return { browser, page };
}

/** Shows a stream in the element, at the page's corner; resolves when the element says that it is live. */
export async function openWatchPage(page: Page, server: string, stream: string): Promise<void> {
  await page.goto(`${server}/watch.html?stream=${stream}`);
  try {
    await page.waitForFunction('globalThis.bench?.figures(1).state === "live"', { timeout: LIVE_PATIENCE_MS });
  } catch {
    const facts = await page.evaluate('bench.describe()');
    throw new Error(`The stream “${stream}” is not live after ${LIVE_PATIENCE_MS / 1_000} s: ${facts}`);
  }
  const { picture } = await elementFigures(page, 1);
  if (picture.x !== 0 || picture.y !== 0 || picture.width !== BENCH_WIDTH || picture.height !== BENCH_HEIGHT) {
    throw new Error(`The picture is not shown pixel for pixel in the corner: ${JSON.stringify(picture)}`);
  }
}

export async function elementFigures(page: Page, seconds: number): Promise<ElementFigures> {
  return (await page.evaluate(`bench.figures(${seconds})`)) as ElementFigures;
}
