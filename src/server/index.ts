import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import type { Server } from 'socket.io';
import { type ErrorInfo, errorInfo, type IceConfig } from '../protocol/index.js';
import { AddressLimits } from './access/address-limits.js';
import { ClientAddresses } from './access/addresses.js';
import { createAccess, describeAccess, isGuess } from './access/index.js';
import { GrantExpiry } from './access/watch-expiry.js';
import type { Cluster } from './cluster/cluster.js';
import { RedisCluster } from './cluster/redis.js';
import { SoloCluster } from './cluster/solo.js';
import type { SignalingEmitter, SignalingEvents } from './events.js';
import { HttpDoor } from './http/door.js';
import { serveRoutes } from './http/routes.js';
import { serveWhep } from './http/whep.js';
import { serveWhip } from './http/whip.js';
import { IceRotation } from './ice/rotation.js';
import { createIceSource } from './ice/source.js';
import type { TurnReport } from './ice/turn-report.js';
import { Metrics } from './insight/metrics.js';
import { Timelines } from './insight/timelines.js';
import { admit } from './messages/handshake.js';
import { nodeEvents, observer } from './messages/nodes.js';
import type { Peer } from './messages/peer.js';
import { Signaling } from './messages/signaling.js';
import { SocketPeer } from './messages/socket-peer.js';
import { normalizeOptions, type WebRTCSignalingOptions } from './options.js';
import { packageVersion } from './package.js';
import { Registry, type SessionSnapshot, type StreamSnapshot, type Target } from './sessions/registry.js';
import { mount } from './transport/mount.js';
import { WhepDoor } from './whep/door.js';

export type { IceServer } from '../protocol/index.js';
export type { Authorize, Grant, Streams, Visitor } from './access/access.js';
export type { LimitOptions } from './access/address-limits.js';
export type { AllowPublish, TokenOptions } from './access/index.js';
export type { MessageRate } from './access/limits.js';
export { type MintOptions, mintToken } from './access/mint.js';
export type { SenderPolicy } from './cluster/cluster.js';
export type { RedisOptions } from './cluster/redis-options.js';
export type { SignalingEvents } from './events.js';
export type { TurnOptions } from './ice/options.js';
export type { IceProvider, IceProviderContext, ProvidedIce } from './ice/provider.js';
export type { TurnCheck, TurnCode, TurnReport } from './ice/turn-report.js';
export type { WebRTCSignalingOptions } from './options.js';
export type { SessionSnapshot, StreamSnapshot, Target } from './sessions/registry.js';
export type { SessionState } from './sessions/session.js';

/** What the plugin adds to the Fastify instance, as `fastify.webrtcSignaling`. */
export interface WebRTCSignaling {
  /** Where Socket.IO's clients connect: the `path` option behind the prefix of the registering instance. */
  readonly path: string;
  /** ICE servers as a viewer would get them now; with a shared secret, each call makes new credentials. */
  readonly ice: IceConfig;
  /**
   * The Socket.IO server behind it, for an app's own messages to its pages; with Redis they reach those of all nodes (Socket.IO's
   * Redis streams adapter). Signalling does not go through it.
   */
  readonly io: Server;
  /** What happens, as it happens. */
  readonly events: SignalingEmitter;
  /** Streams that are published or waited for, as they are now: of all nodes, where there are several. */
  streams(): StreamSnapshot[];
  /** Open sessions of this node, as they are now. */
  sessions(): SessionSnapshot[];
  /**
   * Ends sessions, on all nodes; whatever matches all that is given. With a subject or a stream the connections of those who
   * have them end too. Who may still connect can come back: the rights are the token's.
   *
   * @returns how many sessions of this node ended
   * @throws {TypeError} when nothing is given
   */
  kick(target: Target): number;
  /** Reads the TURN secret's file again, or asks the provider again, and gives every connected peer fresh ICE servers. */
  rotate(): Promise<void>;
  /** Allocates at every TURN server for a moment and says what is wrong with them. Never rejects. */
  testTurn(): Promise<TurnReport>;
}

declare module 'fastify' {
  interface FastifyInstance {
    webrtcSignaling: WebRTCSignaling;
  }
}

