import type { Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StreamInfo } from '../../src/protocol/index.js';
import type { WebRTCSignalingOptions } from '../../src/server/index.js';
import { CAMERA, candidate, client, connected, next, receiver, SDP, sender } from '../server/support.js';
import { LEASE_MS } from './support/member.js';
import { RedisServer } from './support/redis-server.js';
import { ServerProcess } from './support/server-process.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.kill());
// The servers of the test before were killed: their leases would hold its streams for a while.
beforeEach(() => redis.command((connection) => connection.flushall()));
afterEach(() => redis.resume());

const WAIT = { timeout: 15_000, interval: 20 };

const servers = (count: number, options: WebRTCSignalingOptions = {}) =>
  Promise.all(
    Array.from({ length: count }, () =>
      ServerProcess.start({ redis: { url: redis.url, leaseMs: LEASE_MS }, ...options }),
    ),
  ) as Promise<[ServerProcess, ServerProcess, ServerProcess]>;

/** What the receiver knows of the stream, always the latest. */
function newsOf(socket: Socket, first: StreamInfo): { now: StreamInfo; all: StreamInfo[] } {
  const news = { now: first, all: [first] };
  socket.on('stream', (info: StreamInfo) => {
    news.now = info;
    news.all.push(info);
  });
  return news;
}

/** A receiver whose stream is online, which may take a moment on another node. */
async function watcher(url: string, stream = 'cam') {
  const { socket, session, joined } = await receiver(url, stream);
  const news = newsOf(socket, joined.stream);
  await vi.waitFor(() => expect(news.now.online).toBe(true), WAIT);
  return { socket, session, joined, news };
}

const offer = (socket: Socket, session: string, epoch = 1) => socket.emitWithAck('offer', { session, epoch, sdp: SDP });

/** Says something to the sender until it is heard: what goes to a server that is not known as dead yet is lost. */
async function reaches(socket: Socket, session: string, camera: Socket) {
  const heard: unknown[] = [];
  camera.on('candidate', (message) => heard.push(message));
  await vi.waitFor(async () => {
    expect(await socket.emitWithAck('candidate', candidate(session, 1, 9))).toEqual({ ok: true });
    expect(heard).toContainEqual(candidate(session, 1, 9));
  }, WAIT);
}

describe('a sender on one server, a viewer on another', () => {
  it('talk as if they were on one', async () => {
    const [a, b] = await servers(2);
    const camera = await sender(a.url);
    camera.on('set-mode', ({ mode }, acknowledge) => acknowledge({ ok: true, mode }));
    const { socket, session, news } = await watcher(b.url);
    expect(news.now).toMatchObject({ online: true, camera: CAMERA });
    expect(await offer(socket, session)).toMatchObject({ ok: true, sdp: SDP });

    const toSender = next(camera, 'candidate');
    expect(await socket.emitWithAck('candidate', candidate(session, 1, 7))).toEqual({ ok: true });
    expect(await toSender).toEqual(candidate(session, 1, 7));
    const toViewer = next(socket, 'candidate');
    expect(await camera.emitWithAck('candidate', candidate(session, 1, 8))).toEqual({ ok: true });
    expect(await toViewer).toEqual(candidate(session, 1, 8));

    expect(await socket.emitWithAck('live', { session, epoch: 1 })).toEqual({ ok: true });
    expect(await socket.emitWithAck('set-mode', { session, mode: CAMERA.mode })).toMatchObject({ ok: true });
    await camera.emitWithAck('update-camera', { stream: 'cam', camera: { ...CAMERA, label: 'Renamed' } });
    await vi.waitFor(() => expect(news.now.camera?.label).toBe('Renamed'), WAIT);

    const closed = next(camera, 'session-closed');
    expect(await socket.emitWithAck('leave', { session })).toEqual({ ok: true });
    expect(await closed).toMatchObject({ session, reason: 'left' });
  });

  it('keeps the order of many candidates', async () => {
    const [a, b] = await servers(2, { messageRate: { perSecond: 10_000, burst: 10_000 } });
    const camera = await sender(a.url);
    const heard: unknown[] = [];
    camera.on('candidate', (message) => heard.push(message));
    const { socket, session } = await watcher(b.url);
    await offer(socket, session);
    const all = Array.from({ length: 100 }, (_, number) => candidate(session, 1, number));
    for (const message of all) socket.emit('candidate', message);
    await vi.waitFor(() => expect(heard).toHaveLength(100), WAIT);
    expect(heard).toEqual(all);
  });

  it('hears at once that the sender has gone', async () => {
    const [a, b] = await servers(2);
    const camera = await sender(a.url);
    const { news } = await watcher(b.url);
    camera.disconnect();
    await vi.waitFor(() => expect(news.now.online).toBe(false), WAIT);
  });

  it('leave no SDP in Redis', async () => {
    const [a, b] = await servers(2);
    await sender(a.url);
    const { socket, session } = await watcher(b.url);
    expect(await offer(socket, session)).toMatchObject({ ok: true });
    const keys = await redis.command((connection) => connection.keys('*'));
    for (const key of keys) {
      expect(await redis.command((connection) => connection.type(key)), key).toBe('string');
      expect(await redis.command((connection) => connection.get(key)), key).not.toContain('m=video');
    }
  });
});

