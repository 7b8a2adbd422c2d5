import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as Engine } from 'engine.io';
import type { FastifyInstance } from 'fastify';
import { type DefaultEventsMap, Server } from 'socket.io';
import type { ErrorInfo } from '../../protocol/index.js';
import { type ClientToServer, LIMITS, type ServerToClient, TIMEOUTS } from '../../protocol/index.js';
import type { AddressLimits } from '../access/address-limits.js';
import { HIDDEN } from '../http/schemas.js';
import { sendError, statusOf } from '../http/status.js';
import type { SocketData } from '../messages/socket-peer.js';
import { OpenSockets, SilentConnections } from './open-sockets.js';
import { OriginGate, type Origins } from './origins.js';
import * as textParser from './text-parser.js';

/** Socket.IO's server with this project's messages. */
export type SignalingServer = Server<ClientToServer, ServerToClient, DefaultEventsMap, SocketData>;

/** Who may connect at all, before anything else is known of them. */
export interface Door {
  readonly limits: AddressLimits;
  /** IP address of the client that asks. */
  addressOf(request: IncomingMessage): string;
}

/** A client that takes longer than this to say goodbye when the server closes is cut off. */
const FAREWELL_MS = 250;

/**
 * Puts Socket.IO onto a Fastify instance without `new Server(fastify.server)`, which would replace the listeners of one
 * of Fastify's two HTTP servers (on `localhost` it has one for each address family), answer the upgrades of other plugins,
 * and keep `fastify.close()` waiting for open sockets.
 *
 * @param path exact path of Socket.IO, without the slash that its clients put behind it
 * @returns `stop` refuses whoever comes from then on; `close` ends those who are there. Both belong in `preClose`: Fastify's own close
 * waits for upgraded sockets
 */
export function mount(
  fastify: FastifyInstance,
  path: string,
  origins: Origins,
  door: Door,
): { io: SignalingServer; stop: () => void; close: () => Promise<void> } {
  const engine = new Engine({
    transports: ['polling', 'websocket'],
    maxHttpBufferSize: LIMITS.packetBytes,
    pingInterval: TIMEOUTS.pingIntervalMs,
    pingTimeout: TIMEOUTS.pingTimeoutMs,
    perMessageDeflate: false,
    httpCompression: false,
    cookie: false,
  });
  const io: SignalingServer = new Server({
    serveClient: false,
    connectTimeout: TIMEOUTS.connectMs,
    parser: textParser,
  });
  io.bind(engine);
  /** Connections that have been let in and are not yet with the engine. */
  const admitted = new WeakMap<IncomingMessage, string>();
  engine.on(
    'connection',
    (connection: {
      request: IncomingMessage;
      close(discard: boolean): void;
      on(event: 'close', gone: () => void): void;
    }) => {
      const address = admitted.get(connection.request);
      // Whatever found its way around the count is not let in.
      if (address === undefined) {
        connection.close(true);
        return;
      }
      admitted.delete(connection.request);
      connection.on('close', () => door.limits.release(address));
    },
  );
  /** Counts a new connection; one that the engine does not take is given back when its request is over. */
  const admit = (request: IncomingMessage, over: (done: () => void) => void): ErrorInfo | undefined => {
    // The engine takes the last of several, and an empty one for none.
    if (new URLSearchParams(request.url?.split('?', 2)[1]).getAll('sid').at(-1)) return undefined;
    const address = door.addressOf(request);
    const refusal = door.limits.admit(address);
    if (refusal) return refusal;
    admitted.set(request, address);
    over(() => {
      if (admitted.delete(request)) door.limits.release(address);
    });
    return undefined;
  };
  const sockets = new OpenSockets();
  const silent = SilentConnections.of(fastify.server);
  const gate = new OriginGate(origins, fastify.log);
  servePolling(fastify, `${path}/`, gate, engine, sockets, admit);
  const stop = dispatchUpgrades(fastify, `${fastify.prefix}${path}/`, gate, silent, (request, socket, head) => {
    const refusal = admit(request, (done) => socket.on('close', done));
    if (refusal) return refuseUpgrade(socket, `${statusOf(refusal.code)} Too Many Requests`);
    socket.on('close', sockets.hold(socket));
    engine.handleUpgrade(request as Parameters<Engine['handleUpgrade']>[0], socket, head);
  });

  return {
    io,
    stop,
    // Closed like this, clients see "transport close" and come back by themselves; after `disconnectSockets`, which is
    // a kick, they would not.
    close: async () => {
      stop();
      await io.close();
      await sockets.drained(FAREWELL_MS);
      silent.destroy();
    },
  };
}

/** Long polling as a Fastify route of its own context, so that other plugins' hooks see it and its body stays unread. */
function servePolling(
  fastify: FastifyInstance,
  url: string,
  gate: OriginGate,
  engine: Engine,
  sockets: OpenSockets,
  admit: (request: IncomingMessage, over: (done: () => void) => void) => ErrorInfo | undefined,
): void {
  fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.route({
      schema: HIDDEN,
      method: ['GET', 'POST', 'OPTIONS'],
      url,
      // A line for every poll would be noise, and would show the `sid` that lets anyone take over the connection.
      logLevel: 'warn',
      exposeHeadRoute: false,
      // Who may connect is decided by the gate: @fastify/cors would answer preflights for the origins of the app's own routes.
      config: { cors: false },
      bodyLimit: LIMITS.packetBytes,
      handler: (request, reply) => {
        if (!gate.share(request, reply)) return reply.code(403).send({ message: 'Forbidden' });
        if (request.method === 'OPTIONS') return reply.code(204).send();
        const refusal = admit(request.raw, (done) => reply.raw.once('close', done));
        if (refusal) return sendError(reply, refusal);
        reply.hijack();
        for (const [name, value] of Object.entries(reply.getHeaders())) {
          if (value !== undefined) reply.raw.setHeader(name, value);
        }
        reply.raw.once('close', sockets.hold(request.raw.socket));
        engine.handleRequest(request.raw as Parameters<Engine['handleRequest']>[0], reply.raw);
      },
    });
  });
}

type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * One listener for `upgrade`, installed when all plugins are loaded: exactly our path is ours, everything else goes to
 * those who listened before. Engine.IO asks no one about an upgrade with a known `sid`, so the origin is checked here.
 *
 * @returns refuses upgrades of our path from then on
 */
function dispatchUpgrades(
  fastify: FastifyInstance,
  url: string,
  gate: OriginGate,
  silent: SilentConnections,
  handle: UpgradeHandler,
): () => void {
  const { server } = fastify;
  let others: UpgradeHandler[] = [];
  let stopped = false;
  const dispatch: UpgradeHandler = (request, socket, head) => {
    silent.spoke(socket);
    if (request.url?.split('?', 1)[0] !== url) {
      for (const listener of others) listener.call(server, request, socket, head);
      // Whoever began to listen after us has heard of it from the server itself.
      if (others.length === 0 && server.listenerCount('upgrade') === 1) refuseUpgrade(socket, '404 Not Found');
    } else if (stopped) refuseUpgrade(socket, '503 Service Unavailable');
    else if (!gate.admits(request)) refuseUpgrade(socket, '403 Forbidden');
    else handle(request, socket, head);
  };
  fastify.addHook('onReady', async () => {
    others = server.listeners('upgrade') as UpgradeHandler[];
    server.removeAllListeners('upgrade');
    server.on('upgrade', dispatch);
  });
  return () => {
    stopped = true;
  };
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
