import type { PeerFrame } from '../lib/readings.js';
import { watchClock } from './read-clock.js';

/* Put into pages that are not ours: notes every frame of every video whose clock can be read. Changes nothing there. */

const watched = new WeakSet<HTMLVideoElement>();
const frames: PeerFrame[] = [];

function look(): void {
  for (const video of document.querySelectorAll('video')) {
    if (watched.has(video)) continue;
    watched.add(video);
    watchClock(video, ({ shownMs, ageMs, sequence }) => {
      frames.push({ atMs: performance.timeOrigin + shownMs, ageMs, sequence });
      return false;
    });
  }
}

new MutationObserver(look).observe(document, { childList: true, subtree: true });
look();

const eye = {
  /** What was seen since the last time that it was asked for; times are Unix ms. */
  take: (): PeerFrame[] => frames.splice(0),
  /** The first frame that is younger than `freshMs` and came later than `sinceMs`; `null` while there is none. */
  fresh: (freshMs: number, sinceMs: number): PeerFrame | null =>
    frames.find(({ atMs, ageMs }) => ageMs < freshMs && atMs > sinceMs) ?? null,
  /** When this page's navigation began. */
  beginMs: performance.timeOrigin,
};

Object.assign(globalThis, { eye });
