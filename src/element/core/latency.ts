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
    if (arrivedMs !== undefined && clock?.encodeMs !== undefined) {
      legs.encode = clock.encodeMs;
      legs.network = Math.max(0, arrivedMs - clock.encodeMs);
    } else if (arrivedMs !== undefined) {
      legs.network = Math.max(0, arrivedMs);
    }
    if (bufferMs !== null) legs.buffer = bufferMs;
    if (decodeMs !== undefined) legs.decode = decodeMs;
    const known = Object.values(legs).reduce((sum, leg) => sum + leg, 0);
    legs.display = Math.max(0, totalMs - known);
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
