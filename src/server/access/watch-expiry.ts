import { TIMEOUTS } from '../../protocol/index.js';
import type { Grant } from './access.js';

/** What is watched: a peer, whose grant may be replaced by a newer one. */
export interface GrantHolder {
  readonly id: string;
  readonly grant: Grant;
}

export interface ExpiryEvents<P extends GrantHolder> {
  /** Its rights end soon. Once for each grant. */
  onWarning(peer: P): void;
  /** Its rights have ended, and it is watched no longer. */
  onExpired(peer: P): void;
}

export interface ExpiryClocks {
  /** Unix time in ms: what tokens are made by. Somebody may set it. */
  readonly wall: () => number;
  /** Only goes forward, in ms. */
  readonly monotonic: () => number;
}

interface Watched<P> {
  readonly peer: P;
  readonly expiresAtMs: number;
  /** The same moment on the monotonic clock, as it was when the grant came. */
  readonly deadlineMs: number;
  readonly warnBeforeMs: number;
  warned: boolean;
}

/** However far the next end is, the wall clock is looked at this often, in ms: it may have been set. */
const LOOK_EVERY_MS = 30_000;

/**
 * Watches when the rights of peers end, with one timer for all.
 *
 * A grant ends when the wall clock says so, or when as much time has passed as it had left, whichever is first: setting the clock back
 * lengthens no grant, and setting it forward ends what would no longer be let in.
 */
export class GrantExpiry<P extends GrantHolder> {
  readonly #events: ExpiryEvents<P>;
  readonly #clocks: ExpiryClocks;
  readonly #watched = new Map<string, Watched<P>>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires, on the monotonic clock. */
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(
    events: ExpiryEvents<P>,
    clocks: ExpiryClocks = { wall: () => Date.now(), monotonic: () => performance.now() },
  ) {
    this.#events = events;
    this.#clocks = clocks;
  }

  /** How many peers have rights that end. */
  get size(): number {
    return this.#watched.size;
  }

  /** A peer has come, or has a newer grant. Nothing is called before this returns, even if it is over already. */
  watch(peer: P): void {
    if (this.#closed) return;
    const { expiresAtMs } = peer.grant;
    if (expiresAtMs === undefined) {
      this.forget(peer.id);
      return;
    }
    const leftMs = expiresAtMs - this.#clocks.wall();
    const watched: Watched<P> = {
      peer,
      expiresAtMs,
      deadlineMs: this.#clocks.monotonic() + leftMs,
      // Half of a short life is left to be renewed in.
      warnBeforeMs: Math.min(TIMEOUTS.tokenWarningMs, leftMs / 2),
      warned: false,
    };
    this.#watched.set(peer.id, watched);
    this.#wakeIn(this.#dueInMs(watched));
  }

  /** The peer is gone. */
  forget(id: string): void {
    this.#watched.delete(id);
    if (this.#watched.size === 0) this.#sleep();
  }

  /** Nothing is left behind, and nothing is called any more. */
  close(): void {
    this.#closed = true;
    this.#watched.clear();
    this.#sleep();
  }

  /** As the stricter of the two clocks has it. */
  #leftMs({ expiresAtMs, deadlineMs }: Watched<P>): number {
    return Math.min(expiresAtMs - this.#clocks.wall(), deadlineMs - this.#clocks.monotonic());
  }

  #dueInMs(watched: Watched<P>): number {
    return this.#leftMs(watched) - (watched.warned ? 0 : watched.warnBeforeMs);
  }

  #look(): void {
    this.#sleep();
    try {
      for (const watched of [...this.#watched.values()]) {
        // One that was called before may have sent this one away.
        if (this.#watched.get(watched.peer.id) === watched && this.#dueInMs(watched) <= 0) this.#tell(watched);
      }
    } finally {
      let nextMs = Number.POSITIVE_INFINITY;
      for (const watched of this.#watched.values()) nextMs = Math.min(nextMs, this.#dueInMs(watched));
      if (this.#watched.size > 0) this.#wakeIn(nextMs);
    }
  }

  #tell(watched: Watched<P>): void {
    if (this.#leftMs(watched) <= 0) {
      this.#watched.delete(watched.peer.id);
      this.#events.onExpired(watched.peer);
    } else {
      watched.warned = true;
      this.#events.onWarning(watched.peer);
    }
  }

  /** Node's timers take at most 2^31 − 1 ms; looking this often keeps far below. */
  #wakeIn(ms: number): void {
    const waitMs = Math.ceil(Math.min(Math.max(ms, 0), LOOK_EVERY_MS));
    const wakeAtMs = this.#clocks.monotonic() + waitMs;
    if (wakeAtMs >= this.#wakeAtMs) return;
    clearTimeout(this.#timer);
    this.#wakeAtMs = wakeAtMs;
    this.#timer = setTimeout(() => this.#look(), waitMs);
    this.#timer.unref();
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
  }
}
