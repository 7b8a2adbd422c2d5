// The demo's server, and the example of an app that gets live video: the one line that matters is `register(webrtcSignaling)`.
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import Fastify from 'fastify';
import webrtcSignaling from 'webrtc-preview/server';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Everything from here, nothing inline: the element needs no exception from a strict policy. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * @param {object} [options] Fastify's
 * @param {import('webrtc-preview/server').WebRTCSignalingOptions} [signaling] the plugin's
 */
export async function createServer(options = {}, signaling = {}) {
  const app = Fastify({ logger: true, ...options });

  await app.register(webrtcSignaling, signaling);

  app.addHook('onSend', async (_request, reply) => {
    reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
  });
  await app.register(fastifyStatic, {
    root: folder('.'),
    // The examples are apps of their own, each with its own server.
    allowedPath: (path) => path === '/' || (/\.(html|css|js|svg)$/.test(path) && !path.startsWith('/examples/')),
  });
  await app.register(fastifyStatic, { root: folder('../dist'), prefix: '/dist/', decorateReply: false });
  return app;
}
