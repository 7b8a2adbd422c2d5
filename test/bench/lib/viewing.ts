import type { Browser, Page } from 'puppeteer-core';
import { launchChromium } from './chromium.js';
import type { Lab } from './lab.js';
import type { ElementFigures } from './readings.js';
import type { VirtualScreen } from './screen.js';
import { BENCH_HEIGHT, BENCH_WIDTH } from './sender.js';

/** Far more than a start may take, and short enough to end a hopeless run. */
const LIVE_PATIENCE_MS = 20_000;

/** For a window that fills the virtual screen, pixel for pixel. */
export const screenFlags = ({ width, height }: VirtualScreen): string[] => [
  '--kiosk',
  '--window-position=0,0',
  `--window-size=${width},${height}`,
  '--force-device-scale-factor=1',
];

/** Opens a browser that fills the virtual screen with one page, pixel for pixel, its corner at (0, 0). */
export async function openOnScreen(lab: Lab, screen: VirtualScreen): Promise<{ browser: Browser; page: Page }> {
  const browser = await launchChromium(lab, {
    display: screen.display,
    flags: screenFlags(screen),
  });
  const [page = await browser.newPage()] = await browser.pages();
  return { browser, page };
}

/** What the element shows: a stream of the server that the page comes from, or any WHEP address. */
export type Watched = { stream: string } | { src: string };

/** Shows it in the element, at the page's corner; resolves when the element says that it is live. */
export async function openWatchPage(
  page: Page,
  server: string,
  what: string | Watched,
  size: { width: number; height: number } = { width: BENCH_WIDTH, height: BENCH_HEIGHT },
  file = 'watch.html',
): Promise<void> {
  const watched: Watched = typeof what === 'string' ? { stream: what } : what;
  const query = new URLSearchParams({ ...watched, width: String(size.width), height: String(size.height) });
  await page.goto(`${server}/${file}?${query}`);
  try {
    await page.waitForFunction('globalThis.bench?.figures(1).state === "live"', { timeout: LIVE_PATIENCE_MS });
  } catch {
    const facts = await page.evaluate('bench.describe()');
    throw new Error(
      `“${Object.values(watched)[0]}” is not live in the element after ${LIVE_PATIENCE_MS / 1_000} s: ${facts}`,
    );
  }
  const { picture } = await elementFigures(page, 1);
  if (picture.x !== 0 || picture.y !== 0 || picture.width !== size.width || picture.height !== size.height) {
    throw new Error(`The picture is not shown pixel for pixel in the corner: ${JSON.stringify(picture)}`);
  }
}

export async function elementFigures(page: Page, seconds: number): Promise<ElementFigures> {
  return (await page.evaluate(`bench.figures(${seconds})`)) as ElementFigures;
}
