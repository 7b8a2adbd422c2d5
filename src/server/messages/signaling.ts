import type { FastifyBaseLogger } from 'fastify';
import { type Ack, type ErrorInfo, errorInfo, TIMEOUTS } from '../../protocol/index.js';
import type { Grant } from '../access/access.js';
import type { AddressLimits } from '../access/address-limits.js';
import { MessageLimit, type MessageRate } from '../access/limits.js';
import type { GrantExpiry } from '../access/watch-expiry.js';
import type { Cluster, NodeMessage } from '../cluster/cluster.js';
import type { Doorway } from '../doorway.js';
import type { SignalingEmitter } from '../events.js';
import type { IceSource, PeerIce } from '../ice/ice.js';
import type { IceRotation } from '../ice/rotation.js';
import { isRemote, parseRemote } from '../sessions/address.js';
import { Deadlines } from '../sessions/deadlines.js';
import { type Notice, refuse } from '../sessions/decisions.js';
import type { Registry, Target } from '../sessions/registry.js';
import { inspect, type RawMessage, readRaw } from './guard.js';
import { createHandlers, type Handlers, type Reply } from './handlers.js';
import type { AskMessages, Peer, TellEvent, TellMessage } from './peer.js';
import type { Outcome } from './questions.js';
import type { ClientSocket, SocketPeer } from './socket-peer.js';

/** What signalling needs of the rest. */
export interface SignalingContext {
  readonly registry: Registry;
  readonly cluster: Cluster;
  readonly ice: IceSource;
  readonly rotation: IceRotation;
  readonly expiry: GrantExpiry<Peer>;
  readonly limits: AddressLimits;
  readonly events: SignalingEmitter;
  readonly log: FastifyBaseLogger;
  readonly messageRate: MessageRate;
  readonly answerTimeoutMs: number;
  /** How long a connection may do nothing after it has come, in ms. */
  readonly idleMs?: number;
}

/** What is kept with each peer. */
interface Seat {
  readonly peer: Peer;
  readonly enteredAtMs: number;
  /** Made with the first message: most sockets of a big page never send a second one. */
  limit: MessageLimit | undefined;
}

/** A sender talks with all its viewers through one socket. */
const SENDER_RATE_FACTOR = 10;

/** Node takes what is longer for 1 ms; who is woken too early sets the next timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** With these a connection shows what it came for. */
const PURPOSES: readonly unknown[] = ['publish', 'join', 'resume'];

/**
 * Between the peers and the registry: each message is inspected, decided, acknowledged, and passed on, in this order. It also
 * keeps the time for the registry.
 */
export class Signaling implements Doorway {
  readonly #context: SignalingContext;
  readonly #handlers: Handlers;
  readonly #seats = new Map<string, Seat>();
  readonly #idle: Deadlines<Peer>;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #closing = false;

  constructor(context: SignalingContext) {
    this.#context = context;
    this.#idle = new Deadlines(context.idleMs ?? TIMEOUTS.idleMs);
    this.#handlers = createHandlers(context, this);
  }

  // ---- coming and going --------------------------------------------------------------------------------------------

