import type { FastifyBaseLogger } from 'fastify';
import type { DefaultEventsMap, Socket } from 'socket.io';
import type { Static } from 'typebox';
import {
  type Ack,
  type ClientEvent,
  type ClientToServer,
  type EVENTS,
  ModeSet,
  type Offer,
  type Role,
  type ServerToClient,
} from '../protocol/index.js';
import { type AnswerAck, type Decision, type Notice, refuse } from './decisions.js';
import { inspect, readRaw } from './guard.js';
import { MessageLimit } from './limits.js';
import type { SignalingServer } from './mount.js';
import type { Settings } from './options.js';
import { type Outcome, Questions } from './questions.js';
import type { Registry } from './registry.js';
import { checkAck, checkAnswer, explainSdp } from './validate.js';

/** What the server keeps with each socket. */
export interface SocketData {
  role: Role;
  limit: MessageLimit;
  questions: Questions;
}

type ClientSocket = Socket<ClientToServer, ServerToClient, DefaultEventsMap, SocketData>;

interface Reply {
  ack: Ack;
  /** For others, once the acknowledgement is on its way. */
  notices: Notice[];
}

type Handlers = {
  [E in ClientEvent]: (socket: ClientSocket, message: Static<(typeof EVENTS)[E]['payload']>) => Reply | Promise<Reply>;
};

/** A sender talks with all its viewers through one socket. */
const SENDER_RATE_FACTOR = 10;

