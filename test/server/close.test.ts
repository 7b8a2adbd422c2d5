import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import webrtcSignaling, { type Grant, type WebRTCSignalingOptions } from '../../src/server/index.js';
import { client, connected, sender, until } from './support.js';

const CLIENTS = 1_000;
const POLLING = 200;

/** More at once would only wait in the queue of the kernel. */
const AT_ONCE = 50;

/** A client that does not say goodbye is cut off after this time, which is in src/server/transport/mount.ts. */
const FAREWELL_MS = 250;

describe('with 1,000 clients', () => {
  it('closing is as quick as that of a bare ws server, all have heard of it first, and nothing is left', async () => {
    const bare = await closeBareServer();

    const watch = watchResources();
    const { fastify, url } = await serve();
    const clients = await many(CLIENTS, () => HandMade.joined(url));
    expect(fastify.webrtcSignaling.streams()).toMatchObject([{ stream: 'cam', sessions: CLIENTS }]);
    const ours = await timed(() => fastify.close());
    await Promise.all(clients.map(({ closed }) => closed));
    console.log(`Closing with ${CLIENTS} clients took ${ours.toFixed()} ms, with ws alone ${bare.toFixed()} ms`);

    for (const { heard } of clients) expect(heard).toEqual(['server-closing', 'close frame']);
    // A wait for only one of the time-outs on the way (ws: 30 s, polling: 30 s, a ping: 20 s) would be far beyond.
    expect(ours).toBeLessThan(4 * bare + 2 * FAREWELL_MS);
    await watch.nothingLeft();
  }, 60_000);

  it(`and another ${POLLING} that poll, these are not waited for and hear of it, too`, async () => {
    const watch = watchResources();
    const fastify = Fastify();
    let polls = 0;
    fastify.addHook('onRequest', async ({ method, query }) => {
      if (method === 'GET' && 'sid' in (query as object)) polls += 1;
    });
    const { url } = await serve({}, fastify);
    await many(CLIENTS, () => HandMade.joined(url));
    const poll = `${url}/webrtc-signaling/?EIO=4&transport=polling`;
    const pollers = await many(POLLING, async () => {
      const { sid } = JSON.parse((await (await fetch(poll)).text()).slice(1));
      const get = async () => (await fetch(`${poll}&sid=${sid}`)).text();
      await fetch(`${poll}&sid=${sid}`, { method: 'POST', body: HELLO });
      expect(await get()).toContain('"sid"');
      return { last: get() };
    });
    await until(() => polls === 2 * POLLING);
    const took = await timed(() => fastify.close());
    console.log(`Closing with ${CLIENTS} clients and ${POLLING} on polling took ${took.toFixed()} ms`);
    for (const { last } of pollers) expect(await last).toContain('server-closing');
    await watch.nothingLeft();
  }, 60_000);
});

describe('attack 46: closing', () => {
  it('during 1,000 joins ends every connection, each join before or after its answer, and leaves nothing', async () => {
    const watch = watchResources();
    const { fastify, url } = await serve();
    const clients = await many(CLIENTS, () => HandMade.connected(url));
    const camera = await sender(url);
    const joined = new Promise<void>((resolve) => {
      fastify.webrtcSignaling.events.on('session-joined', () => {
        if (fastify.webrtcSignaling.sessions().length === CLIENTS / 4) resolve();
      });
    });
    for (const one of clients) one.join();
    await joined;
    await fastify.close();
    await Promise.all(clients.map(({ closed }) => closed));
    const answers = clients.map(({ heard }) => heard.join(', '));
    const complete = ['server-closing, close frame', 'joined, server-closing, close frame'];
    expect(answers.filter((answer) => !complete.includes(answer))).toEqual([]);
    expect(answers.filter((answer) => answer === complete[1]).length).toBeGreaterThanOrEqual(CLIENTS / 4);
    camera.close();
    await watch.nothingLeft();
  }, 60_000);

  it('while 1,000 clients connect ends every connection and leaves nothing', async () => {
    const watch = watchResources();
    const { fastify, url } = await serve();
    const arrivals = Array.from({ length: CLIENTS }, () => new WebSocket(socketUrl(url)));
    const ends = arrivals.map((socket) => {
      socket.on('open', () => socket.send(HELLO));
      return end(socket);
    });
    await once(fastify.webrtcSignaling.events, 'client-connected');
    await fastify.close();
    await Promise.all(ends);
    await watch.nothingLeft();
  }, 60_000);

  it('while the app still decides on a client lets nobody in afterwards', async () => {
    const watch = watchResources();
    let decide: () => void = () => {};
    const deciding = new Promise<Grant>((resolve) => {
      decide = () => resolve({ watch: true, publish: true, control: true });
    });
    let isAsked = false;
    const { fastify, url } = await serve({
      authorize: () => {
        isAsked = true;
        return deciding;
      },
    });
    const seen: string[] = [];
    fastify.webrtcSignaling.events.on('client-connected', () => seen.push('connected'));
    const socket = new WebSocket(socketUrl(url));
    socket.on('open', () => socket.send(HELLO));
    await until(() => isAsked);
    await Promise.all([fastify.close(), end(socket)]);
    decide();
    await watch.nothingLeft();
    expect(seen).toEqual([]);
  });

  it('twice at once, and again, is closing once', async () => {
    const watch = watchResources();
    const { fastify, url } = await serve();
    const viewer = await HandMade.joined(url);
    await Promise.all([fastify.close(), fastify.close()]);
    await fastify.close();
    await viewer.closed;
    expect(viewer.heard).toEqual(['server-closing', 'close frame']);
    await watch.nothingLeft();
  });

  it.each(['at once', 'when ready'])('before listening, %s, leaves nothing', async (when) => {
    const watch = watchResources();
    const fastify = Fastify();
    fastify.register(webrtcSignaling, { iceServers: [] });
    if (when === 'when ready') await fastify.ready();
    await fastify.close();
    await watch.nothingLeft();
  });

  it('with clients on every transport, mute and polite, in two mounts leaves nothing', async () => {
    const watch = watchResources();
    const fastify = Fastify();
    await fastify.register(webrtcSignaling, { iceServers: [], path: '/two', decorateAs: 'two' });
    const { url } = await serve({}, fastify);
    const mutes: WebSocket[] = [];
    for (const path of ['/two', '/webrtc-signaling']) {
      for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
        const socket = await connected(client(url, 'receiver', { path, transports, reconnection: false }));
        expect(await socket.emitWithAck('join', { stream: 'cam' })).toMatchObject({ ok: true });
      }
      const mute = new WebSocket(socketUrl(url, path));
      mute.on('error', () => {});
      await once(mute, 'open');
      mute.pause();
      mutes.push(mute);
    }
    await fastify.close();
    // It has not read that its connection is gone.
    for (const mute of mutes) mute.terminate();
    await watch.nothingLeft();
  });
});

