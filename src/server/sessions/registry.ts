import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type Camera,
  type CloseReason,
  type ErrorInfo,
  errorInfo,
  type Leave,
  LIMITS,
  type Live,
  type Offer,
  type Resume,
  type SendCandidate,
  type SessionClosed,
  type SetMode,
  type StreamInfo,
  TIMEOUTS,
  type Unpublish,
  type UpdateCamera,
} from '../../protocol/index.js';
import { isRemote, parseRemote } from './address.js';
import { Deadlines } from './deadlines.js';
import { type AnswerAck, type Decision, type Notice, type OfferDecision, type Refused, refuse } from './decisions.js';
import { Guests } from './guests.js';
import { Session, type SessionState, type Via } from './session.js';

/** A stream as `fastify.webrtcSignaling.streams()` shows it. */
export interface StreamSnapshot extends StreamInfo {
  /** Sessions open on it at this node, watching or ready to. */
  sessions: number;
  /** Sessions that the sender was offered: at this node, or of all nodes where this one has the sender. */
  viewers: number;
  /** Subject of the sender's grant, when it has one. */
  owner?: string;
  /** The node that has its sender, when it is another one. */
  node?: string;
}

/** A session as `fastify.webrtcSignaling.sessions()` shows it. */
export interface SessionSnapshot {
  session: string;
  stream: string;
  state: SessionState;
  epoch: number;
  via: Via;
  /** Who watches, when the grant has a subject. */
  subject?: string;
  /** False while the receiver's connection to this server is lost; media may flow all the same. */
  attached: boolean;
  /** Unix time in ms. */
  joinedAtMs: number;
}

/** What has become different, for those who only watch. `peer` is the sender that has, or had, the stream. */
export type Change =
  | { kind: 'published'; stream: string; peer: string; owner: string | undefined; takeover: boolean }
  | { kind: 'camera'; stream: string; peer: string }
  | { kind: 'away' | 'gone'; stream: string; peer: string }
  | { kind: 'joined' | 'live' | 'detached' | 'resumed'; session: Session }
  | { kind: 'closed'; session: Session; reason: CloseReason; error: ErrorInfo | undefined };

/** Which sessions to end, or which stream to take away: whatever matches all that is given. */
export interface Target {
  session?: string;
  subject?: string;
  stream?: string;
}

/** A sender as it publishes. `instance` is already in its public form. */
export interface Publication {
  stream: string;
  instance: string;
  camera: Camera;
  owner: string | undefined;
  /** Grows with each holder of the stream; what is lower than the known one is old news. */
  fence: number;
}

interface Stream {
  readonly id: string;
  readonly sessions: Set<Session>;
  /** Peer that publishes it now. */
  sender?: string | undefined;
  /** Peer that published it last: while its return is awaited, the one who left. */
  last?: string | undefined;
  /** Stays while the sender's return is awaited. */
  instance?: string | undefined;
  camera?: Camera | undefined;
  owner?: string | undefined;
  fence: number;
  /** Sessions that ended while the sender was away: told to it when it is back. */
  farewells: SessionClosed[];
}

export interface RegistryOptions {
  newId: () => string;
  /** 43 characters of base64url that nobody can guess. */
  newKey: () => string;
  /** How long the return of a lost sender is awaited, in ms. */
  graceMs?: number;
  /** How long a lost receiver may resume, in ms. */
  receiverGraceMs?: number;
  /** How long an answered session may take to its first frame, in ms. */
  liveMs?: number;
  /** Viewers at once on one stream. */
  maxViewers?: number;
  /** Hears of every change, at once. */
  observe?: (change: Change) => void;
}

/**
 * Who publishes what, who watches it, and who may speak of it. It owns all of this state and does nothing else: no I/O,
 * no timers; the time is passed in, and what must be told to whom is returned.
 *
 * A session is known to its receiver and to the sender that was offered it, a stream to its sender. For everyone else
 * they do not exist: the answer is the same as for an id that was never given.
 *
 * Each node has one. A sender of another node takes part as a remote peer (see `address.ts`): what it does arrives here a
 * little later and goes through the same methods. Sessions live on the node of their receiver.
 */
