import type { Socket } from 'socket.io-client';
import { describe, expect, it } from 'vitest';
import type { Authorize } from '../../src/server/index.js';
import { publicInstance } from '../../src/server/sessions/registry.js';
import {
  CAMERA,
  candidate,
  client,
  code,
  connected,
  key,
  listen,
  next,
  SDP,
  sender,
  until,
  viewer,
} from './support.js';

/** Breaks the connection without a goodbye, as a network does. */
function breakOff(socket: Socket): void {
  socket.io.reconnection(false);
  socket.io.engine.close();
}

/** Who a token belongs to is its text. */
const authorize: Authorize = ({ token }) => ({
  ...(token !== undefined && { subject: token }),
  publish: true,
  watch: true,
});

const as = (token: string) => ({ auth: { role: 'receiver', protocol: 1, token } });

describe('a receiver whose connection broke', () => {
  it.each(['websocket', 'polling'])('goes on with its session on a new one (%s)', async (transport) => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const heard: string[] = [];
    camera.onAny((event) => heard.push(event));
    const { socket, session, joined } = await viewer(url);
    await socket.emitWithAck('live', { session, epoch: 1 });
    breakOff(socket);
    await until(() => fastify.webrtcSignaling.sessions()[0]?.attached === false);

    const back = client(url, 'receiver', { transports: [transport] });
    const resumed = await back.emitWithAck('resume', { session, resume: joined.resume });
    expect(resumed).toEqual({
      ok: true,
      stream: { stream: 'cam', online: true, instance: publicInstance('one'), camera: CAMERA },
      ice: { iceServers: [] },
      resume: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    });
    expect(resumed.resume).not.toBe(joined.resume);
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ session, state: 'live', epoch: 1, attached: true }]);
    const heardBack = next(back, 'candidate');
    expect(await camera.emitWithAck('candidate', candidate(session, 1))).toEqual({ ok: true });
    expect(await heardBack).toEqual(candidate(session, 1));
    expect(await back.emitWithAck('candidate', candidate(session, 1))).toEqual({ ok: true });
    expect(await back.emitWithAck('offer', { session, epoch: 2, sdp: SDP })).toEqual({ ok: true, sdp: SDP });
    // The sender has noticed nothing of it.
    expect(heard).toEqual(['offer', 'candidate', 'offer']);
  });

  it('hears what the sender said while it was not there', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const { socket, session, joined } = await viewer(url);
    breakOff(socket);
    await until(() => fastify.webrtcSignaling.sessions()[0]?.attached === false);
    for (const number of [1, 2]) await camera.emitWithAck('candidate', candidate(session, 1, number));
    const back = client(url, 'receiver');
    const heard: unknown[] = [];
    back.on('candidate', (message) => heard.push(message));
    await back.emitWithAck('resume', { session, resume: joined.resume });
    await camera.emitWithAck('candidate', candidate(session, 1, 3));
    await until(() => heard.length === 3);
    expect(heard).toEqual([1, 2, 3].map((number) => candidate(session, 1, number)));
  });

  it('may be back before the server knows that it was gone; the old connection has nothing any more', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const { socket: old, session, joined } = await viewer(url);
    const back = client(url, 'receiver');
    expect(await back.emitWithAck('resume', { session, resume: joined.resume })).toMatchObject({ ok: true });
    expect(await old.emitWithAck('leave', { session })).toEqual(code('unknown_session'));
    const heard: unknown[] = [];
    old.on('candidate', (message) => heard.push(message));
    const arrived = next(back, 'candidate');
    camera.emit('candidate', candidate(session, 1));
    await arrived;
    const gone = next(old, 'disconnect');
    breakOff(old);
    await gone;
    expect(await back.emitWithAck('candidate', candidate(session, 1))).toEqual({ ok: true });
    expect(heard).toEqual([]);
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ session, attached: true }]);
  });

  it('may come back after the sender did', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const { socket, session, joined } = await viewer(url);
    breakOff(socket);
    camera.close();
    await until(() => fastify.webrtcSignaling.streams()[0]?.online === false);
    const again = await sender(url);
    const back = client(url, 'receiver');
    expect(await back.emitWithAck('resume', { session, resume: joined.resume })).toMatchObject({
      ok: true,
      stream: { online: true },
    });
    const arrived = next(back, 'candidate');
    expect(await again.emitWithAck('candidate', candidate(session, 1))).toEqual({ ok: true });
    expect(await arrived).toEqual(candidate(session, 1));
  });

  it('does not come back to another sender', async () => {
    const { fastify, url } = await listen({ senderPolicy: 'takeover' });
    await sender(url);
    const { socket, session, joined } = await viewer(url);
    breakOff(socket);
    await until(() => fastify.webrtcSignaling.sessions()[0]?.attached === false);
    await sender(url, 'cam', 'two');
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
    const back = client(url, 'receiver');
    expect(await back.emitWithAck('resume', { session, resume: joined.resume })).toEqual(code('unknown_session'));
  });

  it('is too late when its time is over', async () => {
    const { url } = await listen({ receiverGraceMs: 20 });
    const camera = await sender(url);
    const { socket, session, joined } = await viewer(url);
    const closed = next(camera, 'session-closed');
    breakOff(socket);
    expect(await closed).toEqual({ session, reason: 'lost' });
    const back = client(url, 'receiver');
    expect(await back.emitWithAck('resume', { session, resume: joined.resume })).toEqual(code('unknown_session'));
  });
});

