import { vi } from 'vitest';
import type { Clocks } from '../../../src/server/ice/alarm.js';

/** A wall clock that can jump, above vitest's fake timers, whose time only passes. */
export class TestClocks implements Clocks {
  readonly #start = performance.now();
  #wallOffsetMs: number;

  constructor(wallMs = 1_700_000_000_000) {
    this.#wallOffsetMs = wallMs;
  }

  now(): number {
    return this.#wallOffsetMs + this.monotonic();
  }

  monotonic(): number {
    return performance.now() - this.#start;
  }

  /** Somebody sets the clock. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  async pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
