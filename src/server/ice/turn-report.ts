/** What is wrong with a TURN server, or that nothing is. */
export type TurnCode =
  | 'ok'
  /** No answer at this address and port. */
  | 'unreachable'
  /** Something answers, but not STUN (RFC 8489). */
  | 'not_turn'
  /** The certificate or the handshake of `turns:` fails. */
  | 'tls'
  /** 401 with any time of expiry: the secret or the password is another one there. */
  | 'wrong_credentials'
  /** 401 now, but accepted with a later expiry: the clock there is ahead of this machine's. */
  | 'clock_skew'
  /** 486: the user has as many allocations as the server allows. */
  | 'quota'
  /** 508: the server has no port left to relay on. */
  | 'no_capacity'
  /** 403 and anything else that it says. */
  | 'refused';

/** The result of one real Allocate (RFC 8656 §7), which is given back at once. */
export interface TurnCheck {
  readonly url: string;
  readonly code: TurnCode;
  /** What happened, in a sentence; it holds no credential. */
  readonly message: string;
  /** What to do about it; empty when nothing is wrong. */
  readonly next: string;
  /** Relayed address that was given, e.g. "192.0.2.1:49160". */
  readonly relayed?: string;
  /** From the first packet to the allocation, in ms. */
  readonly tookMs?: number;
}

export interface TurnReport {
  /** True when every server is `ok`; true with no server as well. */
  readonly ok: boolean;
  /** Unix time in ms. */
  readonly checkedAtMs: number;
  readonly servers: readonly TurnCheck[];
}
