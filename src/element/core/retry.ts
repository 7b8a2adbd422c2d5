/** When to try again. Pure: the same arguments give the same answer. */
export interface RetryPolicy {
  /**
   * @param attempt how many tries have failed since the last shown frame: 1 after the first
   * @param random evenly distributed in [0, 1): spreads viewers that lost the same server
   * @returns ms to wait before the next try, or `undefined` to give up and show Retry
   */
  nextDelayMs(attempt: number, random: number): number | undefined;
}

/** LiveKit's ladder (`DefaultReconnectPolicy.ts`), capped: at once, then ever slower, for about a minute in all. */
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