describe('the sender of a viewer on another server', () => {
  /** One on a, an answered session of it on b. */
  async function across(options: WebRTCSignalingOptions = {}) {
    const [a, b, c] = await servers(3, options);
    const camera = await sender(a.url);
    const viewer = await watcher(b.url);
    expect(await offer(viewer.socket, viewer.session)).toMatchObject({ ok: true });
    return { a, b, c, camera, viewer };
  }

  it('hears nothing of a connection that is lost and resumed', async () => {
    const { b, camera, viewer } = await across();
    const heard: unknown[] = [];
    camera.on('session-closed', (message) => heard.push(message));
    viewer.socket.disconnect();
    const again = await connected(client(b.url, 'receiver'));
    const { session } = viewer;
    const resumed = await again.emitWithAck('resume', { session, resume: viewer.joined.resume });
    expect(resumed).toMatchObject({ ok: true, stream: { online: true } });
    const toViewer = next(again, 'candidate');
    expect(await camera.emitWithAck('candidate', candidate(session, 1, 8))).toEqual({ ok: true });
    expect(await toViewer).toEqual(candidate(session, 1, 8));
    expect(heard).toEqual([]);
  });

  it('hears when it is not resumed in time, and may still end it', async () => {
    const { b, camera, viewer } = await across({ receiverGraceMs: 50 });
    const closed = next(camera, 'session-closed');
    viewer.socket.disconnect();
    expect(await closed).toEqual({ session: viewer.session, reason: 'lost' });
    expect(await camera.emitWithAck('leave', { session: viewer.session })).toEqual({ ok: true });
    await vi.waitFor(async () => expect((await b.state()).sessions).toEqual([]), WAIT);
  });

  it('comes back on a third server while the first still thinks that it has it, with the sessions of both', async () => {
    const { a, b, c, camera, viewer } = await across();
    const here = await watcher(a.url);
    expect(await offer(here.socket, here.session)).toMatchObject({ ok: true });
    const again = await sender(c.url);
    await vi.waitFor(() => expect(camera.active).toBe(false), WAIT);
    for (const [server, { socket, session }] of [
      [a, here],
      [b, viewer],
    ] as const) {
      await vi.waitFor(async () => {
        expect((await server.state()).streams).toMatchObject([{ online: true, node: expect.any(String) }]);
      }, WAIT);
      await reaches(socket, session, again);
    }
    for (const { news } of [here, viewer]) expect(news.all.every(({ online }) => online)).toBe(true);
  });

  it('hears on a third server who has left while it was away', async () => {
    const { c, camera, viewer } = await across();
    camera.disconnect();
    await vi.waitFor(() => expect(viewer.news.now.online).toBe(false), WAIT);
    expect(await viewer.socket.emitWithAck('leave', { session: viewer.session })).toEqual({ ok: true });
    const again = client(c.url, 'sender');
    const closed = next(again, 'session-closed');
    await again.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    expect(await closed).toMatchObject({ session: viewer.session, reason: 'left' });
  });

  it('is not seen by more viewers than it may, wherever they are', async () => {
    const { a, viewer } = await across({ maxViewers: 1 });
    const second = await watcher(a.url);
    expect(await offer(second.socket, second.session)).toMatchObject({ ok: false, error: { code: 'stream_full' } });
    await viewer.socket.emitWithAck('leave', { session: viewer.session });
    await vi.waitFor(async () => {
      expect(await offer(second.socket, second.session)).toMatchObject({ ok: true });
    }, WAIT);
  });

  it('gives way to another where that is allowed, and its viewers go on with that one', async () => {
    const { c, camera, viewer } = await across({ senderPolicy: 'takeover' });
    const before = viewer.news.now.instance;
    const replaced = next(camera, 'replaced');
    await sender(c.url, 'cam', 'two');
    expect(await replaced).toMatchObject({ stream: 'cam' });
    await vi.waitFor(() => {
      expect(viewer.news.now.online).toBe(true);
      expect(viewer.news.now.instance).not.toBe(before);
    }, WAIT);
    expect(await offer(viewer.socket, viewer.session, 2)).toMatchObject({ ok: true, sdp: SDP });
  });
});