/** Between the sockets and the registry: each message is inspected, decided, acknowledged, and passed on, in this order. */
export class Signaling {
  readonly #io: SignalingServer;
  readonly #registry: Registry;
  readonly #settings: Settings;
  readonly #log: FastifyBaseLogger;
  /** Offers that wait for their answer, by session: the same offer again waits along. */
  readonly #negotiating = new Map<string, Promise<Reply>>();
  #expiry: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(io: SignalingServer, registry: Registry, settings: Settings, log: FastifyBaseLogger) {
    this.#io = io;
    this.#registry = registry;
    this.#settings = settings;
    this.#log = log;
  }

  /** Takes a socket that the handshake has admitted. */
  accept(socket: ClientSocket): void {
    const { role } = socket.data;
    const { perSecond, burst } = this.#settings.messageRate;
    const factor = role === 'sender' ? SENDER_RATE_FACTOR : 1;
    const rate = { perSecond: perSecond * factor, burst: burst * factor };
    socket.data = { role, limit: new MessageLimit(rate, performance.now()), questions: new Questions() };
    this.#log.info({ socket: socket.id, role }, `[WebRTC Signaling] Client connected: ${socket.id}`);
    // One listener for every event, known or not, so that nothing is left without an answer.
    socket.onAny((event: unknown, ...args: unknown[]) => void this.#receive(socket, event, args));
    socket.on('disconnect', (reason) => this.#lose(socket, reason));
  }

  /** Nothing is started any more; the sockets are closed by the mount. */
  close(): void {
    this.#closing = true;
    clearTimeout(this.#expiry);
  }

  // ---- one message -------------------------------------------------------------------------------------------------

  /** Never throws and never rejects: whatever a client sends, the worst is a refusal. */
  async #receive(socket: ClientSocket, event: unknown, args: unknown[]): Promise<void> {
    const raw = readRaw(event, args);
    const verdict = socket.data.limit.judge(performance.now());
    try {
      const { ack, notices } = await this.#reply(socket, inspect(raw, socket.data.role, verdict));
      if (!ack.ok) this.#log.debug({ socket: socket.id, event, code: ack.error.code }, ack.error.message);
      // Nothing may come between these two: a sender's candidates must find the receiver with the answer.
      raw.acknowledge(ack);
      this.#deliver(notices);
    } catch (error) {
      this.#log.error({ socket: socket.id, event, err: error }, '[WebRTC Signaling] A message could not be handled');
      raw.acknowledge(refuse('internal'));
    }
    if (verdict === 'abusive') {
      this.#log.warn({ socket: socket.id }, '[WebRTC Signaling] Client cut off: it sends on although it is refused');
      socket.disconnect(true);
    }
  }

  async #reply(socket: ClientSocket, inspected: ReturnType<typeof inspect>): Promise<Reply> {
    if (!inspected.ok) return { ack: inspected, notices: [] };
    const handle = this.#handlers[inspected.event] as Handlers['live'];
    return handle(socket, inspected.message as never);
  }

  readonly #handlers: Handlers = {
    publish: (socket, message) => {
      const decision = this.#registry.publish(socket.id, message);
      if (!decision.ok) return refused(decision);
      const { stream, instance } = message;
      this.#log.info({ socket: socket.id, stream, instance }, '[WebRTC Signaling] Stream published');
      // Dead since the same sender came back on another socket; the heartbeat would notice later.
      if (decision.displaced) this.#io.sockets.sockets.get(decision.displaced)?.disconnect(true);
      return accepted(decision, { ice: this.#settings.ice.gstreamer });
    },
    unpublish: (socket, message) => {
      const decision = this.#registry.unpublish(socket.id, message);
      if (decision.ok) this.#log.info({ socket: socket.id, ...message }, '[WebRTC Signaling] Stream taken away');
      return accepted(decision);
    },
    'update-camera': (socket, message) => accepted(this.#registry.updateCamera(socket.id, message)),
    join: (socket, message) => {
      const decision = this.#registry.join(socket.id, message, Date.now());
      if (!decision.ok) return refused(decision);
      const { session, stream } = decision;
      this.#log.info({ socket: socket.id, session, stream: stream.stream }, '[WebRTC Signaling] Session joined');
      return accepted(decision, { session, stream, ice: this.#settings.ice.browser });
    },
    offer: (socket, message) => this.#offer(socket, message),
    live: (socket, message) => {
      const decision = this.#registry.live(socket.id, message);
      if (decision.ok) this.#log.info({ socket: socket.id, ...message }, '[WebRTC Signaling] Session live');
      return accepted(decision);
    },
    'set-mode': async (socket, message) => {
      const decision = this.#registry.setMode(socket.id, message);
      if (!decision.ok) return refused(decision);
      const { sender, stream } = decision;
      const outcome = await this.#ask(sender, (to, acknowledge) => {
        to.emit('set-mode', { stream, ...message }, acknowledge);
      });
      return {
        ack: outcome.answered ? checkAck(ModeSet, outcome.ack) : { ok: false, error: outcome.error },
        notices: [],
      };
    },
    candidate: (socket, message) => accepted(this.#registry.candidate(socket.id, message)),
    leave: (socket, message) => {
      const decision = this.#registry.leave(socket.id, message);
      const code = message.error?.code;
      if (decision.ok) {
        this.#log.info({ socket: socket.id, session: message.session, code }, '[WebRTC Signaling] Session ended');
      }
      return accepted(decision);
    },
  };

  // ---- offers ------------------------------------------------------------------------------------------------------

  #offer(socket: ClientSocket, message: Offer): Reply | Promise<Reply> {
    const invalid = explainSdp(message.sdp);
    if (invalid) return refused({ ok: false, error: invalid });
    const decision = this.#registry.offer(socket.id, message);
    if (!decision.ok) return refused(decision);
    if (decision.action === 'repeat') return { ack: decision.ack, notices: [] };
    if (decision.action === 'wait') {
      const first = this.#negotiating.get(message.session);
      if (!first) throw new Error('an offer waits for nothing');
      return first.then(({ ack }) => ({ ack, notices: [] }));
    }
    const negotiation = this.#negotiate(socket, message, decision).finally(() => {
      if (this.#negotiating.get(message.session) === negotiation) this.#negotiating.delete(message.session);
    });
    this.#negotiating.set(message.session, negotiation);
    return negotiation;
  }

  async #negotiate(
    socket: ClientSocket,
    offer: Offer,
    { sender, stream }: { sender: string; stream: string },
  ): Promise<Reply> {
    const { session, epoch } = offer;
    const log = this.#log.child({ session, stream, epoch });
    log.info('[WebRTC Signaling] Session offered');
    const startedAtMs = performance.now();
    const outcome = await this.#ask(sender, (to, acknowledge) => {
      to.emit('offer', { stream, ...offer, ice: this.#settings.ice.gstreamer }, acknowledge);
    });
    const answer: AnswerAck = outcome.answered ? checkAnswer(outcome.ack) : { ok: false, error: outcome.error };
    const decision = this.#registry.answered(socket.id, offer, answer);
    const ack = decision.ok ? answer : decision;
    const tookMs = Math.round(performance.now() - startedAtMs);
    if (ack.ok) log.info({ tookMs }, '[WebRTC Signaling] Session answered');
    else log.warn({ tookMs, code: ack.error.code }, '[WebRTC Signaling] Session not answered');
    return { ack, notices: decision.ok ? decision.notices : [] };
  }

  #ask(
    sender: string,
    put: (to: ClientSocket, acknowledge: (ack: unknown) => void) => void,
  ): Promise<Outcome> | Outcome {
    const to = this.#io.sockets.sockets.get(sender);
    if (!to) return { answered: false, error: refuse('stream_offline').error };
    return to.data.questions.ask((acknowledge) => put(to, acknowledge), this.#settings.answerTimeoutMs);
  }

  // ---- sockets and time --------------------------------------------------------------------------------------------

  #deliver(notices: Notice[]): void {
    for (const { to, event, message } of notices) {
      const socket = this.#io.sockets.sockets.get(to);
      if (event === 'stream') socket?.emit(event, message);
      else if (event === 'candidate') socket?.emit(event, message);
      else socket?.emit(event, message);
    }
  }

  #lose(socket: ClientSocket, reason: string): void {
    this.#log.info({ socket: socket.id, reason }, `[WebRTC Signaling] Client disconnected: ${socket.id}`);
    const notices = this.#registry.lost(socket.id, performance.now());
    socket.data.questions.abandon();
    if (this.#closing) return;
    this.#deliver(notices);
    this.#scheduleExpiry();
  }

  #scheduleExpiry(): void {
    clearTimeout(this.#expiry);
    const next = this.#registry.nextExpiryMs();
    if (next === undefined || this.#closing) return;
    this.#expiry = setTimeout(
      () => {
        this.#deliver(this.#registry.expire(performance.now()));
        this.#scheduleExpiry();
      },
      Math.max(0, Math.ceil(next - performance.now())),
    );
    this.#expiry.unref();
  }
}

function accepted(decision: Decision, extra: object = {}): Reply {
  return decision.ok ? { ack: { ok: true, ...extra }, notices: decision.notices } : refused(decision);
}

function refused({ ok, error }: Exclude<Decision, { ok: true }>): Reply {
  return { ack: { ok, error }, notices: [] };
}
