import type { IceServer } from '../../protocol/index.js';
import { Alarm, type Clocks, DueTime } from './alarm.js';
import { type Ice, staticIce } from './static.js';

/** What a provider function is told. */
export interface IceProviderContext {
  /** Aborts when the answer is no longer waited for: hand it to `fetch`. */
  readonly signal: AbortSignal;
  /** Validity to ask for, in s, where the service wants to be told; taken for granted when the answer has no `ttl`. */
  readonly ttlS: number;
}

/** STUN and TURN servers as hosted services give them. */
export interface ProvidedIce {
  /** In the browser's form; `urls` may be a single text. */
  iceServers: readonly (Omit<IceServer, 'urls'> & { urls: string | readonly string[] })[];
  /**
   * How long the credentials are good, in s: at least 60.
   * @default 3600, which is what the function was told
   */
  ttl?: number;
}

/**
 * Asks a hosted service for ICE servers. The answer of `fetch` may be returned as it is: status, size and content are
 * looked at. Cloudflare's and Twilio's forms are both understood.
 *
 * @example
 * ({ signal, ttlS }) =>
 *   fetch(`https://rtc.live.cloudflare.com/v1/turn/keys/${keyId}/credentials/generate-ice-servers`, {
 *     method: 'POST',
 *     headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
 *     body: JSON.stringify({ ttl: ttlS }),
 *     signal,
 *   })
 */
export type IceProvider = (context: IceProviderContext) => Promise<ProvidedIce | Response>;

export const PROVIDER_TTL_S = 3_600;
const SHORTEST_TTL_S = 60;
const LONGEST_TTL_S = 86_400;
/** As in the protocol's IceConfig. */
const MOST_SERVERS = 16;
const PATIENCE_MS = 5_000;
const LARGEST_ANSWER_BYTES = 64 * 1024;
/** Of the credentials' time: new ones are asked for then, and peers have the rest of it to get them. */
const REFRESH_AT = 0.7;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** What a provider said, checked, in both forms. */
export interface Provided {
  readonly ice: Ice;
  /** Unix time in ms, as is the next. */
  readonly sinceMs: number;
  readonly expiresAtMs: number;
}

export interface ProviderCacheOptions {
  clocks: Clocks;
  random: () => number;
  /** Told of each new answer. */
  onAnswer(): void;
  /** Told of each failure that is the first, or another one than before; `hasGood`: there still is a good answer. */
  onFailure(why: string, hasGood: boolean): void;
  onRecovery(): void;
}

/**
 * Keeps a provider's last good answer until it ends, and asks for the next before that: one question at a time, each for at
 * most 5 s, and after failures less and less often.
 */
export class ProviderCache {
  readonly #provide: IceProvider;
  readonly #options: ProviderCacheOptions;
  readonly #closing = new AbortController();
  readonly #alarm = new Alarm(() => void this.ask().catch(() => {}));
  #good: Provided | undefined;
  #ends: DueTime | undefined;
  #asking: Promise<void> | undefined;
  #failures = 0;
  #lastWhy: string | undefined;

  constructor(provide: IceProvider, options: ProviderCacheOptions) {
    this.#provide = provide;
    this.#options = options;
  }

  /** The last good answer, while it is good. */
  get current(): Provided | undefined {
    return this.#ends && this.#ends.leftMs > 0 ? this.#good : undefined;
  }

