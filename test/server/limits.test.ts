import { describe, expect, it } from 'vitest';
import { MessageLimit, TokenBucket } from '../../src/server/access/limits.js';
import { CAMERA, client, code, listen, next, OTHER_SDP, receiver, SDP, sender, viewer } from './support.js';

it('a bucket gives its burst at once and then what drips in, up to the burst', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false]);
  expect([bucket.take(99), bucket.take(100), bucket.take(100)]).toEqual([false, true, false]);
  expect([1, 2, 3].map(() => bucket.take(60_000))).toEqual([true, true, false]);
});

it('who goes on after as many refusals as a burst is abusive', () => {
  const limit = new MessageLimit({ perSecond: 1, burst: 2 }, 0);
  expect([1, 2, 3, 4, 5].map(() => limit.judge(0))).toEqual(['fine', 'fine', 'limited', 'limited', 'abusive']);
  expect(limit.judge(1_000)).toBe('fine');
});

describe('negotiations of one address count', () => {
  const options = { clientAddress: () => '192.0.2.7', limits: { negotiationsPerAddress: 1 } };
  const offer = (session: string, epoch = 1) => ({ session, epoch, sdp: epoch === 1 ? SDP : OTHER_SDP });

  it('until they are live', async () => {
    const { url } = await listen({ ...options, allowPublish: 'any' });
    await sender(url);
    const first = await viewer(url);
    const { socket, session } = await receiver(url);
    expect(await socket.emitWithAck('offer', offer(session))).toEqual(code('rate_limited'));
    await first.socket.emitWithAck('live', { session: first.session, epoch: 1 });
    expect(await socket.emitWithAck('offer', offer(session))).toMatchObject({ ok: true });
  });

  it('also when a newer offer has ended an older one, whose answer comes then', async () => {
    const { url } = await listen({ ...options, allowPublish: 'any' });
    const camera = client(url, 'sender');
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    const first = await receiver(url);
    let answer = (_ack: unknown) => {};
    camera.once('offer', (_offer, acknowledge) => {
      answer = acknowledge;
    });
    const old = first.socket.emitWithAck('offer', offer(first.session));
    const offered = next(camera, 'offer');
    await offered;
    const newer = next(camera, 'offer');
    first.socket.emit('offer', offer(first.session, 2));
    await newer;
    answer({ ok: true, sdp: SDP });
    expect(await old).toEqual(code('stale_epoch'));
    const { socket, session } = await receiver(url);
    expect(await socket.emitWithAck('offer', offer(session))).toEqual(code('rate_limited'));
  });

  it('until their sender is gone', async () => {
    const { url } = await listen({ ...options, allowPublish: 'any' });
    const camera = await sender(url);
    const first = await viewer(url);
    await camera.emitWithAck('unpublish', { stream: 'cam' });
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    const { socket, session } = await receiver(url);
    expect(await socket.emitWithAck('offer', offer(session))).toMatchObject({ ok: true });
    expect(await first.socket.emitWithAck('offer', offer(first.session, 2))).toEqual(code('rate_limited'));
  });
});
