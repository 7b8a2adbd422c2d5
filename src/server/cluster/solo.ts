import { randomUUID } from 'node:crypto';
import { errorInfo } from '../../protocol/index.js';
import type { Outcome } from '../messages/questions.js';
import { refuse } from '../sessions/decisions.js';
import { decide, formerOf, holderOf, STORM } from './claims.js';
import type { Claim, ClaimOutcome, Cluster, Holder, SenderPolicy } from './cluster.js';

interface Lease {
  holder: Holder;
  /** The latest takeovers, as many as make a storm. */
  takeoversMs: number[];
}

/** A cluster of one: the leases are in memory, there is nobody to tell. */
export class SoloCluster implements Cluster {
  readonly node = randomUUID();
  readonly state = 'ready';
  readonly #policy: SenderPolicy;
  readonly #nowMs: () => number;
  readonly #leases = new Map<string, Lease>();
  #fence = 0;

  /** @param nowMs any clock that does not go back */
  constructor(policy: SenderPolicy, nowMs: () => number = () => performance.now()) {
    this.#policy = policy;
    this.#nowMs = nowMs;
  }

  async start(): Promise<void> {}

  async claim(claim: Claim): Promise<ClaimOutcome> {
    const lease = this.#leases.get(claim.stream);
    const nowMs = this.#nowMs();
    const verdict = decide(lease?.holder, claim, this.#policy, lease?.takeoversMs ?? [], nowMs);
    if (!verdict.take) return refuse(verdict.code);
    const holder = holderOf(claim, this.node, ++this.#fence);
    const takeoversMs = [...(lease?.takeoversMs ?? []), ...(verdict.takeover ? [nowMs] : [])].slice(-STORM.takeovers);
    this.#leases.set(claim.stream, { holder, takeoversMs });
    const former = formerOf(lease?.holder, holder);
    return { ok: true, fence: holder.fence, ...(former && { former }) };
  }

  setAway(stream: string): void {
    const lease = this.#leases.get(stream);
    if (lease) lease.holder = { ...lease.holder, away: true };
  }

  release(stream: string): void {
    this.#leases.delete(stream);
  }

  tell(): void {}

  async ask(): Promise<Outcome> {
    return { answered: false, error: errorInfo('cluster_unavailable') };
  }

  async close(): Promise<void> {
    this.#leases.clear();
  }

  /** Streams with a lease. */
  get size(): number {
    return this.#leases.size;
  }
}