  /** Asks now, or waits for the question that is under way. Rejects with a sentence when no good answer comes. */
  ask(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(new Error('The plugin is closed.'));
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  close(): void {
    this.#closing.abort();
    this.#alarm.clear();
  }

  async #ask(): Promise<void> {
    const { clocks, random, onAnswer, onFailure, onRecovery } = this.#options;
    try {
      const provided = await askOnce(this.#provide, this.#closing.signal);
      const ttlMs = provided.ttlS * 1_000;
      const sinceMs = Math.floor(clocks.now());
      this.#good = { ice: provided.ice, sinceMs, expiresAtMs: sinceMs + ttlMs };
      this.#ends = new DueTime(this.#good.expiresAtMs, clocks);
      this.#sleep(ttlMs * (REFRESH_AT - 0.05 * random()));
      if (this.#failures > 0) onRecovery();
      this.#failures = 0;
      this.#lastWhy = undefined;
      onAnswer();
    } catch (error) {
      if (this.#closing.signal.aborted) throw error;
      const why = (error as Error).message;
      this.#sleep(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures) * (0.75 + 0.5 * random()));
      this.#failures = Math.min(this.#failures + 1, 16);
      if (why !== this.#lastWhy) onFailure(why, this.current !== undefined);
      this.#lastWhy = why;
      throw error;
    }
  }

  #sleep(ms: number): void {
    if (this.#closing.signal.aborted) return;
    const { clocks } = this.#options;
    this.#alarm.set(new DueTime(clocks.now() + ms, clocks));
  }
}

/** Rejects with a sentence. A provider that never answers is left alone after a while. */
async function askOnce(provide: IceProvider, closing: AbortSignal): Promise<{ ice: Ice; ttlS: number }> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let stop = () => {};
  const gaveUp = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`The function "iceProvider" did not answer within ${PATIENCE_MS / 1_000} s`)),
      PATIENCE_MS,
    );
    stop = () => reject(new Error('The plugin was closed'));
    closing.addEventListener('abort', stop, { once: true });
  });
  try {
    return readProvided(await Promise.race([answerOf(provide, abort.signal), gaveUp]));
  } finally {
    clearTimeout(timer);
    closing.removeEventListener('abort', stop);
    abort.abort();
  }
}

async function answerOf(provide: IceProvider, signal: AbortSignal): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await provide({ signal, ttlS: PROVIDER_TTL_S });
  } catch (error) {
    throw new Error(`The function "iceProvider" failed: ${printable(error)}`);
  }
  return answer instanceof Response ? bodyOf(answer) : answer;
}

async function bodyOf(response: Response): Promise<unknown> {
  if (!response.ok) {
    response.body?.cancel().catch(() => {});
    throw new Error(`The provider answered with HTTP status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      // Leaving the loop cancels the rest.
      if (bytes > LARGEST_ANSWER_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new Error(`The provider's answer broke off: ${printable(error)}`);
  }
  if (bytes > LARGEST_ANSWER_BYTES) throw new Error('The provider answered with more than 64 KB');
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Error('The provider answered with something that is not JSON');
  }
}

/**
 * Cloudflare's `{ iceServers }` (a list, or one server) and Twilio's `{ ice_servers, ttl }`; what else there is in them is left out.
 *
 * @throws a sentence that says what is wrong with it
 */
export function readProvided(answer: unknown): { ice: Ice; ttlS: number } {
  const { iceServers, ice_servers, ttl } = asObject(answer);
  const given = iceServers ?? ice_servers;
  const list: unknown[] = Array.isArray(given) ? given : [given];
  if (list.length > MOST_SERVERS) throw new Error(`The provider answered with more than ${MOST_SERVERS} ICE servers`);
  const ttlS = ttl === undefined || ttl === null ? PROVIDER_TTL_S : Number(ttl);
  if (!(ttlS >= SHORTEST_TTL_S)) throw new Error(`The provider's "ttl" must be ${SHORTEST_TTL_S} s or more`);
  const servers = list.map((server) => {
    const { urls, username, credential } = asObject(server);
    return {
      urls: typeof urls === 'string' ? [urls] : urls,
      ...(username !== undefined && { username }),
      ...(credential !== undefined && { credential }),
    };
  });
  try {
    return { ice: staticIce(servers as IceServer[]), ttlS: Math.min(LONGEST_TTL_S, Math.floor(ttlS)) };
  } catch (error) {
    throw new Error(`The provider's ICE servers are not valid: ${(error as Error).message}`);
  }
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new Error('The provider answered with something that is not { iceServers, ttl }');
}

/** The words of somebody else's error, fit for a log line. */
function printable(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replace(/[^ -~]/g, '?').slice(0, 200);
}
