import type { Socket } from 'socket.io-client';
import { describe, expect, it } from 'vitest';
import { publicInstance } from '../../src/server/sessions/registry.js';
import { CAMERA, client, code, listen, next, OTHER_SDP, receiver, SDP, sender, viewer } from './support.js';

/** Who a token belongs to is its text. */
const authorize = ({ token }: { token: string | undefined }) => ({
  ...(token !== undefined && { subject: token }),
  publish: true as const,
  watch: true as const,
});

/** A sender that has yet to publish, and answers every offer. */
function camera(url: string, token?: string): Socket {
  const socket = client(url, 'sender', {
    auth: { role: 'sender', protocol: 1, ...(token !== undefined && { token }) },
  });
  return socket.on('offer', (_offer, acknowledge) => acknowledge({ ok: true, sdp: OTHER_SDP }));
}

const publish = (instance: string, more: object = {}) => ({ stream: 'cam', instance, camera: CAMERA, ...more });

describe('a stream that is published goes to another sender', () => {
  it.each([
    ['reject', undefined, undefined, false],
    ['reject', 'ann', 'ann', false],
    ['same-owner', 'ann', 'ann', true],
    ['same-owner', 'ann', 'bob', false],
    ['same-owner', 'ann', undefined, false],
    ['same-owner', undefined, undefined, false],
    ['takeover', 'ann', 'bob', true],
    ['takeover', undefined, undefined, true],
  ] as const)('by the policy %s, from %s to %s: %s', async (senderPolicy, from, to, isGiven) => {
    const { fastify, url } = await listen({ senderPolicy, authorize });
    const first = camera(url, from);
    await first.emitWithAck('publish', publish('one'));
    const ack = await camera(url, to).emitWithAck('publish', publish('two'));
    expect(ack).toEqual(isGiven ? expect.objectContaining({ ok: true }) : code('stream_taken'));
    const instance = publicInstance(isGiven ? 'two' : 'one');
    expect(fastify.webrtcSignaling.streams()).toMatchObject([{ stream: 'cam', online: true, instance }]);
  });

  it('and its viewers move: they hear of the new one, and the old one hears that it was replaced', async () => {
    const { fastify, url } = await listen({ senderPolicy: 'takeover' });
    const first = await sender(url);
    const { socket, session } = await viewer(url);
    const waiting = await receiver(url);
    const heard: string[] = [];
    first.onAny((event) => heard.push(event));
    const replaced = next(first, 'replaced');
    const news = [next(socket, 'stream'), next(waiting.socket, 'stream')];
    const second = camera(url);
    expect(await second.emitWithAck('publish', publish('two'))).toMatchObject({ ok: true });
    expect(await replaced).toMatchObject({ stream: 'cam', error: { code: 'replaced' } });
    for (const one of news) expect(await one).toMatchObject({ online: true, instance: publicInstance('two') });

    expect(await socket.emitWithAck('offer', { session, epoch: 2, sdp: SDP })).toEqual({ ok: true, sdp: OTHER_SDP });
    // What still runs at the old one is its own: it is connected, and speaks of nothing here.
    expect(first.connected).toBe(true);
    expect(await first.emitWithAck('leave', { session })).toEqual(code('unknown_session'));
    expect(await first.emitWithAck('update-camera', { stream: 'cam', camera: CAMERA })).toEqual(code('forbidden'));
    expect(await first.emitWithAck('unpublish', { stream: 'cam' })).toEqual(code('forbidden'));
    first.close();
    await second.emitWithAck('update-camera', { stream: 'cam', camera: CAMERA });
    expect(heard).toEqual(['replaced']);
    expect(fastify.webrtcSignaling.streams()).toMatchObject([{ online: true, viewers: 1 }]);
  });

  it('not when it only stands by', async () => {
    const { url } = await listen({ senderPolicy: 'takeover' });
    const first = await sender(url);
    const second = camera(url);
    const standby = publish('two', { standby: true });
    expect(await second.emitWithAck('publish', standby)).toEqual(code('stream_taken'));
    expect(await first.emitWithAck('unpublish', { stream: 'cam' })).toEqual({ ok: true });
    expect(await second.emitWithAck('publish', standby)).toMatchObject({ ok: true });
  });

  it('but a lost one waits for nobody in particular', async () => {
    const { url } = await listen({ senderPolicy: 'reject' });
    const first = await sender(url);
    const { socket } = await viewer(url);
    const gone = next(socket, 'stream');
    first.close();
    await gone;
    expect(await camera(url).emitWithAck('publish', publish('two', { standby: true }))).toMatchObject({ ok: true });
  });
});

it('senders that take the stream from each other for ever are stopped', async () => {
  const { fastify, url } = await listen({ senderPolicy: 'takeover' });
  const [first, second] = [camera(url), camera(url)];
  const acks: unknown[] = [];
  for (const [one, instance] of [
    [first, 'one'],
    [second, 'two'],
    [first, 'one'],
    [second, 'two'],
    [first, 'one'],
  ] as const) {
    acks.push(await one.emitWithAck('publish', publish(instance)));
  }
  expect(acks).toEqual([...Array(4).fill(expect.objectContaining({ ok: true })), code('takeover_storm')]);
  expect(fastify.webrtcSignaling.streams()).toMatchObject([{ online: true, instance: publicInstance('two') }]);
  // The one that has it may say so again.
  expect(await second.emitWithAck('publish', publish('two'))).toMatchObject({ ok: true });
});

describe('one connection', () => {
  it('publishes no more streams than it may, however fast it asks', async () => {
    const { fastify, url } = await listen();
    const one = camera(url);
    const asked = Array.from({ length: 40 }, (_, index) => publish('one', { stream: `cam${index}` }));
    const acks = await Promise.all(asked.map((message) => one.emitWithAck('publish', message)));
    expect(acks.filter(({ ok }) => ok)).toHaveLength(16);
    expect(acks.slice(16)).toEqual(Array(24).fill(code('too_many_sessions')));
    expect(fastify.webrtcSignaling.streams()).toHaveLength(16);
    expect(await one.emitWithAck('publish', publish('one', { stream: 'cam0' }))).toMatchObject({ ok: true });
  });
});

describe('viewers of one stream', () => {
  it('are as many as the server allows', async () => {
    const { fastify, url } = await listen({ maxViewers: 2 });
    await sender(url);
    const first = await viewer(url);
    await viewer(url);
    const { socket, session } = await receiver(url);
    const offer = { session, epoch: 1, sdp: SDP };
    expect(await socket.emitWithAck('offer', offer)).toEqual(code('stream_full'));
    expect(fastify.webrtcSignaling.streams()).toMatchObject([{ sessions: 3, viewers: 2 }]);
    // Who watches already may negotiate anew.
    expect(await first.socket.emitWithAck('offer', { ...offer, session: first.session, epoch: 2 })).toMatchObject({
      ok: true,
    });
    await first.socket.emitWithAck('leave', { session: first.session });
    expect(await socket.emitWithAck('offer', offer)).toEqual({ ok: true, sdp: SDP });
  });
});
