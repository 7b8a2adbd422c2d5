import type { FastifyBaseLogger } from 'fastify';
import {
  type Camera,
  errorInfo,
  Leave,
  OfferForSender,
  SendCandidate,
  SessionClosed,
  SetModeForSender,
} from '../../protocol/index.js';
import type { Cluster, ClusterEvents, Holder, NodeMessage, NodeQuestion } from '../cluster/cluster.js';
import type { SignalingEmitter } from '../events.js';
import { isRemote, remotePeer } from '../sessions/address.js';
import type { Change, Registry } from '../sessions/registry.js';
import type { Outcome } from './questions.js';
import type { Signaling } from './signaling.js';
import { matches } from './validate.js';

interface NodeContext {
  readonly registry: Registry;
  readonly cluster: Cluster;
  readonly signaling: Signaling;
  readonly events: SignalingEmitter;
  readonly log: FastifyBaseLogger;
}

/** Between the other nodes and this one's registry: what their senders do happens here too, a little later. */
export function nodeEvents({ registry, cluster, signaling, events, log }: NodeContext): ClusterEvents {
  const now = () => performance.now();

  function published(from: string, holder: Holder, camera: Camera): void {
    const { stream, socket, instance, owner, fence, away } = holder;
    const peer = remotePeer(from, socket);
    const decision = registry.publish(peer, { stream, instance, camera, owner, fence });
    if (!decision.ok) return;
    // First, so that it may be told of their end.
    if (decision.known.length > 0) {
      cluster.tell(from, { type: 'guests', stream, socket, sessions: decision.known });
    }
    signaling.deliver(decision.notices);
    if (decision.displaced) signaling.find(decision.displaced)?.cut(errorInfo('replaced'));
    if (away) signaling.deliver(registry.remoteChange(peer, stream, 'away', now()));
  }

  function onMessage(from: string, message: NodeMessage): void {
    switch (message.type) {
      case 'published':
        published(from, message.holder, message.camera);
        break;
      case 'camera': {
        const { stream, socket, camera } = message;
        const decision = registry.updateCamera(remotePeer(from, socket), { stream, camera });
        if (decision.ok) signaling.deliver(decision.notices);
        break;
      }
      case 'away':
      case 'gone': {
        const peer = remotePeer(from, message.socket);
        signaling.deliver(registry.remoteChange(peer, message.stream, message.type, now()));
        break;
      }
      case 'to-sender':
        toSender(from, message);
        break;
      case 'from-sender':
        fromSender(remotePeer(from, message.socket), message);
        break;
      case 'guests':
        registry.adoptGuests(from, message.socket, message.stream, message.sessions);
        break;
      case 'kick':
        signaling.kick(message.target, errorInfo('kicked'));
        break;
    }
    signaling.schedule();
  }

  function toSender(from: string, { socket, event, message }: Extract<NodeMessage, { type: 'to-sender' }>): void {
    if (event === 'candidate' ? !matches(SendCandidate, message) : !matches(SessionClosed, message)) return;
    const notice = registry.fromGuest(from, socket, { event, message } as Parameters<Registry['fromGuest']>[2]);
    if (notice) signaling.deliver([notice]);
  }

  function fromSender(peer: string, { event, message }: Extract<NodeMessage, { type: 'from-sender' }>): void {
    if (event === 'candidate' && matches(SendCandidate, message)) {
      const decision = registry.candidate(peer, message);
      if (decision.ok) signaling.deliver(decision.notices);
    } else if (event === 'leave' && matches(Leave, message)) {
      const decision = registry.leave(peer, message);
      if (decision.ok) signaling.deliver(decision.notices);
    }
  }

  async function onQuestion(from: string, { socket, event, message }: NodeQuestion): Promise<Outcome> {
    if (event === 'offer' && matches(OfferForSender, message)) {
      const refusal = registry.host(from, socket, message);
      if (refusal) return { answered: false, error: refusal.error };
      return signaling.ask(socket, 'offer', message);
    }
    if (event === 'set-mode' && matches(SetModeForSender, message)) return signaling.ask(socket, 'set-mode', message);
    return { answered: false, error: errorInfo('bad_request') };
  }

  return {
    onMessage,
    onQuestion,
    published: () =>
      registry.ownPublications().map(({ peer, camera, away, stream, instance, owner }) => {
        return { holder: { stream, socket: peer, instance, away, ...(owner !== undefined && { owner }) }, camera };
      }),
    onSnapshot: (from, streams) => {
      signaling.deliver(registry.retainOfNode(from, new Set(streams.map(({ holder }) => holder.stream))));
      for (const { holder, camera } of streams) published(from, holder, camera);
      signaling.schedule();
    },
    onNodeLost: (node) => {
      log.warn({ node }, '[WebRTC Signaling] A server beside this one is gone: its senders are waited for');
      signaling.deliver(registry.lostNode(node, now()));
      signaling.schedule();
    },
    onLeaseLost: (stream, holder) => {
      // The same sender by another way: its node says so, and the sessions go with it.
      if (holder && holder.instance === registry.ownPublication(stream)?.instance) return;
      log.warn({ stream }, '[WebRTC Signaling] Another server has given this stream to another sender');
      signaling.deliver(registry.dispossess(stream));
    },
    onState: (state, reason) => {
      if (state === 'ready') log.info('[WebRTC Signaling] Connected to the servers beside this one');
      else log.warn({ reason }, '[WebRTC Signaling] Redis is away: what runs goes on, nothing new between servers');
      events.emit('cluster', { state, ...(reason !== undefined && { reason }) });
    },
  };
}

