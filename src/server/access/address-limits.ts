import { type ErrorInfo, errorInfo } from '../../protocol/index.js';
import { limitKey } from './addresses.js';
import { isLoopbackAddress } from './default-access.js';
import { type MessageRate, TokenBucket } from './limits.js';
import { objectOf, refuseUnknown, wrong } from './wrong.js';

/** How much one address (of IPv6, one /64) and all together may do. `false` lifts a limit. */
export interface LimitOptions {
  /**
   * Connections at once, from all addresses.
   * @default 20000
   */
  connections?: number | false;
  /**
   * Connections at once from one address.
   * @default 512
   */
  connectionsPerAddress?: number | false;
  /**
   * New connections, and requests by HTTP, from one address.
   * @default { perSecond: 50, burst: 500 }
   */
  connectRate?: MessageRate | false;
  /**
   * Streams joined from one address.
   * @default { perSecond: 50, burst: 1000 }
   */
  joinRate?: MessageRate | false;
  /**
   * Negotiations of one address that are under way: offered, and not yet live.
   * @default 64
   */
  negotiationsPerAddress?: number | false;
  /**
   * Wrong tokens from one address in `windowMs`; then nobody is let in from there until one is so long ago
   * (Nextcloud's signalling server: 10 in 30 minutes).
   * @default { count: 10, windowMs: 1800000 }
   */
  wrongTokens?: { count: number; windowMs: number } | false;
}

/** The same, complete and checked; what is lifted is infinite or absent. */
export interface LimitSettings {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly connectRate: Readonly<MessageRate> | undefined;
  readonly joinRate: Readonly<MessageRate> | undefined;
  readonly negotiationsPerAddress: number;
  readonly wrongTokens: { readonly count: number; readonly windowMs: number } | undefined;
}

/** The option `limits`.
 *
 * @throws {TypeError} a sentence that names the plugin and the option
 */
export function readLimitOptions(value: LimitOptions = {}): LimitSettings {
  const options = objectOf('limits', value) as LimitOptions;
  refuseUnknown('limits', options, [
    'connections',
    'connectionsPerAddress',
    'connectRate',
    'joinRate',
    'negotiationsPerAddress',
    'wrongTokens',
  ]);
  const { wrongTokens = { count: 10, windowMs: 30 * 60_000 } } = options;
  if (wrongTokens !== false && !(isCount(wrongTokens?.count, MOST_WRONG_TOKENS) && isPositive(wrongTokens.windowMs))) {
    wrong(
      'limits.wrongTokens',
      `must be { count, windowMs } with a whole number up to ${MOST_WRONG_TOKENS}, and ms; or false`,
    );
  }
  return Object.freeze({
    connections: readCount('connections', options.connections, 20_000),
    connectionsPerAddress: readCount('connectionsPerAddress', options.connectionsPerAddress, 512),
    connectRate: readRate('connectRate', options.connectRate, { perSecond: 50, burst: 500 }),
    joinRate: readRate('joinRate', options.joinRate, { perSecond: 50, burst: 1_000 }),
    negotiationsPerAddress: readCount('negotiationsPerAddress', options.negotiationsPerAddress, 64),
    wrongTokens: wrongTokens === false ? undefined : Object.freeze({ ...wrongTokens }),
  });
}

const MOST_WRONG_TOKENS = 1_000;

function readCount(name: string, value: unknown, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (value === false) return Number.POSITIVE_INFINITY;
  if (!isCount(value, Number.MAX_SAFE_INTEGER)) wrong(`limits.${name}`, 'must be a whole number from 1, or false');
  return value;
}

function readRate(name: string, value: unknown, byDefault: MessageRate): MessageRate | undefined {
  if (value === undefined) return Object.freeze(byDefault);
  if (value === false) return undefined;
  const { perSecond, burst } = (value ?? {}) as Partial<MessageRate>;
  if (!isPositive(perSecond) || !isPositive(burst) || burst < 1) {
    wrong(`limits.${name}`, 'must be { perSecond, burst } with positive numbers, burst at least 1; or false');
  }
  return Object.freeze({ perSecond, burst });
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 2 ** 31;
}

