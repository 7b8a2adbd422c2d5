import type { Socket } from 'socket.io-client';
import { describe, expect, it } from 'vitest';
import type { Grant, WebRTCSignalingOptions } from '../../src/server/index.js';
import { CAMERA, candidate, client, code, connected, listen, next, SDP, sender, until } from './support.js';

/** Rights by the text of a token. */
function granting(grants: Record<string, Grant>, more: WebRTCSignalingOptions = {}): WebRTCSignalingOptions {
  return { authorize: ({ token = 'camera' }) => grants[token], ...more };
}

const camera: Grant = { subject: 'camera', publish: true };
const ann: Grant = { subject: 'ann', watch: ['cam', 'other'], control: ['cam'] };

function withToken(url: string, role: 'sender' | 'receiver', token: string): Socket {
  return client(url, role, { auth: { role, protocol: 1, token } });
}

/** Joins, and is answered. */
async function watch(socket: Socket, stream = 'cam'): Promise<{ session: string; resume: string }> {
  const { session, resume } = await socket.emitWithAck('join', { stream });
  expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toMatchObject({ ok: true });
  return { session, resume };
}

/** Everything that it hears, in order. */
function record(socket: Socket): unknown[][] {
  const heard: unknown[][] = [];
  socket.onAny((...what) => heard.push(what));
  socket.on('disconnect', (reason) => heard.push(['disconnect', reason]));
  return heard;
}

describe('rights reach', () => {
  it('as far as their streams', async () => {
    const { url } = await listen(granting({ camera: { publish: ['cam*'] }, ann }));
    const publishing = await sender(url);
    const refused = await publishing.emitWithAck('publish', { stream: 'other', instance: 'one', camera: CAMERA });
    expect(refused).toEqual(code('forbidden'));
    const watching = withToken(url, 'receiver', 'ann');
    expect(await watching.emitWithAck('join', { stream: 'cam2' })).toEqual(code('forbidden'));
    expect(await watching.emitWithAck('join', { stream: 'cam' })).toMatchObject({ ok: true });
  });

  it('not to the mode without the right to control', async () => {
    const { url } = await listen(granting({ camera, ann, bob: { watch: true } }));
    const publishing = await sender(url);
    publishing.on('set-mode', ({ mode }, acknowledge) => acknowledge({ ok: true, mode }));
    for (const [token, ack] of [
      ['ann', { ok: true, mode: CAMERA.mode }],
      ['bob', code('forbidden')],
    ] as const) {
      const socket = withToken(url, 'receiver', token);
      const { session } = await socket.emitWithAck('join', { stream: 'cam' });
      expect(await socket.emitWithAck('set-mode', { session, mode: CAMERA.mode })).toEqual(ack);
    }
  });
});

