import type { ErrorInfo, OfferForSender, Role, ServerToClient, SetModeForSender } from '../../protocol/index.js';
import type { Admission, Grant } from '../access/access.js';
import type { Outcome } from './questions.js';

/** What the server says without waiting for an answer. */
export type TellEvent = Exclude<keyof ServerToClient, 'offer' | 'set-mode'>;
export type TellMessage<E extends TellEvent> = Parameters<ServerToClient[E]>[0];

/** What the server asks a sender. */
export interface AskMessages {
  offer: OfferForSender;
  'set-mode': SetModeForSender;
}

/** Somebody who takes part: a Socket.IO connection, or a viewer by WHEP. */
export interface Peer {
  /** Nobody else is given it. Without "/". */
  readonly id: string;
  readonly role: Role;
  /** `whep` peers do not send `live`, cannot resume, and have no news. */
  readonly via: 'socket' | 'whep';
  /** IP address, for the limits. */
  readonly address: string;
  /** What it may do; replaced by a newer one when it brings a newer token. */
  grant: Grant;
  tell<E extends TellEvent>(event: E, message: TellMessage<E>): void;
  /** Never rejects: an answer, or why there is none. */
  ask<E extends keyof AskMessages>(event: E, message: AskMessages[E], timeoutMs: number): Promise<Outcome>;
  /** Judges another token for the same connection; absent where a connection cannot bring one. */
  reauthorize?(token: string): Promise<Admission>;
  /** Ends the connection for good, with the reason: kicked, rights expired, idle. */
  cut(error: ErrorInfo): void;
}