/** What is remembered of one address. */
interface Entry {
  connections: number;
  negotiations: number;
  readonly connects: TokenBucket | undefined;
  readonly joins: TokenBucket | undefined;
  /** When the last wrong tokens came, oldest first; no more of them than count. */
  wrongTokens: number[];
  usedAtMs: number;
}

/** How many addresses with nothing open are remembered, at most. */
const MOST_IDLE_ADDRESSES = 10_000;

/** How often each limit refused something. */
export interface RefusedCounts {
  connections: number;
  connectionsPerAddress: number;
  connectRate: number;
  joinRate: number;
  negotiationsPerAddress: number;
  wrongTokens: number;
}

export interface LimitSnapshot {
  /** Connections that are open. */
  connections: number;
  /** Negotiations that are under way. */
  negotiations: number;
  /** Addresses that something is remembered of. */
  addresses: number;
  refused: RefusedCounts;
}

export interface LimitTools {
  /**
   * Whether loopback (and connections without an address) is free of the limits per address. So it is where the connection itself
   * says the address: all clients of a proxy that is not configured would be one. Where a proxy is, its headers could
   * name loopback, and the limits hold for it as for any other.
   */
  readonly exemptLoopback: boolean;
  /** A clock that only goes forward, in ms. */
  readonly now?: () => number;
}

/**
 * Counts what each address does. What it remembers is bounded: addresses with something open by the number of connections,
 * others by {@link MOST_IDLE_ADDRESSES}, the longest unused forgotten first. It has no timer.
 */
