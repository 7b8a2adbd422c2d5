import type { Seen } from './readings.js';
import { percentile } from './statistics.js';

/** What one viewer saw of one phase. */
export interface PhaseView {
  /** Frames presented per second. */
  fps: number;
  /** Longest time without a new frame, in ms; one that goes on in the next phase counts up to the end of this one. */
  longestGapMs: number;
  /** Age of the frames once the phase has settled, in ms; NaN when none could be read. */
  ageP50Ms: number;
  ageP95Ms: number;
  /** Which widths were shown, each with the seconds since the phase began. */
  sizes: { atS: number; width: number }[];
  /** Seconds from the phase's beginning until the full width was shown for good; Infinity when it was not. */
  fullAfterS: number;
}

/** Chromium presents a black picture of 2×2 where a track has nothing to show. */
const LEAST_WIDTH = 16;

/** After this, a change of the link is no news any more. */
export const SETTLED_AFTER_MS = 5_000;

/** Of how many of the frames the age is known, 0 to 1. */
export const readableShare = ({ frames, ages }: Seen): number =>
  ages.length / frames.filter(({ width }) => width >= LEAST_WIDTH).length;

/** @param begin of the phase, and `end`, in Unix ms */
export function viewPhase(seen: Seen, begin: number, end: number, fullWidth: number): PhaseView {
  const frames = seen.frames.filter(({ width }) => width >= LEAST_WIDTH);
  const within = frames.filter(({ atMs }) => atMs >= begin && atMs < end);
  const before = frames.filter(({ atMs }) => atMs < begin).at(-1);
  const sizes: PhaseView['sizes'] = before ? [{ atS: 0, width: before.width }] : [];
  for (const { atMs, width } of within) {
    if (sizes.at(-1)?.width !== width) sizes.push({ atS: (atMs - begin) / 1_000, width });
  }
  const settled = seen.ages
    .filter(({ atMs }) => atMs >= begin + SETTLED_AFTER_MS && atMs < end)
    .map(({ ageMs }) => ageMs);
  const moments = [before?.atMs ?? begin, ...within.map(({ atMs }) => atMs), end];
  const last = sizes.at(-1);
  return {
    fps: (within.length * 1_000) / (end - begin),
    longestGapMs: Math.max(...moments.slice(1).map((at, index) => at - Math.max(begin, moments[index] ?? begin))),
    ageP50Ms: percentile(settled, 50),
    ageP95Ms: percentile(settled, 95),
    sizes,
    fullAfterS: last?.width === fullWidth ? last.atS : Number.POSITIVE_INFINITY,
  };
}

/** What stood still in a row of moments at which a frame was presented. */
export interface Freezes {
  count: number;
  /** How long, all together. */
  frozenMs: number;
}

/** So many frames back the usual time between two is taken from. */
const USUAL_OVER = 30;

/**
 * A freeze, as W3C's webrtc-stats defines it: a frame that comes later than three times the usual time since the one
 * before, or 150 ms more than it, whichever is longer.
 */
export function findFreezes(moments: readonly number[]): Freezes {
  const freezes = { count: 0, frozenMs: 0 };
  const gaps: number[] = [];
  for (const [index, at] of moments.entries()) {
    if (index === 0) continue;
    const gap = at - (moments[index - 1] ?? at);
    const usual = gaps.reduce((sum, each) => sum + each, 0) / gaps.length;
    if (gaps.length > 0 && gap >= Math.max(3 * usual, usual + 150)) {
      freezes.count += 1;
      freezes.frozenMs += gap;
    }
    gaps.push(gap);
    if (gaps.length > USUAL_OVER) gaps.shift();
  }
  return freezes;
}