describe('a session is not given', () => {
  it('for an old key, a guess, or the key of another session; and nothing is told', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const { session, joined } = await viewer(url);
    const other = await viewer(url);
    const back = client(url, 'receiver');
    const { resume } = await back.emitWithAck('resume', { session, resume: joined.resume });
    const heard: unknown[] = [];
    for (const one of [camera, back]) one.onAny((event) => heard.push(event));
    const thief = await connected(client(url, 'receiver'));
    const never = crypto.randomUUID();
    for (const wrong of [joined.resume, key(1), other.joined.resume]) {
      const refusal = await thief.emitWithAck('resume', { session, resume: wrong });
      expect(refusal).toEqual(code('unknown_session'));
      expect(refusal).toEqual(await thief.emitWithAck('resume', { session: never, resume: wrong }));
    }
    for (const wrong of ['', resume.slice(1), `${resume}A`, `${resume.slice(1)}\n`]) {
      expect(await thief.emitWithAck('resume', { session, resume: wrong })).toEqual(code('bad_request'));
    }
    expect(heard).toEqual([]);
    expect(await back.emitWithAck('candidate', candidate(session, 1))).toEqual({ ok: true });
    expect(fastify.webrtcSignaling.sessions()).toHaveLength(2);
  });

  it('to somebody else who has the right key', async () => {
    const { url } = await listen({ authorize });
    await sender(url);
    const owner = client(url, 'receiver', as('ann'));
    const { session, resume } = await owner.emitWithAck('join', { stream: 'cam' });
    await owner.emitWithAck('offer', { session, epoch: 1, sdp: SDP });
    for (const thief of [client(url, 'receiver', as('bob')), client(url, 'receiver')]) {
      expect(await thief.emitWithAck('resume', { session, resume })).toEqual(code('unknown_session'));
    }
    const back = client(url, 'receiver', as('ann'));
    expect(await back.emitWithAck('resume', { session, resume })).toMatchObject({ ok: true });
  });

  it('to its owner, when the stream is not among the rights any more', async () => {
    let watch: true | string[] = true;
    const { url } = await listen({ authorize: () => ({ subject: 'ann', publish: true, watch }) });
    await sender(url);
    const { socket, session, joined } = await viewer(url);
    watch = ['other'];
    breakOff(socket);
    const back = client(url, 'receiver');
    expect(await back.emitWithAck('resume', { session, resume: joined.resume })).toEqual(code('unknown_session'));
  });

  it('before it has been answered', async () => {
    const { url } = await listen();
    const waiting = client(url, 'receiver');
    const { session, resume } = await waiting.emitWithAck('join', { stream: 'cam' });
    const back = client(url, 'receiver');
    expect(await back.emitWithAck('resume', { session, resume })).toEqual(code('unknown_session'));
  });

  it('after it was ended', async () => {
    const { fastify, url } = await listen();
    await sender(url);
    const { socket, session, joined } = await viewer(url);
    breakOff(socket);
    await until(() => fastify.webrtcSignaling.sessions()[0]?.attached === false);
    expect(fastify.webrtcSignaling.kick({ session })).toBe(1);
    const back = client(url, 'receiver');
    expect(await back.emitWithAck('resume', { session, resume: joined.resume })).toEqual(code('unknown_session'));
  });
});