export class Registry {
  readonly #streams = new Map<string, Stream>();
  readonly #streamsBySender = new Map<string, Set<Stream>>();
  readonly #sessions = new Map<string, Session>();
  readonly #sessionsByReceiver = new Map<string, Set<Session>>();
  readonly #guests = new Guests();
  readonly #awaited: Deadlines<Stream>;
  readonly #resumable: Deadlines<Session>;
  readonly #unproven: Deadlines<Session>;
  /** When the rights of sessions end whose receivers are not there to be asked. */
  readonly #rightsEndMs = new Map<Session, number>();
  readonly #newId: () => string;
  readonly #newKey: () => string;
  readonly #maxViewers: number;
  readonly #observe: (change: Change) => void;

  constructor(options: RegistryOptions) {
    this.#newId = options.newId;
    this.#newKey = options.newKey;
    this.#awaited = new Deadlines(options.graceMs ?? TIMEOUTS.senderGraceMs);
    this.#resumable = new Deadlines(options.receiverGraceMs ?? TIMEOUTS.receiverGraceMs);
    this.#unproven = new Deadlines(options.liveMs ?? TIMEOUTS.liveMs);
    this.#maxViewers = options.maxViewers ?? Number.POSITIVE_INFINITY;
    this.#observe = options.observe ?? (() => {});
  }

  // ---- sender ------------------------------------------------------------------------------------------------------

