import { describe, expect, it } from 'vitest';
import { errorInfo } from '../../src/protocol/errors.js';
import { publicInstance } from '../../src/server/sessions/registry.js';
import { CAMERA, candidate, client, listen, next, OTHER_SDP, receiver, SDP, sender, viewer } from './support.js';

describe('a session', () => {
  it('is offered, answered in the acknowledgement, and live', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const { socket, session, joined } = await receiver(url);
    expect(joined.stream).toEqual({ stream: 'cam', online: true, instance: publicInstance('one'), camera: CAMERA });

    const offered = next(camera, 'offer');
    expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp: OTHER_SDP })).toEqual({ ok: true, sdp: SDP });
    expect(await offered).toEqual({ stream: 'cam', session, epoch: 1, sdp: OTHER_SDP, ice: { turnServers: [] } });
    expect(await socket.emitWithAck('live', { session, epoch: 1 })).toEqual({ ok: true });
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ session, stream: 'cam', state: 'live', epoch: 1 }]);
  });

  it('takes the offer in the same flight as the join, whose session has an id that both know before', async () => {
    const { url } = await listen();
    await sender(url);
    const { socket } = await receiver(url);
    const session = `${socket.id}_7`;
    const [joined, answered] = await Promise.all([
      socket.emitWithAck('join', { stream: 'cam', number: 7 }),
      socket.emitWithAck('offer', { session, epoch: 1, sdp: OTHER_SDP }),
    ]);
    expect(joined).toMatchObject({ ok: true, session });
    expect(answered).toEqual({ ok: true, sdp: SDP });
    // The number of a session that is there is no way to another one, nor to somebody else's.
    expect(await socket.emitWithAck('join', { stream: 'cam', number: 7 })).toMatchObject({
      error: { code: 'bad_request' },
    });
    const { socket: other } = await receiver(url);
    expect(await other.emitWithAck('join', { stream: 'cam', number: 7 })).toMatchObject({ session: `${other.id}_7` });
    expect(await other.emitWithAck('offer', { session, epoch: 2, sdp: SDP })).toMatchObject({
      error: { code: 'unknown_session' },
    });
  });

  it("passes the receiver's candidates behind the offer and the sender's behind the answer, each in order", async () => {
    const { url } = await listen();
    const camera = client(url, 'sender');
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    const { socket, session } = await receiver(url);
    const seen: string[] = [];
    camera.on('candidate', (message) => seen.push(`sender has ${message.candidate.candidate}`));
    socket.on('candidate', (message) => seen.push(`receiver has ${message.candidate.candidate}`));
    camera.on('offer', async (_offer, acknowledge) => {
      seen.push('sender has offer');
      // Sent, and acknowledged, before the answer.
      await camera.emitWithAck('candidate', candidate(session, 1, 1));
      await camera.emitWithAck('candidate', candidate(session, 1, 2));
      acknowledge({ ok: true, sdp: SDP });
      camera.emit('candidate', candidate(session, 1, 3));
    });
    const last = new Promise<void>((resolve) => {
      socket.on('candidate', (message) => message.candidate.candidate.includes(':3') && resolve());
    });
    const answered = new Promise<void>((resolve) => {
      socket.emit('offer', { session, epoch: 1, sdp: SDP }, () => {
        seen.push('receiver has answer');
        resolve();
      });
      socket.emit('candidate', candidate(session, 1, 7));
      socket.emit('candidate', candidate(session, 1, 8));
    });
    await Promise.all([answered, last]);
    const text = (number: number) => candidate(session, 1, number).candidate.candidate;
    expect(seen.filter((line) => line.startsWith('sender'))).toEqual([
      'sender has offer',
      `sender has ${text(7)}`,
      `sender has ${text(8)}`,
    ]);
    expect(seen.filter((line) => line.startsWith('receiver'))).toEqual([
      'receiver has answer',
      `receiver has ${text(1)}`,
      `receiver has ${text(2)}`,
      `receiver has ${text(3)}`,
    ]);
  });

  it('gives the same answer to the same offer, asking the sender once', async () => {
    const { url } = await listen();
    const camera = client(url, 'sender');
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    let asked = 0;
    camera.on('offer', (_offer, acknowledge) => {
      asked += 1;
      setImmediate(() => acknowledge({ ok: true, sdp: SDP.replace('s=-', `s=${asked}`) }));
    });
    const { socket, session } = await receiver(url);
    const offer = { session, epoch: 1, sdp: SDP };
    const acks = await Promise.all([socket.emitWithAck('offer', offer), socket.emitWithAck('offer', offer)]);
    acks.push(await socket.emitWithAck('offer', offer));
    expect(acks).toEqual(Array(3).fill({ ok: true, sdp: SDP.replace('s=-', 's=1') }));
    expect(asked).toBe(1);
  });

  it('lets a newer offer end the one before it, whatever the sender says to that', async () => {
    const { url } = await listen();
    const camera = client(url, 'sender');
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    const answers: ((ack: unknown) => void)[] = [];
    camera.on('offer', (_offer, acknowledge) => {
      answers.push(acknowledge);
      if (answers.length === 2) for (const answer of answers) answer({ ok: true, sdp: SDP });
    });
    const { socket, session } = await receiver(url);
    const [first, second] = await Promise.all([
      socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP }),
      socket.emitWithAck('offer', { session, epoch: 2, sdp: OTHER_SDP }),
    ]);
    expect(first).toMatchObject({ ok: false, error: { code: 'stale_epoch' } });
    expect(second).toEqual({ ok: true, sdp: SDP });
    expect(await socket.emitWithAck('candidate', candidate(session, 1))).toMatchObject({
      error: { code: 'stale_epoch' },
    });
  });

  it("passes on the sender's refusal", async () => {
    const { url } = await listen();
    const camera = client(url, 'sender');
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    const error = { code: 'camera_busy', message: 'Cheese has it.', next: 'Close Cheese.', retryable: true };
    camera.on('offer', (_offer, acknowledge) => acknowledge({ ok: false, error }));
    const { socket, session } = await receiver(url);
    expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toEqual({ ok: false, error });
    camera.off('offer').on('offer', (_offer, acknowledge) => acknowledge({ ok: true, sdp: SDP }));
    expect(await socket.emitWithAck('offer', { session, epoch: 2, sdp: SDP })).toEqual({ ok: true, sdp: SDP });
  });

  it.each([
    ['nothing', []],
    ['another type', ['yes']],
    ['an SDP that is none', [{ ok: true, sdp: 'v=0\r\nhello' }]],
    ['a field that does not exist', [{ ok: true, sdp: SDP, extra: 1 }]],
    ['a code that does not exist', [{ ok: false, error: { code: 'zzz', message: '', next: '', retryable: true } }]],
  ])('is sender_failed when the sender acknowledges with %s', async (_name, ack) => {
    const { url } = await listen();
    const camera = client(url, 'sender');
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    camera.on('offer', (_offer, acknowledge) => acknowledge(...ack));
    const { socket, session } = await receiver(url);
    expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toMatchObject({
      ok: false,
      error: { code: 'sender_failed' },
    });
  });

  it('is sender_timeout when the sender says nothing', async () => {
    const { fastify, url } = await listen({ answerTimeoutMs: 30 });
    const camera = client(url, 'sender');
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    const { socket, session } = await receiver(url);
    expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toMatchObject({
      error: { code: 'sender_timeout' },
    });
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ state: 'joined', epoch: 1 }]);
  });

  it('is stream_offline at once when the sender is lost over the offer', async () => {
    const { url } = await listen();
    const camera = client(url, 'sender');
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    camera.on('offer', () => camera.close());
    const { socket, session } = await receiver(url);
    expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toMatchObject({
      error: { code: 'stream_offline' },
    });
  });

  it('asks the sender for another mode', async () => {
    const { url } = await listen();
    const camera = await sender(url);
    const mode = { width: 1280, height: 720, fps: 29.97 };
    camera.on('set-mode', (message, acknowledge) => acknowledge({ ok: true, mode: message.mode }));
    const { socket, session } = await viewer(url);
    const asked = next(camera, 'set-mode');
    expect(await socket.emitWithAck('set-mode', { session, mode })).toEqual({ ok: true, mode });
    expect(await asked).toEqual({ stream: 'cam', session, mode });
  });

  it('passes on why the sender chose another mode, and why its camera delivers nothing', async () => {
    const { url } = await listen();
    const camera = await sender(url);
    const { mode } = CAMERA;
    const notice = 'The camera has no 1280x720 at 60; 1280x720 at 30 is nearest.';
    camera.on('set-mode', (_, acknowledge) => acknowledge({ ok: true, mode, notice }));
    const { socket, session } = await receiver(url);
    expect(await socket.emitWithAck('set-mode', { session, mode: { ...mode, fps: 60 } })).toEqual({
      ok: true,
      mode,
      notice,
    });
    const news = next(socket, 'stream');
    const lost = { ...CAMERA, notice, error: errorInfo('camera_missing') };
    expect(await camera.emitWithAck('update-camera', { stream: 'cam', camera: lost })).toEqual({ ok: true });
    expect(await news).toMatchObject({ camera: lost });
  });

  it('asks the sender for another mode before anyone watches', async () => {
    const { url } = await listen();
    const camera = await sender(url);
    const { mode } = CAMERA;
    camera.on('set-mode', (_, acknowledge) => acknowledge({ ok: true, mode }));
    const { socket, session } = await receiver(url);
    expect(await socket.emitWithAck('set-mode', { session, mode })).toEqual({ ok: true, mode });
  });
});