/** Clients come back over this time after a shutdown, at most, or a restarted server is asked by all at once. */
const RETURN_MS = 2_000;

const TARGETS: readonly string[] = ['session', 'subject', 'stream'] satisfies (keyof Target)[];

async function plugin(fastify: FastifyInstance, options: WebRTCSignalingOptions): Promise<void> {
  const settings = normalizeOptions(options);
  const { path, decorateAs } = settings;
  if (fastify.hasDecorator(decorateAs)) {
    throw new Error(
      `webrtc-preview: the plugin is already registered here as "${decorateAs}"; give the second one its own "path" and "decorateAs".`,
    );
  }
  if (fastify.hasRoute({ method: 'GET', url: `${fastify.prefix}${path}/` })) {
    throw new Error(`webrtc-preview: the path "${path}" is already taken; set the option "path" to another one.`);
  }

  const log = fastify.log.child({ plugin: 'webrtc-signaling' });
  const events: SignalingEmitter = new EventEmitter<SignalingEvents>();
  const addresses = new ClientAddresses(settings.addresses, log);
  const limits = new AddressLimits(settings.limits, { exemptLoopback: !settings.addresses.told });
  const access = createAccess(settings.access, { log });
  const ice = createIceSource(settings.ice, { log });
  const rotation = new IceRotation(ice, { onPushed: (peers) => events.emit('ice-refreshed', { peers }) });
  const cluster: Cluster = settings.redis
    ? await RedisCluster.create(settings.redis, settings.senderPolicy, log)
    : new SoloCluster(settings.senderPolicy);
  const registry: Registry = new Registry({
    newId: randomUUID,
    newKey: () => randomBytes(32).toString('base64url'),
    graceMs: settings.senderGraceMs,
    receiverGraceMs: settings.receiverGraceMs,
    liveMs: settings.liveTimeoutMs,
    maxViewers: settings.maxViewers,
    observe: observer(events, cluster, () => registry),
  });
  const expiry = new GrantExpiry<Peer>({
    onWarning: (peer) => peer.tell('token-expiring', { expiresAt: peer.grant.expiresAtMs ?? 0 }),
    onExpired: (peer) => signaling.expel(peer, errorInfo('token_expired')),
  });
  const signaling: Signaling = new Signaling({
    registry,
    cluster,
    ice,
    rotation,
    expiry,
    limits,
    events,
    log,
    messageRate: settings.messageRate,
    answerTimeoutMs: settings.answerTimeoutMs,
    idleMs: settings.idleTimeoutMs,
  });
  const timelines = new Timelines(events);
  const version = packageVersion();
  const metrics = new Metrics(events, {
    streams: () => registry.streams(),
    sessions: () => registry.sessions(),
    cluster: settings.redis ? cluster.state : 'single',
    version,
  });
  const addressOf = (request: IncomingMessage) => addresses.of(request);
  const { io, stop, close } = mount(fastify, path, settings.origins, {
    limits,
    addressOf,
  });

  if (cluster instanceof RedisCluster) cluster.attach(io);

  // Every namespace that is not made here is refused by Socket.IO itself.
  /** Connections that have said who they are: each may do so once, or it would be any number of clients, and of guesses. */
  const introduced = new WeakSet<object>();
  io.use(async (socket, next) => {
    if (introduced.has(socket.conn)) {
      socket.conn.close();
      return;
    }
    introduced.add(socket.conn);
    const { auth } = socket.handshake;
    const address = addresses.of(socket.request);
    try {
      const admission = await admit(auth, socket.request, address, access);
      if (!admission.ok) {
        const { role, token } = auth as { role?: 'sender' | 'receiver'; token?: string };
        if (isGuess({ token }, admission.error)) limits.failed(address);
        const known = role === 'sender' || role === 'receiver' ? { role } : {};
        events.emit('client-refused', { code: admission.error.code, ...known, via: 'socket', address });
        socket.conn.once('drain', () => socket.conn.close());
        return next(connectError(admission.error));
      }
      socket.data = { role: admission.role, grant: admission.grant, address };
      next();
    } catch (err) {
      log.error({ err }, '[WebRTC Signaling] A client could not be admitted');
      next(connectError(errorInfo('internal')));
    }
  });
  io.on('connection', (socket) => signaling.acceptSocket(socket, new SocketPeer(socket, access)));

  let lastTurnTest: TurnReport | undefined;
  const testTurn = async () => {
    const report = await ice.test();
    if (report.ok !== (lastTurnTest?.ok ?? true)) {
      for (const { url, code, message, next } of report.servers) {
        if (code !== 'ok') log.warn({ url, code, next }, `[WebRTC Signaling] TURN does not work: ${message}`);
      }
      if (report.ok) log.info('[WebRTC Signaling] TURN works again');
    }
    lastTurnTest = report;
    events.emit('turn-tested', report);
    return report;
  };
  const kick = (target: Target) => {
    const given = Object.entries(target).filter(([, value]) => value !== undefined);
    // A mistyped field would match everybody.
    const isTarget = ([name, value]: [string, unknown]) => TARGETS.includes(name) && typeof value === 'string';
    if (given.length === 0 || !given.every(isTarget)) {
      throw new TypeError('webrtc-preview: kick() needs a session, a subject or a stream, and nothing else.');
    }
    cluster.tell('all', { type: 'kick', target });
    return signaling.kick(target, errorInfo('kicked'));
  };
  const door = new HttpDoor({ origins: settings.origins, access, limits, events, addressOf });
  const players = new WhepDoor({
    doorway: signaling,
    newId: randomUUID,
    limit: (address) => limits.admit(address),
    release: (address) => limits.release(address),
  });
  const iceFor = (user: string) => ice.forPeer(user);
  serveRoutes(fastify, {
    path,
    door,
    registry,
    timelines,
    metrics,
    cluster: settings.redis && cluster,
    version,
    hasRelay: () => settings.ice.kind === 'provider' || ice.forPeer('app').gstreamer.turnServers.length > 0,
    lastTurnTest: () => lastTurnTest,
    testTurn,
    iceFor,
    newId: randomUUID,
    kick,
  });
  serveWhep(fastify, { path, door, players, limit: (address) => limits.admit(address), iceFor, newId: randomUUID });
  serveWhip(fastify, { path, door });

  await Promise.all([ice.start(), cluster.start(nodeEvents({ registry, cluster, signaling, events, log }))]);
  fastify.addHook('onReady', async () => {
    for (const sentence of describeAccess(settings.access)) log.info(`[WebRTC Signaling] ${sentence}`);
    if (ice.kind !== 'none') void testTurn();
  });

  fastify.addHook('preClose', async () => {
    // First: who came between the farewell and the end would not hear of it.
    stop();
    signaling.close(() => Math.random() * RETURN_MS);
    expiry.close();
    rotation.close();
    ice.close();
    timelines.close();
    metrics.close();
    players.close();
    await cluster.close();
    await close();
  });

  fastify.decorate(decorateAs, {
    path: `${fastify.prefix}${path}`,
    get ice() {
      return ice.forPeer('app').browser;
    },
    io: io as unknown as Server,
    events,
    streams: () => registry.streams(),
    sessions: () => registry.sessions(),
    kick,
    rotate: () => ice.rotate(),
    testTurn,
  } satisfies WebRTCSignaling);
  log.info(
    {
      path: `${fastify.prefix}${path}`,
      origins: settings.origins,
      iceUrls: ice.forPeer('app').browser.iceServers.flatMap(({ urls }) => urls),
    },
    '[WebRTC Signaling] Server initialized',
  );
}

/** What makes Socket.IO send a `connect_error` whose `data` is the error. */
function connectError(info: ErrorInfo): Error {
  return Object.assign(new Error(info.message), { data: info });
}

/**
 * Fastify plugin: introduces cameras and their viewers to each other over Socket.IO.
 *
 * @example
 * import Fastify from 'fastify';
 * import webrtcSignaling from 'webrtc-preview/server';
 *
 * const fastify = Fastify({ logger: true });
 * await fastify.register(webrtcSignaling);
 * await fastify.listen({ port: 3000 });
 */
export const webrtcSignaling = fp<WebRTCSignalingOptions>(plugin, { name: 'webrtc-preview', fastify: '5.x' });
export default webrtcSignaling;
