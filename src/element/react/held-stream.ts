import type { Mode } from '../../protocol/index.js';
import { type CoreSettings, type Facts, NOTHING_KNOWN, type TokenSource } from '../core/facts.js';
import { PreviewClient, type PreviewClientOptions } from '../core/preview-client.js';
import { grabFrame } from '../view/abilities.js';

/** Keeps one client for as long as a component is on the page. Inert until `enter()`, so it may be made on a server. */
export class HeldStream {
  readonly #listeners = new Set<() => void>();
  #client: PreviewClient | undefined;
  #create: (() => PreviewClient) | undefined;
  #key: string | undefined;
  #token: TokenSource;
  #video: HTMLVideoElement | null = null;
  #detach: (() => void) | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  /** start() was called when there was no client to tell. */
  #startLater = false;

  /** @param key names what cannot be changed on a client: another key is another client, which goes on where the former was */
  enter(key: string, options: PreviewClientOptions, autostart: boolean): void {
    clearTimeout(this.#leaving);
    if (this.#client && key === this.#key) return;
    const start = this.#startLater || (this.#client ? this.#client.facts.started : autostart);
    this.#close();
    this.#key = key;
    this.#token = options.token;
    this.#create = () =>
      new PreviewClient({ ...options, ...(this.#token === undefined ? {} : { token: this.#token }) });
    window.addEventListener('pagehide', this.#onPageHide);
    window.addEventListener('pageshow', this.#onPageShow);
    this.#open(start);
  }

  /** Not at once: StrictMode takes a component off and puts it back, and so nothing is closed for that. */
  leave(): void {
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => {
      this.#close();
      this.#tell();
    });
  }

  setToken(token: TokenSource): void {
    if (token === this.#token) return;
    this.#token = token;
    this.#client?.setToken(token);
  }

  configure(settings: CoreSettings): void {
    this.#client?.configure(settings);
  }

  readonly facts = (): Facts => this.#client?.facts ?? NOTHING_KNOWN;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly show = (video: HTMLVideoElement | null): void => {
    this.#detach?.();
    this.#video = video;
    this.#detach = video ? this.#client?.attach(video) : undefined;
  };

  readonly start = (): void => {
    if (this.#client) this.#client.start();
    else this.#startLater = true;
  };

  readonly stop = (): void => {
    this.#startLater = false;
    this.#client?.stop();
  };

  readonly retry = (): void => this.#client?.retry();

  readonly setMode = (mode: Mode): void => this.#client?.setMode(mode);

  readonly report = (): string => this.#client?.report() ?? '';

  readonly snapshot = async (): Promise<Blob> => {
    const frame = this.#video && (await grabFrame(this.#video));
    if (!frame) throw new DOMException('There is no picture yet.', 'InvalidStateError');
    return frame;
  };

  #open(start: boolean): void {
    const client = this.#create?.();
    if (!client) return;
    this.#client = client;
    this.#startLater = false;
    client.subscribe(this.#tell);
    client.wantStats();
    this.show(this.#video);
    if (start) client.start();
    this.#tell();
  }

  #close(): void {
    window.removeEventListener('pagehide', this.#onPageHide);
    window.removeEventListener('pageshow', this.#onPageShow);
    this.#end();
  }

  #end(): void {
    this.#detach?.();
    this.#detach = undefined;
    this.#client?.close();
    this.#client = undefined;
  }

  readonly #tell = (): void => {
    for (const listener of this.#listeners) listener();
  };

  /** A closed tab says goodbye, so that the camera is off at once and not when its silence is noticed. */
  readonly #onPageHide = (): void => {
    const { started } = this.facts();
    this.#end();
    this.#startLater = started;
  };

  /** Back from the browser's cache of whole pages: whoever was watching goes on watching. */
  readonly #onPageShow = ({ persisted }: PageTransitionEvent): void => {
    if (persisted && !this.#client) this.#open(this.#startLater);
  };
}
