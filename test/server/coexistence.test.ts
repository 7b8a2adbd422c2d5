import dns from 'node:dns';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import jwt from '@fastify/jwt';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import type { ManagerOptions, Socket } from 'socket.io-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import webrtcSignaling, { type WebRTCSignaling, type WebRTCSignalingOptions } from '../../src/server/index.js';
import { CAMERA, candidate, client, connected, fetchAs, next, SDP } from './support.js';

const TRANSPORTS: Record<string, Partial<ManagerOptions>> = {
  websocket: { transports: ['websocket'] },
  polling: { transports: ['polling'] },
  'polling, then websocket': { transports: ['polling', 'websocket'] },
};

const PAGE = 'https://app.example.org';

/** Another plugin, a route of the app that needs it, and whether it still does its work. */
interface Neighbour {
  register: (app: FastifyInstance) => Promise<void>;
  works: (app: FastifyInstance, host: string) => Promise<void>;
}

const NEIGHBOURS: Record<string, Neighbour> = {
  '@fastify/websocket': {
    register: async (app) => {
      await app.register(websocket);
      await app.register(async (scope) => {
        scope.get('/echo', { websocket: true }, (socket: WebSocket) => {
          socket.on('message', (data) => socket.send(data));
        });
      });
    },
    works: async (_app, host) => {
      expect(await echo(`ws://${host}/echo`)).toBe('hello');
    },
  },
  '@fastify/cors': {
    register: async (app) => {
      await app.register(cors, { origin: [PAGE] });
      app.get('/shared', async () => 'shared');
    },
    works: async (_app, host) => {
      const simple = await fetchAs(`http://${host}/shared`, { origin: PAGE });
      expect(simple.headers['access-control-allow-origin']).toBe(PAGE);
      const asked = { origin: PAGE, 'access-control-request-method': 'GET' };
      const preflight = await fetchAs(`http://${host}/shared`, asked, 'OPTIONS');
      expect(preflight).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': PAGE } });
      const other = await fetchAs(`http://${host}/shared`, { origin: 'https://other.example.org' });
      expect(other.headers['access-control-allow-origin']).toBeUndefined();
    },
  },
  '@fastify/helmet': {
    register: async (app) => {
      await app.register(helmet);
      app.get('/safe', async () => 'safe');
    },
    works: async (_app, host) => {
      const { headers } = await fetchAs(`http://${host}/safe`, {});
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
      expect(headers['content-security-policy']).toContain("default-src 'self'");
    },
  },
  '@fastify/jwt': {
    register: async (app) => {
      await app.register(jwt, { secret: 'a secret of the app that is not the one of the tokens' });
      app.get('/me', { onRequest: async (request) => void (await request.jwtVerify()) }, async ({ user }) => user);
    },
    works: async (app, host) => {
      expect((await fetchAs(`http://${host}/me`, {})).status).toBe(401);
      const authorization = `Bearer ${app.jwt.sign({ sub: 'somebody' })}`;
      const { status, body } = await fetchAs(`http://${host}/me`, { authorization });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({ sub: 'somebody' });
    },
  },
};

const ALL: Neighbour = {
  register: async (app) => {
    for (const { register } of Object.values(NEIGHBOURS)) await register(app);
  },
  works: async (app, host) => {
    for (const { works } of Object.values(NEIGHBOURS)) await works(app, host);
  },
};

const ORDERS = {
  before: async (app: FastifyInstance, neighbour: Neighbour, ours: (app: FastifyInstance) => Promise<void>) => {
    await ours(app);
    await neighbour.register(app);
  },
  behind: async (app: FastifyInstance, neighbour: Neighbour, ours: (app: FastifyInstance) => Promise<void>) => {
    await neighbour.register(app);
    await ours(app);
  },
};

const PLACES: Record<string, { path: string; register: (app: FastifyInstance) => Promise<void> }> = {
  'its own path': { path: '/webrtc-signaling', register: (app) => plugin(app) },
  'another path': { path: '/live/cameras', register: (app) => plugin(app, { path: '/live/cameras' }) },
  'a prefixed scope': {
    path: '/api/v1/webrtc-signaling',
    register: async (app) => {
      await app.register(async (scope) => plugin(scope), { prefix: '/api/v1' });
    },
  },
};

describe.each(Object.entries({ ...NEIGHBOURS, 'all of them': ALL }))('beside %s', (_name, neighbour) => {
  describe.each(Object.entries(ORDERS))('registered %s it', (_order, inOrder) => {
    it.each(Object.entries(PLACES))('a whole session works under %s by every transport', async (_place, place) => {
      const app = Fastify();
      await inOrder(app, neighbour, place.register);
      const [host = ''] = await start(app);
      for (const transport of Object.keys(TRANSPORTS)) {
        await wholeSession(`http://${host}`, place.path, transport);
        await neighbour.works(app, host);
      }
    });
  });
});

