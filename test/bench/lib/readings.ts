import type { LatencyLegs } from '../../../src/element/core/facts.js';

/* What the pages tell the benchmarks. */

/** One join. */
export interface JoinReading {
  /** Unix ms. */
  beganAt: number;
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

/** The browser's own count of the video's packets (`inbound-rtp`). */
export interface Received {
  /** Of the packets sent once, those that never came, or came only as a retransmission. */
  lost: number;
  /** Of the packets sent once, those that came. */
  arrived: number;
  /** Retransmissions that came, needed or not. */
  retransmitted: number;
  /** RTP packets that were sent once, headers included. */
  bytes: number;
  nacks: number;
  keyframesWanted: number;
}

/** What the browser says of one frame. Times are Unix ms. */
export interface PageFrame {
  /** Its RTP timestamp, by which it is known. */
  rtp: number;
  /** Its last packet. */
  receivedMs: number;
  /** Time in the decoder. */
  decodeMs: number;
  /** Given to the compositor. */
  presentedMs: number;
  calledMs: number;
}

/** Sums over all frames of a receiver: seconds, and of how many frames. */
export type ReceiverTotals = Record<
  'assembly' | 'buffered' | 'decoded' | 'processed',
  [seconds: number, count: number]
>;

/** A frame on somebody else's page, by the clock that is burned into it. */
export interface PeerFrame {
  /** Unix ms. */
  atMs: number;
  ageMs: number;
  sequence: number;
}
