import { describe, expect, it } from 'vitest';
import { decide, formerOf } from '../../src/server/cluster/claims.js';
import type { Claim, Holder, SenderPolicy } from '../../src/server/cluster/cluster.js';
import { SoloCluster } from '../../src/server/cluster/solo.js';

const HOLDER: Holder = {
  stream: 'cam',
  socket: 's1',
  instance: 'one',
  owner: 'ann',
  node: 'n1',
  fence: 7,
  away: false,
};
const OTHER: Claim = { stream: 'cam', socket: 's2', instance: 'two', owner: 'bob', standby: false };

const verdict = (holder: Holder | undefined, claim: Partial<Claim>, policy: SenderPolicy, takeovers: number[] = []) => {
  const decided = decide(holder, { ...OTHER, ...claim }, policy, takeovers, 10_000);
  return decided.take ? (decided.takeover ? 'takeover' : 'take') : decided.code;
};

describe('who gets a stream', () => {
  it.each<[string, Holder | undefined, Partial<Claim>, SenderPolicy, number[], string]>([
    ['free', undefined, {}, 'reject', [], 'take'],
    ['free, standing by', undefined, { standby: true }, 'reject', [], 'take'],
    ['held', HOLDER, {}, 'reject', [], 'stream_taken'],
    ['held, by the same owner', HOLDER, { owner: 'ann' }, 'reject', [], 'stream_taken'],
    ['held, by the same process', HOLDER, { instance: 'one' }, 'reject', [], 'take'],
    ['held, by the same process, standing by', HOLDER, { instance: 'one', standby: true }, 'reject', [], 'take'],
    ['away', { ...HOLDER, away: true }, {}, 'reject', [], 'take'],
    ['away, standing by', { ...HOLDER, away: true }, { standby: true }, 'same-owner', [], 'take'],
    ['held', HOLDER, {}, 'takeover', [], 'takeover'],
    ['held, standing by', HOLDER, { standby: true }, 'takeover', [], 'stream_taken'],
    ['held, another owner', HOLDER, {}, 'same-owner', [], 'stream_taken'],
    ['held, the same owner', HOLDER, { owner: 'ann' }, 'same-owner', [], 'takeover'],
    ['held, the same owner, standing by', HOLDER, { owner: 'ann', standby: true }, 'same-owner', [], 'stream_taken'],
    ['two takeovers of late', HOLDER, {}, 'takeover', [9_000, 9_500], 'takeover'],
    ['three takeovers of late', HOLDER, {}, 'takeover', [8_000, 9_000, 9_500], 'takeover_storm'],
    ['three takeovers, one long ago', HOLDER, {}, 'takeover', [5_000, 9_000, 9_500], 'takeover'],
    ['three takeovers, then away', { ...HOLDER, away: true }, {}, 'takeover', [8_000, 9_000, 9_500], 'take'],
    ['three takeovers, the same process', HOLDER, { instance: 'one' }, 'takeover', [8_000, 9_000, 9_500], 'take'],
    ['three takeovers, not allowed anyway', HOLDER, {}, 'reject', [8_000, 9_000, 9_500], 'stream_taken'],
  ])('%s', (_what, holder, claim, policy, takeovers, expected) => {
    expect(verdict(holder, claim, policy, takeovers)).toBe(expected);
  });

  it('does not take two senders without an owner for one owner', () => {
    const { owner: _holder, ...holder } = HOLDER;
    const { owner: _claim, ...claim } = OTHER;
    expect(decide(holder, claim, 'same-owner', [], 0)).toEqual({ take: false, code: 'stream_taken' });
  });

  it('names a former holder unless it is the same process on the same socket', () => {
    expect(formerOf(undefined, HOLDER)).toBeUndefined();
    expect(formerOf(HOLDER, { ...HOLDER, fence: 8 })).toBeUndefined();
    expect(formerOf(HOLDER, { ...HOLDER, socket: 's2' })).toBe(HOLDER);
    expect(formerOf(HOLDER, { ...HOLDER, node: 'n2' })).toBe(HOLDER);
    expect(formerOf(HOLDER, { ...HOLDER, instance: 'two' })).toBe(HOLDER);
  });
});

describe('a cluster of one process', () => {
  it('gives a stream to one sender, and to the next when it is free', async () => {
    const cluster = new SoloCluster('reject');
    const first = await cluster.claim(OTHER);
    expect(first).toEqual({ ok: true, fence: expect.any(Number) });
    expect(await cluster.claim({ ...OTHER, instance: 'three', socket: 's3' })).toMatchObject({
      ok: false,
      error: { code: 'stream_taken' },
    });
    cluster.release('cam');
    expect(await cluster.claim({ ...OTHER, instance: 'three', socket: 's3' })).toEqual({
      ok: true,
      fence: expect.any(Number),
    });
  });

  it('names the holder that is away as the former one, with a higher fence for the next', async () => {
    const cluster = new SoloCluster('reject');
    const first = await cluster.claim(OTHER);
    cluster.setAway('cam');
    const next = await cluster.claim({ ...OTHER, instance: 'three' });
    if (!first.ok || !next.ok) throw new Error('refused');
    expect(next.former).toMatchObject({ instance: 'two', node: cluster.node, away: true });
    expect(next.fence).toBeGreaterThan(first.fence);
  });

  it('ends a storm of takeovers, and lets the next in when it is over', async () => {
    let nowMs = 0;
    const cluster = new SoloCluster('takeover', () => nowMs);
    const codes: string[] = [];
    for (const instance of ['a', 'b', 'a', 'b', 'a', 'b']) {
      nowMs += 100;
      const outcome = await cluster.claim({ ...OTHER, instance });
      codes.push(outcome.ok ? 'ok' : outcome.error.code);
    }
    // After three takeovers "b" has it for good: "a" is refused, and "b" is no news.
    expect(codes).toEqual(['ok', 'ok', 'ok', 'ok', 'takeover_storm', 'ok']);
    nowMs += 5_000;
    expect(await cluster.claim({ ...OTHER, instance: 'a' })).toMatchObject({ ok: true });
  });

  it('keeps nothing of streams that are released', async () => {
    const cluster = new SoloCluster('takeover');
    for (let index = 0; index < 100; index++) {
      await cluster.claim({ ...OTHER, stream: `s${index}` });
      await cluster.claim({ ...OTHER, stream: `s${index}`, instance: 'three' });
      cluster.release(`s${index}`);
    }
    cluster.setAway('never there');
    expect(cluster.size).toBe(0);
  });

  it('knows of no other node', async () => {
    const cluster = new SoloCluster('reject');
    expect(await cluster.ask()).toMatchObject({ answered: false, error: { code: 'cluster_unavailable' } });
  });
});
