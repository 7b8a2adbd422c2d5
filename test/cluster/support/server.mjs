// One server of several, as a process of its own. The built plugin, as an app would import it; also serves the built
// element and a page with it. It ends by itself when it has closed: if anything is left behind, it does not.
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import Fastify from 'fastify';
import { webrtcSignaling } from 'webrtc-preview/server';

const root = new URL('../../../', import.meta.url);
const { port, plugin } = JSON.parse(process.argv[2]);

const app = Fastify({ logger: { level: 'warn' } });
await app.register(webrtcSignaling, plugin);
await app.register(fastifyStatic, { root: fileURLToPath(new URL('dist', root)), prefix: '/dist/' });
await app.register(fastifyStatic, {
  root: fileURLToPath(new URL('test/e2e/pages', root)),
  prefix: '/',
  decorateReply: false,
  index: false,
});
await app.listen({ port, host: '127.0.0.1' });

process.on('message', ({ kick: target }) => {
  const { streams, sessions, kick } = app.webrtcSignaling;
  const ended = target && kick(target);
  process.send({ streams: streams(), sessions: sessions(), ended });
});
process.once('SIGTERM', async () => {
  await app.close();
  process.disconnect();
});
process.send({ port: app.server.address().port });
