import type { Redis } from 'ioredis';
import { refuse } from '../sessions/decisions.js';
import { decide, formerOf, holderOf, STORM } from './claims.js';
import type { Claim, ClaimOutcome, Holder, SenderPolicy } from './cluster.js';

/**
 * Compare and set, the only way in which a lease is ever written.
 *
 * KEYS: lease, takeovers. ARGV: what must be there now ('' for nothing), what shall be ('' for nothing), its time in ms,
 * the moment of the takeover ('' if it is none), how many of those to keep, and for how long in ms.
 * Returns false when done, otherwise what is there instead. A key of another type, which can only be a stranger's, counts as nothing.
 */
const COMPARE_AND_SET = `
local now = redis.pcall('GET', KEYS[1])
if type(now) ~= 'string' then now = '' end
if now ~= ARGV[1] then return now end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) return false end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if ARGV[4] ~= '' then
  if type(redis.pcall('RPUSH', KEYS[2], ARGV[4])) ~= 'number' then
    redis.call('DEL', KEYS[2])
    redis.call('RPUSH', KEYS[2], ARGV[4])
  end
  redis.call('LTRIM', KEYS[2], -ARGV[5], -1)
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
end
return false`;

/** Others may be writing the same lease: as often as that, a claim looks again. */
const ATTEMPTS = 8;

interface Held {
  /** As it should be in Redis. */
  holder: Holder;
  /** As it is in Redis, to the letter, as far as this node knows; '' for not at all. */
  stored: string;
}

/**
 * The leases of one node. Each is a key with the holder as JSON, which is renewed long before it ends. The fence is at least
 * Redis' own clock in ms, so that it grows even when Redis has lost everything.
 *
 * What this node holds is known here at once, and in Redis as soon as it can be reached: all methods that write reject when it cannot.
 */
export class Leases {
  readonly #node: string;
  readonly #client: Redis;
  readonly #prefix: string;
  readonly #leaseMs: number;
  readonly #policy: SenderPolicy;
  readonly #onLost: (stream: string, holder: Holder) => void;
  readonly #held = new Map<string, Held>();
  /** One thing at a time for each stream. */
  readonly #turns = new Map<string, Promise<void>>();
  #highestFence = 0;

  constructor(options: {
    node: string;
    client: Redis;
    prefix: string;
    leaseMs: number;
    policy: SenderPolicy;
    onLost: (stream: string, holder: Holder) => void;
  }) {
    this.#node = options.node;
    this.#client = options.client;
    this.#prefix = options.prefix;
    this.#leaseMs = options.leaseMs;
    this.#policy = options.policy;
    this.#onLost = options.onLost;
  }

  get(stream: string): Holder | undefined {
    return this.#held.get(stream)?.holder;
  }

