import { createHash } from 'node:crypto';
import {
  type Camera,
  type ErrorInfo,
  type Join,
  type Leave,
  LIMITS,
  type Live,
  type Offer,
  type Publish,
  type SendCandidate,
  type SessionClosed,
  type SetMode,
  type StreamInfo,
  TIMEOUTS,
  type Unpublish,
  type UpdateCamera,
} from '../protocol/index.js';
import { type AnswerAck, type Decision, type Notice, type OfferDecision, type Refused, refuse } from './decisions.js';
import { Session, type SessionState } from './session.js';

/** A stream as `fastify.webrtcSignaling.streams()` shows it. */
export interface StreamSnapshot extends StreamInfo {
  /** Sessions open on it. */
  sessions: number;
}

/** A session as `fastify.webrtcSignaling.sessions()` shows it. */
export interface SessionSnapshot {
  session: string;
  stream: string;
  state: SessionState;
  epoch: number;
  /** Unix time in ms. */
  joinedAtMs: number;
}

interface Stream {
  readonly id: string;
  readonly sessions: Set<Session>;
  /** Socket that publishes it now. */
  sender?: string | undefined;
  /** Random for each start of the sender; stays while its return is awaited. */
  instance?: string | undefined;
  camera?: Camera | undefined;
  /** The sender's socket was lost, and its sessions are kept until then. */
  graceUntilMs?: number | undefined;
  /** Sessions that ended while the sender was away: told to it when it is back. */
  farewells: SessionClosed[];
}

/**
 * Who publishes what, who watches it, and who may speak of it. It owns all of this state and does nothing else: no I/O,
 * no timers; the time is passed in, and what must be told to whom is returned.
 *
 * A session is known to its receiver and to the sender that was offered it, a stream to its sender. For everyone else
 * they do not exist: the answer is the same as for an id that was never given.
 */
export class Registry {
  readonly #streams = new Map<string, Stream>();
  readonly #sessions = new Map<string, Session>();
  readonly #sessionsByReceiver = new Map<string, Set<Session>>();
  readonly #newId: () => string;
  readonly #graceMs: number;

  constructor(options: { newId: () => string; graceMs?: number }) {
    this.#newId = options.newId;
    this.#graceMs = options.graceMs ?? TIMEOUTS.senderGraceMs;
  }

  // ---- sender ------------------------------------------------------------------------------------------------------

  /** `displaced`: the socket that has lost its last stream by this, when the same sender came back on a new one. */
  publish(socket: string, message: Publish): Decision<{ displaced: string | undefined }> {
    const known = this.#streams.get(message.stream);
    const sameInstance = known?.instance === message.instance;
    const sameSocket = known?.sender === socket;
    if (known?.sender !== undefined && !sameSocket && !sameInstance) return refuse('stream_taken');
    if (!sameSocket && this.#streamsOf(socket).length >= LIMITS.streamsPerSocket) {
      return refuse('too_many_sessions', `One connection may publish ${LIMITS.streamsPerSocket} streams.`);
    }
    const stream = known ?? this.#newStream(message.stream);
    const former = sameSocket ? undefined : stream.sender;
    if (!sameInstance) resetSessions(stream);
    else if (!sameSocket) resetUnanswered(stream);
    const farewells = sameInstance ? stream.farewells : [];
    stream.sender = socket;
    stream.instance = message.instance;
    stream.camera = message.camera;
    stream.graceUntilMs = undefined;
    stream.farewells = [];
    const goodbyes = farewells.map((closed): Notice => ({ to: socket, event: 'session-closed', message: closed }));
    const displaced = former !== undefined && this.#streamsOf(former).length === 0 ? former : undefined;
    return { ok: true, displaced, notices: [...goodbyes, ...news(stream)] };
  }

