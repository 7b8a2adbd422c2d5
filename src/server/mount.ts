import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as Engine } from 'engine.io';
import type { FastifyInstance } from 'fastify';
import { type DefaultEventsMap, Server } from 'socket.io';
import { type ClientToServer, LIMITS, type ServerToClient, TIMEOUTS } from '../protocol/index.js';
import type { SocketData } from './handlers.js';
import { OpenSockets, SilentConnections } from './open-sockets.js';
import { OriginGate, type Origins } from './origins.js';

/** Socket.IO's server with this project's messages. */
export type SignalingServer = Server<ClientToServer, ServerToClient, DefaultEventsMap, SocketData>;

/** A client that takes longer than this to say goodbye when the server closes is cut off. */
const FAREWELL_MS = 250;

/**
 * Puts Socket.IO onto a Fastify instance without `new Server(fastify.server)`, which would replace the listeners of one
 * of Fastify's two HTTP servers (on `localhost` it has one for each address family), answer the upgrades of other plugins,
 * and keep `fastify.close()` waiting for open sockets.
 *
 * @param path exact path of Socket.IO, without the slash that its clients put behind it
 * @returns `close` belongs in `preClose`: Fastify's own close waits for upgraded sockets
 */
export function mount(
  fastify: FastifyInstance,
  path: string,
  origins: Origins,
): { io: SignalingServer; close: () => Promise<void> } {
  const engine = new Engine({
    transports: ['polling', 'websocket'],
    maxHttpBufferSize: LIMITS.packetBytes,
    pingInterval: TIMEOUTS.pingIntervalMs,
    pingTimeout: TIMEOUTS.pingTimeoutMs,
    perMessageDeflate: false,
    httpCompression: false,
    cookie: false,
  });
  const io: SignalingServer = new Server({ serveClient: false, connectTimeout: TIMEOUTS.connectMs });
  io.bind(engine);
  const sockets = new OpenSockets();
  const silent = new SilentConnections(fastify.server);
  const gate = new OriginGate(origins, fastify.log);
  servePolling(fastify, `${path}/`, gate, engine, sockets);
  const stopUpgrades = dispatchUpgrades(fastify, `${fastify.prefix}${path}/`, gate, silent, (request, socket, head) => {
    socket.once('close', sockets.hold(socket));
    engine.handleUpgrade(request as Parameters<Engine['handleUpgrade']>[0], socket, head);
  });

  return {
    io,
    // Closed like this, clients see "transport close" and come back by themselves; after `disconnectSockets`, which is
    // a kick, they would not.
    close: async () => {
      stopUpgrades();
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
): void {
  fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.route({
      method: ['GET', 'POST', 'OPTIONS'],
      url,
      // A line for every poll would be noise, and would show the `sid` that lets anyone take over the connection.
      logLevel: 'warn',
      exposeHeadRoute: false,
      bodyLimit: LIMITS.packetBytes,
      handler: (request, reply) => {
        if (!gate.share(request, reply)) return reply.code(403).send({ message: 'Forbidden' });
        if (request.method === 'OPTIONS') return reply.code(204).send();
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
      if (others.length === 0) refuseUpgrade(socket, '404 Not Found');
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
