import { startOthersMeter } from './cpu.js';
import { layEmulatedLinks } from './emulator.js';
import { countReceived, openFarViewer, takeSeen, watchFar, watchNothing } from './far-viewing.js';
import { buildProbe } from './framebuffer-probe.js';
import type { Lab } from './lab.js';
import { startScreen } from './screen.js';
import { startSender } from './sender.js';
import { startServer } from './server.js';
import { median } from './statistics.js';
import { readableShare } from './timeline.js';
import { doubtsOf } from './trust.js';

/** What is added to the path, and what is taken from it. */
export const ADDED_MS = 20;
export const LOST_SHARE = 0.1;
/** How far from it the reading may be. */
export const TOLERANCE_MS = 1;
export const TOLERANCE_SHARE = 0.01;

/** What the instruments made of a delay and a loss that were known. */
export interface Honesty {
  /** Differences between blocks with and without the delay, in ms, median of all pairs: on the screen, and in the page. */
  screenMs: number;
  pageMs: number;
  /** Share of the packets that the browser missed, and that the emulator says it took. */
  browserLoss: number;
  emulatorLoss: number;
  /** "honesty: +20.0 ms read as … ms; 10 % loss read as … %" */
  line: string;
  /** Why the figures of this run cannot be believed. */
  failures: string[];
  raw: unknown;
}

export interface HonestyOptions {
  /** With the delay and without, in turn. */
  blocks?: number;
  secondsEach?: number;
  /** Of loss: 290 packets each, and ten thousand tell a tenth to within 0.6 %. */
  lossSeconds?: number;
}

const SETTLE_MS = 3_000;
/** The way is changed under a picture that goes on. */
const CHANGE_MS = 1_000;

/**
 * Adds a known delay and a known loss to the path of a picture, and reads both with the instruments that all figures come
 * from: the framebuffer's clock, the page's clock, and the browser's count of packets.
 */
export async function measureHonesty(
  lab: Lab,
  { blocks = 6, secondsEach = 4, lossSeconds = 30 }: HonestyOptions = {},
): Promise<Honesty> {
  const { enterMiddle, others: places } = await layEmulatedLinks(lab, 1);
  const [place] = places;
  if (!place) throw new Error('there is no link');
  const screen = await startScreen(lab);
  const probe = await buildProbe(lab);
  const { port } = new URL(await startServer(lab, { enter: enterMiddle, host: '0.0.0.0' }));
  const server = `http://127.0.0.1:${port}`;
  // For the delay the picture that the latency is measured with; for the loss packets enough, and nobody who mends it.
  await startSender(lab, { server, stream: 'delay', enter: enterMiddle });
  const words = ['--adaptation', 'off'];
  await startSender(lab, { server, stream: 'loss', words, grainy: true, enter: enterMiddle });
  const viewer = await openFarViewer(lab, place, port, screen);

  await watchFar(viewer, 'delay');
  await pause(SETTLE_MS);
  const meter = startOthersMeter();
  const pairs = [];
  const readables = [];
  for (let block = 0; block < blocks; block += 1) {
    const ages = { screen: [] as number[], page: [] as number[] };
    // A B, B A, A B: what drifts does not count.
    const order = block % 2 === 0 ? [0, ADDED_MS] : [ADDED_MS, 0];
    for (const delayMs of order) {
      await place.link.set('down', { delayMs });
      await pause(CHANGE_MS);
      await takeSeen(viewer);
      const { agesMs, readable } = await probe(screen, secondsEach);
      const seen = await takeSeen(viewer);
      readables.push(readable, readableShare(seen));
      ages.screen.push(median(agesMs));
      ages.page.push(median(seen.ages.map(({ ageMs }) => ageMs)));
    }
    const difference = ([first = NaN, second = NaN]: number[]) => (order[0] === 0 ? second - first : first - second);
    pairs.push({ screenMs: difference(ages.screen), pageMs: difference(ages.page), ages });
  }
  await place.link.reset();

  await watchFar(viewer, 'loss');
  await place.link.set('down', { loss: LOST_SHARE });
  await pause(CHANGE_MS);
  const before = { link: (await place.link.counters()).down, browser: await countReceived(viewer) };
  await pause(lossSeconds * 1_000);
  const after = { link: (await place.link.counters()).down, browser: await countReceived(viewer) };
  await place.link.reset();
  await watchNothing(viewer);
  const others = meter();

  const lost = after.browser.lost - before.browser.lost;
  const browserLoss = lost / (lost + after.browser.arrived - before.browser.arrived);
  const taken = after.link.lost - before.link.lost;
  const emulatorLoss = taken / (taken + after.link.passed - before.link.passed);
  const screenMs = median(pairs.map(({ screenMs }) => screenMs));
  const pageMs = median(pairs.map(({ pageMs }) => pageMs));
  const failures = doubtsOf({ readable: Math.min(...readables), others });
  for (const [where, ms] of [['on the screen', screenMs] as const, ['in the page', pageMs] as const]) {
    if (!(Math.abs(ms - ADDED_MS) <= TOLERANCE_MS))
      failures.push(`+${ADDED_MS} ms were read as ${ms.toFixed(1)} ms ${where}`);
  }
  for (const [who, share] of [['the browser', browserLoss] as const, ['the emulator', emulatorLoss] as const]) {
    if (!(Math.abs(share - LOST_SHARE) <= TOLERANCE_SHARE))
      failures.push(`${LOST_SHARE * 100} % loss were ${(share * 100).toFixed(1)} % for ${who}`);
  }
  return {
    screenMs,
    pageMs,
    browserLoss,
    emulatorLoss,
    line:
      `honesty: +${ADDED_MS.toFixed(1)} ms read as ${screenMs.toFixed(1)} ms (in the page ${pageMs.toFixed(1)}); ` +
      `${LOST_SHARE * 100} % loss read as ${(browserLoss * 100).toFixed(1)} %`,
    failures,
    raw: { pairs, readables, before, after, others },
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
