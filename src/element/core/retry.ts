/** When to try again. Pure: the same arguments give the same answer. */
export interface RetryPolicy {
  /**
   * Counted from the beginning of the try that failed: one that took longer to fail is followed at once, or nearly.
   *
   * @param attempt how many tries have failed since the last shown frame: 1 after the first
   * @param random evenly distributed in [0, 1): spreads viewers that lost the same server
   * @returns ms from the beginning of one try to that of the next, or `undefined` (or `Infinity`) to give up and show Retry
   */
  nextDelayMs(attempt: number, random: number): number | undefined;
}

/**
 * LiveKit's ladder (`DefaultReconnectPolicy.ts`), capped: at once, then ever slower. What is refused at once is asked for
 * nine times in about 40 s; a try that runs into a dead network takes 10 s, so that nine of them last a minute and a half.
 */
const DELAYS_MS = [0, 300, 1_200, 2_700, 4_800, 7_000, 10_000, 10_000];
const JITTER_MS = 1_000;

export const defaultRetryPolicy: RetryPolicy = {
  nextDelayMs(attempt, random) {
    const delay = DELAYS_MS[attempt - 1];
    if (delay === undefined) return undefined;
    // The first retry is the one that a person waits for: no jitter.
    return attempt === 1 ? delay : delay + random * JITTER_MS;
  },
};

/** Timers of browsers hold no more than 2^31 ms. */
const LONGEST_MS = 86_400_000;
/** Between tries, whatever a policy says; only the first may follow at once. */
const LEAST_MS = 100;
let complainedOf: unknown;

/** What a page's own policy says, or the default one where that is no answer: it may be anything, and may throw. */
export function nextDelayMs(policy: RetryPolicy, attempt: number, random: number): number | undefined {
  let delay: unknown;
  try {
    delay = policy.nextDelayMs(attempt, random);
    // LiveKit's policies say `null`.
    if (delay === undefined || delay === null || delay === Number.POSITIVE_INFINITY) return undefined;
    if (typeof delay === 'number' && delay >= 0) return Math.min(LONGEST_MS, delay);
  } catch (error) {
    delay = error;
  }
  if (policy !== complainedOf) {
    // biome-ignore lint/suspicious/noConsole: for whoever wrote the policy, who looks nowhere else.
    console.warn('webrtc-preview: the retryPolicy gave no number of ms, so the default one is used. It gave:', delay);
    complainedOf = policy;
  }
  return defaultRetryPolicy.nextDelayMs(attempt, random);
}

/**
 * How long to wait after a try that took `tookMs`. Whoever waits is not there when the network comes back, and a try that is
 * under way connects within a second of it: so the waits between slow tries are short, but never the same for all viewers.
 */
export function waitMs(delayMs: number, tookMs: number, attempt: number, random: number): number {
  return attempt === 1
    ? Math.max(0, delayMs - tookMs)
    : Math.max(random * JITTER_MS, delayMs - tookMs, LEAST_MS - tookMs);
}