  claim(claim: Claim): Promise<ClaimOutcome> {
    return this.#inTurn(claim.stream, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const { stored, nowMs, takeoversMs } = await this.#look(claim.stream);
        const former = parseHolder(stored, claim.stream);
        const verdict = decide(former, claim, this.#policy, takeoversMs, nowMs);
        if (!verdict.take) return refuse(verdict.code);
        this.#highestFence = Math.max(nowMs, this.#highestFence + 1, (former?.fence ?? 0) + 1);
        const holder = holderOf(claim, this.#node, this.#highestFence);
        const wanted = JSON.stringify(holder);
        const changed = await this.#compareAndSet(claim.stream, stored, wanted, verdict.takeover ? nowMs : undefined);
        if (changed !== undefined) continue;
        this.#held.set(claim.stream, { holder, stored: wanted });
        const out = formerOf(former, holder);
        return { ok: true, fence: holder.fence, ...(out && { former: out }) };
      }
      return refuse('stream_taken');
    });
  }

  /** Without Redis: the same process may come back to the stream that this node holds for it. */
  claimHere(claim: Claim): ClaimOutcome | undefined {
    const held = this.#held.get(claim.stream);
    if (held?.holder.instance !== claim.instance) return undefined;
    const former = held.holder;
    held.holder = holderOf(claim, this.#node, former.fence + 1);
    const out = formerOf(former, held.holder);
    return { ok: true, fence: held.holder.fence, ...(out && { former: out }) };
  }

  setAway(stream: string): void {
    const held = this.#held.get(stream);
    if (held) held.holder = { ...held.holder, away: true };
  }

  /** Forgets the lease. @returns takes it out of Redis too */
  drop(stream: string): (() => Promise<void>) | undefined {
    const held = this.#held.get(stream);
    if (!held) return undefined;
    this.#held.delete(stream);
    return () =>
      this.#inTurn(stream, async () => {
        await this.#compareAndSet(stream, held.stored, '');
      });
  }

  /** Somebody says that the stream is theirs. */
  yieldTo(holder: Holder): void {
    const held = this.#held.get(holder.stream);
    if (held && isStronger(holder, held.holder)) this.#lose(held, holder);
  }

  /** Brings one lease in Redis to what it should be, or all, for another `leaseMs`. */
  async renew(stream?: string): Promise<void> {
    const streams = stream === undefined ? [...this.#held.keys()] : [stream];
    await Promise.all(streams.map((stream) => this.#inTurn(stream, () => this.#renew(stream))));
  }

  /** Whoever wants the streams may have them; in a lease's time they are forgotten. */
  async leaveAll(): Promise<void> {
    for (const stream of this.#held.keys()) this.setAway(stream);
    await this.renew();
    this.#held.clear();
  }

  async #renew(stream: string): Promise<void> {
    const held = this.#held.get(stream);
    if (!held) return;
    const wanted = JSON.stringify(held.holder);
    let expected = held.stored;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const other = await this.#compareAndSet(stream, expected, wanted);
      if (other === undefined) {
        held.stored = wanted;
        return;
      }
      const holder = parseHolder(other, stream);
      if (holder && isStronger(holder, held.holder)) {
        if (this.#held.get(stream) === held) this.#lose(held, holder);
        return;
      }
      // Flushed, expired, or not a lease at all: made again with the same fence.
      expected = other;
    }
  }

  #lose(held: Held, to: Holder): void {
    this.#highestFence = Math.max(this.#highestFence, to.fence);
    this.#held.delete(held.holder.stream);
    this.#onLost(held.holder.stream, to);
  }

  async #look(stream: string): Promise<{ stored: string; nowMs: number; takeoversMs: number[] }> {
    const [stored, [seconds, micros], takeovers] = await Promise.all([
      this.#client.get(this.#leaseKey(stream)).catch(otherType(null)),
      this.#client.time(),
      this.#client.lrange(this.#takeoversKey(stream), 0, -1).catch(otherType([])),
    ]);
    const nowMs = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    return { stored: stored ?? '', nowMs, takeoversMs: takeovers.map(Number) };
  }

  /** @returns what is there instead of `expected`; nothing when the lease has been written */
  async #compareAndSet(
    stream: string,
    expected: string,
    wanted: string,
    takeoverMs?: number,
  ): Promise<string | undefined> {
    // EVAL rather than EVALSHA: after a restart of Redis nothing has to be loaded again.
    const instead = (await this.#client.eval(
      COMPARE_AND_SET,
      2,
      this.#leaseKey(stream),
      this.#takeoversKey(stream),
      expected,
      wanted,
      this.#leaseMs,
      takeoverMs ?? '',
      STORM.takeovers,
      STORM.withinMs,
    )) as string | null;
    return instead ?? undefined;
  }

  #inTurn<T>(stream: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(stream) ?? Promise.resolve()).then(work);
    const ended = turn.then(
      () => {},
      () => {},
    );
    this.#turns.set(stream, ended);
    void ended.then(() => {
      if (this.#turns.get(stream) === ended) this.#turns.delete(stream);
    });
    return turn;
  }

  #leaseKey(stream: string): string {
    return `${this.#prefix}:stream:${stream}`;
  }

  #takeoversKey(stream: string): string {
    return `${this.#prefix}:takeovers:${stream}`;
  }
}

/** True when `other`, of another node, is right and `own` is not. */
function isStronger(other: Holder, own: Holder): boolean {
  return other.node !== own.node && other.fence >= own.fence;
}

/** A lease as it is in Redis; nothing when it is anything else. */
export function parseHolder(text: string, stream: string): Holder | undefined {
  let value: Partial<Record<keyof Holder, unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || value.stream !== stream) return undefined;
  const { socket, instance, owner, node, fence, away } = value;
  if (typeof socket !== 'string' || typeof instance !== 'string' || typeof node !== 'string') return undefined;
  if (typeof fence !== 'number' || !Number.isSafeInteger(fence) || typeof away !== 'boolean') return undefined;
  if (owner !== undefined && typeof owner !== 'string') return undefined;
  return { stream, socket, instance, ...(owner !== undefined && { owner }), node, fence, away };
}

function otherType<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return instead;
    throw error;
  };
}
