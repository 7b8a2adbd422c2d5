import type { ClockSync } from './clock-sync.js';
import type { Latency, LatencyLegs } from './facts.js';

/** What is known of one presented frame. Times on our clock, in Unix ms with a fraction. */
export interface PresentedFrame {
  /** When it was handed to the compositor (`presentationTime` of requestVideoFrameCallback). */
  presentedAt: number;
  rtpTimestamp?: number | undefined;
  /** When its last packet arrived. */
  receivedAt?: number | undefined;
  /** Time that the decoder took, in ms. */
  decodeMs?: number | undefined;
}

const HISTORY_SECONDS = 60;

/** Collects the age of each presented frame and sums it up once a second. */
export class LatencyMeter {
  #ages: number[] = [];
  #arrivals: number[] = [];
  #decodes: number[] = [];
  #history: (number | null)[] = [];
  #sync: ClockSync | undefined;

  /** The frames to come belong to another connection. The history goes on: a gap in it is a gap that was seen. */
  follow(sync: ClockSync): void {
    this.#sync = sync;
  }

  reset(): void {
    this.#sync = undefined;
    this.#ages = [];
    this.#arrivals = [];
    this.#decodes = [];
    this.#history = [];
  }

  add(frame: PresentedFrame): void {
    const capturedAt = frame.rtpTimestamp === undefined ? undefined : this.#sync?.captureTime(frame.rtpTimestamp);
    if (capturedAt !== undefined) {
      this.#ages.push(frame.presentedAt - capturedAt);
      if (frame.receivedAt !== undefined) this.#arrivals.push(frame.receivedAt - capturedAt);
    } else if (frame.receivedAt !== undefined) {
      // Without the sender's word only the browser's own share is known: a lower bound.
      this.#ages.push(frame.presentedAt - frame.receivedAt);
    }
    if (frame.decodeMs !== undefined) this.#decodes.push(frame.decodeMs);
  }

  /**
   * Closes the second: the median of its frames, and where the milliseconds went.
   *
   * @param bufferMs mean stay in the jitter buffer over the same second, from the statistics
   */
  sum(bufferMs: number | null): Latency | null {
    const totalMs = median(this.#ages);
    const arrivedMs = median(this.#arrivals);
    const decodeMs = median(this.#decodes);
    this.#history = [...this.#history, totalMs ?? null].slice(-HISTORY_SECONDS);
    this.#ages = [];
    this.#arrivals = [];
    this.#decodes = [];
    if (totalMs === undefined) return null;

    const clock = this.#sync?.clock;
    const legs: LatencyLegs = {};
    // Each is a median or mean of its own, so their sum may miss the total by a little: whoever comes later gets the rest.
    let rest = totalMs;
    const take = (ms: number): number => {
      const taken = Math.max(0, Math.min(ms, rest));
      rest -= taken;
      return taken;
    };
    if (arrivedMs !== undefined) {
      let onTheWay = arrivedMs;
      for (const [leg, ms] of [
        ['encode', clock?.encodeMs],
        ['send', clock?.sendMs],
      ] as const) {
        if (ms === undefined) continue;
        legs[leg] = take(Math.min(ms, onTheWay));
        onTheWay -= legs[leg];
      }
      legs.network = take(onTheWay);
    }
    if (bufferMs !== null) legs.buffer = take(bufferMs);
    if (decodeMs !== undefined) legs.decode = take(decodeMs);
    legs.display = Math.max(0, rest);
    const complete = arrivedMs !== undefined && clock !== undefined && clock.origin !== 'arrival';
    return { totalMs, complete, legs };
  }

  /** Latency of each of the last 60 seconds, oldest first. */
  get history(): readonly (number | null)[] {
    return this.#history;
  }
}

function median(values: number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
