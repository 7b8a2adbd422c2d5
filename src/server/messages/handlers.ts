import type { Static } from 'typebox';
import {
  type Ack,
  type ClientEvent,
  type ErrorCode,
  type EVENTS,
  errorInfo,
  type Join,
  ModeSet,
  type Offer,
  type Publish,
  type Resume,
} from '../../protocol/index.js';
import { covers } from '../access/access.js';
import { isGuess } from '../access/index.js';
import { type AnswerAck, type Decision, type Notice, refuse } from '../sessions/decisions.js';
import { publicInstance } from '../sessions/registry.js';
import type { Peer } from './peer.js';
import type { Signaling, SignalingContext } from './signaling.js';
import { checkAck, checkAnswer, explainSdp } from './validate.js';

export interface Reply {
  ack: Ack;
  /** For others, once the acknowledgement is on its way. */
  notices: Notice[];
}

/** One function for each message that a client may send. What they are given has its right shape, and comes from the right role. */
export type Handlers = {
  [E in ClientEvent]: (peer: Peer, message: Static<(typeof EVENTS)[E]['payload']>) => Reply | Promise<Reply>;
};

export function createHandlers(context: SignalingContext, signaling: Signaling): Handlers {
  const { registry, cluster, ice, limits, events, log } = context;
  /** Offers that wait for their answer, by session: the same offer again waits along. */
  const negotiating = new Map<string, Promise<Reply>>();
  /** Streams that a peer has asked for and that are being decided on. */
  const claiming = new Map<string, Set<string>>();
  /** How many tokens each peer has brought: only the last one counts. */
  const latestToken = new WeakMap<Peer, number>();
  /** Negotiations that count against their address, until they are live or over. */
  const counted = new Map<string, { stream: string; done: () => void }>();
  const settle = (session: string) => {
    counted.get(session)?.done();
    counted.delete(session);
  };
  /** What was under way died with its sender. */
  const settleStream = (stream: string) => {
    for (const [session, of] of counted) if (of.stream === stream) settle(session);
  };
  events.on('session-live', ({ session }) => settle(session));
  events.on('session-closed', ({ session }) => settle(session));
  events.on('stream-gone', ({ stream }) => settleStream(stream));
  events.on('stream-published', ({ stream }) => settleStream(stream));

  async function publish(peer: Peer, { stream, instance, camera, standby = false }: Publish): Promise<Reply> {
    if (!covers(peer.grant.publish, stream)) return refused(noRight('publish', stream));
    const undecided = claiming.get(peer.id) ?? new Set();
    const problem = registry.checkPublish(peer.id, stream, undecided);
    if (problem) return refused(problem);
    const claim = { stream, socket: peer.id, instance: publicInstance(instance), standby, ...ownerOf(peer) };
    claiming.set(peer.id, undecided.add(stream));
    const outcome = await cluster.claim(claim);
    undecided.delete(stream);
    if (undecided.size === 0) claiming.delete(peer.id);
    if (!outcome.ok) return refused(outcome);
    const owner = peer.grant.subject;
    const decision = registry.publish(peer.id, {
      stream,
      instance: claim.instance,
      camera,
      owner,
      fence: outcome.fence,
    });
    if (!decision.ok) return refused(decision);
    // A newer token may have come while it was decided on.
    if (!covers(peer.grant.publish, stream)) {
      const withdrawn = registry.restrict(peer.id, {
        publish: (published) => covers(peer.grant.publish, published),
        watch: (watched) => covers(peer.grant.watch, watched),
      });
      signaling.deliver([...decision.notices, ...withdrawn]);
      return refused(noRight('publish', stream));
    }
    log.info({ socket: peer.id, stream, instance: claim.instance }, '[WebRTC Signaling] Stream published');
    // Dead since the same sender came back on another connection; the heartbeat would notice later.
    if (decision.displaced) signaling.find(decision.displaced)?.cut(errorInfo('replaced'));
    // It may have gone while it was decided on: then it has published and was lost, in this order.
    if (!signaling.find(peer.id)) {
      signaling.deliver([...decision.notices, ...registry.lost(peer.id, performance.now())]);
      signaling.schedule();
      return refused(refuse('wrong_state'));
    }
    return accepted(decision, { ice: signaling.iceFor(peer).gstreamer });
  }

  function join(peer: Peer, { stream, number }: Join): Reply {
    if (!covers(peer.grant.watch, stream)) return refused(noRight('watch', stream));
    const limited = limits.join(peer.address);
    if (limited) return refused({ ok: false, error: limited });
    const receiver = { id: peer.id, via: peer.via, subject: peer.grant.subject };
    const id = number === undefined ? undefined : `${peer.id}_${number}`;
    const decision = registry.join(receiver, stream, Date.now(), id);
    if (!decision.ok) return refused(decision);
    const { session, stream: known, resume } = decision;
    log.info({ socket: peer.id, session, stream }, '[WebRTC Signaling] Session joined');
    return accepted(decision, { session, stream: known, ice: signaling.iceFor(peer).browser, resume });
  }

  function resume(peer: Peer, message: Resume): Reply {
    const receiver = { id: peer.id, subject: peer.grant.subject };
    const stream = registry.resumable(receiver, message);
    if (stream === undefined || !covers(peer.grant.watch, stream)) return refused(refuse('unknown_session'));
    const decision = registry.resume(receiver, message);
    if (!decision.ok) return refused(decision);
    const { stream: known, resume } = decision;
    log.info({ socket: peer.id, session: message.session, stream }, '[WebRTC Signaling] Session resumed');
    return accepted(decision, { stream: known, ice: signaling.iceFor(peer).browser, resume });
  }

  function offer(peer: Peer, message: Offer): Reply | Promise<Reply> {
    const invalid = explainSdp(message.sdp);
    if (invalid) return refused({ ok: false, error: invalid });
    const slot = counted.get(message.session)?.done ?? limits.tryNegotiate(peer.address);
    if (typeof slot !== 'function') return refused({ ok: false, error: slot });
    const decision = registry.offer(peer.id, message);
    if (decision.ok && decision.action === 'relay')
      counted.set(message.session, { stream: decision.stream, done: slot });
    else if (!counted.has(message.session)) slot();
    if (!decision.ok) return refused(decision);
    if (decision.action === 'repeat') return { ack: decision.ack, notices: [] };
    if (decision.action === 'wait') {
      const first = negotiating.get(message.session);
      if (!first) throw new Error('an offer waits for nothing');
      return first.then(({ ack }) => ({ ack, notices: [] }));
    }
    const negotiation = negotiate(peer, message, decision).finally(() => {
      if (negotiating.get(message.session) === negotiation) negotiating.delete(message.session);
    });
    negotiating.set(message.session, negotiation);
    return negotiation;
  }

  async function negotiate(
    peer: Peer,
    message: Offer,
    { sender, stream }: { sender: string; stream: string },
  ): Promise<Reply> {
    const { session, epoch } = message;
    const about = { session, stream, epoch };
    log.info(about, '[WebRTC Signaling] Session offered');
    events.emit('session-offered', about);
    const startedAtMs = performance.now();
    const outcome = await signaling.ask(sender, 'offer', {
      stream,
      ...message,
      ice: ice.forPeer(`sender-${session}`).gstreamer,
    });
    const answer: AnswerAck = outcome.answered ? checkAnswer(outcome.ack) : { ok: false, error: outcome.error };
    const nowMs = performance.now();
    const decision = registry.answered(peer.id, message, answer, nowMs);
    signaling.schedule();
    const ack = decision.ok ? answer : decision;
    // What a newer offer has ended: that one counts on.
    const isOver = decision.ok ? !answer.ok || peer.via === 'whep' : decision.error.code !== 'stale_epoch';
    if (isOver) settle(session);
    const tookMs = Math.round(nowMs - startedAtMs);
    if (ack.ok) {
      log.info({ ...about, tookMs }, '[WebRTC Signaling] Session answered');
      events.emit('session-answered', { ...about, tookMs });
    } else {
      const { error } = ack;
      log.warn({ ...about, tookMs, code: error.code }, '[WebRTC Signaling] Session not answered');
      events.emit('session-refused', { ...about, tookMs, error });
    }
    return { ack, notices: decision.ok ? decision.notices : [] };
  }

  return {
    publish,
    join,
    resume,
    offer,
    unpublish: (peer, message) => {
      const decision = registry.unpublish(peer.id, message);
      if (decision.ok) log.info({ socket: peer.id, ...message }, '[WebRTC Signaling] Stream taken away');
      return accepted(decision);
    },
    'update-camera': (peer, message) => accepted(registry.updateCamera(peer.id, message)),
    live: (peer, message) => {
      const decision = registry.live(peer.id, message);
      if (decision.ok) log.info({ socket: peer.id, ...message }, '[WebRTC Signaling] Session live');
      return accepted(decision);
    },
    'set-mode': async (peer, message) => {
      const decision = registry.setMode(peer.id, message);
      if (!decision.ok) return refused(decision);
      const { sender, stream } = decision;
      if (!covers(peer.grant.control, stream)) return refused(noRight('change the mode of', stream));
      const outcome = await signaling.ask(sender, 'set-mode', { stream, ...message });
      return {
        ack: outcome.answered ? checkAck(ModeSet, outcome.ack) : { ok: false, error: outcome.error },
        notices: [],
      };
    },
    candidate: (peer, message) => {
      const decision = registry.candidate(peer.id, message);
      if (decision.ok) {
        const kind = candidateKind(message.candidate.candidate);
        events.emit('session-candidate', { session: message.session, from: peer.role, kind });
      }
      return accepted(decision);
    },
    authenticate: async (peer, { token }) => {
      const turn = (latestToken.get(peer) ?? 0) + 1;
      latestToken.set(peer, turn);
      const admission = await peer.reauthorize?.(token);
      // Judged more slowly than one that came after it.
      if (latestToken.get(peer) !== turn) return refused(refuse('wrong_state', 'A newer token has come since.'));
      if (!admission) return refused(refuse('not_supported'));
      if (!admission.ok) {
        if (isGuess({ token }, admission.error)) limits.failed(peer.address);
        return refused(admission);
      }
      const { grant } = admission;
      if (grant.subject !== peer.grant.subject) {
        return refused(refuse('forbidden', 'The new token belongs to somebody else.'));
      }
      if (!signaling.find(peer.id)) return refused(refuse('wrong_state'));
      signaling.regrant(peer, grant);
      const notices = registry.restrict(peer.id, {
        publish: (stream) => covers(grant.publish, stream),
        watch: (stream) => covers(grant.watch, stream),
      });
      const expiresAt = grant.expiresAtMs;
      return { ack: { ok: true, ...(expiresAt !== undefined && { expiresAt }) } as Ack, notices };
    },
    leave: (peer, message) => {
      const decision = registry.leave(peer.id, message);
      const code = message.error?.code;
      if (decision.ok) {
        log.info({ socket: peer.id, session: message.session, code }, '[WebRTC Signaling] Session ended');
      }
      return accepted(decision);
    },
  };
}

/** Kind of a candidate line (RFC 8839 §5.1, `tcptype` of RFC 6544 §4.5). */
export function candidateKind(line: string): 'host' | 'srflx' | 'prflx' | 'relay' | 'tcp' | 'end' {
  if (line === '') return 'end';
  const kind = / typ (host|srflx|prflx|relay)\b/.exec(line)?.[1] as 'host' | 'srflx' | 'prflx' | 'relay' | undefined;
  return / tcptype /.test(line) && kind !== 'relay' ? 'tcp' : (kind ?? 'host');
}

function ownerOf({ grant }: Peer): { owner?: string } {
  return grant.subject === undefined ? {} : { owner: grant.subject };
}

function noRight(what: string, stream: string) {
  return refuse('forbidden' satisfies ErrorCode, `This connection has no right to ${what} the stream "${stream}".`);
}

function accepted(decision: Decision, extra: object = {}): Reply {
  return decision.ok ? { ack: { ok: true, ...extra }, notices: decision.notices } : refused(decision);
}

function refused({ ok, error }: Exclude<Decision, { ok: true }>): Reply {
  return { ack: { ok, error }, notices: [] };
}
