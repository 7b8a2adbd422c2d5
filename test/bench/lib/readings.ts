import type { LatencyLegs } from '../../../src/element/core/facts.js';

/* What the pages tell the benchmarks. */

/** One join. */
export interface JoinReading {
  /** To the first frame whose clock is fresh; `null` when there was none in time. */
  ms: number | null;
  /** How old the very first frame was when it was presented, fresh or not. */
  firstAgeMs: number | null;
  /** When each step was climbed, in ms since the same beginning; `picture` is that very first frame. */
  steps: Record<string, number>;
  /** Why there was none, in the client's own words. */
  report?: string;
}

/** What the element says of itself. */
export interface ElementFigures {
  state: string;
  /** Median of its latencies of the last seconds, in ms; `null` when it has none. */
  totalMs: number | null;
  /** False when the figure is a lower bound. */
  complete: boolean;
  legs: LatencyLegs;
  /** Where the picture lies on the page, in CSS pixels. */
  picture: { x: number; y: number; width: number; height: number };
}

/** What a viewer has seen. Times are Unix ms. */
export interface Seen {
  /** Every frame that was presented. */
  frames: { atMs: number; width: number }[];
  /** How old they were, of those whose clock could be read. */
  ages: { atMs: number; ageMs: number }[];
}