  /**
   * Why this peer may not publish one more stream, if it may not. Asked before the stream is claimed.
   *
   * @param claimed streams that it has asked for already, and that are not decided yet
   */
  checkPublish(peer: string, stream: string, claimed: ReadonlySet<string> = new Set()): Refused | undefined {
    const own = new Set([...claimed, ...this.#publishedBy(peer).map(({ id }) => id)]);
    if (own.size < LIMITS.streamsPerSocket || own.has(stream)) return undefined;
    return refuse('too_many_sessions', `One connection may publish ${LIMITS.streamsPerSocket} streams.`);
  }

  /**
   * Gives the stream to this sender: that it may have it has been decided (`Cluster.claim`).
   *
   * `displaced`: a peer of this node that has lost its last stream by this, because the same sender came back by another way.
   * `known`: sessions that this sender knows from before, those included of whose end the notices tell.
   */
  publish(peer: string, wanted: Publication): Decision<{ displaced: string | undefined; known: string[] }> {
    const existing = this.#streams.get(wanted.stream);
    if (existing && existing.fence > wanted.fence) return refuse('stream_taken');
    const stream = existing ?? this.#newStream(wanted.stream);
    const former = stream.sender === peer ? undefined : stream.sender;
    const sameInstance = stream.instance === wanted.instance;
    const takeover = !sameInstance && former !== undefined;
    if (!sameInstance) {
      this.#resetSessions(stream);
      this.#guests.dropStream(stream.id);
    } else if (stream.sender !== peer) {
      resetUnanswered(stream);
      if (isRemote(peer)) this.#guests.dropStream(stream.id);
    }
    const farewells = sameInstance ? stream.farewells : [];
    this.#setSender(stream, peer);
    Object.assign(stream, {
      instance: wanted.instance,
      camera: wanted.camera,
      owner: wanted.owner,
      fence: wanted.fence,
      farewells: [],
    });
    this.#awaited.stop(stream);
    const notices: Notice[] = farewells.map((message) => ({ to: peer, event: 'session-closed', message }));
    const isOurs = former !== undefined && !isRemote(former);
    if (isOurs && takeover) notices.push(replaced(former, stream.id));
    const displaced = isOurs && sameInstance && !this.#streamsBySender.has(former) ? former : undefined;
    const open = sameInstance ? Array.from(stream.sessions).filter((session) => session.knownToSender) : [];
    const known = [...open.map(({ id }) => id), ...farewells.map(({ session }) => session)];
    this.#observe({ kind: 'published', stream: stream.id, peer, owner: wanted.owner, takeover });
    return { ok: true, displaced, known, notices: [...notices, ...news(stream)] };
  }

  unpublish(peer: string, message: Unpublish): Decision {
    const stream = this.#published(peer, message.stream);
    return stream ? { ok: true, notices: this.#goOffline(stream) } : refuseForeignStream(message.stream);
  }

  updateCamera(peer: string, message: UpdateCamera): Decision {
    const stream = this.#published(peer, message.stream);
    if (!stream) return refuseForeignStream(message.stream);
    stream.camera = message.camera;
    this.#observe({ kind: 'camera', stream: stream.id, peer });
    return { ok: true, notices: news(stream) };
  }

  /** Another node's sender has the stream: this one's has lost it without having been asked. */
  dispossess(stream: string): Notice[] {
    const known = this.#streams.get(stream);
    const peer = known?.sender;
    if (!known || peer === undefined || isRemote(peer)) return [];
    return [replaced(peer, stream), ...this.#goOffline(known)];
  }

  // ---- receiver ----------------------------------------------------------------------------------------------------

  join(
    receiver: { id: string; via: Via; subject: string | undefined },
    stream: string,
    nowUnixMs: number,
    id = this.#newId(),
  ): Decision<{ session: string; stream: StreamInfo; resume: string }> {
    if (this.#sessions.has(id)) return refuse('bad_request', 'This session is there already.');
    const own = this.#sessionsByReceiver.get(receiver.id);
    if (own && own.size >= LIMITS.sessionsPerSocket) return refuse('too_many_sessions');
    const joined = this.#streams.get(stream) ?? this.#newStream(stream);
    const session = new Session({
      id,
      stream,
      receiver: receiver.id,
      via: receiver.via,
      subject: receiver.subject,
      resumeKey: this.#newKey(),
      joinedAtMs: nowUnixMs,
    });
    this.#sessions.set(session.id, session);
    joined.sessions.add(session);
    this.#attach(session, receiver.id);
    this.#observe({ kind: 'joined', session });
    return { ok: true, session: session.id, stream: info(joined), resume: session.resumeKey, notices: [] };
  }

  /** Stream of a session that this receiver may take over onto its own connection. */
  resumable(receiver: { subject: string | undefined }, { session: id, resume }: Resume): string | undefined {
    const session = this.#sessions.get(id);
    const isKnown = session?.isAnswered && session.via === 'socket' && isSameKey(session.resumeKey, resume);
    if (!isKnown || session.subject !== receiver.subject) return undefined;
    // Once the key's time is over the session is only waited for by its sender.
    return session.receiver !== undefined || this.#resumable.has(session) ? session.stream : undefined;
  }

  resume(
    receiver: { id: string; subject: string | undefined },
    message: Resume,
  ): Decision<{ stream: StreamInfo; resume: string }> {
    const session = this.#sessions.get(message.session);
    if (!session || this.resumable(receiver, message) === undefined) return refuse('unknown_session');
    const own = this.#sessionsByReceiver.get(receiver.id);
    if (own && own.size >= LIMITS.sessionsPerSocket) return refuse('too_many_sessions');
    // The lost connection may not be known as lost yet.
    this.#detach(session);
    this.#attach(session, receiver.id);
    this.#resumable.stop(session);
    this.#rightsEndMs.delete(session);
    session.resumeKey = this.#newKey();
    this.#observe({ kind: 'resumed', session });
    const notices = session.takeHeld().map((message): Notice => ({ to: receiver.id, event: 'candidate', message }));
    return { ok: true, stream: info(this.#streamOf(session)), resume: session.resumeKey, notices };
  }

  offer(peer: string, message: Offer): OfferDecision {
    const session = this.#watched(peer, message.session);
    if (!session) return refuse('unknown_session');
    const stream = this.#streamOf(session);
    if (!session.isViewer && this.#viewersOf(stream) >= this.#maxViewers) return refuse('stream_full');
    const decision = session.offer(message, stream.sender !== undefined);
    if (!decision.ok || decision.action === 'repeat') return decision;
    if (decision.action === 'wait' || stream.sender === undefined) return { ok: true, action: 'wait' };
    this.#unproven.stop(session);
    return { ok: true, action: 'relay', sender: stream.sender, stream: session.stream };
  }

  /** What the sender made of the offer. Everything may have changed while it was asked, so all is looked at again. */
  answered(peer: string, offer: Pick<Offer, 'session' | 'epoch'>, ack: AnswerAck, nowMs: number): Decision {
    const session = this.#watched(peer, offer.session);
    if (!session) return refuse('unknown_session');
    const decision = session.answered(offer.epoch, ack);
    if (!decision.ok) return decision;
    // A WHEP player says nothing of its first frame.
    if (ack.ok && session.via === 'socket') this.#unproven.start(session, nowMs);
    return { ok: true, notices: decision.held.map((message) => ({ to: peer, event: 'candidate', message })) };
  }

  live(peer: string, message: Live): Decision {
    const session = this.#watched(peer, message.session);
    if (!session) return refuse('unknown_session');
    const isFirst = session.state !== 'live';
    const decision = session.live(message.epoch);
    if (!decision.ok) return decision;
    this.#unproven.stop(session);
    if (isFirst) this.#observe({ kind: 'live', session });
    return { ok: true, notices: [] };
  }

  /** Whoever joined may ask, watching or not yet: the page offers the modes before Start. */
  setMode(peer: string, message: SetMode): Decision<{ sender: string; stream: string }> {
    const session = this.#watched(peer, message.session);
    if (!session) return refuse('unknown_session');
    const { sender } = this.#streamOf(session);
    if (sender === undefined) return refuse('stream_offline');
    return { ok: true, sender, stream: session.stream, notices: [] };
  }

  // ---- either ------------------------------------------------------------------------------------------------------

  candidate(peer: string, message: SendCandidate): Decision {
    const watched = this.#watched(peer, message.session);
    const session = watched ?? this.#fed(peer, message.session);
    if (!session) {
      const node = this.#guestNode(peer, message.session);
      if (node === undefined) return refuse('unknown_session');
      return { ok: true, notices: [{ node, from: peer, event: 'candidate', message }] };
    }
    const decision = session.candidate(watched ? 'receiver' : 'sender', message);
    if (!decision.ok) return decision;
    if (decision.held) return { ok: true, notices: [] };
    const to = watched ? this.#streamOf(session).sender : session.receiver;
    return to === undefined ? refuse('stream_offline') : { ok: true, notices: [{ to, event: 'candidate', message }] };
  }

  leave(peer: string, message: Leave): Decision {
    const watched = this.#watched(peer, message.session);
    if (watched) return { ok: true, notices: this.#close(watched, 'left', message.error) };
    const fed = this.#fed(peer, message.session);
    if (!fed) {
      const node = this.#guestNode(peer, message.session);
      if (node === undefined) return refuse('unknown_session');
      this.#guests.delete(message.session);
      return { ok: true, notices: [{ node, from: peer, event: 'leave', message }] };
    }
    const { receiver } = fed;
    this.#remove(fed, 'sender-closed', message.error);
    if (receiver === undefined) return { ok: true, notices: [] };
    const closed = closedMessage(fed, 'sender-closed', message.error);
    return { ok: true, notices: [{ to: receiver, event: 'session-closed', message: closed }] };
  }

  /** Ends sessions for a reason that neither side gave; both hear it, and no media may flow after it. */
  end(target: Target, reason: 'kicked' | 'expired', error: ErrorInfo): { ended: number; notices: Notice[] } {
    const sessions = Array.from(this.#sessions.values()).filter(
      ({ id, subject, stream }) =>
        (target.session === undefined || target.session === id) &&
        (target.subject === undefined || target.subject === subject) &&
        (target.stream === undefined || target.stream === stream),
    );
    return { ended: sessions.length, notices: sessions.flatMap((session) => this.#end(session, reason, error)) };
  }

  /** Ends what the rights of this peer do not cover any more. */
  restrict(
    peer: string,
    may: { publish: (stream: string) => boolean; watch: (stream: string) => boolean },
    error: ErrorInfo = errorInfo('forbidden'),
  ): Notice[] {
    const published = this.#publishedBy(peer).filter(({ id }) => !may.publish(id));
    const watched = Array.from(this.#sessionsByReceiver.get(peer) ?? []).filter(({ stream }) => !may.watch(stream));
    return [
      ...published.flatMap((stream) => this.#goOffline(stream)),
      ...watched.flatMap((session) => this.#end(session, 'expired', error)),
    ];
  }

  // ---- peers and time ----------------------------------------------------------------------------------------------

  /**
   * The peer's connection is gone, without a goodbye. Its streams wait for it; answered sessions may be resumed.
   *
   * @param rightsLeftMs for how long the peer would still have had its rights: its media ends with them
   */
  lost(peer: string, nowMs: number, rightsLeftMs?: number): Notice[] {
    const notices: Notice[] = [];
    for (const session of [...(this.#sessionsByReceiver.get(peer) ?? [])]) {
      if (!session.isAnswered || session.via === 'whep') {
        notices.push(...this.#close(session, 'left'));
        continue;
      }
      this.#detach(session);
      this.#resumable.start(session, nowMs);
      if (rightsLeftMs !== undefined) this.#rightsEndMs.set(session, nowMs + rightsLeftMs);
      this.#observe({ kind: 'detached', session });
    }
    for (const stream of this.#publishedBy(peer)) notices.push(...this.#goAway(stream, nowMs));
    return notices;
  }

  /** A node is gone: its senders may come back, its receivers' media flows on. */
  lostNode(node: string, nowMs: number): Notice[] {
    this.#guests.dropNode(node);
    return this.#streamsOfNode(node).flatMap((stream) => this.#goAway(stream, nowMs));
  }

  /** `away`: a stream's sender on another node is lost; `gone`: it is not coming back. */
  remoteChange(peer: string, id: string, kind: 'away' | 'gone', nowMs: number): Notice[] {
    const stream = this.#streams.get(id);
    if (!stream || (stream.sender ?? stream.last) !== peer || stream.instance === undefined) return [];
    if (kind === 'gone') return this.#goOffline(stream);
    return stream.sender === undefined ? [] : this.#goAway(stream, nowMs);
  }

  /** Takes away what a node is said to publish and does not. */
  retainOfNode(node: string, streams: ReadonlySet<string>): Notice[] {
    return this.#streamsOfNode(node)
      .filter(({ id }) => !streams.has(id))
      .flatMap((stream) => this.#goOffline(stream));
  }

  /** Gives up what has been waited for too long: senders, resumptions, first frames; and what rights no longer cover. */
  expire(nowMs: number): Notice[] {
    // Each line is looked at when those before it are done: what they have ended is not ended again.
    return [
      ...this.#awaited.takeDue(nowMs).flatMap((stream) => this.#goOffline(stream)),
      ...this.#resumable.takeDue(nowMs).flatMap((session) => this.#tellSender(session, closedMessage(session, 'lost'))),
      ...this.#unproven
        .takeDue(nowMs)
        .flatMap((session) => this.#end(session, 'timeout', errorInfo('session_timeout'))),
      ...[...this.#rightsEndMs]
        .filter(([, dueMs]) => dueMs <= nowMs)
        .flatMap(([session]) => this.#end(session, 'expired', errorInfo('token_expired'))),
    ];
  }

  /** When {@link expire} next has something to do, on the clock of the times passed in. */
  nextExpiryMs(): number | undefined {
    let next = Math.min(
      this.#awaited.nextMs ?? Number.POSITIVE_INFINITY,
      this.#resumable.nextMs ?? Number.POSITIVE_INFINITY,
      this.#unproven.nextMs ?? Number.POSITIVE_INFINITY,
    );
    for (const dueMs of this.#rightsEndMs.values()) next = Math.min(next, dueMs);
    return Number.isFinite(next) ? next : undefined;
  }

  // ---- guests: sessions of other nodes at senders of this one -------------------------------------------------------

  /** Whether a session of another node may be offered to this sender. */
  host(
    node: string,
    sender: string,
    { session, stream: id }: { session: string; stream: string },
  ): Refused | undefined {
    const stream = this.#published(sender, id);
    if (!stream) return refuse('stream_offline');
    const known = this.#guests.get(session);
    if (known && known.node !== node) return refuse('unknown_session');
    if (!known && this.#viewersOf(stream) >= this.#maxViewers) return refuse('stream_full');
    this.#guests.add(session, { node, stream: id });
    return undefined;
  }

  /** The sender came to this node and brought its viewers. */
  adoptGuests(node: string, sender: string, id: string, sessions: readonly string[]): void {
    if (!this.#published(sender, id)) return;
    for (const session of sessions) this.#guests.add(session, { node, stream: id });
  }

  /** Something from another node's receiver for a sender here; `undefined` when the two have nothing to do with each other. */
  fromGuest(
    node: string,
    sender: string,
    said: { event: 'candidate'; message: SendCandidate } | { event: 'session-closed'; message: SessionClosed },
  ): Notice | undefined {
    const guest = this.#guests.get(said.message.session);
    if (guest?.node !== node || this.#streams.get(guest.stream)?.sender !== sender) return undefined;
    const { reason } = said.message as Partial<SessionClosed>;
    // After "lost" the media flows on, and the sender will say when it is over.
    if (said.event === 'session-closed' && reason !== 'lost') this.#guests.delete(said.message.session);
    return { to: sender, ...said } as Notice;
  }

  // ---- what there is -----------------------------------------------------------------------------------------------

  /** Nobody publishes, watches or is awaited: nothing at all is kept. */
  get isEmpty(): boolean {
    const waits = this.#awaited.size + this.#resumable.size + this.#unproven.size + this.#rightsEndMs.size;
    const peers = this.#sessionsByReceiver.size + this.#streamsBySender.size;
    return this.#streams.size + this.#sessions.size + this.#guests.size + waits + peers === 0;
  }

  /** Sender of a stream: the one that publishes it, or was the last to, while its return is awaited. */
  senderOf(stream: string): { peer: string; away: boolean } | undefined {
    const known = this.#streams.get(stream);
    const peer = known?.sender ?? known?.last;
    return peer === undefined ? undefined : { peer, away: known?.sender === undefined };
  }

  /** What this node's senders publish, those who are awaited included. */
  ownPublications(): (Publication & { peer: string; away: boolean })[] {
    return Array.from(this.#streams.keys()).flatMap((id) => this.ownPublication(id) ?? []);
  }

  /** What a sender of this node publishes under this name. */
  ownPublication(id: string): (Publication & { peer: string; away: boolean }) | undefined {
    const stream = this.#streams.get(id);
    const peer = stream?.sender ?? stream?.last;
    if (!stream?.instance || !stream.camera || peer === undefined || isRemote(peer)) return undefined;
    const { instance, camera, owner, fence } = stream;
    return { stream: id, instance, camera, owner, fence, peer, away: stream.sender === undefined };
  }

  streams(): StreamSnapshot[] {
    return Array.from(this.#streams.values(), (stream) => {
      const node = parseRemote(stream.sender ?? '')?.node;
      return {
        ...info(stream),
        sessions: stream.sessions.size,
        viewers: this.#viewersOf(stream),
        ...(stream.owner !== undefined && { owner: stream.owner }),
        ...(node !== undefined && { node }),
      };
    });
  }

  sessions(): SessionSnapshot[] {
    return Array.from(this.#sessions.values(), (session) => {
      const { id, stream, state, epoch, via, subject, joinedAtMs } = session;
      const who = subject === undefined ? {} : { subject };
      return { session: id, stream, state, epoch, via, ...who, attached: session.receiver !== undefined, joinedAtMs };
    });
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  #newStream(id: string): Stream {
    const stream: Stream = { id, sessions: new Set(), fence: 0, farewells: [] };
    this.#streams.set(id, stream);
    return stream;
  }

  #streamOf(session: Session): Stream {
    const stream = this.#streams.get(session.stream);
    if (!stream) throw new Error(`session ${session.id} has outlived its stream`);
    return stream;
  }

  #publishedBy(peer: string): Stream[] {
    return [...(this.#streamsBySender.get(peer) ?? [])];
  }

  #streamsOfNode(node: string): Stream[] {
    return Array.from(this.#streams.values()).filter(
      ({ sender, last }) => parseRemote(sender ?? last ?? '')?.node === node,
    );
  }

  #viewersOf(stream: Stream): number {
    let viewers = this.#guests.size === 0 ? 0 : this.#guests.countOf(stream.id);
    for (const session of stream.sessions) if (session.isViewer) viewers += 1;
    return viewers;
  }

  /** The stream, when this peer publishes it. */
  #published(peer: string, id: string): Stream | undefined {
    const stream = this.#streams.get(id);
    return stream?.sender === peer ? stream : undefined;
  }

  /** The session, when this peer is its receiver. */
  #watched(peer: string, id: string): Session | undefined {
    const session = this.#sessions.get(id);
    return session?.receiver === peer ? session : undefined;
  }

  /** The session, when this peer publishes its stream and was offered it. */
  #fed(peer: string, id: string): Session | undefined {
    const session = this.#sessions.get(id);
    return session?.knownToSender && this.#streamOf(session).sender === peer ? session : undefined;
  }

  /** The node whose session this peer was offered. */
  #guestNode(peer: string, id: string): string | undefined {
    const guest = this.#guests.get(id);
    return guest && this.#published(peer, guest.stream) ? guest.node : undefined;
  }

  #setSender(stream: Stream, peer: string | undefined): void {
    if (stream.sender === peer) return;
    if (stream.sender !== undefined) {
      const former = this.#streamsBySender.get(stream.sender);
      former?.delete(stream);
      if (former?.size === 0) this.#streamsBySender.delete(stream.sender);
    }
    stream.sender = peer;
    if (peer === undefined) return;
    stream.last = peer;
    const own = this.#streamsBySender.get(peer) ?? new Set();
    this.#streamsBySender.set(peer, own.add(stream));
  }

  #attach(session: Session, receiver: string): void {
    session.receiver = receiver;
    const own = this.#sessionsByReceiver.get(receiver) ?? new Set();
    this.#sessionsByReceiver.set(receiver, own.add(session));
  }

  #detach(session: Session): void {
    if (session.receiver === undefined) return;
    const own = this.#sessionsByReceiver.get(session.receiver);
    own?.delete(session);
    if (own?.size === 0) this.#sessionsByReceiver.delete(session.receiver);
    session.receiver = undefined;
  }

  #goAway(stream: Stream, nowMs: number): Notice[] {
    if (stream.sender === undefined) return [];
    const peer = stream.sender;
    this.#setSender(stream, undefined);
    this.#awaited.start(stream, nowMs);
    resetUnanswered(stream);
    this.#observe({ kind: 'away', stream: stream.id, peer });
    return news(stream);
  }

  #goOffline(stream: Stream): Notice[] {
    const peer = stream.sender ?? stream.last;
    this.#resetSessions(stream);
    this.#guests.dropStream(stream.id);
    this.#setSender(stream, undefined);
    this.#awaited.stop(stream);
    stream.instance = stream.camera = stream.owner = stream.last = undefined;
    stream.farewells = [];
    this.#dropIfUnused(stream);
    if (peer !== undefined) this.#observe({ kind: 'gone', stream: stream.id, peer });
    return news(stream);
  }

  /** What was negotiated died with its sender; a session without a receiver has nothing left to live for. */
  #resetSessions(stream: Stream): void {
    for (const session of [...stream.sessions]) {
      session.reset();
      this.#unproven.stop(session);
      if (session.receiver === undefined) this.#remove(session, 'sender-closed');
    }
  }

  /** Ends a session from the receiver's side. */
  #close(session: Session, reason: CloseReason, error?: ErrorInfo): Notice[] {
    const notices = this.#tellSender(session, closedMessage(session, reason, error));
    this.#remove(session, reason, error);
    return notices;
  }

  /** Ends a session over the heads of both sides. */
  #end(session: Session, reason: CloseReason, error: ErrorInfo): Notice[] {
    const message = closedMessage(session, reason, error);
    const { receiver } = session;
    const notices = this.#close(session, reason, error);
    return receiver === undefined ? notices : [{ to: receiver, event: 'session-closed', message }, ...notices];
  }

  /** For the sender that knows the session; kept for it while its return is awaited. */
  #tellSender(session: Session, message: SessionClosed): Notice[] {
    if (!session.knownToSender) return [];
    const stream = this.#streamOf(session);
    if (stream.sender !== undefined) return [{ to: stream.sender, event: 'session-closed', message }];
    if (this.#awaited.has(stream)) stream.farewells.push(message);
    return [];
  }

  #remove(session: Session, reason: CloseReason, error?: ErrorInfo): void {
    const stream = this.#streamOf(session);
    this.#sessions.delete(session.id);
    stream.sessions.delete(session);
    this.#detach(session);
    this.#resumable.stop(session);
    this.#unproven.stop(session);
    this.#rightsEndMs.delete(session);
    this.#dropIfUnused(stream);
    this.#observe({ kind: 'closed', session, reason, error });
  }

  #dropIfUnused(stream: Stream): void {
    const isWanted = stream.sender !== undefined || this.#awaited.has(stream);
    if (!isWanted && stream.sessions.size === 0) this.#streams.delete(stream.id);
  }
}

function info({ id, sender, instance, camera }: Stream): StreamInfo {
  return { stream: id, online: sender !== undefined, ...(instance && { instance }), ...(camera && { camera }) };
}

/**
 * What everyone but the sender is told in place of `instance`, which would let anyone take the stream over. The same on every
 * server, so that a restart of this one does not look like another sender.
 */
export function publicInstance(instance: string): string {
  return createHash('sha256').update(instance).digest('base64url').slice(0, 22);
}

/** What all who joined the stream must hear, once each. */
function news(stream: Stream): Notice[] {
  const receivers = new Set(Array.from(stream.sessions, ({ receiver }) => receiver));
  receivers.delete(undefined);
  if (receivers.size === 0) return [];
  const message = info(stream);
  return Array.from(receivers as Set<string>, (to) => ({ to, event: 'stream', message }));
}

/** An offer that went to a connection which is gone can never be answered. */
function resetUnanswered(stream: Stream): void {
  for (const session of stream.sessions) if (session.state === 'offered') session.reset();
}

function closedMessage({ id }: Session, reason: CloseReason, error?: ErrorInfo): SessionClosed {
  return { session: id, reason, ...(error && { error }) };
}

function replaced(to: string, stream: string): Notice {
  return { to, event: 'replaced', message: { stream, error: errorInfo('replaced') } };
}

function refuseForeignStream(stream: string): Refused {
  return refuse('forbidden', `This connection does not publish the stream "${stream}".`);
}

function isSameKey(known: string, given: string): boolean {
  const a = Buffer.from(known);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