describe('an end', () => {
  it('by the receiver is told to the sender', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    const closed = next(camera, 'session-closed');
    expect(await socket.emitWithAck('leave', { session })).toEqual({ ok: true });
    expect(await closed).toEqual({ session, reason: 'left' });
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });

  it('by the sender is told to the receiver, with the reason', async () => {
    const { url } = await listen();
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    const error = { code: 'too_many_viewers', message: 'Full.', next: 'Wait.', retryable: true };
    const closed = next(socket, 'session-closed');
    expect(await camera.emitWithAck('leave', { session, error })).toEqual({ ok: true });
    expect(await closed).toEqual({ session, reason: 'sender-closed', error });
  });

  it('by a lost receiver is told to the sender, after the time in which it could have come back', async () => {
    const { fastify, url } = await listen({ receiverGraceMs: 30 });
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    const closed = next(camera, 'session-closed');
    socket.close();
    expect(await closed).toEqual({ session, reason: 'lost' });
    // Its media may flow on, and the sender says when that is over.
    expect(fastify.webrtcSignaling.sessions()).toMatchObject([{ session, attached: false }]);
    expect(await camera.emitWithAck('leave', { session })).toEqual({ ok: true });
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });

  it('by a lost receiver that waited for its answer is told to the sender at once', async () => {
    const { fastify, url } = await listen();
    const camera = client(url, 'sender');
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    const { socket, session } = await receiver(url);
    const offered = next(camera, 'offer');
    socket.emit('offer', { session, epoch: 1, sdp: SDP });
    await offered;
    const closed = next(camera, 'session-closed');
    socket.close();
    expect(await closed).toEqual({ session, reason: 'left' });
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });

  it('by a receiver that never made an offer is told to no one', async () => {
    const { url } = await listen();
    const camera = await sender(url);
    const heard: unknown[] = [];
    camera.on('session-closed', (message) => heard.push(message));
    const silent = await receiver(url);
    await silent.socket.emitWithAck('leave', { session: silent.session });
    const { socket, session } = await viewer(url);
    const closed = next(camera, 'session-closed');
    await socket.emitWithAck('leave', { session });
    await closed;
    expect(heard).toEqual([{ session, reason: 'left' }]);
  });
});
