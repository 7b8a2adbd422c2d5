/** Clocks and timers of the credentials; tests bring their own. */
export interface Clocks {
  /** Wall clock, Unix ms: what TURN servers compare expiry with. It may jump. */
  now(): number;
  /** Monotonic, ms. */
  monotonic(): number;
}

export const SYSTEM_CLOCKS: Clocks = { now: () => Date.now(), monotonic: () => performance.now() };

/** A jump of the wall clock is noticed within this. */
const LOOK_EVERY_MS = 30_000;

/** A time on the wall clock that is reached also by waiting as long as it was away: whichever comes first. */
export class DueTime {
  readonly #clocks: Clocks;
  readonly #atMs: number;
  readonly #monotonicMs: number;

  /** @param atMs Unix time in ms */
  constructor(atMs: number, clocks: Clocks) {
    this.#clocks = clocks;
    this.#atMs = atMs;
    this.#monotonicMs = clocks.monotonic() + Math.max(0, atMs - clocks.now());
  }

  /** 0 or less: it is due. */
  get leftMs(): number {
    return Math.min(this.#atMs - this.#clocks.now(), this.#monotonicMs - this.#clocks.monotonic());
  }
}

/** One timer that rings when a {@link DueTime} is due, however the wall clock moves. Keeps no process alive. */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Replaces what was set before. */
  set(due: DueTime): void {
    clearTimeout(this.#timer);
    const waitMs = Math.min(Math.max(0, due.leftMs), LOOK_EVERY_MS);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (due.leftMs <= 0) this.#ring();
      else this.set(due);
    }, Math.ceil(waitMs));
    this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
