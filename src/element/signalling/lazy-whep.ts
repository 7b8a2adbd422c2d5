import type { Mode } from '../../protocol/messages.js';
import { errorInfo, PreviewError } from '../../protocol/viewer-errors.js';
import { delayAfter } from './acknowledged.js';
import { parseAddress } from './address.js';
import { loadWhep } from './load-whep.js';
import type {
  ChannelEvents,
  ChosenMode,
  SessionEvents,
  SignallingChannel,
  SignallingFactory,
  SignallingSession,
} from './signalling.js';

/** Watches a WHEP address, http or https: `src` names the stream too. Throws `PreviewError`. */
export const whepSignalling: SignallingFactory = (source, events) =>
  new LazyChannel({ ...source, src: parseAddress(source.src, /^https?:/).href }, events);

/** Stands in for the channel until what speaks WHEP has been fetched. */
class LazyChannel implements SignallingChannel {
  readonly audio = true;
  readonly #source: Parameters<SignallingFactory>[0];
  readonly #events: ChannelEvents;
  #channel: SignallingChannel | undefined;
  #waiting: (() => void)[] = [];
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(source: Parameters<SignallingFactory>[0], events: ChannelEvents) {
    this.#source = source;
    this.#events = events;
    events.onSignalling('connecting');
    void this.#load();
  }

  async open(events: SessionEvents): Promise<SignallingSession> {
    if (!this.#channel && !this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.#channel) throw new PreviewError('server_unreachable');
    return this.#channel.open(events);
  }

  async setMode(mode: Mode): Promise<ChosenMode> {
    if (!this.#channel) throw new PreviewError('server_unreachable');
    return this.#channel.setMode(mode);
  }

  async authenticate(token: string | undefined): Promise<boolean> {
    this.#source.token = token;
    return this.#channel?.authenticate(token) ?? true;
  }

  reconnect(): void {
    if (this.#channel) this.#channel.reconnect();
    else if (this.#failures > 0) void this.#load();
  }

  watch(wanted: boolean): void {
    this.#channel?.watch?.(wanted);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#channel?.close();
    this.#wake();
  }

  async #load(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const { whepSignalling } = await loadWhep();
      if (this.#closed || this.#channel) return;
      this.#channel = whepSignalling(this.#source, this.#events);
      this.#wake();
    } catch {
      if (this.#closed) return;
      const seen = 'The part of this element that speaks WHEP cannot be fetched.';
      this.#events.onSignalling('connecting', errorInfo('server_unreachable', seen));
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#load(), delayAfter(this.#failures));
      this.#failures += 1;
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
