/** How many messages a client may send: `burst` at once, `perSecond` in the long run. */
export interface MessageRate {
  perSecond: number;
  burst: number;
}

/** A token bucket: it holds `burst` tokens, and `perSecond` new ones drip in. */
export class TokenBucket {
  readonly #rate: MessageRate;
  #tokens: number;
  #filledAtMs: number;

  /** @param nowMs on a monotonic clock, as for {@link take} */
  constructor(rate: MessageRate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAtMs = nowMs;
  }

  /** Takes one token; false when there is none. */
  take(nowMs: number): boolean {
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledAtMs) / 1_000) * perSecond);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** What one client may send, and how many refusals it may ignore before it is cut off. */
export class MessageLimit {
  readonly #messages: TokenBucket;
  readonly #patience: TokenBucket;

  constructor(rate: MessageRate, nowMs: number) {
    this.#messages = new TokenBucket(rate, nowMs);
    this.#patience = new TokenBucket(rate, nowMs);
  }

  /** `limited`: refuse this message. `abusive`: the client does not care about refusals. */
  judge(nowMs: number): 'fine' | 'limited' | 'abusive' {
    if (this.#messages.take(nowMs)) return 'fine';
    return this.#patience.take(nowMs) ? 'limited' : 'abusive';
  }
}
