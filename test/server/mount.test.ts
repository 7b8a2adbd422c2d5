import dns from 'node:dns';
import { once } from 'node:events';
import { get } from 'node:http';
import { type AddressInfo, connect, type Socket as TcpSocket } from 'node:net';
import { text } from 'node:stream/consumers';
import fastifyWebsocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Socket } from 'socket.io-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import webrtcSignaling, { type WebRTCSignalingOptions } from '../../src/server/index.js';
import { client, connected, fetchAs, listen, next, sender, viewer } from './support.js';

const TRANSPORTS = {
  websocket: { transports: ['websocket'] },
  polling: { transports: ['polling'] },
  'polling, then websocket': { transports: ['polling', 'websocket'] },
};

/** A ws route of the app's own, on the same server. */
async function echoRoute(fastify: FastifyInstance): Promise<void> {
  fastify.get('/echo', { websocket: true }, (socket: WebSocket) => {
    socket.on('message', (data) => socket.send(data));
  });
}

async function echo(port: number, host: string): Promise<string> {
  const socket = new WebSocket(`ws://${host}:${port}/echo`);
  await once(socket, 'open');
  socket.send('hello');
  const [data] = await once(socket, 'message');
  socket.close();
  return String(data);
}

const ORDERS: Record<string, (fastify: FastifyInstance, options: WebRTCSignalingOptions) => Promise<void>> = {
  alone: async (fastify, options) => {
    await fastify.register(webrtcSignaling, options);
  },
  'before @fastify/websocket': async (fastify, options) => {
    await fastify.register(webrtcSignaling, options);
    await fastify.register(fastifyWebsocket);
    await fastify.register(echoRoute);
  },
  'after @fastify/websocket': async (fastify, options) => {
    await fastify.register(fastifyWebsocket);
    await fastify.register(webrtcSignaling, options);
    await fastify.register(echoRoute);
  },
  'after the websocket route': async (fastify, options) => {
    await fastify.register(fastifyWebsocket);
    await fastify.register(echoRoute);
    await fastify.register(webrtcSignaling, options);
  },
};

describe.each(Object.entries(ORDERS))('%s', (order, register) => {
  it.each(['127.0.0.1', '::1'])('clients connect on %s by every transport', async (address) => {
    const fastify = Fastify();
    await register(fastify, {});
    onTestFinished(() => fastify.close());
    const port = await listenOnBothLoopbacks(fastify);
    const host = address.includes(':') ? `[${address}]` : address;
    for (const [name, options] of Object.entries(TRANSPORTS)) {
      const socket = client(`http://${host}:${port}`, 'receiver', { ...options, autoConnect: false });
      const transport = name.split(' ').at(-1);
      const there = reached(socket, transport);
      socket.connect();
      await there;
      expect(await socket.emitWithAck('join', { stream: 'cam' }), name).toMatchObject({ ok: true });
      socket.close();
    }
    if (order !== 'alone') expect(await echo(port, host)).toBe('hello');
  });
});

