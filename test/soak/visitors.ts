import type { Browser, Page } from 'puppeteer-core';
import { launchChromium } from '../bench/lib/chromium.js';
import type { Lab } from '../bench/lib/lab.js';
import { Receivers } from '../bench/lib/receivers.js';
import type { Visit } from './plan.js';

/** A stay of a second without one frame is no watching, on a machine however busy. */
const LEAST_FPS = 1;
const LIVE_PATIENCE_MS = 30_000;

/** Where the visitors go. */
export interface Place {
  lab: Lab;
  server: string;
  stream: string;
}

/** Resolves when the visitor is gone; rejects when it should have seen the picture and did not. */
export function pay(visit: Visit, place: Place, slot: number, browsers: Browsers): Promise<void> {
  return visit.kind === 'browser' ? byBrowser(visit, place, browsers) : byReceiver(visit, place, slot);
}

async function byReceiver({ staysMs, end }: Visit, { lab, server, stream }: Place, slot: number): Promise<void> {
  const receivers = await Receivers.start(lab, `soak-receiver-${slot}`, server, stream);
  const exited = new Promise((resolve) => receivers.child.once('exit', resolve));
  const joining = receivers.join(1);
  if (end === 'killed') {
    joining.catch(() => {}); // it may be killed before it is in
    await pause(staysMs);
    receivers.child.kill('SIGKILL');
    await exited;
    return;
  }
  try {
    await joining;
    const [before] = (await receivers.read()).receivers;
    await pause(staysMs);
    const [after] = (await receivers.read()).receivers;
    const frames = (after?.frames ?? 0) - (before?.frames ?? 0);
    if (frames < (staysMs / 1_000) * LEAST_FPS) throw new Error(`${frames} frames in ${staysMs.toFixed(0)} ms`);
    await receivers.leave();
  } finally {
    await receivers.stop();
  }
}

async function byBrowser({ staysMs, end }: Visit, { server, stream }: Place, browsers: Browsers): Promise<void> {
  const begin = performance.now();
  const { browser, page } = await browsers.open();
  const going = page.goto(`${server}/watch.html?stream=${stream}`);
  if (end === 'killed') {
    going.catch(() => {});
    await pause(staysMs);
    await browsers.kill(browser);
    return;
  }
  await going;
  await page.waitForFunction('globalThis.bench?.figures(1).state === "live"', { timeout: LIVE_PATIENCE_MS });
  await pause(Math.max(0, begin + staysMs - performance.now()));
  // Closing a page from outside spares it its farewell; leaving it does not.
  await page.goto('about:blank');
  await page.close();
}

/** One browser for all visits that end well; each one killed takes it along, and the next visitor brings another. */
export class Browsers {
  readonly #lab: Lab;
  #browser: Promise<Browser> | undefined;
  #pages = 0;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  async open(): Promise<{ browser: Browser; page: Page }> {
    this.#browser ??= launchChromium(this.#lab);
    const browser = await this.#browser;
    this.#pages += 1;
    const page = await browser.newPage();
    page.once('close', () => {
      this.#pages -= 1;
    });
    return { browser, page };
  }

  /** Nobody else is in it. */
  get isFree(): boolean {
    return this.#pages === 0;
  }

  async kill(browser: Browser): Promise<void> {
    const child = browser.process();
    this.#browser = undefined;
    this.#pages = 0;
    if (child?.pid === undefined) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, 'SIGKILL');
    await exited;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