export class AddressLimits {
  readonly #settings: LimitSettings;
  readonly #exemptLoopback: boolean;
  readonly #now: () => number;
  /** After this long, an entry with nothing open says the same as a new one. */
  readonly #forgetAfterMs: number;
  readonly #busy = new Map<string, Entry>();
  /** The longest unused first. */
  readonly #idle = new Map<string, Entry>();
  #connections = 0;
  #negotiations = 0;
  readonly #refused: RefusedCounts = {
    connections: 0,
    connectionsPerAddress: 0,
    connectRate: 0,
    joinRate: 0,
    negotiationsPerAddress: 0,
    wrongTokens: 0,
  };

  constructor(settings: LimitSettings, { exemptLoopback, now = () => performance.now() }: LimitTools) {
    this.#settings = settings;
    this.#exemptLoopback = exemptLoopback;
    this.#now = now;
    this.#forgetAfterMs = Math.max(
      settings.wrongTokens?.windowMs ?? 0,
      refillMs(settings.connectRate),
      refillMs(settings.joinRate),
    );
  }

  /** A new connection: counted until {@link release}, unless an error says why it may not be. Before its token is looked at. */
  admit(address: string): ErrorInfo | undefined {
    if (this.#connections >= this.#settings.connections) return this.#refuse('connections');
    const refusal = this.#use(address, (entry) => {
      const problem = this.#visit(entry);
      if (problem !== undefined) return problem;
      if (entry.connections >= this.#settings.connectionsPerAddress) return this.#refuse('connectionsPerAddress');
      entry.connections += 1;
      return undefined;
    });
    if (refusal === undefined) this.#connections += 1;
    return refusal;
  }

  /** An admitted connection is over. Once for each. */
  release(address: string): void {
    this.#connections = Math.max(0, this.#connections - 1);
    this.#use(address, (entry) => {
      entry.connections = Math.max(0, entry.connections - 1);
    });
  }

  /** A request by HTTP, which is over at once. */
  visit(address: string): ErrorInfo | undefined {
    return this.#use(address, (entry) => this.#visit(entry));
  }

  /** A wrong token came from there. */
  failed(address: string): void {
    const { wrongTokens } = this.#settings;
    if (wrongTokens === undefined) return;
    this.#use(address, (entry) => {
      entry.wrongTokens = [...entry.wrongTokens, this.#now()].slice(-wrongTokens.count);
    });
  }

  /** Somebody there wants to join a stream. */
  join(address: string): ErrorInfo | undefined {
    return this.#use(address, ({ joins }) => {
      return joins === undefined || joins.take(this.#now()) ? undefined : this.#refuse('joinRate');
    });
  }

  /**
   * Somebody there makes an offer.
   *
   * @returns what ends its counting, to be called when it is live or over (more than once does no harm), or why it may not be
   */
  tryNegotiate(address: string): (() => void) | ErrorInfo {
    const refusal = this.#use(address, (entry) => {
      if (entry.negotiations >= this.#settings.negotiationsPerAddress) return this.#refuse('negotiationsPerAddress');
      entry.negotiations += 1;
      return undefined;
    });
    if (refusal !== undefined) return refusal;
    this.#negotiations += 1;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#negotiations -= 1;
      this.#use(address, (entry) => {
        entry.negotiations -= 1;
      });
    };
  }

  snapshot(): LimitSnapshot {
    return {
      connections: this.#connections,
      negotiations: this.#negotiations,
      addresses: this.#busy.size + this.#idle.size,
      refused: { ...this.#refused },
    };
  }

  #visit(entry: Entry): ErrorInfo | undefined {
    const { wrongTokens } = this.#settings;
    const now = this.#now();
    if (wrongTokens !== undefined && entry.wrongTokens.length >= wrongTokens.count) {
      const leftMs = (entry.wrongTokens[0] ?? now) + wrongTokens.windowMs - now;
      if (leftMs > 0) return this.#refuse('wrongTokens', leftMs);
    }
    return entry.connects === undefined || entry.connects.take(now) ? undefined : this.#refuse('connectRate');
  }

  /** Does something with what is known of an address, and files it again. Nothing is known of those that are exempt. */
  #use<T>(address: string, work: (entry: Entry) => T): T | undefined {
    if (this.#exemptLoopback && (address === '' || isLoopbackAddress(address))) return undefined;
    const key = limitKey(address);
    const entry = this.#busy.get(key) ?? this.#idle.get(key) ?? this.#newEntry();
    entry.usedAtMs = this.#now();
    const result = work(entry);
    this.#idle.delete(key);
    if (entry.connections + entry.negotiations > 0) {
      this.#busy.set(key, entry);
    } else {
      this.#busy.delete(key);
      this.#idle.set(key, entry);
      this.#forget(entry.usedAtMs);
    }
    return result;
  }

  #forget(now: number): void {
    for (const [key, entry] of this.#idle) {
      if (this.#idle.size <= MOST_IDLE_ADDRESSES && now - entry.usedAtMs <= this.#forgetAfterMs) return;
      this.#idle.delete(key);
    }
  }

  #newEntry(): Entry {
    const now = this.#now();
    const { connectRate, joinRate } = this.#settings;
    return {
      connections: 0,
      negotiations: 0,
      connects: connectRate && new TokenBucket(connectRate, now),
      joins: joinRate && new TokenBucket(joinRate, now),
      wrongTokens: [],
      usedAtMs: now,
    };
  }

  #refuse(limit: keyof RefusedCounts, leftMs = 0): ErrorInfo {
    this.#refused[limit] += 1;
    switch (limit) {
      case 'connections':
        return errorInfo('too_many_connections', 'This server has as many connections as it accepts.');
      case 'connectionsPerAddress':
        return errorInfo('too_many_connections', 'There are too many connections from this address.');
      case 'connectRate':
        return errorInfo('rate_limited', 'Too many connections came from this address in a short time.');
      case 'joinRate':
        return errorInfo('rate_limited', 'Too many streams were joined from this address in a short time.');
      case 'negotiationsPerAddress':
        return errorInfo('rate_limited', 'Too many connections to cameras are being made from this address at once.');
      case 'wrongTokens': {
        const minutes = Math.ceil(leftMs / 60_000);
        return {
          ...errorInfo('rate_limited', 'Too many wrong tokens came from this address.'),
          next: `Ask for a new token, and try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
        };
      }
    }
  }
}

function refillMs(rate: MessageRate | undefined): number {
  return rate === undefined ? 0 : (rate.burst / rate.perSecond) * 1_000;
}
