import { type ErrorInfo, errorInfo, toErrorInfo } from '../../protocol/viewer-errors.js';
import type { ChannelEvents, SignallingChannel } from '../signalling/signalling.js';
import type { CoreContext } from './context.js';
import type { Facts, TokenSource } from './facts.js';
import { nextDelayMs } from './retry.js';

export interface ChannelsContext extends CoreContext {
  open(token: string | undefined, events: ChannelEvents): SignallingChannel;
  onSignalling: ChannelEvents['onSignalling'];
  onStream: ChannelEvents['onStream'];
  /** The server has another token, so a try may go better. `replaced`: by another channel, so what is shown must follow. */
  onRenewed(replaced: boolean): void;
  /** What is shown came by the channel that is to be replaced. */
  hasPicture(): boolean;
}

/** What asks longer than this is not going to answer. */
const PROVIDER_DEADLINE_MS = 10_000;

/** What another token mends. */
const TOKEN_ERRORS: readonly string[] = ['unauthorized', 'token_missing', 'token_expired'];

/** Decides by which channel the server is spoken to, and with which token. */
export class Channels {
  readonly #core: ChannelsContext;
  #source: NonNullable<TokenSource> | undefined;
  #token: string | undefined;
  #channel: SignallingChannel | undefined;
  /** The one before another token, for as long as its media is shown. */
  #former: SignallingChannel | undefined;
  /** Counts the channels: what an earlier one says is no news. */
  #count = 0;
  /** Counts the questions to the provider: an answer to an earlier one is not waited for. */
  #asked = 0;
  #asking = false;
  #failures = 0;
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  /** The provider was asked because of a refusal, and nothing has been accepted since. */
  #askedForRefusal = false;
  #closed = false;

  constructor(core: ChannelsContext, source: TokenSource) {
    this.#core = core;
    this.#source = usable(source);
  }

  get current(): SignallingChannel | undefined {
    return this.#channel;
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** Speaks to the server, as soon as there is a token to do it with. */
  begin(): void {
    if (typeof this.#source === 'function') void this.#ask();
    else {
      this.#token = this.#source;
      this.#open();
    }
  }

  /** Tries to reach the server right now. */
  reconnect(): void {
    this.#askedForRefusal = false;
    if (this.#channel) this.#channel.reconnect();
    else if (typeof this.#source === 'function' && !this.#asking) void this.#ask();
  }

  setSource(given: TokenSource): void {
    const source = usable(given);
    if (this.#closed || source === this.#source) return;
    const before = this.#source;
    this.#source = source;
    if (typeof source !== 'function') {
      this.#forgetQuestion();
      if (source !== this.#token || !this.#channel) void this.#bring(source);
    }
    // A page that is drawn anew brings another function each time: it is asked when a token is needed.
    else if (typeof before !== 'function') void this.#ask();
  }

  closeFormer(): void {
    this.#former?.close();
    this.#former = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#forgetQuestion();
    this.closeFormer();
    this.#channel?.close();
  }

  #open(): void {
    this.#count += 1;
    const number = this.#count;
    const current = () => !this.#closed && number === this.#count;
    try {
      this.#channel = this.#core.open(this.#token, {
        onSignalling: (state, error) => current() && this.#onSignalling(state, error),
        onStream: (info) => current() && this.#core.onStream(info),
        onTokenExpiring: (expiresAt) => {
          if (!current()) return;
          this.#core.update({ tokenExpiresAt: expiresAt });
          if (typeof this.#source === 'function') void this.#ask();
        },
      });
    } catch (error) {
      this.#channel = undefined;
      this.#core.onSignalling('closed', toErrorInfo(error, 'bad_source'));
    }
  }

  #onSignalling(state: Facts['signalling'], error?: ErrorInfo): void {
    if (state === 'connected') this.#askedForRefusal = false;
    const refused = state === 'closed' && error && TOKEN_ERRORS.includes(error.code);
    if (refused && typeof this.#source === 'function' && !this.#askedForRefusal) {
      this.#askedForRefusal = true;
      this.#core.update({ problem: null });
      this.#core.onSignalling('connecting', error);
      void this.#ask(error);
    } else {
      this.#core.onSignalling(state, error);
    }
  }

  /** @param refusal what the server said of the token that there is: the same one once more is no answer */
  async #ask(refusal?: ErrorInfo): Promise<void> {
    const source = this.#source;
    if (this.#asking || typeof source !== 'function') return;
    this.#forgetQuestion();
    this.#asking = true;
    const question = this.#asked;
    let token: string | undefined;
    let problem: ErrorInfo | undefined;
    try {
      token = usable(await within(PROVIDER_DEADLINE_MS, source));
    } catch (error) {
      problem = errorInfo('token_provider_failed', `The page's token provider failed: ${error}`);
    }
    if (this.#closed || question !== this.#asked) return;
    this.#asking = false;
    if (!problem) this.#failures = 0;
    if (problem) this.#onProviderFailed(problem, refusal);
    else if (refusal && token === this.#token) this.#core.onSignalling('closed', refusal);
    else if (!this.#channel) {
      this.#token = token;
      this.#open();
      this.#core.onRenewed(false);
    } else if (token !== this.#token) void this.#bring(token, refusal !== undefined);
  }

  #onProviderFailed(problem: ErrorInfo, refusal: ErrorInfo | undefined): void {
    // What runs goes on with the token that it has, while it is good.
    if (this.#channel && !refusal) {
      this.#core.update({ tokenProblem: problem });
      return;
    }
    this.#failures += 1;
    const delay = nextDelayMs(this.#core.settings.retryPolicy, this.#failures, this.#core.random());
    this.#core.onSignalling('closed', problem);
    if (delay !== undefined) this.#askTimer = setTimeout(() => void this.#ask(refusal), Math.max(1_000, delay));
  }

  #forgetQuestion(): void {
    clearTimeout(this.#askTimer);
    this.#asked += 1;
    this.#asking = false;
  }

  /** Brings another token to the server, on the channel that there is where that can be done. */
  async #bring(token: string | undefined, wasRefused = false): Promise<void> {
    this.#token = token;
    const channel = this.#channel;
    const current = () => !this.#closed && token === this.#token && channel === this.#channel;
    try {
      const taken = await channel?.authenticate(token);
      if (!current()) return;
      this.#core.update({ tokenExpiresAt: null, tokenProblem: null });
      if (!taken) this.#change();
      this.#core.onRenewed(!taken);
    } catch (error) {
      if (!current()) return;
      const info = toErrorInfo(error);
      if (wasRefused) this.#core.onSignalling('closed', info);
      else this.#core.update({ tokenProblem: info });
    }
  }

  /** Others share the connection and keep their token. What is shown stays until the new channel has its first frame. */
  #change(): void {
    if (this.#core.hasPicture()) this.#former ??= this.#channel;
    if (this.#channel !== this.#former) this.#channel?.close();
    this.#open();
  }
}

/** A page has `null` or '' where it has no token: an attribute that was removed, a variable that is not set. */
function usable<T>(source: T): NonNullable<T> | undefined {
  return source || undefined;
}

/** @throws what `ask` throws, or that it has taken too long */
async function within<T>(ms: number, ask: () => T | Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(`no answer in ${ms / 1_000} s`), ms);
  });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    clearTimeout(timer);
  }
}
