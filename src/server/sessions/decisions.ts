import {
  type Ack,
  type ErrorCode,
  type ErrorInfo,
  errorInfo,
  type Leave,
  type Replaced,
  type SendCandidate,
  type SessionClosed,
  type StreamInfo,
} from '../../protocol/index.js';

/** The acknowledgement of an offer. */
export type AnswerAck = Ack<{ ok: true; sdp: string }>;

/** A request that is not granted: exactly what its acknowledgement carries. */
export interface Refused {
  ok: false;
  error: ErrorInfo;
}

export function refuse(code: ErrorCode, detail?: string): Refused {
  return { ok: false, error: errorInfo(code, detail) };
}

/** Something to tell a peer. Notices go out in their order, after the acknowledgement. */
export type Notice =
  | { to: string; event: 'stream'; message: StreamInfo }
  | { to: string; event: 'candidate'; message: SendCandidate }
  | { to: string; event: 'session-closed'; message: SessionClosed }
  | { to: string; event: 'replaced'; message: Replaced }
  /** What the sender `from` says of a session that another node holds. */
  | { node: string; from: string; event: 'candidate'; message: SendCandidate }
  | { node: string; from: string; event: 'leave'; message: Leave };

/** What a request came to. */
export type Decision<T = Record<never, never>> = Refused | ({ ok: true; notices: Notice[] } & T);

/** What to do with an offer, see `Session.offer`. */
export type OfferDecision =
  | Refused
  | { ok: true; action: 'relay'; sender: string; stream: string }
  | { ok: true; action: 'wait' }
  | { ok: true; action: 'repeat'; ack: AnswerAck };
