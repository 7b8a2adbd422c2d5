import type { Ack, ClientEvent } from '../protocol/index.js';
import type { Peer } from './messages/peer.js';

/** Where peers come in, whatever they speak. Socket.IO and WHEP use the same one. */
export interface Doorway {
  /** A peer that access has admitted. Limits may still refuse it. */
  enter(peer: Peer): void;
  /**
   * One message of a peer, from the outside: limits, shape, rights and state are all looked at. Never rejects.
   *
   * @returns the acknowledgement; what must be told to others has been told when this resolves
   */
  request(peer: Peer, event: ClientEvent, message: unknown): Promise<Ack>;
  /** The peer's connection is gone. */
  exit(peer: Peer, reason: string): void;
}