// ---- servers ---------------------------------------------------------------------------------------------------------

async function serve(options: WebRTCSignalingOptions = {}, fastify: FastifyInstance = Fastify()) {
  await fastify.register(webrtcSignaling, { iceServers: [], ...options });
  onTestFinished(() => fastify.close());
  return { fastify, url: await fastify.listen({ port: 0, host: '127.0.0.1' }) };
}

/** What closing costs at least: each client gets a close frame and answers it. In ms. */
async function closeBareServer(): Promise<number> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  await many(CLIENTS, async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, 'open');
    return socket;
  });
  return timed(async () => {
    const ends = [...server.clients].map((socket) => once(socket, 'close'));
    for (const socket of server.clients) socket.close();
    server.close();
    http.close();
    await Promise.all([once(http, 'close'), ...ends]);
  });
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await task();
  return performance.now() - startedAtMs;
}

// ---- clients ---------------------------------------------------------------------------------------------------------

const HELLO = '40{"role":"receiver","protocol":1}';

function socketUrl(url: string, path = '/webrtc-signaling'): string {
  return `${url.replace('http', 'ws')}${path}/?EIO=4&transport=websocket`;
}

/** Also of one that is refused. */
function end(socket: WebSocket): Promise<void> {
  socket.on('error', () => {});
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Lighter than Socket.IO's own client: a websocket that speaks as much Engine.IO and Socket.IO as is needed to join. */
class HandMade {
  /** What has come since it was connected, in order. */
  readonly heard: string[] = [];
  readonly closed: Promise<unknown>;
  readonly #socket: WebSocket;

  private constructor(url: string) {
    this.#socket = new WebSocket(socketUrl(url));
    this.closed = end(this.#socket);
    this.#socket.on('message', (data) => this.#receive(String(data)));
    this.#socket.on('close', (code) => this.heard.push(code === 1006 ? 'cut off' : 'close frame'));
  }

  static async connected(url: string): Promise<HandMade> {
    const client = new HandMade(url);
    await once(client.#socket, 'open');
    client.#socket.send(HELLO);
    while (!client.heard.includes('connected')) await once(client.#socket, 'message');
    client.heard.length = 0;
    return client;
  }

  static async joined(url: string): Promise<HandMade> {
    const client = await HandMade.connected(url);
    client.join();
    while (!client.heard.includes('joined')) await once(client.#socket, 'message');
    client.heard.length = 0;
    return client;
  }

  join(): void {
    this.#socket.send('420["join",{"stream":"cam"}]');
  }

  #receive(packet: string): void {
    if (packet === '2') this.#socket.send('3');
    else if (packet.startsWith('40')) this.heard.push('connected');
    else if (packet.startsWith('430[{"ok":true')) this.heard.push('joined');
    else if (packet.startsWith('42["server-closing"')) this.heard.push('server-closing');
    else if (!packet.startsWith('0') && !packet.startsWith('42["stream"')) this.heard.push(packet);
  }
}

/** So many of them, some at a time. */
async function many<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) {
    made.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - made.length) }, make))));
  }
  return made;
}

// ---- what is left ----------------------------------------------------------------------------------------------------

/** Code of the server's side, in the lines of a stack. */
const OF_THE_SERVER = /\/src\/server\/|\/node_modules\/(engine\.io|socket\.io|ws\/lib\/websocket-server)\//;

/**
 * Counts the timers that the server starts, also those that do not keep the process alive, and the sockets and servers that are
 * open in this process.
 */
function watchResources(): { nothingLeft: () => Promise<void> } {
  const timers = new Map<number, string>();
  const handles = () =>
    process.getActiveResourcesInfo().filter((kind) => /^(TCP|TLS|Pipe)\w*Wrap$/.test(kind) && kind !== 'PipeWrap');
  const before = handles().length;
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  const hook = createHook({
    init: (id, type) => {
      if (type !== 'Timeout') return;
      const stack = new Error().stack ?? '';
      if (OF_THE_SERVER.test(stack)) timers.set(id, stack);
    },
    destroy: (id) => timers.delete(id),
  }).enable();
  onTestFinished(() => {
    hook.disable();
    Error.stackTraceLimit = depth;
  });
  return {
    nothingLeft: () =>
      vi.waitFor(
        () => {
          expect([...timers.values()]).toEqual([]);
          expect(handles().length).toBeLessThanOrEqual(before);
        },
        { timeout: 5_000 },
      ),
  };
}
