import type { DefaultEventsMap, Socket } from 'socket.io';
import type { ClientToServer, ErrorInfo, Role, ServerToClient } from '../../protocol/index.js';
import type { Access, Admission, Grant } from '../access/access.js';
import type { AskMessages, Peer, TellEvent, TellMessage } from './peer.js';
import { type Outcome, Questions } from './questions.js';

/** What the handshake leaves with each socket. */
export interface SocketData {
  role: Role;
  grant: Grant;
  address: string;
}

export type ClientSocket = Socket<ClientToServer, ServerToClient, DefaultEventsMap, SocketData>;

/**
 * Packets that may wait for one client. A slow one would otherwise fill the memory: neither Socket.IO nor WebSocket knows
 * backpressure, and a viewer's share of a busy minute is some forty packets.
 */
const MAX_WAITING_PACKETS = 1_000;

/** A client that speaks Socket.IO. */
export class SocketPeer implements Peer {
  readonly via = 'socket';
  grant: Grant;
  readonly #socket: ClientSocket;
  readonly #access: Access;
  #questions: Questions | undefined;

  constructor(socket: ClientSocket, access: Access) {
    this.#socket = socket;
    this.#access = access;
    this.grant = socket.data.grant;
  }

  get id(): string {
    return this.#socket.id;
  }

  get role(): Role {
    return this.#socket.data.role;
  }

  get address(): string {
    return this.#socket.data.address;
  }

  tell<E extends TellEvent>(event: E, message: TellMessage<E>): void {
    (this.#socket.emit as (event: E, message: TellMessage<E>) => boolean)(event, message);
    this.#dropIfSlow();
  }

  ask<E extends keyof AskMessages>(event: E, message: AskMessages[E], timeoutMs: number): Promise<Outcome> {
    this.#questions ??= new Questions();
    const emit = this.#socket.emit.bind(this.#socket) as (
      event: E,
      message: AskMessages[E],
      acknowledge: (ack: unknown) => void,
    ) => boolean;
    const outcome = this.#questions.ask((acknowledge) => emit(event, message, acknowledge), timeoutMs);
    this.#dropIfSlow();
    return outcome;
  }

  cut(_error: ErrorInfo): void {
    this.#socket.disconnect(true);
  }

  /** Judges another token for the same connection. */
  reauthorize(token: string): Promise<Admission> {
    const { request } = this.#socket;
    return this.#access.admit({ via: 'socket', token, role: this.role, address: this.address, request });
  }

  /** The socket is gone: what it was asked will not be answered. */
  abandon(): void {
    this.#questions?.abandon();
  }

  /** Closed like a broken connection, so that it comes back by itself. */
  #dropIfSlow(): void {
    const { conn } = this.#socket;
    if ((conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length > MAX_WAITING_PACKETS) conn.close(true);
  }
}
