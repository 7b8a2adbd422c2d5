import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { every } from '../core/heartbeat.js';

/** Something that ends by itself after a while, and at once when the element leaves the page. */
export class Countdown implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #ms: number;
  readonly #onEnd: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost, ms: number, onEnd: () => void = () => {}) {
    this.#host = host;
    this.#ms = ms;
    this.#onEnd = onEnd;
    host.addController(this);
  }

  get running(): boolean {
    return this.#timer !== undefined;
  }

  /** Begins, or begins again. */
  start(): void {
    if (this.#timer === undefined) this.#host.requestUpdate();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(), this.#ms);
  }

  end(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onEnd();
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    this.end();
  }
}

/** Renders the element again and again while a figure in it runs: the time since the last frame, or until the next try. */
export class Ticker implements ReactiveController {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #ms: number;
  readonly #needed: () => boolean;
  #stop: (() => void) | undefined;

  constructor(host: ReactiveControllerHost & HTMLElement, ms: number, needed: () => boolean) {
    this.#host = host;
    this.#ms = ms;
    this.#needed = needed;
    host.addController(this);
  }

  hostUpdated(): void {
    if (!this.#host.isConnected || !this.#needed()) this.hostDisconnected();
    else this.#stop ??= every(this.#ms, () => this.#host.requestUpdate());
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