/** Tells the other nodes, and whoever listens, what has changed here. */
export function observer(
  events: SignalingEmitter,
  cluster: Cluster,
  registryOf: () => Registry,
): (change: Change) => void {
  return (change) => {
    if ('session' in change) tellOfSession(events, change);
    else {
      tellOfStream(events, change);
      if (!isRemote(change.peer)) tellNodes(cluster, registryOf(), change);
    }
  };
}

function tellNodes(cluster: Cluster, registry: Registry, change: Exclude<Change, { session: unknown }>): void {
  const { kind, stream, peer: socket } = change;
  const own = registry.ownPublication(stream);
  switch (kind) {
    case 'published': {
      if (!own) return;
      const { instance, owner, fence, camera } = own;
      const holder = { stream, socket, instance, fence, node: cluster.node, away: false };
      cluster.tell('all', { type: 'published', holder: { ...holder, ...(owner !== undefined && { owner }) }, camera });
      return;
    }
    case 'camera':
      if (own) cluster.tell('all', { type: 'camera', stream, socket, camera: own.camera });
      return;
    case 'away':
      cluster.setAway(stream);
      cluster.tell('all', { type: 'away', stream, socket });
      return;
    case 'gone':
      cluster.release(stream);
      cluster.tell('all', { type: 'gone', stream, socket });
  }
}

function tellOfStream(events: SignalingEmitter, change: Exclude<Change, { session: unknown }>): void {
  const { kind, stream } = change;
  if (kind === 'published') {
    const { owner, takeover } = change;
    events.emit('stream-published', { stream, takeover, ...(owner !== undefined && { owner }) });
  } else if (kind !== 'camera') events.emit(`stream-${kind}`, { stream });
}

function tellOfSession(events: SignalingEmitter, change: Extract<Change, { session: unknown }>): void {
  const { kind, session: of } = change;
  const about = { session: of.id, stream: of.stream };
  switch (kind) {
    case 'joined': {
      const who = of.subject === undefined ? {} : { subject: of.subject };
      events.emit('session-joined', { ...about, via: of.via, ...who });
      return;
    }
    case 'live':
      events.emit('session-live', { ...about, sinceJoinMs: Math.max(0, Date.now() - of.joinedAtMs) });
      return;
    case 'closed': {
      const { reason, error } = change;
      events.emit('session-closed', { ...about, reason, ...(error && { error }) });
      return;
    }
    default:
      events.emit(`session-${kind}`, about);
  }
}