  /** Takes a socket that the handshake has admitted. */
  acceptSocket(socket: ClientSocket, peer: SocketPeer): void {
    this.enter(peer);
    // Every event, known or not, so that nothing is left without an answer. Going no further, it saves Socket.IO the way to
    // listeners that nobody has, which is another turn of the event loop for each message.
    socket.use(([event, ...args]) => this.#receive(peer, readRaw(event, args)));
    socket.on('disconnect', (reason) => {
      peer.abandon();
      this.exit(peer, reason);
      // One that left its only namespace has nothing more to say, and no deadline of its own.
      if (reason === 'client namespace disconnect') socket.conn.close();
    });
  }

  enter(peer: Peer): void {
    const nowMs = performance.now();
    this.#seats.set(peer.id, { peer, enteredAtMs: nowMs, limit: undefined });
    const { id, role, via, address, grant } = peer;
    this.#context.log.info({ socket: id, role, via }, `[WebRTC Signaling] Client connected: ${id}`);
    const who = grant.subject === undefined ? {} : { subject: grant.subject };
    this.#context.events.emit('client-connected', { peer: id, role, via, ...who, address });
    this.#context.expiry.watch(peer);
    this.#context.rotation.track({
      id: iceUser(peer),
      push: (ice) => peer.tell('ice-config', role === 'sender' ? ice.gstreamer : ice.browser),
    });
    this.#idle.start(peer, nowMs);
    this.schedule();
  }

  exit(peer: Peer, reason: string): void {
    const seat = this.#seats.get(peer.id);
    if (!seat) return;
    this.#seats.delete(peer.id);
    this.#idle.stop(peer);
    this.#context.expiry.forget(peer.id);
    this.#context.rotation.untrack(iceUser(peer));
    const { id, role, via, grant } = peer;
    const nowMs = performance.now();
    this.#context.log.info({ socket: id, reason }, `[WebRTC Signaling] Client disconnected: ${id}`);
    this.#context.events.emit('client-disconnected', {
      peer: id,
      role,
      via,
      reason,
      connectedMs: nowMs - seat.enteredAtMs,
    });
    const { expiresAtMs } = grant;
    const rightsLeftMs = expiresAtMs === undefined ? undefined : Math.max(0, expiresAtMs - Date.now());
    this.deliver(this.#context.registry.lost(id, nowMs, rightsLeftMs));
    this.schedule();
  }

  /** The peer with this id, while it is connected to this node. */
  find(id: string): Peer | undefined {
    return this.#seats.get(id)?.peer;
  }

  peers(): Iterable<Peer> {
    return Array.from(this.#seats.values(), ({ peer }) => peer);
  }

  /** Everyone hears that the server goes. Nothing is started any more; the connections are closed by their owners. */
  close(retryAfterMs: (index: number) => number): void {
    let index = 0;
    for (const { peer } of this.#seats.values()) {
      peer.tell('server-closing', { retryAfterMs: Math.round(retryAfterMs(index)) });
      index += 1;
    }
    this.#closing = true;
    clearTimeout(this.#timer);
  }

  // ---- one message -------------------------------------------------------------------------------------------------

  request(peer: Peer, event: string, message: unknown): Promise<Ack> {
    return new Promise((resolve) => {
      let ack: Ack = refuse('internal');
      const acknowledge = (given: unknown) => {
        ack = given as Ack;
      };
      this.#receive(peer, { event, payload: [message], acknowledge }, () => resolve(ack));
    });
  }

  /** Never throws: whatever a client sends, the worst is a refusal. */
  #receive(peer: Peer, raw: RawMessage, done = () => {}): void {
    const seat = this.#seats.get(peer.id);
    if (!seat) {
      raw.acknowledge(refuse('unknown_session'));
      done();
      return;
    }
    const verdict = this.#limitOf(seat).judge(performance.now());
    const finish = ({ ack, notices }: Reply) => {
      // Nothing may come between these two: a sender's candidates must find the receiver with the answer.
      raw.acknowledge(ack);
      this.deliver(notices);
      this.#report(peer, raw.event, ack);
      done();
    };
    const fail = (err: unknown) => {
      this.#context.log.error(
        { socket: peer.id, event: raw.event, err },
        '[WebRTC Signaling] A message could not be handled',
      );
      raw.acknowledge(refuse('internal'));
      done();
    };
    try {
      const reply = this.#reply(peer, raw, verdict);
      if (reply instanceof Promise) reply.then(finish).catch(fail);
      else finish(reply);
    } catch (err) {
      fail(err);
    }
    if (verdict === 'abusive') {
      this.#context.log.warn(
        { socket: peer.id },
        '[WebRTC Signaling] Client cut off: it sends on although it is refused',
      );
      peer.cut(errorInfo('rate_limited'));
    }
  }

  #reply(peer: Peer, raw: RawMessage, verdict: ReturnType<MessageLimit['judge']>): Reply | Promise<Reply> {
    const inspected = inspect(raw, peer.role, verdict);
    if (!inspected.ok) return { ack: inspected, notices: [] };
    if (PURPOSES.includes(inspected.event)) this.#idle.stop(peer);
    const handle = this.#handlers[inspected.event] as Handlers['live'];
    return handle(peer, inspected.message as never);
  }

  #report(peer: Peer, event: unknown, ack: Ack): void {
    const code = ack.ok ? {} : { code: ack.error.code };
    if (!ack.ok) this.#context.log.debug({ socket: peer.id, event, ...code }, ack.error.message);
    this.#context.events.emit('message', { peer: peer.id, event: String(event), ...code });
  }

  #limitOf(seat: Seat): MessageLimit {
    if (!seat.limit) {
      const { perSecond, burst } = this.#context.messageRate;
      const factor = seat.peer.role === 'sender' ? SENDER_RATE_FACTOR : 1;
      seat.limit = new MessageLimit({ perSecond: perSecond * factor, burst: burst * factor }, performance.now());
    }
    return seat.limit;
  }

  // ---- to others ---------------------------------------------------------------------------------------------------

  deliver(notices: readonly Notice[]): void {
    for (const notice of notices) {
      if ('node' in notice) {
        const { node, from, event, message } = notice;
        this.#context.cluster.tell(node, { type: 'from-sender', socket: from, event, message });
      } else if (isRemote(notice.to)) this.#forward(notice);
      else this.#tell(notice.to, notice.event, notice.message);
    }
  }

  /** The acknowledgement of a sender, here or on another node. Never rejects. */
  async ask<E extends keyof AskMessages>(sender: string, event: E, message: AskMessages[E]): Promise<Outcome> {
    const { cluster, answerTimeoutMs } = this.#context;
    const remote = parseRemote(sender);
    if (remote) return cluster.ask(remote.node, { socket: remote.id, event, message }, answerTimeoutMs);
    const peer = this.find(sender);
    if (!peer) return { answered: false, error: errorInfo('stream_offline') };
    return peer.ask(event, message, answerTimeoutMs);
  }

  /** ICE servers for one peer, with credentials that are its own. */
  iceFor(peer: Peer): PeerIce {
    return this.#context.ice.forPeer(iceUser(peer));
  }

  /** Ends sessions; with a subject or a stream also the connections of those who have them. Returns how many sessions. */
  kick(target: Target, error: ErrorInfo): number {
    const { registry } = this.#context;
    const { ended, notices } = registry.end(target, 'kicked', error);
    this.deliver(notices);
    if (target.session !== undefined) return ended;
    const sender = target.stream === undefined ? undefined : registry.senderOf(target.stream)?.peer;
    for (const { peer } of [...this.#seats.values()]) {
      const isMeant = target.subject === undefined ? peer.id === sender : peer.grant.subject === target.subject;
      if (isMeant && (target.stream === undefined || peer.id === sender)) peer.cut(error);
    }
    return ended;
  }

  /** The peer has other rights from now on. */
  regrant(peer: Peer, grant: Grant): void {
    peer.grant = grant;
    this.#context.expiry.watch(peer);
  }

  /** The rights of this peer are over, and with them all that it does. */
  expel(peer: Peer, error: ErrorInfo): void {
    this.deliver(this.#context.registry.restrict(peer.id, { publish: () => false, watch: () => false }, error));
    peer.cut(error);
  }

  #tell<E extends TellEvent>(to: string, event: E, message: TellMessage<E>): void {
    this.find(to)?.tell(event, message);
  }

  #forward(notice: Extract<Notice, { to: string }>): void {
    const remote = parseRemote(notice.to);
    if (!remote || (notice.event !== 'candidate' && notice.event !== 'session-closed')) return;
    const { event, message } = notice;
    this.#context.cluster.tell(remote.node, { type: 'to-sender', socket: remote.id, event, message } as NodeMessage);
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  /** Called after whatever may have set a deadline. */
  schedule(): void {
    if (this.#closing) return;
    const nextMs = Math.min(
      this.#context.registry.nextExpiryMs() ?? Number.POSITIVE_INFINITY,
      this.#idle.nextMs ?? Number.POSITIVE_INFINITY,
    );
    // A timer that comes too early finds nothing due, and sets the next one.
    if (nextMs >= this.#timerDueMs) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = nextMs;
    const waitMs = Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(nextMs - performance.now())));
    this.#timer = setTimeout(() => this.#expire(), waitMs);
    this.#timer.unref();
  }

  #expire(): void {
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    this.deliver(this.#context.registry.expire(nowMs));
    for (const peer of this.#idle.takeDue(nowMs)) {
      this.#context.log.info({ socket: peer.id }, '[WebRTC Signaling] Client cut off: it came and asked for nothing');
      peer.cut(errorInfo('session_timeout'));
    }
    this.schedule();
  }
}

/** Names a peer in ephemeral credentials. */
function iceUser({ role, id }: Peer): string {
  return `${role}-${id}`;
}
