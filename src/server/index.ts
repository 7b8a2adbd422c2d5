import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { type ErrorInfo, errorInfo, type IceConfig } from '../protocol/index.js';
import { Signaling } from './handlers.js';
import { admit } from './handshake.js';
import { serveIceServers } from './http.js';
import { mount } from './mount.js';
import { normalizeOptions, type WebRTCSignalingOptions } from './options.js';
import { Registry, type SessionSnapshot, type StreamSnapshot } from './registry.js';

export type { IceServer } from '../protocol/index.js';
export type { MessageRate } from './limits.js';
export type { AllowPublish, WebRTCSignalingOptions } from './options.js';
export type { SessionSnapshot, StreamSnapshot } from './registry.js';
export type { SessionState } from './session.js';

/** What the plugin adds to the Fastify instance, as `fastify.webrtcSignaling`. */
export interface WebRTCSignaling {
  /** Where Socket.IO's clients connect: the `path` option behind the prefix of the registering instance. */
  readonly path: string;
  /** The ICE servers that viewers get. */
  readonly ice: IceConfig;
  /** Streams that are published or waited for, as they are now. */
  streams(): StreamSnapshot[];
  /** Open sessions, as they are now. */
  sessions(): SessionSnapshot[];
}

declare module 'fastify' {
  interface FastifyInstance {
    webrtcSignaling: WebRTCSignaling;
  }
}

async function plugin(fastify: FastifyInstance, options: WebRTCSignalingOptions): Promise<void> {
  const settings = normalizeOptions(options);
  const { path, allowPublish, decorateAs, ice } = settings;
  if (fastify.hasDecorator(decorateAs)) {
    throw new Error(
      `webrtc-preview: the plugin is already registered here as "${decorateAs}"; give the second one its own "path" and "decorateAs".`,
    );
  }
  if (fastify.hasRoute({ method: 'GET', url: `${fastify.prefix}${path}/` })) {
    throw new Error(`webrtc-preview: the path "${path}" is already taken; set the option "path" to another one.`);
  }

  const log = fastify.log.child({ plugin: 'webrtc-signaling' });
  const registry = new Registry({ newId: randomUUID, graceMs: settings.senderGraceMs });
  const { io, close } = mount(fastify, path, settings.origins);
  const signaling = new Signaling(io, registry, settings, log);
  serveIceServers(fastify, settings);

  // Every namespace that is not made here is refused by Socket.IO itself.
  io.use(async (socket, next) => {
    try {
      const admission = await admit(socket.handshake.auth, socket.request, allowPublish);
      if (!admission.ok) return next(connectError(admission.error));
      socket.data.role = admission.role;
      next();
    } catch (err) {
      log.error({ err }, '[WebRTC Signaling] The function "allowPublish" failed');
      next(connectError(errorInfo('internal')));
    }
  });
  io.on('connection', (socket) => signaling.accept(socket));

  fastify.addHook('preClose', async () => {
    signaling.close();
    await close();
  });

  fastify.decorate(decorateAs, {
    path: `${fastify.prefix}${path}`,
    ice: ice.browser,
    streams: () => registry.streams(),
    sessions: () => registry.sessions(),
  } satisfies WebRTCSignaling);
  log.info(
    {
      path: `${fastify.prefix}${path}`,
      origins: settings.origins,
      allowPublish: typeof allowPublish === 'function' ? 'function' : allowPublish,
      iceUrls: ice.browser.iceServers.flatMap(({ urls }) => urls),
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