  unpublish(socket: string, message: Unpublish): Decision {
    const stream = this.#published(socket, message.stream);
    return stream ? { ok: true, notices: this.#goOffline(stream) } : refuseForeignStream(message.stream);
  }

  updateCamera(socket: string, message: UpdateCamera): Decision {
    const stream = this.#published(socket, message.stream);
    if (!stream) return refuseForeignStream(message.stream);
    stream.camera = message.camera;
    return { ok: true, notices: news(stream) };
  }

  // ---- receiver ----------------------------------------------------------------------------------------------------

  join(socket: string, message: Join, nowMs: number): Decision<{ session: string; stream: StreamInfo }> {
    const own = this.#sessionsByReceiver.get(socket) ?? new Set();
    if (own.size >= LIMITS.sessionsPerSocket) return refuse('too_many_sessions');
    const stream = this.#streams.get(message.stream) ?? this.#newStream(message.stream);
    const session = new Session({ id: this.#newId(), stream: stream.id, receiver: socket, joinedAtMs: nowMs });
    this.#sessions.set(session.id, session);
    this.#sessionsByReceiver.set(socket, own.add(session));
    stream.sessions.add(session);
    return { ok: true, session: session.id, stream: info(stream), notices: [] };
  }

  offer(socket: string, message: Offer): OfferDecision {
    const session = this.#watched(socket, message.session);
    if (!session) return refuse('unknown_session');
    const { sender } = this.#streamOf(session);
    const decision = session.offer(message, sender !== undefined);
    if (!decision.ok || decision.action === 'repeat') return decision;
    if (decision.action === 'wait' || sender === undefined) return { ok: true, action: 'wait' };
    return { ok: true, action: 'relay', sender, stream: session.stream };
  }

  /** What the sender made of the offer. Everything may have changed while it was asked, so all is looked at again. */
  answered(socket: string, offer: Pick<Offer, 'session' | 'epoch'>, ack: AnswerAck): Decision {
    const session = this.#watched(socket, offer.session);
    if (!session) return refuse('unknown_session');
    const decision = session.answered(offer.epoch, ack);
    if (!decision.ok) return decision;
    return { ok: true, notices: decision.held.map((message) => ({ to: socket, event: 'candidate', message })) };
  }

  live(socket: string, message: Live): Decision {
    const decision = this.#watched(socket, message.session)?.live(message.epoch) ?? refuse('unknown_session');
    return decision.ok ? { ok: true, notices: [] } : decision;
  }

  /** Whoever joined may ask, watching or not yet: the page offers the modes before Start. */
  setMode(socket: string, message: SetMode): Decision<{ sender: string; stream: string }> {
    const session = this.#watched(socket, message.session);
    if (!session) return refuse('unknown_session');
    const { sender } = this.#streamOf(session);
    if (sender === undefined) return refuse('stream_offline');
    return { ok: true, sender, stream: session.stream, notices: [] };
  }

  // ---- either ------------------------------------------------------------------------------------------------------

  candidate(socket: string, message: SendCandidate): Decision {
    const watched = this.#watched(socket, message.session);
    const session = watched ?? this.#fed(socket, message.session);
    if (!session) return refuse('unknown_session');
    const decision = session.candidate(watched ? 'receiver' : 'sender', message);
    if (!decision.ok) return decision;
    const to = watched ? this.#streamOf(session).sender : session.receiver;
    if (to === undefined) return refuse('stream_offline');
    return { ok: true, notices: decision.held ? [] : [{ to, event: 'candidate', message }] };
  }

  leave(socket: string, message: Leave): Decision {
    const watched = this.#watched(socket, message.session);
    if (watched) return { ok: true, notices: this.#close(watched, 'left', message.error) };
    const fed = this.#fed(socket, message.session);
    if (!fed) return refuse('unknown_session');
    this.#remove(fed);
    const closed = closedMessage(fed, 'sender-closed', message.error);
    return { ok: true, notices: [{ to: fed.receiver, event: 'session-closed', message: closed }] };
  }

  // ---- sockets and time --------------------------------------------------------------------------------------------

  /** The socket is gone. */
  lost(socket: string, nowMs: number): Notice[] {
    const sessions = [...(this.#sessionsByReceiver.get(socket) ?? [])];
    const notices = sessions.flatMap((session) => this.#close(session, 'lost'));
    for (const stream of this.#streamsOf(socket)) {
      stream.sender = undefined;
      stream.graceUntilMs = nowMs + this.#graceMs;
      resetUnanswered(stream);
      notices.push(...news(stream));
    }
    return notices;
  }

  /** Gives up the senders that have been away for too long. */
  expire(nowMs: number): Notice[] {
    const isDue = ({ graceUntilMs }: Stream) => graceUntilMs !== undefined && graceUntilMs <= nowMs;
    return [...this.#streams.values()].filter(isDue).flatMap((stream) => this.#goOffline(stream));
  }

  /** When {@link expire} next has something to do, on the clock of the times passed in. */
  nextExpiryMs(): number | undefined {
    let next: number | undefined;
    for (const { graceUntilMs } of this.#streams.values()) {
      if (graceUntilMs !== undefined && (next === undefined || graceUntilMs < next)) next = graceUntilMs;
    }
    return next;
  }

  /** Nobody publishes, watches or is awaited: nothing at all is kept. */
  get isEmpty(): boolean {
    return this.#streams.size + this.#sessions.size + this.#sessionsByReceiver.size === 0;
  }

  streams(): StreamSnapshot[] {
    return Array.from(this.#streams.values(), (stream) => ({ ...info(stream), sessions: stream.sessions.size }));
  }

  sessions(): SessionSnapshot[] {
    return Array.from(this.#sessions.values(), ({ id, stream, state, epoch, joinedAtMs }) => {
      return { session: id, stream, state, epoch, joinedAtMs };
    });
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  #newStream(id: string): Stream {
    const stream: Stream = { id, sessions: new Set(), farewells: [] };
    this.#streams.set(id, stream);
    return stream;
  }

  #streamOf(session: Session): Stream {
    const stream = this.#streams.get(session.stream);
    if (!stream) throw new Error(`session ${session.id} has outlived its stream`);
    return stream;
  }

  #streamsOf(socket: string): Stream[] {
    return [...this.#streams.values()].filter(({ sender }) => sender === socket);
  }

  /** The stream, when this socket publishes it. */
  #published(socket: string, id: string): Stream | undefined {
    const stream = this.#streams.get(id);
    return stream?.sender === socket ? stream : undefined;
  }

  /** The session, when this socket is its receiver. */
  #watched(socket: string, id: string): Session | undefined {
    const session = this.#sessions.get(id);
    return session?.receiver === socket ? session : undefined;
  }

  /** The session, when this socket publishes its stream and was offered it. */
  #fed(socket: string, id: string): Session | undefined {
    const session = this.#sessions.get(id);
    return session?.knownToSender && this.#streamOf(session).sender === socket ? session : undefined;
  }

  #goOffline(stream: Stream): Notice[] {
    resetSessions(stream);
    stream.sender = stream.instance = stream.camera = stream.graceUntilMs = undefined;
    stream.farewells = [];
    this.#dropIfUnused(stream);
    return news(stream);
  }

  /** Ends a session from the receiver's side. */
  #close(session: Session, reason: 'left' | 'lost', error?: ErrorInfo): Notice[] {
    const { sender, graceUntilMs, farewells } = this.#streamOf(session);
    const message = closedMessage(session, reason, error);
    this.#remove(session);
    if (!session.knownToSender) return [];
    if (sender !== undefined) return [{ to: sender, event: 'session-closed', message }];
    if (graceUntilMs !== undefined) farewells.push(message);
    return [];
  }

  #remove(session: Session): void {
    const stream = this.#streamOf(session);
    this.#sessions.delete(session.id);
    stream.sessions.delete(session);
    const own = this.#sessionsByReceiver.get(session.receiver);
    own?.delete(session);
    if (own?.size === 0) this.#sessionsByReceiver.delete(session.receiver);
    this.#dropIfUnused(stream);
  }

  #dropIfUnused(stream: Stream): void {
    const awaited = stream.sender !== undefined || stream.graceUntilMs !== undefined;
    if (!awaited && stream.sessions.size === 0) this.#streams.delete(stream.id);
  }
}

