import { launchChromium } from '../chromium.js';
import type { Lab } from '../lab.js';
import { BENCH_FPS, BENCH_HEIGHT, BENCH_WIDTH } from '../sender.js';
import { summarise } from '../statistics.js';
import { joinCold, openEye } from './eye.js';
import type { ChosenPeer } from './peer.js';

/** MediaMTX tries again after 2 s, and keyframes come every 2 s. */
const PATIENCE_MS = 15_000;

/** Fresh pages of one peer's own player. */
export interface PeerJoins {
  name: string;
  version: string;
  /** Navigation → first fresh frame, in ms; `null`: there was none in time. */
  times: (number | null)[];
}

/**
 * What `cold` of the suite `join` is, for each peer: a warm browser, a fresh page of its own player, somebody else watching.
 * After `startServer`.
 */
export async function joinPeers(
  lab: Lab,
  peers: readonly ChosenPeer[],
  joins: number,
  pause: () => Promise<void>,
): Promise<PeerJoins[]> {
  const all: PeerJoins[] = [];
  for (const peer of peers) {
    const running = await peer.start(lab, { width: BENCH_WIDTH, height: BENCH_HEIGHT, fps: BENCH_FPS });
    const [watcher, joiner] = [await launchChromium(lab), await launchChromium(lab)];
    const watching = await watcher.newPage();
    const eye = await openEye(watching);
    await joinCold(watching, eye, running, PATIENCE_MS);
    const times: (number | null)[] = [];
    for (let number = 1; number <= joins; number += 1) {
      await pause();
      const page = await joiner.newPage();
      times.push(await joinCold(page, await openEye(page), running, PATIENCE_MS));
      await page.close();
      if (number % 20 === 0 || number === joins) console.log(`${peer.name}: ${number} of ${joins} joins`);
    }
    await Promise.all([watcher.close(), joiner.close()]);
    await running.stop();
    all.push({ name: peer.name, version: running.version, times });
  }
  return all;
}

/** Among the raw readings of `join`. */
export const cellOfPeer = ({ name, version, times }: PeerJoins) => ({
  rtt: 0,
  mode: `${name}, own page`,
  version,
  readings: times.map((ms) => ({ ms })),
});

/** Cells for the table of `join`: label, RTT, p5, p50, p95, p99, max, joins, began stale, no picture. */
export function rowOfPeer({ name, times }: PeerJoins): string[] {
  const { p5, p50, p95, p99, max } = summarise(times.filter((ms) => ms !== null));
  const failed = times.filter((ms) => ms === null).length;
  const figures = [p5, p50, p95, p99, max].map((ms) => ms.toFixed(0));
  return [`${name}, own page: navigation → first fresh frame`, '0', ...figures, `${times.length}`, '–', `${failed}`];
}