describe('kick()', () => {
  it('ends a session of another server, and both sides hear it', async () => {
    const [a, b] = await servers(2);
    const camera = await sender(a.url);
    const { socket, session } = await watcher(b.url);
    expect(await offer(socket, session)).toMatchObject({ ok: true });
    const closed = [next(socket, 'session-closed'), next(camera, 'session-closed')];
    expect(await a.kick({ session })).toBe(0);
    const message = { session, reason: 'kicked', error: { code: 'kicked' } };
    expect(await Promise.all(closed)).toMatchObject([message, message]);
  });

  it('takes a stream away from the sender of another server', async () => {
    const [a, b] = await servers(2);
    const camera = await sender(a.url);
    await watcher(b.url);
    const gone = next(camera, 'disconnect');
    expect(await b.kick({ stream: 'cam' })).toBe(1);
    expect(await gone).toBe('io server disconnect');
  });
});

describe('two senders', () => {
  it('that claim a stream at once on two servers: exactly one gets it', async () => {
    const [a, b] = await servers(2);
    const [one, two] = await Promise.all([client(a.url, 'sender'), client(b.url, 'sender')].map(connected));
    for (let round = 0; round < 10; round++) {
      const stream = `cam-${round}`;
      const acks = await Promise.all([
        one?.emitWithAck('publish', { stream, instance: 'one', camera: CAMERA }),
        two?.emitWithAck('publish', { stream, instance: 'two', camera: CAMERA }),
      ]);
      expect(acks.filter(({ ok }) => ok)).toHaveLength(1);
      expect(acks.find(({ ok }) => !ok)).toMatchObject({ error: { code: 'stream_taken' } });
    }
  });
});

describe('a server that is killed', () => {
  it('holds nobody up: its sender comes back on another one with its sessions', async () => {
    const [a, b, c] = await servers(3);
    await sender(a.url, 'cam', 'one');
    const { socket, session, news } = await watcher(b.url);
    expect(await offer(socket, session)).toMatchObject({ ok: true });
    await a.kill();
    const again = await sender(c.url, 'cam', 'one');
    await vi.waitFor(() => expect(news.now).toMatchObject({ online: true }), WAIT);
    // The viewer's session is the same, and reaches the sender where it is now.
    await reaches(socket, session, again);
    expect(news.all.every(({ instance }) => instance === news.all[0]?.instance)).toBe(true);
  });

  it('is given up within its lease: viewers hear it, another sender gets the stream', async () => {
    const [a, b] = await servers(2);
    await sender(a.url, 'cam', 'one');
    const { news } = await watcher(b.url);
    await a.kill();
    const other = await connected(client(b.url, 'sender'));
    const publish = () => other.emitWithAck('publish', { stream: 'cam', instance: 'two', camera: CAMERA });
    const killedAtMs = performance.now();
    expect(await publish()).toMatchObject({ ok: false, error: { code: 'stream_taken' } });
    await vi.waitFor(() => expect(news.now.online).toBe(false), WAIT);
    await vi.waitFor(async () => expect(await publish()).toMatchObject({ ok: true }), WAIT);
    console.log(`a killed server's stream was free after ${Math.round(performance.now() - killedAtMs)} ms`);
    await vi.waitFor(() => expect(news.now.online).toBe(true), WAIT);
  });
});

