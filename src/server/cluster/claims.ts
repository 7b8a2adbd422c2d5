import type { ErrorCode } from '../../protocol/index.js';
import type { Claim, Holder, SenderPolicy } from './cluster.js';

/** So many takeovers of one stream within this time are two senders that both come back, for ever (selkies guards against the same). */
export const STORM = { takeovers: 3, withinMs: 5_000 } as const;

/** `takeover`: a present holder loses the stream by it. */
export type Verdict =
  | { take: true; takeover: boolean }
  | { take: false; code: Extract<ErrorCode, 'stream_taken' | 'takeover_storm'> };

/**
 * Whether `claim` gets the stream that `holder` has. What everyone decides by: one process in memory, several over Redis.
 *
 * @param takeoversMs when the stream was taken over of late, on the clock of `nowMs`
 */
export function decide(
  holder: Holder | undefined,
  claim: Claim,
  policy: SenderPolicy,
  takeoversMs: readonly number[],
  nowMs: number,
): Verdict {
  if (!holder || holder.away || holder.instance === claim.instance) return { take: true, takeover: false };
  const isOwn = claim.owner !== undefined && claim.owner === holder.owner;
  if (claim.standby || policy === 'reject' || (policy === 'same-owner' && !isOwn)) {
    return { take: false, code: 'stream_taken' };
  }
  const isStorm = takeoversMs.filter((at) => at > nowMs - STORM.withinMs).length >= STORM.takeovers;
  return isStorm ? { take: false, code: 'takeover_storm' } : { take: true, takeover: true };
}

/** The outgoing holder, for `ClaimOutcome.former`: nobody when the same process says again what it has said. */
export function formerOf(holder: Holder | undefined, now: Holder): Holder | undefined {
  const isSame = holder?.node === now.node && holder.socket === now.socket && holder.instance === now.instance;
  return isSame ? undefined : holder;
}

/** The holder that a granted claim makes. */
export function holderOf({ stream, socket, instance, owner }: Claim, node: string, fence: number): Holder {
  return { stream, socket, instance, ...(owner !== undefined && { owner }), node, fence, away: false };
}
