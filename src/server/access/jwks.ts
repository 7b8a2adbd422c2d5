import type { FastifyBaseLogger } from 'fastify';
import { createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { type KeySource, KeysUnavailable, type TokenHeader } from './token-keys.js';
import { messageOf } from './wrong.js';

type Matcher = ReturnType<typeof createLocalJWKSet>;

/** Keys are fetched again after this long, in ms: as long as a key that was withdrawn may still be used. */
const MAX_AGE_MS = 10 * 60_000;
/** After an answer, a token with a key that is not in it lets ask again, but not before this, in ms. */
const COOLDOWN_MS = 30_000;
/** After no answer, asked again after this, in ms. */
const RETRY_MS = 5_000;
/** How long an answer may take, in ms, and how large it may be, in bytes. */
const TIMEOUT_MS = 5_000;
const MOST_BYTES = 256 * 1024;
/** How many keys are tried for a token that does not say which one it is. */
const MOST_TRIED = 16;

/** A JSON Web Key Set (RFC 7517 §5) that stays as it is. */
export class KeySet implements KeySource {
  readonly #matcher: Matcher;

  /** @throws when it is none */
  constructor(set: JSONWebKeySet) {
    this.#matcher = createLocalJWKSet(set);
  }

  async keysFor(header: TokenHeader): Promise<readonly CryptoKey[]> {
    return (await matching(this.#matcher, header)) ?? [];
  }
}

/**
 * A JSON Web Key Set at an address. One request at a time, never more often than the two waits above allow, whatever tokens come;
 * while the address does not answer, the last good keys are used.
 */
export class RemoteKeySet implements KeySource {
  readonly #url: URL;
  readonly #log: Pick<FastifyBaseLogger, 'warn' | 'info'>;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  #matcher: Matcher | undefined;
  #fetchedAtMs = 0;
  #askedAtMs: number | undefined;
  #asking: Promise<void> | undefined;
  #down = false;

  /** @param now a monotonic clock, in ms */
  constructor(url: URL, log: Pick<FastifyBaseLogger, 'warn' | 'info'>, now: () => number, timeoutMs = TIMEOUT_MS) {
    this.#url = url;
    this.#log = log;
    this.#now = now;
    this.#timeoutMs = timeoutMs;
  }

  async keysFor(header: TokenHeader): Promise<readonly CryptoKey[]> {
    if (this.#matcher === undefined || this.#now() - this.#fetchedAtMs >= MAX_AGE_MS) await this.refresh();
    const keys = await this.#matching(header);
    if (keys !== undefined) return keys;
    await this.refresh();
    const newer = await this.#matching(header);
    // Perhaps its key is one that could not be fetched yet.
    if (newer === undefined && this.#down) throw new KeysUnavailable();
    return newer ?? [];
  }

  /** Asks for the keys, when it is time to. Never rejects. */
  refresh(): Promise<void> {
    if (this.#asking !== undefined) return this.#asking;
    const waitMs = this.#down ? RETRY_MS : COOLDOWN_MS;
    if (this.#askedAtMs !== undefined && this.#now() - this.#askedAtMs < waitMs) return Promise.resolve();
    this.#asking = this.#ask().finally(() => {
      this.#askedAtMs = this.#now();
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const url = this.#url.href;
    try {
      this.#matcher = createLocalJWKSet(await fetchSet(this.#url, this.#timeoutMs));
      this.#fetchedAtMs = this.#now();
      if (this.#down) this.#log.info({ url }, '[WebRTC Signaling] The keys for tokens can be fetched again');
      this.#down = false;
    } catch (error) {
      if (!this.#down) {
        this.#log.warn(
          { url, problem: reasonOf(error) },
          this.#matcher
            ? '[WebRTC Signaling] The keys for tokens cannot be fetched; those of before stay in use'
            : '[WebRTC Signaling] The keys for tokens cannot be fetched; nobody with a token is let in until they are',
        );
      }
      this.#down = true;
    }
  }

  async #matching(header: TokenHeader): Promise<CryptoKey[] | undefined> {
    if (this.#matcher === undefined) throw new KeysUnavailable();
    return await matching(this.#matcher, header);
  }
}

/** The keys of the set that fit; `undefined` when none does. */
async function matching(matcher: Matcher, { alg, kid }: TokenHeader): Promise<CryptoKey[] | undefined> {
  try {
    return [await matcher({ alg, ...(kid === undefined ? {} : { kid }) })];
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined;
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    const keys: CryptoKey[] = [];
    for await (const key of error) {
      keys.push(key);
      if (keys.length === MOST_TRIED) break;
    }
    return keys;
  }
}

async function fetchSet(url: URL, timeoutMs: number): Promise<JSONWebKeySet> {
  // A redirect could lead to where the keys are anybody's.
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`it answered with the status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) throw new Error(`its answer is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** `fetch` hides what happened behind "fetch failed". */
function reasonOf(error: unknown): string {
  return error instanceof TypeError && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}