describe('on localhost, beside all of them', () => {
  it.each(Object.entries(ORDERS))('registered %s them, a whole session works on both loopbacks', async (_, inOrder) => {
    const app = Fastify();
    // Socket.IO's client in Node polls [::1] with a Host without brackets, which the default cannot know for loopback.
    await inOrder(app, ALL, (instance) => plugin(instance, { allowPublish: 'any' }));
    const hosts = await start(app, 'localhost');
    expect(hosts).toHaveLength(2);
    for (const host of hosts) {
      for (const transport of Object.keys(TRANSPORTS)) {
        await wholeSession(`http://${host}`, '/webrtc-signaling', transport);
      }
      await ALL.works(app, host);
    }
  });
});

describe('twice in one app, beside all of them', () => {
  it.each(Object.entries(ORDERS))('registered %s them, each has streams of its own', async (_order, inOrder) => {
    const app = Fastify();
    await inOrder(app, ALL, async (instance) => {
      await plugin(instance, { path: '/one' });
      await plugin(instance, { path: '/two', decorateAs: 'two' });
    });
    const [host = ''] = await start(app);
    const one = app.webrtcSignaling;
    const two = app.getDecorator<WebRTCSignaling>('two');
    for (const transport of Object.keys(TRANSPORTS)) {
      const { sender } = await wholeSession(`http://${host}`, '/one', transport);
      expect(one.streams()).toMatchObject([{ stream: named(transport) }]);
      expect(two.streams()).toEqual([]);
      const viewer = await reach(`http://${host}`, '/two', 'receiver', transport);
      expect(await viewer.emitWithAck('join', { stream: named(transport) })).toMatchObject({
        stream: { online: false },
      });
      viewer.close();
      await gone(() => two.streams());
      const second = await wholeSession(`http://${host}`, '/two', transport);
      expect(two.streams()).toMatchObject([{ stream: named(transport) }]);
      for (const socket of [sender, second.sender]) await socket.emitWithAck('unpublish', { stream: named(transport) });
      await gone(() => [...one.streams(), ...two.streams()]);
    }
    await ALL.works(app, host);
  });

  it('both say goodbye to everyone, whichever closes first', async () => {
    const app = Fastify();
    await plugin(app, { path: '/one' });
    await plugin(app, { path: '/two', decorateAs: 'two' });
    const [host = ''] = await start(app);
    const heard = await Promise.all(
      ['/one', '/two'].map(async (path) => {
        const socket = await reach(`http://${host}`, path, 'receiver', 'websocket');
        const news: string[] = [];
        socket.onAny((event: string) => news.push(event));
        const end = next<string>(socket, 'disconnect');
        return { news, end };
      }),
    );
    await app.close();
    for (const { news, end } of heard) {
      await end;
      expect(news).toEqual(['server-closing']);
    }
  });
});

describe('someone else who listens for upgrades', () => {
  it('may begin after the server is ready', async () => {
    const app = Fastify();
    await plugin(app);
    await app.ready();
    const others = new WebSocketServer({ noServer: true });
    others.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    app.server.on('upgrade', (request, socket, head) => {
      if (request.url === '/late') others.handleUpgrade(request, socket, head, (ws) => others.emit('connection', ws));
    });
    const [host = ''] = await start(app);
    expect(await echo(`ws://${host}/late`)).toBe('hello');
    await wholeSession(`http://${host}`, '/webrtc-signaling', 'websocket');
  });
});

describe('pages of another origin than those of @fastify/cors', () => {
  const viewers = 'https://viewers.example.org';
  const answer = { 'access-control-allow-origin': viewers };

  it.each(Object.entries(ORDERS))('poll as the option "origins" says, registered %s it', async (_order, inOrder) => {
    const app = Fastify();
    await inOrder(app, NEIGHBOURS['@fastify/cors'] as Neighbour, (a) => plugin(a, { origins: [viewers] }));
    const [host = ''] = await start(app);
    const url = `http://${host}/webrtc-signaling/?EIO=4&transport=polling`;
    expect(await fetchAs(url, { origin: viewers })).toMatchObject({ status: 200, headers: answer });
    const asked = { origin: viewers, 'access-control-request-method': 'POST' };
    expect(await fetchAs(url, asked, 'OPTIONS')).toMatchObject({ status: 204, headers: answer });
    const refused = await fetchAs(url, { origin: PAGE });
    expect(refused.status).toBe(403);
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
  });
});