describe('an upgrade of another path', () => {
  it('is 404 when no one else listens', async () => {
    const { port } = await listen();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/webrtc-signaling-too/?EIO=4&transport=websocket`);
    const [error] = await once(socket, 'error');
    expect(error.message).toBe('Unexpected server response: 404');
  });
});

describe('closing', () => {
  it.each(Object.entries(TRANSPORTS))(
    'is prompt with clients on %s, and they come back by themselves to the next server on the port',
    async (_name, options) => {
      const first = await listen();
      const camera = await sender(first.url);
      await viewer(first.url);
      const socket = await connected(client(first.url, 'receiver', options));
      const reason = next<string>(socket, 'disconnect');
      await first.fastify.close();
      expect(await reason).toMatch(/^transport (close|error)$/);

      const back = [connectedAgain(socket), connectedAgain(camera)];
      await listen({}, { port: first.port });
      await Promise.all(back);
      expect(await socket.emitWithAck('join', { stream: 'cam' })).toMatchObject({ ok: true });
    },
  );

  it('is prompt with a client that does not say goodbye, one in the middle of a request, and an unanswered offer', async () => {
    const { fastify, port, url } = await listen();
    const mute = await handshakeByHand(port);
    const half = connect(port, '127.0.0.1');
    half.on('error', () => {});
    const path = '/webrtc-signaling/?EIO=4&transport=polling';
    const { sid } = JSON.parse((await (await fetch(`${url}${path}`)).text()).slice(1));
    half.write(
      `POST ${path}&sid=${sid} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n4`,
    );
    const camera = client(url, 'sender');
    const camera1 = { label: '', modes: [], mode: { width: 16, height: 16, fps: 1 } };
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: camera1 });
    const asked = next(camera, 'offer');
    const watching = client(url, 'receiver');
    const { session } = await watching.emitWithAck('join', { stream: 'cam' });
    watching.emit('offer', { session, epoch: 1, sdp: 'v=0\r\nm=video 9 x 96\r\n' }, () => {});
    await asked;
    await fastify.close();
    mute.destroy();
    half.destroy();
  });

  it('does not wait for the spare connections that browsers keep open, and lets requests of the app finish', async () => {
    const fastify = Fastify();
    let finish: (text: string) => void = () => {};
    const slow = new Promise<string>((resolve) => {
      finish = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      fastify.get('/slow', () => {
        resolve();
        return slow;
      });
    });
    const { port } = await listen({}, { fastify });
    const spare = connect(port, '127.0.0.1');
    await once(spare.resume(), 'connect');
    const answer = once(get({ port, path: '/slow', agent: false }), 'response');
    await asked;
    const closing = fastify.close();
    await once(spare, 'close');
    finish('done');
    const [response] = await answer;
    expect(await text(response)).toBe('done');
    await closing;
  });

  it('works before listening, and twice', async () => {
    const fastify = Fastify();
    await fastify.register(webrtcSignaling);
    await fastify.close();
    await fastify.close();
  });
});

describe('a path', () => {
  it('may be chosen, and lies below the prefix of the registering instance', async () => {
    const fastify = Fastify();
    await fastify.register(async (api) => api.register(webrtcSignaling, { path: '/cameras' }), { prefix: '/api' });
    onTestFinished(() => fastify.close());
    const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
    for (const options of Object.values(TRANSPORTS)) {
      const socket = await connected(client(url, 'receiver', { ...options, path: '/api/cameras' }));
      socket.close();
    }
    expect((await fetchAs(`${url}/api/cameras/ice-servers`, {})).status).toBe(200);
  });

  it('and a name of its own let two live in one app', async () => {
    const fastify = Fastify();
    await fastify.register(webrtcSignaling, { path: '/two', decorateAs: 'two' });
    const { url } = await listen({}, { fastify });
    await sender(url, 'here');
    const other = client(url, 'sender', { path: '/two' });
    const camera = { label: '', modes: [], mode: { width: 16, height: 16, fps: 1 } };
    await other.emitWithAck('publish', { stream: 'there', instance: 'x', camera });
    expect(fastify.webrtcSignaling.streams()).toMatchObject([{ stream: 'here' }]);
    const two = fastify.getDecorator<typeof fastify.webrtcSignaling>('two');
    expect(two.path).toBe('/two');
    expect(two.streams()).toMatchObject([{ stream: 'there' }]);
  });

  it('that is taken, and a name that is taken, are refused in words', async () => {
    const fastify = Fastify();
    await fastify.register(webrtcSignaling);
    await expect(async () => await fastify.register(webrtcSignaling, { path: '/two' })).rejects.toThrow(
      'webrtc-preview: the plugin is already registered here as "webrtcSignaling"; give the second one its own "path" and "decorateAs".',
    );
    const fastify2 = Fastify();
    await fastify2.register(webrtcSignaling);
    await expect(async () => await fastify2.register(webrtcSignaling, { decorateAs: 'two' })).rejects.toThrow(
      'webrtc-preview: the path "/webrtc-signaling" is already taken',
    );
  });
});

it('polling requests pass the hooks of the app', async () => {
  const fastify = Fastify();
  const seen: string[] = [];
  fastify.addHook('onRequest', async (request, reply) => {
    seen.push(request.method);
    reply.header('x-hook', 'yes');
  });
  const { url } = await listen({}, { fastify });
  const response = await fetchAs(`${url}/webrtc-signaling/?EIO=4&transport=polling`, {});
  expect(response.headers['x-hook']).toBe('yes');
  expect(seen).toEqual(['GET']);
});

/** On `localhost` Fastify has two HTTP servers, one for each address family, also where /etc/hosts names only one. */
async function listenOnBothLoopbacks(fastify: FastifyInstance): Promise<number> {
  const lookup = dns.lookup as (...args: unknown[]) => void;
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(((host: string, options: unknown, done: unknown) => {
    const all = typeof options === 'object' && options !== null && 'all' in options && options.all === true;
    if (host === 'localhost' && all && typeof done === 'function') done(null, both);
    else lookup(host, options, done);
  }) as never);
  await fastify.listen({ port: 0, host: 'localhost' });
  spy.mockRestore();
  expect(fastify.addresses()).toHaveLength(2);
  return (fastify.server.address() as AddressInfo).port;
}

/** Connected, and on this transport. */
function reached(socket: Socket, transport: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => socket.io.engine.transport.name === transport && socket.connected && resolve();
    socket.io.once('open', () => socket.io.engine.on('upgrade', look));
    socket.once('connect', look);
    socket.once('connect_error', reject);
  });
}

// ---- clients by hand --------------------------------------------------------------------------------------------------

function connectedAgain(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('connect', resolve));
}

/** A websocket that upgrades and then never reads or answers anything. */
async function handshakeByHand(port: number): Promise<TcpSocket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    'GET /webrtc-signaling/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'data');
  return socket;
}
