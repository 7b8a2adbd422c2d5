import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { PreviewState } from '../../src/element/client.js';
import type { BrowserName } from '../support/browser.mjs';
import { collectGarbage, done, held, openLedger } from './support/ledger.js';
import { inBrowsers, launchBrowser, Sender, startServer } from './support/stack.js';

/*
 * A polite guest: what the element takes it gives back, and while nobody watches it takes nothing.
 */

interface Preview extends HTMLElement {
  readonly updateComplete: Promise<boolean>;
  readonly state: PreviewState;
  stream: string;
  start(): void;
}

declare const ledger: { watch(element: object): void };

const SCRIPT = '/dist/cdn/webrtc-preview.js';

/** What Engine.IO's modules listen for on the window as soon as they are there; neither keeps a page out of the cache of pages. */
const ENGINE_IO_LISTENERS = ['pagehide', 'offline'];

/** Every so many elements are started, and stay until their first frame. */
const LIVE_EVERY = 10;

/** A template that is first needed late stays, once for all. One node for each element that was live would already be 45. */
const SLACK = 40;

/** Of the heap, which is never quite the same: an element that stayed with all it has would be 20 times as much, 450 times. */
const HEAP_SLACK_BYTES = 1_000_000;

let app: FastifyInstance;
let url: string;
let sender: Sender;
const errors: string[] = [];

beforeEach(async () => {
  errors.length = 0;
  ({ app, url } = await startServer());
  sender = new Sender(url, { source: ['--test-pattern', '--width', '320', '--height', '180'] });
  await sender.logged(/event=published/);
});

afterEach(async () => {
  await sender.stop();
  await app.close();
  expect(errors, 'errors in the page').toEqual([]);
});

