import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../src/server/sessions/deadlines.js';
import { publicInstance } from '../../src/server/sessions/registry.js';
import { CAMERA, client, code, connected, listen, next, receiver, SDP, sender, until, viewer } from './support.js';

describe('deadlines', () => {
  it('fall due in the order in which they were started, and the next one is the first', () => {
    const deadlines = new Deadlines<string>(100);
    expect(deadlines.nextMs).toBeUndefined();
    deadlines.start('a', 0);
    deadlines.start('b', 10);
    deadlines.start('c', 10);
    expect(deadlines.nextMs).toBe(100);
    // Again, from now on.
    deadlines.start('a', 20);
    expect([deadlines.nextMs, deadlines.size]).toEqual([110, 3]);
    deadlines.stop('c');
    expect(deadlines.takeDue(109)).toEqual([]);
    expect(deadlines.takeDue(110)).toEqual(['b']);
    expect(['a', 'b', 'c'].map((item) => deadlines.has(item))).toEqual([true, false, false]);
    expect(deadlines.takeDue(1_000)).toEqual(['a']);
    expect(deadlines.size).toBe(0);
  });
});

describe('a connection that asks for nothing', () => {
  it.each(['sender', 'receiver'] as const)('is closed: a %s', async (role) => {
    const { url } = await listen({ idleTimeoutMs: 50 });
    const socket = await connected(client(url, role, { reconnection: false }));
    expect(await next(socket, 'disconnect')).toBe('io server disconnect');
  });

  it('is closed although it says something else, and one that has come for something is not', async () => {
    const { fastify, url } = await listen({ idleTimeoutMs: 200 });
    const camera = await sender(url);
    const { socket } = await viewer(url);
    const idle = await connected(client(url, 'receiver', { reconnection: false }));
    const gone = next(idle, 'disconnect');
    expect(await idle.emitWithAck('leave', { session: 'none' })).toEqual(code('unknown_session'));
    expect(await idle.emitWithAck('join', {})).toEqual(code('bad_request'));
    expect(await gone).toBe('io server disconnect');
    expect([camera.connected, socket.connected]).toEqual([true, true]);
    expect(fastify.webrtcSignaling.sessions()).toHaveLength(1);
  });
});

describe('an answered session', () => {
  it('that shows nothing is ended on both sides', async () => {
    const { fastify, url } = await listen({ liveTimeoutMs: 60 });
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    for (const side of [socket, camera]) {
      expect(await next(side, 'session-closed')).toMatchObject({
        session,
        reason: 'timeout',
        error: { code: 'session_timeout' },
      });
    }
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });

  it('that is live stays, as does one that only joined', async () => {
    const { fastify, url } = await listen({ liveTimeoutMs: 80 });
    await sender(url);
    const first = await viewer(url);
    expect(await first.socket.emitWithAck('live', { session: first.session, epoch: 1 })).toEqual({ ok: true });
    const waiting = await receiver(url);
    const late = await viewer(url);
    await next(late.socket, 'session-closed');
    const left = fastify.webrtcSignaling.sessions().map(({ session }) => session);
    expect(left).toEqual([first.session, waiting.session]);
  });

  it('has its time again with each negotiation', async () => {
    const { fastify, url } = await listen({ liveTimeoutMs: 100 });
    await sender(url);
    const { socket, session } = await viewer(url);
    const closed = next(socket, 'session-closed');
    await socket.emitWithAck('live', { session, epoch: 1 });
    expect(await socket.emitWithAck('offer', { session, epoch: 2, sdp: SDP })).toMatchObject({ ok: true });
    expect(await closed).toMatchObject({ session, reason: 'timeout' });
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });
});

describe('what viewers hear of a sender', () => {
  it('is that it is gone, as soon as the server knows, and then that it is back', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const { socket } = await viewer(url);
    const order: string[] = [];
    fastify.webrtcSignaling.events.on('client-disconnected', () => order.push('the server knows'));
    fastify.webrtcSignaling.events.on('stream-away', () => order.push('away'));
    socket.on('stream', ({ online }) => order.push(online ? 'viewer: online' : 'viewer: offline'));
    camera.io.reconnection(false);
    camera.io.engine.close();
    await until(() => order.length === 3);
    await sender(url);
    await until(() => order.length === 4);
    expect(order).toEqual(['the server knows', 'away', 'viewer: offline', 'viewer: online']);
  });

  it('comes before the answer to anything that is asked later', async () => {
    const { url } = await listen();
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    const heard: unknown[] = [];
    socket.on('stream', (message) => heard.push(message));
    await camera.emitWithAck('unpublish', { stream: 'cam' });
    expect(await socket.emitWithAck('offer', { session, epoch: 2, sdp: SDP })).toEqual(code('stream_offline'));
    expect(heard).toEqual([{ stream: 'cam', online: false }]);
  });
});

describe('a server that closes', () => {
  it('says so before the connection ends', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const socket = await connected(client(url, 'receiver'));
    const heard: unknown[][] = [];
    for (const one of [camera, socket]) {
      one.io.reconnection(false);
      one.onAny((...what) => heard.push(what));
      one.on('disconnect', () => heard.push(['disconnect']));
    }
    await fastify.close();
    await until(() => heard.length === 4);
    const closing = ['server-closing', { retryAfterMs: expect.any(Number) }];
    expect(heard).toEqual([closing, closing, ['disconnect'], ['disconnect']]);
  });

  it('leaves no session without a way back: the same ones may join the next server', async () => {
    const first = await listen();
    const camera = await sender(first.url);
    const { socket } = await viewer(first.url);
    await first.fastify.close();
    const back = [next(socket, 'connect'), next(camera, 'connect')];
    const second = await listen({}, { port: first.port });
    await Promise.all(back);
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    const { stream } = await socket.emitWithAck('join', { stream: 'cam' });
    expect(stream).toMatchObject({ online: true, instance: publicInstance('one') });
    expect(second.fastify.webrtcSignaling.sessions()).toHaveLength(1);
  });
});
