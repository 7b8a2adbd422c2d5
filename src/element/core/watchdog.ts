import type { CoreContext } from './context.js';
import { every } from './heartbeat.js';
import { pageHidden, watchPage } from './page-signs.js';
import { type Picture, STALL_BLIND_MS } from './picture.js';
import type { Tries } from './tries.js';

export interface WatchdogContext extends CoreContext {
  /** Somebody uses the frames although nobody may look. */
  framesWanted(): boolean;
  /** Time has passed: 250 ms, in a hidden page about a second. */
  onTick(): void;
}

/** How often it looks. */
const TICK_MS = 250;
/** Ticks that are further apart than this were slept through. */
const ASLEEP_MS = 5_000;
/** A page that was away has its next frame by then, or a connection that is worth nothing. */
const PROBE_MS = 1_000;
/** A try that has only just begun is not begun again because of a sign. */
const YOUNG_MS = 1_000;

/**
 * Watches the page and the time for what no connection says: that nobody looks, that somebody looks again, that the device was
 * asleep or is back on a network. Decides when nothing is to be sent here, and when what seems to flow has to prove it.
 */
export class Watchdog {
  readonly #core: WatchdogContext;
  readonly #picture: Picture;
  readonly #tries: Tries;
  readonly #forgetPage: () => void;
  #stopTicking: (() => void) | undefined;
  #dueTimer: ReturnType<typeof setTimeout> | undefined;
  #tickedAt = 0;
  /** Since when nobody can look, by `performance.now()`. */
  #hiddenSince: number | undefined;
  /** By when a frame must have come, by `performance.now()`; and when that was asked. */
  #probeUntil = Number.POSITIVE_INFINITY;
  #probedAt = 0;
  /** Nothing is sent because nobody looks; until the first frame after that, or until it is clear that none comes. */
  paused = false;

  constructor(core: WatchdogContext, picture: Picture, tries: Tries) {
    this.#core = core;
    this.#picture = picture;
    this.#tries = tries;
    this.#forgetPage = watchPage({
      onVisibility: () => this.#checkVisibility(),
      onSign: (sign) => this.#onSign(sign),
    });
  }

  /** There is something to watch, or no more. */
  watch(wanted: boolean): void {
    this.#stopTicking?.();
    clearTimeout(this.#dueTimer);
    this.#tickedAt = Date.now();
    this.#hiddenSince = undefined;
    this.#probeUntil = Number.POSITIVE_INFINITY;
    this.#stopTicking = wanted ? every(TICK_MS, () => this.#tick()) : undefined;
    this.paused &&= wanted;
  }

  /** @returns whether it was paused until now */
  onSignOfLife(): boolean {
    const { paused } = this;
    this.paused = false;
    this.#probeUntil = Number.POSITIVE_INFINITY;
    return paused;
  }

  resume(): void {
    if (!this.paused) return;
    this.watch(true);
    if (this.#core.facts().signalling !== 'connected') this.#core.reconnect();
    if (this.#tries.release()) this.#probe();
    else this.paused = false;
    this.#core.update();
  }

  close(): void {
    this.watch(false);
    this.#forgetPage();
  }

  #tick(): void {
    const now = Date.now();
    const asleep = now - this.#tickedAt > ASLEEP_MS && !pageHidden();
    this.#tickedAt = now;
    if (asleep) {
      this.#picture.wake();
      this.#onSign('back');
    }
    this.#checkVisibility();
    if (!this.#stopTicking) return;
    if (performance.now() >= this.#probeUntil) {
      this.#probeUntil = Number.POSITIVE_INFINITY;
      this.paused = false;
      this.#tries.hurry(this.#probedAt);
    }
    this.#core.onTick();
    // A stall is told when it is one, and not up to a tick later. While frames come, none is due so soon.
    const dueMs = this.#picture.patienceMs(this.#core.fps()) - this.#picture.stalledMs;
    clearTimeout(this.#dueTimer);
    if (dueMs > 0 && dueMs < TICK_MS) this.#dueTimer = setTimeout(() => this.#core.onTick(), dueMs);
  }

  #checkVisibility(): void {
    const hidden = pageHidden();
    if (!this.#stopTicking) {
      if (!hidden) this.resume();
    } else if (hidden) {
      this.#pauseWhenDue();
    } else if (this.#hiddenSince !== undefined) {
      this.#hiddenSince = undefined;
      // Frame callbacks begin anew: that they were silent is no stall, if frames were decoded meanwhile.
      this.#picture.grace(PROBE_MS, STALL_BLIND_MS);
      this.#onSign('back');
    }
  }

  #pauseWhenDue(): void {
    const now = performance.now();
    if (this.#core.framesWanted() || this.#picture.inPictureInPicture) this.#hiddenSince = now;
    this.#hiddenSince ??= now;
    const { pauseWhenHiddenMs } = this.#core.settings;
    const due = pauseWhenHiddenMs !== null && now - this.#hiddenSince >= pauseWhenHiddenMs;
    if (!due || this.#core.facts().signalling === 'closed') return;
    this.watch(false);
    this.paused = true;
    void this.#tries.hold();
    this.#core.update({ problem: null });
  }

  /** There is reason to hope: whoever waits, waits no longer; and what seems to flow has to prove it. */
  #onSign(sign: 'online' | 'back'): void {
    const { started, signalling, problem } = this.#core.facts();
    if (signalling === 'connecting' || (signalling === 'closed' && problem?.retryable)) this.#core.reconnect();
    if (!started || this.paused) return;
    const patient = this.#picture.flowing(this.#core.fps()) || (sign === 'back' && this.#tries.current && !problem);
    if (patient) this.#probe();
    // Back on a network means on another one, as a rule, to which nothing is sent yet. Where it is, the next frame ends the try.
    if (!patient || (sign === 'online' && !this.#picture.blind)) this.#tries.hurry(performance.now() - YOUNG_MS);
    this.#core.update();
  }

  #probe(): void {
    this.#picture.play();
    // One that is under way keeps its end, however many signs there are.
    if (this.#probeUntil !== Number.POSITIVE_INFINITY) return;
    const ms = Math.max(PROBE_MS, this.#picture.patienceMs(this.#core.fps()));
    this.#picture.doubt(ms);
    this.#probedAt = performance.now();
    this.#probeUntil = this.#probedAt + ms;
  }
}
