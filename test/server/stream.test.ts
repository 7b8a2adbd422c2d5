import { describe, expect, it } from 'vitest';
import { publicInstance } from '../../src/server/sessions/registry.js';
import { CAMERA, candidate, client, listen, next, OTHER_SDP, receiver, SDP, sender, until, viewer } from './support.js';

describe('a stream', () => {
  it('may be joined before it exists, and its news follow', async () => {
    const { fastify, url } = await listen();
    const { socket, session, joined } = await receiver(url);
    expect(joined.stream).toEqual({ stream: 'cam', online: false });
    expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toMatchObject({
      error: { code: 'stream_offline' },
    });
    const online = next(socket, 'stream');
    const camera = await sender(url);
    expect(await online).toEqual({ stream: 'cam', online: true, instance: publicInstance('one'), camera: CAMERA });
    const changed = next(socket, 'stream');
    const camera2 = { ...CAMERA, encoder: 'x264enc' };
    expect(await camera.emitWithAck('update-camera', { stream: 'cam', camera: camera2 })).toEqual({ ok: true });
    expect(await changed).toEqual({ stream: 'cam', online: true, instance: publicInstance('one'), camera: camera2 });
    const offline = next(socket, 'stream');
    expect(await camera.emitWithAck('unpublish', { stream: 'cam' })).toEqual({ ok: true });
    expect(await offline).toEqual({ stream: 'cam', online: false });
    await socket.emitWithAck('leave', { session });
    expect(fastify.webrtcSignaling.streams()).toEqual([]);
  });

  it('keeps its sessions while its sender is away for a moment', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    const left = await viewer(url);
    const gone = next(socket, 'stream');
    camera.close();
    expect(await gone).toMatchObject({ online: false, instance: publicInstance('one') });
    await left.socket.emitWithAck('leave', { session: left.session });

    const again = client(url, 'sender');
    const told = next(again, 'session-closed');
    const back = next(socket, 'stream');
    await again.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    expect(await back).toMatchObject({ online: true, instance: publicInstance('one') });
    expect(await told).toEqual({ session: left.session, reason: 'left' });
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ session, state: 'answered', epoch: 1 }]);
    expect(await again.emitWithAck('candidate', candidate(session, 1))).toEqual({ ok: true });
  });

  it('gives them up when the sender stays away', async () => {
    const { fastify, url } = await listen({ senderGraceMs: 40 });
    const camera = await sender(url);
    const { socket } = await viewer(url);
    const news: unknown[] = [];
    socket.on('stream', (message) => news.push(message));
    camera.close();
    await until(() => news.length === 2);
    expect(news).toEqual([
      { stream: 'cam', online: false, instance: publicInstance('one'), camera: CAMERA },
      { stream: 'cam', online: false },
    ]);
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ state: 'joined', epoch: 1 }]);
  });

  it('goes over to the same sender on another socket even if the old one is not known to be dead', async () => {
    const { fastify, url } = await listen();
    const old = await sender(url);
    const { socket, session } = await viewer(url);
    const cut = next(old, 'disconnect');
    await sender(url);
    expect(await cut).toBe('io server disconnect');
    expect(fastify.webrtcSignaling.streams()).toMatchObject([{ online: true, sessions: 1 }]);
    expect(await socket.emitWithAck('candidate', candidate(session, 1))).toEqual({ ok: true });
  });

  it('cannot be taken over with what viewers are told of its sender', async () => {
    const { url } = await listen();
    await sender(url);
    const { joined } = await receiver(url);
    const thief = client(url, 'sender');
    const instance = joined.stream.instance;
    const reply = await thief.emitWithAck('publish', { stream: 'cam', instance, camera: CAMERA });
    expect(reply).toMatchObject({ error: { code: 'stream_taken' } });
  });

  it('is refused to another sender while the first is there, and given to it afterwards', async () => {
    const { fastify, url } = await listen();
    const first = await sender(url);
    const { socket, session } = await viewer(url);
    const second = client(url, 'sender');
    second.on('offer', (_offer, acknowledge) => acknowledge({ ok: true, sdp: OTHER_SDP }));
    const publish = { stream: 'cam', instance: 'two', camera: CAMERA };
    expect(await second.emitWithAck('publish', publish)).toMatchObject({ error: { code: 'stream_taken' } });
    const gone = next(socket, 'stream');
    first.close();
    await gone;
    const back = next(socket, 'stream');
    expect(await second.emitWithAck('publish', publish)).toMatchObject({ ok: true });
    expect(await back).toMatchObject({ online: true, instance: publicInstance('two') });
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ state: 'joined', epoch: 1 }]);
    // The second sender was never offered this session.
    expect(await second.emitWithAck('leave', { session })).toMatchObject({ error: { code: 'unknown_session' } });
    expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toMatchObject({
      error: { code: 'stale_epoch' },
    });
    expect(await socket.emitWithAck('offer', { session, epoch: 2, sdp: SDP })).toEqual({ ok: true, sdp: OTHER_SDP });
  });

  it('leaves nothing behind', async () => {
    const { fastify, url } = await listen({ senderGraceMs: 1 });
    const camera = await sender(url);
    const { socket } = await viewer(url);
    camera.close();
    socket.close();
    const { webrtcSignaling } = fastify;
    await until(() => webrtcSignaling.streams().length === 0 && webrtcSignaling.sessions().length === 0);
  });
});