it('the headers of @fastify/helmet are on polling answers, too', async () => {
  const app = Fastify();
  await app.register(helmet);
  await plugin(app);
  const [host = ''] = await start(app);
  const { headers } = await fetchAs(`http://${host}/webrtc-signaling/?EIO=4&transport=polling`, {});
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
});

// ---- servers ---------------------------------------------------------------------------------------------------------

async function plugin(app: FastifyInstance, options: WebRTCSignalingOptions = {}): Promise<void> {
  await app.register(webrtcSignaling, { iceServers: [], ...options });
}

/** Closed with the test. Returns where it listens; on `localhost` these are two, also where /etc/hosts names only one. */
async function start(app: FastifyInstance, host = '127.0.0.1'): Promise<string[]> {
  onTestFinished(() => app.close());
  const lookup = dns.lookup as (...args: unknown[]) => void;
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(((name: string, options: unknown, done: unknown) => {
    const all = typeof options === 'object' && options !== null && 'all' in options && options.all === true;
    if (name === 'localhost' && all && typeof done === 'function') done(null, both);
    else lookup(name, options, done);
  }) as never);
  await app.listen({ port: 0, host });
  spy.mockRestore();
  return (app.addresses() as AddressInfo[]).map(({ address, family, port }) => {
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  });
}

// ---- clients ---------------------------------------------------------------------------------------------------------

async function echo(url: string): Promise<string> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send('hello');
  const [data] = await once(socket, 'message');
  socket.close();
  return String(data);
}

/** A client that is connected, and on the last of its transports. */
async function reach(url: string, path: string, role: 'sender' | 'receiver', transport: string): Promise<Socket> {
  const socket = client(url, role, { ...TRANSPORTS[transport], path, autoConnect: false });
  const last = TRANSPORTS[transport]?.transports?.at(-1);
  const upgraded = new Promise<void>((resolve) => {
    socket.io.once('open', () => {
      const { engine } = socket.io;
      if (engine.transport.name === last) resolve();
      else engine.once('upgrade', () => resolve());
    });
  });
  const there = connected(socket);
  socket.connect();
  await Promise.all([there, upgraded]);
  expect(socket.io.engine.transport.name).toBe(last);
  return socket;
}

/** Published, joined, offered, answered, candidates both ways, live, left; the stream is named like the transport. */
async function wholeSession(url: string, path: string, transport: string): Promise<{ sender: Socket }> {
  const stream = named(transport);
  const sender = await reach(url, path, 'sender', transport);
  const receiver = await reach(url, path, 'receiver', transport);
  sender.on('offer', (_offer, acknowledge) => acknowledge({ ok: true, sdp: SDP }));
  const published = await sender.emitWithAck('publish', { stream, instance: stream, camera: CAMERA });
  expect(published).toMatchObject({ ok: true });
  const joined = await receiver.emitWithAck('join', { stream });
  expect(joined).toMatchObject({ ok: true, stream: { stream, online: true } });
  const { session } = joined;
  expect(await receiver.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toEqual({ ok: true, sdp: SDP });
  const [there, here] = [next(sender, 'candidate'), next(receiver, 'candidate')];
  receiver.emit('candidate', candidate(session, 1, 1));
  sender.emit('candidate', candidate(session, 1, 2));
  expect(await there).toMatchObject(candidate(session, 1, 1));
  expect(await here).toMatchObject(candidate(session, 1, 2));
  expect(await receiver.emitWithAck('live', { session, epoch: 1 })).toEqual({ ok: true });
  const closed = next(sender, 'session-closed');
  expect(await receiver.emitWithAck('leave', { session })).toEqual({ ok: true });
  expect(await closed).toMatchObject({ session });
  receiver.close();
  return { sender };
}

async function gone(list: () => unknown[]): Promise<void> {
  await vi.waitFor(() => expect(list()).toEqual([]));
}

function named(transport: string): string {
  return transport.replaceAll(/[ ,]+/g, '-');
}

it('beside @fastify/cors, the routes for programs answer the preflights of the pages that "origins" names', async () => {
  const fastify = Fastify();
  await fastify.register(cors, { origin: ['https://app.example'] });
  await fastify.register(webrtcSignaling, { iceServers: [], origins: ['https://viewer.example'] });
  for (const route of ['ice-servers', 'streams', 'whep/cam', 'whep/cam/x', 'whip/cam', 'sessions/x']) {
    const answer = await fastify.inject({
      method: 'OPTIONS',
      url: `/webrtc-signaling/${route}`,
      headers: { origin: 'https://viewer.example', 'access-control-request-method': 'POST' },
    });
    expect(answer.headers['access-control-allow-origin'], route).toBe('https://viewer.example');
  }
  await fastify.close();
});
