import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { FRESH_MS } from '../../page/read-clock.js';
import { outputFolder } from '../paths.js';
import type { PeerFrame } from '../readings.js';
import type { Peer } from './peer.js';

const ASK_AGAIN_MS = 5;

/** Looks at the pictures of pages that are not ours (`page/eye.ts`). */
export interface Eye {
  /** When the page's navigation began, Unix ms. */
  beginMs(): Promise<number>;
  /** The first fresh frame later than `sinceMs`; `null` when there was none in time. Times are the page's own. */
  fresh(sinceMs: number, patienceMs: number): Promise<PeerFrame | null>;
  /** Every frame since the last time. */
  take(): Promise<PeerFrame[]>;
}

/** Has every page that is opened from now on looked at. After `startServer`, which builds what is put in. */
export async function openEye(page: Page): Promise<Eye> {
  const text = await readFile(join(outputFolder, 'page', 'eye.js'), 'utf8');
  await page.evaluateOnNewDocument(`(() => { ${text} })()`);
  return {
    beginMs: async () => (await page.evaluate('eye.beginMs')) as number,
    async fresh(sinceMs, patienceMs) {
      const expression = `globalThis.eye?.fresh(${FRESH_MS}, ${sinceMs})`;
      try {
        const handle = await page.waitForFunction(expression, { timeout: patienceMs, polling: ASK_AGAIN_MS });
        return (await handle.jsonValue()) as PeerFrame;
      } catch {
        return null;
      }
    },
    take: async () => (await page.evaluate('eye.take()')) as PeerFrame[],
  };
}

/**
 * One join on a peer's own page: from the navigation to the first fresh frame, in ms. Where its page has to be clicked,
 * those clicks are in it, as soon as the page can be clicked.
 */
export async function joinCold(page: Page, eye: Eye, peer: Peer, patienceMs: number): Promise<number | null> {
  await peer.show(page);
  const frame = await eye.fresh(0, patienceMs);
  return frame && frame.atMs - (await eye.beginMs());
}

/**
 * What becomes of a peer's picture when one of its programs is killed and comes back after `awayMs`, from that program's
 * new start: ms to the first fresh frame; `null`: none came in time.
 */
export async function recoverFrom(
  eye: Eye,
  program: Peer['source'],
  { awayMs, patienceMs }: { awayMs: number; patienceMs: number },
): Promise<number | null> {
  await program.kill();
  await new Promise((resolve) => setTimeout(resolve, awayMs));
  const begin = Date.now();
  await program.start();
  const frame = await eye.fresh(begin, patienceMs);
  return frame && frame.atMs - begin;
}