function info({ id, sender, instance, camera }: Stream): StreamInfo {
  return {
    stream: id,
    online: sender !== undefined,
    ...(instance && { instance: publicInstance(instance) }),
    ...(camera && { camera }),
  };
}

/**
 * What viewers are told in place of `instance`, which would let anyone take the stream over. The same on every server, so
 * that a restart of this one does not look like another sender.
 */
export function publicInstance(instance: string): string {
  return createHash('sha256').update(instance).digest('base64url').slice(0, 22);
}

/** What all who joined the stream must hear, once each. */
function news(stream: Stream): Notice[] {
  const receivers = new Set(Array.from(stream.sessions, ({ receiver }) => receiver));
  return Array.from(receivers, (to) => ({ to, event: 'stream', message: info(stream) }));
}

function resetSessions(stream: Stream): void {
  for (const session of stream.sessions) session.reset();
}

/** An offer that went to a socket which is gone can never be answered. */
function resetUnanswered(stream: Stream): void {
  for (const session of stream.sessions) if (session.state === 'offered') session.reset();
}

function closedMessage({ id }: Session, reason: SessionClosed['reason'], error?: ErrorInfo): SessionClosed {
  return { session: id, reason, ...(error && { error }) };
}

function refuseForeignStream(stream: string): Refused {
  return refuse('forbidden', `This connection does not publish the stream "${stream}".`);
}
