import type { Candidate, CloseReason, ErrorInfo, IceConfig, Mode, ModeSet, StreamInfo } from '../../protocol/index.js';

/** What a channel tells the core. Bound once, for the channel's whole life. */
export interface ChannelEvents {
  /** `error`: why it is not connected, where that is known. `connecting` after an error goes on trying by itself. */
  onSignalling(state: 'closed' | 'connecting' | 'connected', error?: ErrorInfo): void;
  /** After each join, and whenever something changed. */
  onStream(info: StreamInfo): void;
  /** The token is good until then (Unix ms); a newer one in `authenticate` keeps the connection. */
  onTokenExpiring(expiresAt: number): void;
}

/** What a session tells its connection. */
export interface SessionEvents {
  onCandidate(candidate: Candidate): void;
  /** Fresh servers, before the credentials of the former ones end. */
  onIce(ice: IceConfig): void;
  /** The other side, or the server, ended it. After `kicked`, `expired` and `timeout` no media flows; else it may flow on. */
  onClosed(reason: CloseReason, error?: ErrorInfo): void;
}

/** One negotiation. Single-use: a new try is a new session. */
export interface SignallingSession {
  readonly ice: IceConfig;
  /** How long the offer waits for the browser's own candidates, in ms: where they cannot follow it. @default 0 */
  readonly gatherMs?: number;
  /** The answer may bring ICE servers that are not known before. @default false */
  readonly iceMayFollow?: boolean;
  /** Sends the offer; the answer's SDP comes back. Rejects with `PreviewError`. */
  offer(sdp: string): Promise<string>;
  sendCandidate(candidate: Candidate): void;
  /** Tells the server that the first frame was shown. */
  reportLive(): void;
  /** Ends it. Safe to call at any time, more than once. */
  leave(): void;
}

/** The mode that the sender chose, with a `notice` in words where it is not the one asked for. */
export type ChosenMode = Pick<ModeSet, 'mode' | 'notice'>;

/** A subscription to one stream of one server. Another transport (WHEP, …) is another implementation of this. */
export interface SignallingChannel {
  /** The stream may have sound, so a place for it is offered. @default false */
  readonly audio?: boolean;
  /**
   * Takes part in a new session; waits for the server if it must. Rejects with `PreviewError` when the channel closes.
   *
   * @param offer what the session's `offer` will be given, as soon as that is known: it may be sent before the session is there
   */
  open(events: SessionEvents, offer?: Promise<string>): Promise<SignallingSession>;
  /** Asks for another mode; resolves with the sender's choice. Rejects with `PreviewError`. */
  setMode(mode: Mode): Promise<ChosenMode>;
  /**
   * Brings a newer token to the server; what runs goes on. False: this channel cannot, another one is needed. Rejects with
   * `PreviewError` when the server refuses; the former token then stays.
   */
  authenticate(token: string | undefined): Promise<boolean>;
  /** Frames are missing, and the server is being asked: where it does not answer soon, the connection to it is as dead as theirs. */
  doubt?(): void;
  /** Stops waiting and tries to reach the server right now. */
  reconnect(): void;
  /** Whether anybody waits for news; one that has to ask for them need not, otherwise. @default true, until it is said */
  watch?(wanted: boolean): void;
  close(): void;
}

/** Makes the channel for `src` and `stream`. */
export type SignallingFactory = (
  source: { src: string; stream: string; token?: string | undefined },
  events: ChannelEvents,
) => SignallingChannel;