describe('a newer token', () => {
  it('ends what it does not cover any more, and leaves the rest', async () => {
    const { fastify, url } = await listen(granting({ camera, ann, less: { subject: 'ann', watch: ['other'] } }));
    const publishing = await sender(url);
    await publishing.emitWithAck('publish', { stream: 'other', instance: 'one', camera: CAMERA });
    const socket = withToken(url, 'receiver', 'ann');
    const lost = await watch(socket);
    const kept = await watch(socket, 'other');
    const ends = [next(socket, 'session-closed'), next(publishing, 'session-closed')];
    expect(await socket.emitWithAck('authenticate', { token: 'less' })).toEqual({ ok: true });
    for (const end of ends) expect(await end).toMatchObject({ session: lost.session, reason: 'expired' });
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ session: kept.session, state: 'answered' }]);
    expect(await socket.emitWithAck('join', { stream: 'cam' })).toEqual(code('forbidden'));
    expect(await socket.emitWithAck('candidate', candidate(kept.session, 1))).toEqual({ ok: true });
  });

  it('takes streams away from a sender', async () => {
    const less: Grant = { subject: 'camera', publish: ['other'] };
    const { fastify, url } = await listen(granting({ camera, ann, less }));
    const publishing = await sender(url);
    const socket = withToken(url, 'receiver', 'ann');
    await watch(socket);
    const news = next(socket, 'stream');
    expect(await publishing.emitWithAck('authenticate', { token: 'less' })).toEqual({ ok: true });
    expect(await news).toEqual({ stream: 'cam', online: false });
    expect(fastify.webrtcSignaling.streams()).toMatchObject([{ online: false }]);
  });

  it('takes away also what is being decided on', async () => {
    const less: Grant = { subject: 'camera', publish: ['other'] };
    const { fastify, url } = await listen({
      authorize: ({ token, role }) => (token === 'less' ? less : role === 'sender' ? camera : ann),
    });
    const publishing = await connected(client(url, 'sender'));
    // Whichever of the two is decided first.
    const [, published] = await Promise.all([
      publishing.emitWithAck('authenticate', { token: 'less' }),
      publishing.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA }),
    ]);
    expect([true, false]).toContain(published.ok);
    expect(fastify.webrtcSignaling.streams()).toEqual([]);
  });

  it('may not be somebody else’s, wrong, or expired; then everything stays as it is', async () => {
    const { fastify, url } = await listen(
      granting({ camera, ann, bob: { subject: 'bob', watch: true }, old: { ...ann, expiresAtMs: 1 } }),
    );
    await sender(url);
    const socket = withToken(url, 'receiver', 'ann');
    const { session } = await watch(socket);
    for (const [token, expected] of [
      ['bob', 'forbidden'],
      ['nonsense', 'unauthorized'],
      ['old', 'token_expired'],
    ] as const) {
      expect(await socket.emitWithAck('authenticate', { token })).toEqual(code(expected));
    }
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ session, state: 'answered', attached: true }]);
  });

  it('cannot be guessed on one connection more often than on many', async () => {
    const limits = { wrongTokens: { count: 3, windowMs: 60_000 } };
    const { url } = await listen(granting({ camera, ann }, { limits, clientAddress: () => '192.0.2.7' }));
    const socket = await connected(withToken(url, 'receiver', 'ann'));
    for (let count = 0; count < 3; count += 1) {
      expect(await socket.emitWithAck('authenticate', { token: `guess${count}` })).toEqual(code('unauthorized'));
    }
    await expect(connected(withToken(url, 'receiver', 'ann'))).rejects.toThrow();
  });
});

describe('the end of rights', () => {
  it('is announced, and put off by a newer token', async () => {
    const soonMs = Date.now() + 1_000;
    const later: Grant = { ...ann, expiresAtMs: Date.now() + 3_600_000 };
    const { fastify, url } = await listen(granting({ camera, ann: { ...ann, expiresAtMs: soonMs }, later }));
    await sender(url);
    const socket = withToken(url, 'receiver', 'ann');
    const expiring = next(socket, 'token-expiring');
    await watch(socket);
    expect(await expiring).toEqual({ expiresAt: soonMs });
    expect(await socket.emitWithAck('authenticate', { token: 'later' })).toEqual({
      ok: true,
      expiresAt: later.expiresAtMs,
    });
    const heard = record(socket);
    await until(() => Date.now() > soonMs + 50);
    await socket.emitWithAck('join', { stream: 'cam' });
    expect(heard).toEqual([]);
    expect(fastify.webrtcSignaling.sessions()).toHaveLength(2);
  });

  it('ends the sessions of a receiver, and its connection', async () => {
    const grants = { camera, ann: { ...ann, expiresAtMs: Date.now() + 600 } };
    const { fastify, url } = await listen(granting(grants));
    const publishing = await sender(url);
    const socket = withToken(url, 'receiver', 'ann');
    socket.io.reconnection(false);
    const heard = record(socket);
    const closed = next(publishing, 'session-closed');
    const { session } = await watch(socket);
    const error = expect.objectContaining({ code: 'token_expired' });
    expect(await closed).toEqual({ session, reason: 'expired', error });
    await until(() => heard.length === 3);
    expect(heard).toEqual([
      ['token-expiring', { expiresAt: grants.ann.expiresAtMs }],
      ['session-closed', { session, reason: 'expired', error }],
      ['disconnect', 'io server disconnect'],
    ]);
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });

  it('ends the streams of a sender, and its connection', async () => {
    const { fastify, url } = await listen(granting({ camera: { ...camera, expiresAtMs: Date.now() + 600 }, ann }));
    const publishing = await sender(url);
    publishing.io.reconnection(false);
    const gone = next(publishing, 'disconnect');
    const socket = withToken(url, 'receiver', 'ann');
    await watch(socket);
    const news = next(socket, 'stream');
    expect(await news).toEqual({ stream: 'cam', online: false });
    expect(await gone).toBe('io server disconnect');
    expect(fastify.webrtcSignaling.streams()).toMatchObject([{ stream: 'cam', online: false }]);
  });

  it('ends also the sessions of a receiver that is not there', async () => {
    const { fastify, url } = await listen(granting({ camera, ann: { ...ann, expiresAtMs: Date.now() + 600 } }));
    const publishing = await sender(url);
    const socket = withToken(url, 'receiver', 'ann');
    const { session } = await watch(socket);
    const closed = next(publishing, 'session-closed');
    socket.io.reconnection(false);
    socket.io.engine.close();
    expect(await closed).toMatchObject({ session, reason: 'expired', error: { code: 'token_expired' } });
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });
});