describe('a server that stands still for longer than its lease', () => {
  it('gives way to whoever has the stream by then, and takes no other for lost', async () => {
    const [a, b] = await servers(2);
    const old = await sender(a.url, 'cam', 'one');
    const here = await watcher(a.url);
    const { news } = await watcher(b.url);
    a.signal('SIGSTOP');
    await vi.waitFor(() => expect(news.now.online).toBe(false), WAIT);
    const other = await connected(client(b.url, 'sender'));
    await vi.waitFor(async () => {
      const ack = await other.emitWithAck('publish', { stream: 'cam', instance: 'two', camera: CAMERA });
      expect(ack).toMatchObject({ ok: true });
    }, WAIT);
    const replaced = next(old, 'replaced');
    a.signal('SIGCONT');
    expect(await replaced).toMatchObject({ stream: 'cam' });
    // All see the same camera.
    await vi.waitFor(() => {
      expect(news.now).toMatchObject({ online: true });
      expect(here.news.now).toEqual(news.now);
    }, WAIT);
  });
});

const OUTAGES: [string, () => Promise<void> | void, () => Promise<void> | void][] = [
  ['killed and started again', () => redis.kill(), () => redis.start()],
  ['hanging', () => redis.stall(), () => redis.resume()],
];

describe.each(OUTAGES)('Redis %s', (_what, away, back) => {
  it('leaves sessions of one server as they are, refuses those across, and all recovers', async () => {
    const [a, b] = await servers(2);
    const camera = await sender(a.url);
    const here = await watcher(a.url);
    const across = await watcher(b.url);
    expect(await offer(here.socket, here.session)).toMatchObject({ ok: true });
    expect(await offer(across.socket, across.session)).toMatchObject({ ok: true });

    await away();
    // The first that needs the other server finds out, others hear of it.
    await vi.waitFor(async () => {
      const next = await watching(b.url);
      expect(await offer(next.socket, next.session)).toMatchObject({
        ok: false,
        error: { code: 'cluster_unavailable', retryable: true },
      });
    }, WAIT);

    const heard = next(camera, 'candidate');
    expect(await here.socket.emitWithAck('candidate', candidate(here.session, 1, 5))).toEqual({ ok: true });
    expect(await heard).toEqual(candidate(here.session, 1, 5));
    const newcomer = await receiver(a.url);
    expect(await offer(newcomer.socket, newcomer.session)).toMatchObject({ ok: true, sdp: SDP });
    expect(newcomer.joined.stream.online).toBe(true);
    expect(here.news.all.every(({ online }) => online)).toBe(true);

    await back();
    await vi.waitFor(async () => {
      const next = await watching(b.url);
      expect(await offer(next.socket, next.session)).toMatchObject({ ok: true, sdp: SDP });
    }, WAIT);
    const again = next(camera, 'candidate');
    expect(await across.socket.emitWithAck('candidate', candidate(across.session, 1, 6))).toEqual({ ok: true });
    expect(await again).toEqual(candidate(across.session, 1, 6));
    expect(here.news.all.every(({ online }) => online)).toBe(true);
  });
});

describe('Redis flushed', () => {
  it('is noticed by nobody', async () => {
    const [a, b] = await servers(2);
    await sender(a.url, 'cam', 'one');
    const { socket, session, news } = await watcher(b.url);
    await redis.command((connection) => connection.flushall());
    expect(await offer(socket, session)).toMatchObject({ ok: true });
    await vi.waitFor(async () => {
      expect(await redis.command((connection) => connection.exists('webrtc-preview:stream:cam'))).toBe(1);
    }, WAIT);
    const other = await connected(client(b.url, 'sender'));
    expect(await other.emitWithAck('publish', { stream: 'cam', instance: 'two', camera: CAMERA })).toMatchObject({
      error: { code: 'stream_taken' },
    });
    expect(news.all.every(({ online }) => online)).toBe(true);
  });
});

describe('a server that is stopped', () => {
  it('ends by itself at once, also while Redis hangs, and leaves nothing behind', async () => {
    const [a, b] = await servers(2);
    await sender(a.url);
    const { news } = await watcher(b.url);
    const first = await a.stop();
    expect(first.code).toBe(0);
    await vi.waitFor(() => expect(news.now.online).toBe(false), WAIT);
    redis.stall();
    const second = await b.stop();
    expect(second.code).toBe(0);
    console.log(`stopped in ${Math.round(first.tookMs)} ms, without Redis in ${Math.round(second.tookMs)} ms`);
  });
});

/** A receiver that has joined, whatever is known of the stream. */
async function watching(url: string) {
  const { socket, session } = await receiver(url);
  return { socket, session };
}
