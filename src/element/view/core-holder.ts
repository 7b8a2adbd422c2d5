import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { PreviewCore } from '../core/client-interface.js';
import { type Facts, NOTHING_KNOWN } from '../core/facts.js';
import type { PreviewClientOptions } from '../core/preview-client.js';
import { shown, warnOnce } from './settings.js';

/** What a core is made of. */
export type CoreOptions = Omit<PreviewClientOptions, 'signalling' | 'random' | 'createPeer'>;

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
  #releaseFrames: (() => void) | undefined;
  /** That of its document: an iframe or a popup goes without the page that made the element. */
  #window: Window | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  /** start() was called when there was no core to tell. */
  #startLater = false;
  /** The page is gone or on its way: nothing may be opened for it. */
  #away = false;
  /** Its page comes back as it was: `autostart` has had its turn. */
  #kept = false;

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

  /** As the core knows it now; `facts` are told a moment later. */
  get #started(): boolean {
    return this.#core?.facts.started ?? false;
  }

  /** Makes a core, in place of the one that is there. Whoever was watching goes on watching. */
  open(autostart: boolean): void {
    if (this.#away) return;
    const start = this.#startLater || this.#started || (autostart && this.#core === null && !this.#kept);
    this.#kept = false;
    this.close();
    try {
      this.#core = this.#create();
    } catch (error) {
      // The view goes on without: the next change of a setting may mend it, and then starts what was to be started.
      this.#startLater = start;
      warnOnce(`There is no connection: ${shown(error)}`);
      return;
    }
    this.#unsubscribe = this.#core.subscribe((facts) => this.#take(facts));
    this.#take(this.#core.facts);
    this.#show();
    if (start) this.#core.start();
  }

  start(): void {
    if (this.#core) {
      this.#core.start();
      return;
    }
    this.#startLater = true;
    this.#return();
  }

  stop(): void {
    this.#startLater = false;
    this.#core?.stop();
  }

  /** Where there is no core, a new one tries: it starts if the last one had been. */
  retry(): void {
    this.resume();
    if (this.#core) this.#core.retry();
    else this.#return();
  }

  /** Where the picture goes: known once the element has rendered. */
  showIn(video: HTMLVideoElement): void {
    if (this.#video === video) return;
    this.#video = video;
    this.#show();
  }

  hostConnected(): void {
    clearTimeout(this.#leaving);
    this.#kept = false;
    this.#window = this.#host.ownerDocument.defaultView ?? window;
    this.#window.addEventListener('pagehide', this.#onPageHide);
    this.#window.addEventListener('pageshow', this.#onPageShow);
    this.resume();
    if (!this.#core) this.#return();
  }

  hostDisconnected(): void {
    clearTimeout(this.#leaving);
    this.#window?.removeEventListener('pagehide', this.#onPageHide);
    this.#window?.removeEventListener('pageshow', this.#onPageShow);
    this.#leaving = setTimeout(() => {
      if (!this.#host.isConnected) this.close();
    }, GRACE_MS);
  }

  /** A closed tab says goodbye, so that the camera is off at once and not when its silence is noticed. */
  #onPageHide = (): void => {
    const started = this.#started || this.#startLater;
    this.#kept ||= this.#core !== null;
    this.#away = true;
    this.close();
    this.#startLater = started;
  };

  /** Back from the browser's cache of whole pages: whoever was watching goes on watching. */
  #onPageShow = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) this.#return();
  };

  /** An element whose iframe was removed is never told, and still counts as connected. */
  #isLost(): boolean {
    return !this.#host.ownerDocument.defaultView;
  }

  /** The next update opens a core where there is none. */
  #return(): void {
    this.#away = false;
    this.#host.requestUpdate();
  }

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
    this.wantFramesWhile(false);
    this.#detach?.();
    this.#detach = undefined;
    this.#core.close();
    this.#core = null;
    this.#take(NOTHING_KNOWN);
  }

  /** A page that is hidden goes on for this. */
  wantFramesWhile(wanted: boolean): void {
    if (wanted) this.#releaseFrames ??= this.#core?.wantFrames();
    else {
      this.#releaseFrames?.();
      this.#releaseFrames = undefined;
    }
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
    // The statistics bring this here once a second. It waits for the core to be done with what it is telling.
    if (facts.started && this.#isLost()) queueMicrotask(() => this.#isLost() && this.#onPageHide());
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