inBrowsers((name) => {
  let browser: Browser;
  let closeBrowser: () => Promise<void>;
  let page: Page;

  beforeAll(async () => {
    ({ browser, close: closeBrowser } = await launchBrowser(name));
  });

  afterAll(() => closeBrowser());

  beforeEach(async () => {
    page = await openLedger(browser, `${url}/blank.html`, errors);
  });

  afterEach(() => page.close());

  // As a string: Vitest gives its own meaning to an import in a function.
  const load = () => page.evaluate(`import('${SCRIPT}').then(() => undefined)`);

  /** Puts elements on the page, of which nobody starts any. */
  async function add(count: number): Promise<void> {
    await page.evaluate(async (many) => {
      for (let made = 0; made < many; made += 1) {
        document.body.append(Object.assign(document.createElement('webrtc-preview'), { stream: 'camera' }));
      }
      await Promise.all([...document.querySelectorAll<Preview>('webrtc-preview')].map((each) => each.updateComplete));
    }, count);
  }

  /** What only the browser knows. */
  async function measures(): Promise<Record<string, number>> {
    await collectGarbage(page, name);
    const { Nodes, Documents, JSEventListeners, JSHeapUsedSize } = name === 'chromium' ? await page.metrics() : {};
    return { Nodes, Documents, JSEventListeners, JSHeapUsedSize } as Record<string, number>;
  }

  it('does nothing when it is imported', async () => {
    const globals = () => page.evaluate(() => Object.getOwnPropertyNames(globalThis));
    const before = { held: await held(page), done: await done(page), globals: await globals() };
    await load();
    const after = { held: await held(page), done: await done(page), globals: await globals() };
    expect(after.held).toEqual(before.held);
    const requests = after.done.requests.filter((address) => !address.endsWith(SCRIPT));
    const listeners = after.done.listeners.filter((type) => !ENGINE_IO_LISTENERS.includes(type));
    expect({ ...after.done, requests, listeners }).toEqual(before.done);
    // Lit's marks, by which two Lits on one page find each other.
    const added = after.globals.filter(
      (each) => !before.globals.includes(each) && !/^(lit|reactiveElement)[A-Z]/.test(each),
    );
    expect(added).toEqual([]);
  });

  it('has one socket for sixteen elements, and nothing runs while none is started', async () => {
    await load();
    await add(16);
    await vi.waitFor(() => expect(app.webrtcSignaling.streams()).toMatchObject([{ online: true }]));
    await page.waitForFunction(() =>
      [...document.querySelectorAll('webrtc-preview')].every(({ shadowRoot }) =>
        shadowRoot?.querySelector('[part~="start-button"]'),
      ),
    );
    // What loading has begun comes to its end: the handshake, the news, the rendering.
    await vi.waitFor(async () => expect((await held(page)).timers.filter((ms) => ms < 10_000)).toEqual([]));
    const before = await done(page);
    // The page's first peer connection is made ahead, up to its offer: it gathers nothing, and so opens no socket.
    expect(before).toMatchObject({ socketsMade: 1, peersMade: 1 });
    expect(await held(page)).toMatchObject({ sockets: 1, intervals: [], frames: 0, peers: 1 });
    // Socket.IO waits for the server's next sign of life.
    expect((await held(page)).timers.length).toBeLessThanOrEqual(1);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await done(page)).ran, 'callbacks').toBe(before.ran);

    await page.evaluate(() => document.body.replaceChildren());
    await vi.waitFor(async () => expect(await held(page)).toMatchObject({ timers: [], sockets: 0 }));
  });

  const mounts = name === 'chromium' ? 500 : 50;
  const warmUp = Math.max(mounts / 10, LIVE_EVERY);

  it(`holds nothing after ${mounts} elements came, moved and went`, { timeout: 180_000 }, async () => {
    await load();
    await cycle(page, warmUp);
    await atRest(page, name);
    const before = await measures();
    await cycle(page, mounts - warmUp);
    await atRest(page, name);
    const after = await measures();
    console.log(`after ${warmUp} and ${mounts}: ${JSON.stringify(before)} ${JSON.stringify(after)}`);

    expect((await done(page)).peersMade, 'that have shown a picture').toBe(mounts / LIVE_EVERY);
    expect(sender.count(/event=viewer-live/)).toBe(mounts / LIVE_EVERY);
    expect(sender.count(/event=viewer-closed/)).toBe(mounts / LIVE_EVERY);
    expect(sender.count(/event=viewer-failed/)).toBe(0);
    if (name !== 'chromium') return;
    expect(after.Documents).toBe(before.Documents);
    const grown = (what: string) => (after[what] ?? 0) - (before[what] ?? 0);
    expect(grown('Nodes')).toBeLessThan(SLACK);
    expect(grown('JSEventListeners')).toBeLessThan(SLACK);
    expect(grown('JSHeapUsedSize'), 'bytes of heap').toBeLessThan(HEAP_SLACK_BYTES);
  });

  it('would see an element that stays', async () => {
    await load();
    await page.evaluate(() => {
      Object.assign(globalThis, { kept: document.createElement('webrtc-preview') });
      ledger.watch((globalThis as unknown as { kept: object }).kept);
    });
    await collectGarbage(page, name);
    expect((await held(page)).elements).toBe(1);
    await page.evaluate(() => Object.assign(globalThis, { kept: null }));
    await vi.waitFor(async () => {
      await collectGarbage(page, name);
      expect((await held(page)).elements).toBe(0);
    });
  });
});

/** So many elements come, move to another place and go, one after the other; some of them show a picture meanwhile. */
async function cycle(page: Page, count: number): Promise<void> {
  await page.evaluate(
    async (many, liveEvery) => {
      const places = [document.createElement('section'), document.createElement('section')] as const;
      document.body.append(...places);
      for (let made = 0; made < many; made += 1) {
        const preview = document.createElement('webrtc-preview') as Preview;
        ledger.watch(preview);
        preview.stream = 'camera';
        places[0].append(preview);
        await preview.updateComplete;
        if (made % liveEvery === 0) {
          const shown = new Promise((resolve) => preview.addEventListener('firstframe', resolve, { once: true }));
          preview.start();
          await shown;
        }
        places[1].append(preview);
        await preview.updateComplete;
        preview.remove();
      }
      for (const place of places) place.remove();
    },
    count,
    LIVE_EVERY,
  );
}

/** Waits until the page, the server and the sender have let go of everything. */
async function atRest(page: Page, name: BrowserName): Promise<void> {
  await vi.waitFor(
    async () => {
      await collectGarbage(page, name);
      expect(await held(page)).toEqual({
        timers: [],
        intervals: [],
        frames: 0,
        sockets: 0,
        peers: 0,
        peerObjects: 0,
        elements: 0,
      });
    },
    { timeout: 20_000, interval: 200 },
  );
  expect(app.webrtcSignaling.sessions()).toEqual([]);
  const opened = sender.count(/event=viewer-answered/);
  await sender.logged(/event=viewer-closed/, { times: opened });
}