describe('a kick', () => {
  const grants = { camera, ann, bob: { subject: 'bob', watch: true } satisfies Grant };

  it('of a session ends it on both sides', async () => {
    const { fastify, url } = await listen(granting(grants));
    const publishing = await sender(url);
    const socket = withToken(url, 'receiver', 'ann');
    const { session } = await watch(socket);
    const ends = [next(socket, 'session-closed'), next(publishing, 'session-closed')];
    expect(fastify.webrtcSignaling.kick({ session })).toBe(1);
    for (const end of ends) expect(await end).toMatchObject({ session, reason: 'kicked', error: { code: 'kicked' } });
    expect(fastify.webrtcSignaling.kick({ session })).toBe(0);
    expect(await socket.emitWithAck('join', { stream: 'cam' })).toMatchObject({ ok: true });
  });

  it('of a subject ends its sessions and connections, and nobody else’s', async () => {
    const { fastify, url } = await listen(granting(grants));
    await sender(url);
    const sockets = ['ann', 'ann', 'bob'].map((token) => withToken(url, 'receiver', token));
    for (const socket of sockets) await watch(socket);
    const heard = sockets.map(record);
    const gone = sockets.slice(0, 2).map((socket) => next(socket, 'disconnect'));
    expect(fastify.webrtcSignaling.kick({ subject: 'ann' })).toBe(2);
    expect(await Promise.all(gone)).toEqual(['io server disconnect', 'io server disconnect']);
    await sockets[2]?.emitWithAck('join', { stream: 'cam' });
    expect(heard.map((what) => what.map(([event]) => event))).toEqual([
      ['session-closed', 'disconnect'],
      ['session-closed', 'disconnect'],
      [],
    ]);
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ subject: 'bob' }, { subject: 'bob' }]);
  });

  it('of a stream ends its sessions and the connection of its sender', async () => {
    const { fastify, url } = await listen(granting(grants));
    const publishing = await sender(url);
    const socket = withToken(url, 'receiver', 'ann');
    await watch(socket);
    const heard = record(socket);
    const gone = next(publishing, 'disconnect');
    expect(fastify.webrtcSignaling.kick({ stream: 'cam' })).toBe(1);
    expect(await gone).toBe('io server disconnect');
    await socket.emitWithAck('join', { stream: 'other' });
    expect(heard.map(([event]) => event)).toEqual(['session-closed']);
  });

  it('of nobody is a mistake', async () => {
    const { fastify } = await listen();
    expect(() => fastify.webrtcSignaling.kick({})).toThrow(TypeError);
  });
});

it.each([{}, { sesion: 'x' }, { subject: 5 }, { session: 'x', all: true }, { stream: null }])(
  'kick(%j) is a mistake, and ends nothing',
  async (target) => {
    const { fastify } = await listen();
    expect(() => fastify.webrtcSignaling.kick(target as never)).toThrow(TypeError);
  },
);
