import type { Browser, Page } from 'puppeteer-core';
import type { BrowserName } from '../../support/browser.mjs';
import { inFirefox } from '../../support/browser.mjs';
import { openPage } from './stack.js';

/*
 * What a page holds on to. Everything that can outlive an element is counted where it is made, in the page, before anything
 * else runs there.
 */

/** What is held now. */
export interface Held {
  /** Not yet run, cancelled or cleared: how long each waits, in ms. */
  timers: number[];
  intervals: number[];
  frames: number;
  sockets: number;
  /** Not closed. */
  peers: number;
  /** Closed or not, and still in memory. */
  peerObjects: number;
  elements: number;
}

/** What was done since the page was opened. */
export interface Done {
  /** Callbacks of timers and of animation frames that have run. */
  ran: number;
  socketsMade: number;
  peersMade: number;
  requests: string[];
  /** On the window and on the document. */
  listeners: string[];
}

interface Ledger {
  held(): Held;
  done(): Done;
  watch(element: object): void;
}

declare const ledger: Ledger;

/** A page whose doings are written down. */
export async function openLedger(browser: Browser, url: string, errors: string[]): Promise<Page> {
  const page = await openPage(browser, 'about:blank', errors);
  await page.evaluateOnNewDocument(keepLedger);
  await page.goto(url);
  return page;
}

export const held = (page: Page): Promise<Held> => page.evaluate(() => ledger.held());
export const done = (page: Page): Promise<Done> => page.evaluate(() => ledger.done());

/** Collects what nobody holds. */
export async function collectGarbage(page: Page, browser: BrowserName): Promise<void> {
  // What was the newest is often still on a stack, in a cache or in an inspector's hand.
  for (let times = 0; times < 3; times += 1) {
    if (browser === 'firefox') {
      await inFirefox(
        page.browser(),
        `for (const what of ['child-gc-request', 'child-cc-request', 'child-mmu-request'])
           Services.obs.notifyObservers(null, what)`,
      );
      // The processes of the pages do it in their own time.
      await new Promise((resolve) => setTimeout(resolve, 200));
    } else {
      const session = await page.createCDPSession();
      await session.send('HeapProfiler.collectGarbage');
      await session.detach();
    }
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
}

/** Runs in the page. */
function keepLedger(): void {
  const native = {
    setTimeout: setTimeout.bind(globalThis),
    clearTimeout: clearTimeout.bind(globalThis),
    setInterval: setInterval.bind(globalThis),
    clearInterval: clearInterval.bind(globalThis),
    requestAnimationFrame: requestAnimationFrame.bind(globalThis),
    cancelAnimationFrame: cancelAnimationFrame.bind(globalThis),
  };
  const timers = new Map<unknown, number>();
  const intervals = new Map<unknown, number>();
  const frames = new Set<unknown>();
  const sockets = new Set<WebSocket>();
  const peers = new Set<WeakRef<RTCPeerConnection>>();
  const elements = new Set<WeakRef<object>>();
  const done: Done = { ran: 0, socketsMade: 0, peersMade: 0, requests: [], listeners: [] };

  const run = (callback: unknown, args: unknown[]) => {
    done.ran += 1;
    if (typeof callback === 'function') callback(...args);
  };
  const wrapped = {
    setTimeout: (callback: unknown, ms = 0, ...args: unknown[]) => {
      const id = native.setTimeout(() => {
        timers.delete(id);
        run(callback, args);
      }, ms);
      timers.set(id, ms);
      return id;
    },
    clearTimeout: (id: number) => {
      timers.delete(id);
      native.clearTimeout(id);
    },
    setInterval: (callback: unknown, ms = 0, ...args: unknown[]) => {
      const id = native.setInterval(() => run(callback, args), ms);
      intervals.set(id, ms);
      return id;
    },
    clearInterval: (id: number) => {
      intervals.delete(id);
      native.clearInterval(id);
    },
    requestAnimationFrame: (callback: FrameRequestCallback) => {
      const id = native.requestAnimationFrame((time) => {
        frames.delete(id);
        run(callback, [time]);
      });
      frames.add(id);
      return id;
    },
    cancelAnimationFrame: (id: number) => {
      frames.delete(id);
      native.cancelAnimationFrame(id);
    },
  };

  const NativeSocket = globalThis.WebSocket;
  class CountedSocket extends NativeSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      done.socketsMade += 1;
      sockets.add(this);
      this.addEventListener('close', () => sockets.delete(this), { once: true });
    }
  }
  const NativePeer = globalThis.RTCPeerConnection;
  class CountedPeer extends NativePeer {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      done.peersMade += 1;
      peers.add(new WeakRef<RTCPeerConnection>(this));
    }
  }

  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (this: EventTarget, ...args: Parameters<typeof listen>) {
    // `undefined` is the window, too.
    const target = this ?? globalThis;
    if (target === globalThis || target === document || target === document.documentElement)
      done.listeners.push(args[0]);
    return listen.apply(target, args);
  };
  new PerformanceObserver((list) => done.requests.push(...list.getEntries().map(({ name }) => name))).observe({
    type: 'resource',
    buffered: true,
  });

  Object.assign(globalThis, wrapped, { WebSocket: CountedSocket, RTCPeerConnection: CountedPeer });
  const alive = <T extends object>(refs: Set<WeakRef<T>>): T[] => {
    const found: T[] = [];
    for (const ref of refs) {
      const each = ref.deref();
      if (each) found.push(each);
      else refs.delete(ref);
    }
    return found;
  };
  const book: Ledger = {
    held: () => ({
      timers: [...timers.values()],
      intervals: [...intervals.values()],
      frames: frames.size,
      sockets: sockets.size,
      peers: alive(peers).filter(({ connectionState }) => connectionState !== 'closed').length,
      peerObjects: alive(peers).length,
      elements: alive(elements).length,
    }),
    done: () => structuredClone(done),
    watch: (element) => elements.add(new WeakRef(element)),
  };
  Object.assign(globalThis, { ledger: book });
}
