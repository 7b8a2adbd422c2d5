import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { PreviewCore } from '../core/client-interface.js';
import { type Facts, NOTHING_KNOWN } from '../core/facts.js';

/** What a core is made of. */
export interface CoreOptions {
  src: string;
  stream: string;
  token?: string | undefined;
  icePolicy?: RTCIceTransportPolicy;
}

/**
 * An element that is moved leaves its document and comes back, as a rule within the same task; frameworks may need a few.
 * Nothing is closed, and so nothing blinks, until it has been away for this long.
 */
const GRACE_MS = 100;

/** Keeps one core for as long as the element is on a page, and hands its facts on. */
export class CoreHolder implements ReactiveController {
  facts: Facts = NOTHING_KNOWN;
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #create: () => PreviewCore;
  readonly #onFacts: (facts: Facts, before: Facts) => void;
  #core: PreviewCore | null = null;
  #video: HTMLVideoElement | null = null;
  #unsubscribe: (() => void) | undefined;
  #detach: (() => void) | undefined;
  #releaseStats: (() => void) | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  /** start() was called when there was no core to tell. */
  #startLater = false;

  constructor(
    host: ReactiveControllerHost & HTMLElement,
    create: () => PreviewCore,
    onFacts: (facts: Facts, before: Facts) => void,
  ) {
    this.#host = host;
    this.#create = create;
    this.#onFacts = onFacts;
    host.addController(this);
  }

  get core(): PreviewCore | null {
    return this.#core;
  }

  /** Makes a core, in place of the one that is there. Whoever was watching goes on watching. */
  open(autostart: boolean): void {
    const start = this.#startLater || this.facts.started || (autostart && this.#core === null);
    this.close();
    this.#core = this.#create();
    this.#unsubscribe = this.#core.subscribe((facts) => this.#take(facts));
    this.#take(this.#core.facts);
    this.#show();
    if (start) this.#core.start();
  }

  start(): void {
    if (this.#core) this.#core.start();
    else this.#startLater = true;
  }

  stop(): void {
    this.#startLater = false;
    this.#core?.stop();
  }

  /** Where the picture goes: known once the element has rendered. */
  showIn(video: HTMLVideoElement): void {
    if (this.#video === video) return;
    this.#video = video;
    this.#show();
  }

  hostConnected(): void {
    clearTimeout(this.#leaving);
    window.addEventListener('pagehide', this.#onPageHide);
    window.addEventListener('pageshow', this.#onPageShow);
    this.resume();
    if (!this.#core) this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    clearTimeout(this.#leaving);
    window.removeEventListener('pagehide', this.#onPageHide);
    window.removeEventListener('pageshow', this.#onPageShow);
    this.#leaving = setTimeout(() => {
      if (!this.#host.isConnected) this.close();
    }, GRACE_MS);
  }

  /** A closed tab says goodbye, so that the camera is off at once and not when its silence is noticed. */
  #onPageHide = (): void => {
    const { started } = this.facts;
    this.close();
    this.#startLater = started;
  };

  /** Back from the browser's cache of whole pages: whoever was watching goes on watching. */
  #onPageShow = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) this.#host.requestUpdate();
  };

  /** A video that was out of its document for a task is paused, and stays so: Chromium and the standard agree. */
  resume(): void {
    const video = this.#video;
    // The core itself hears of a refusal when it attaches; here it is only a repetition.
    if (video?.srcObject && video.paused) video.play().catch(() => {});
  }

  close(): void {
    this.#startLater = false;
    if (!this.#core) return;
    this.#unsubscribe?.();
    this.#releaseStats?.();
    this.#releaseStats = undefined;
    this.#detach?.();
    this.#detach = undefined;
    this.#core.close();
    this.#core = null;
    this.#take(NOTHING_KNOWN);
  }

  #show(): void {
    if (!this.#core || !this.#video) return;
    this.#detach?.();
    this.#detach = this.#core.attach(this.#video);
  }

  #take(facts: Facts): void {
    const before = this.facts;
    this.facts = facts;
    this.#readStatsWhile(facts.started);
    this.#host.requestUpdate();
    if (facts !== before) this.#onFacts(facts, before);
  }

  /** The pill shows the latency at all times, so readings are wanted whether the panel is open or not. */
  #readStatsWhile(wanted: boolean): void {
    if (wanted) this.#releaseStats ??= this.#core?.wantStats();
    else {
      this.#releaseStats?.();
      this.#releaseStats = undefined;
    }
  }
}
