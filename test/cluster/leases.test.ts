import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Holder } from '../../src/server/cluster/cluster.js';
import { claim, LEASE_MS, member } from './support/member.js';
import { RedisServer } from './support/redis-server.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.kill());
beforeEach(() => redis.command((client) => client.flushall()));

const SOMEBODY: Holder = { stream: 'cam', socket: 's', instance: 'x', node: 'n', fence: 1, away: false };
const KEY = 'webrtc-preview:stream:cam';
const stored = async (): Promise<Holder | undefined> => {
  const text = await redis.command((client) => client.get(KEY));
  return text === null ? undefined : JSON.parse(text);
};

describe('leases in Redis', () => {
  it('gives a stream to exactly one of two nodes that ask at once', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    for (let round = 0; round < 50; round++) {
      const outcomes = await Promise.all([
        a.cluster.claim(claim(`s${round}`, 'one')),
        b.cluster.claim(claim(`s${round}`, 'two')),
      ]);
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
      expect(outcomes.find(({ ok }) => !ok)).toMatchObject({ error: { code: 'stream_taken' } });
    }
  });

  it('gives it to exactly one also when both may take it over', async () => {
    const options = { policy: 'takeover' } as const;
    const [a, b] = await Promise.all([member({ url: redis.url }, options), member({ url: redis.url }, options)]);
    await Promise.all([a.publish(claim('cam', 'one')), b.publish(claim('cam', 'two'))]);
    const winner = await stored();
    await vi.waitFor(() => expect(a.lostLeases.length + b.lostLeases.length).toBe(1));
    const [loser] = [a, b].filter(({ lostLeases }) => lostLeases.length > 0);
    expect(loser?.lostLeases).toEqual([{ stream: 'cam', holder: winner }]);
  });

  it('tells the former holder at once, and the new one who that was', async () => {
    const options = { policy: 'takeover' } as const;
    const [a, b] = await Promise.all([member({ url: redis.url }, options), member({ url: redis.url }, options)]);
    await a.publish(claim('cam', 'one'));
    const before = await stored();
    const outcome = await b.cluster.claim(claim('cam', 'two'));
    expect(outcome).toEqual({ ok: true, fence: expect.any(Number), former: before });
    if (!outcome.ok || !before) throw new Error('refused');
    expect(outcome.fence).toBeGreaterThan(before.fence);
    // Nobody has published it yet: the renewal finds out by itself.
    await vi.waitFor(() => expect(a.lostLeases).toHaveLength(1), { timeout: LEASE_MS });
    a.cluster.release('cam');
    expect(await stored()).toMatchObject({ instance: 'two' });
  });

  it('lets the same process come back on any node, and nobody else', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    await a.publish(claim('cam', 'one'));
    expect(await b.cluster.claim(claim('cam', 'two'))).toMatchObject({ ok: false });
    expect(await b.publish(claim('cam', 'one', { socket: 'new' }))).toBe(true);
    await vi.waitFor(() => expect(a.lostLeases).toMatchObject([{ stream: 'cam', holder: { socket: 'new' } }]));
  });

  it('gives a stream whose holder is away to anyone, and a released one', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    await a.publish(claim('cam', 'one'));
    a.cluster.setAway('cam');
    await vi.waitFor(async () => expect(await stored()).toMatchObject({ away: true }));
    expect(await b.cluster.claim(claim('cam', 'two'))).toMatchObject({
      ok: true,
      former: { instance: 'one', away: true },
    });
    b.cluster.release('cam');
    await vi.waitFor(async () => expect(await stored()).toBeUndefined());
    expect(await a.cluster.claim(claim('cam', 'one'))).toEqual({ ok: true, fence: expect.any(Number) });
  });

  it('keeps a release and a claim of one stream in their order', async () => {
    const a = await member({ url: redis.url });
    await a.cluster.claim(claim('cam', 'one'));
    for (let round = 0; round < 20; round++) {
      a.cluster.release('cam');
      expect(await a.cluster.claim(claim('cam', `of round ${round}`))).toMatchObject({ ok: true });
    }
    expect(await stored()).toMatchObject({ instance: 'of round 19' });
  });

  it('keeps the lease for as long as the node lives, and no longer', async () => {
    const a = await member({ url: redis.url });
    await a.publish(claim('cam', 'one'));
    const before = await stored();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 300));
    expect(await stored()).toEqual(before);
    expect(await redis.command((client) => client.pttl(KEY))).toBeLessThanOrEqual(LEASE_MS);
    await a.cluster.close();
    await vi.waitFor(async () => expect(await stored()).toBeUndefined(), { timeout: 2 * LEASE_MS });
  });

  it('makes its leases again, with the same fence, when Redis has lost everything', async () => {
    const a = await member({ url: redis.url });
    await a.publish(claim('cam', 'one'));
    const before = await stored();
    await redis.command((client) => client.flushall());
    await vi.waitFor(async () => expect(await stored()).toEqual(before), { timeout: LEASE_MS });
  });

  it('hands out growing fences whatever is lost', async () => {
    const fences: number[] = [];
    for (let round = 0; round < 3; round++) {
      const a = await member({ url: redis.url });
      const outcome = await a.cluster.claim(claim('cam', 'one'));
      fences.push(outcome.ok ? outcome.fence : 0);
      await a.cluster.close();
      await redis.command((client) => client.flushall());
    }
    expect(fences).toEqual([...new Set(fences)].sort((one, other) => one - other));
    expect(fences[0]).toBeGreaterThan(0);
  });

  it('gives way when the stream was given to somebody else while everything was lost', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    await a.publish(claim('cam', 'one'));
    const won = await vi.waitFor(async () => {
      await redis.command((client) => client.flushall());
      expect(await b.cluster.claim(claim('cam', 'two'))).toMatchObject({ ok: true });
      return stored();
    });
    await vi.waitFor(() => expect(a.lostLeases).toEqual([{ stream: 'cam', holder: won }]), { timeout: LEASE_MS });
    expect(b.lostLeases).toEqual([]);
  });

  it('counts takeovers on all nodes together', async () => {
    const options = { policy: 'takeover' } as const;
    const [a, b] = await Promise.all([member({ url: redis.url }, options), member({ url: redis.url }, options)]);
    const codes: string[] = [];
    for (const [self, instance] of [
      [a, 'one'],
      [b, 'two'],
      [a, 'one'],
      [b, 'two'],
      [a, 'one'],
    ] as const) {
      const outcome = await self.cluster.claim(claim('cam', instance));
      codes.push(outcome.ok ? 'ok' : outcome.error.code);
    }
    expect(codes).toEqual(['ok', 'ok', 'ok', 'ok', 'takeover_storm']);
    const [length, ttl] = await redis.command(async (client) => {
      const key = 'webrtc-preview:takeovers:cam';
      return [await client.llen(key), await client.pttl(key)];
    });
    expect(length).toBe(3);
    expect(ttl).toBeGreaterThan(0);
  });

  it.each([
    ['garbage', 'no json {'],
    ['JSON of another kind', '"text"'],
    ['null', 'null'],
    ['a lease of another stream', JSON.stringify({ ...SOMEBODY, stream: 'other' })],
    ['a lease without a fence', JSON.stringify({ ...SOMEBODY, fence: 'high' })],
  ])('survives %s in the place of a lease (attack 48)', async (_what, text) => {
    const a = await member({ url: redis.url });
    await redis.command((client) => client.set(KEY, text));
    expect(await a.cluster.claim(claim('cam', 'one'))).toEqual({ ok: true, fence: expect.any(Number) });
    const own = await stored();
    await redis.command((client) => client.set(KEY, text));
    await vi.waitFor(async () => expect(await stored()).toEqual(own), { timeout: LEASE_MS });
    expect(a.states).toEqual(['ready']);
  });

  it("survives a stranger's lists and sets under its names (attack 48)", async () => {
    const a = await member({ url: redis.url }, { policy: 'takeover' });
    await redis.command(async (client) => {
      await client.rpush(KEY, 'x');
      await client.sadd('webrtc-preview:takeovers:cam', 'x');
    });
    expect(await a.cluster.claim(claim('cam', 'one'))).toMatchObject({ ok: true });
    expect(await a.cluster.claim(claim('cam', 'two'))).toMatchObject({ ok: true });
    expect(a.states).toEqual(['ready']);
  });

  it('does not share anything with a cluster of another prefix (attack 48)', async () => {
    const a = await member({ url: redis.url, keyPrefix: 'one' });
    const b = await member({ url: redis.url, keyPrefix: 'two' });
    expect(await a.publish(claim('cam', 'one'))).toBe(true);
    expect(await b.publish(claim('cam', 'two'))).toBe(true);
    const keys = await redis.command((client) => client.keys('*'));
    expect(keys.every((key) => /^(one|two):/.test(key))).toBe(true);
    expect([...a.messages, ...b.messages, ...a.snapshots, ...b.snapshots]).toEqual([]);
  });

  it('gives every key a time to live', async () => {
    const a = await member({ url: redis.url }, { policy: 'takeover' });
    await a.publish(claim('cam', 'one'));
    await a.publish(claim('cam', 'two'));
    const times = await redis.command(async (client) => {
      const keys = await client.keys('*');
      return Promise.all(keys.map(async (key) => [key, await client.pttl(key)] as const));
    });
    expect(times.length).toBeGreaterThanOrEqual(3);
    for (const [key, ttl] of times) expect(ttl, key).toBeGreaterThan(0);
  });

  it('needs no more rights than docs/cluster.md names', async () => {
    const docs = await readFile(new URL('../../docs/cluster.md', import.meta.url), 'utf8');
    const [, rule] = /```\nACL (SETUSER [^`]+)```/.exec(docs) ?? [];
    await redis.command((client) => client.call('ACL', ...(rule ?? '').trim().split(/\s+/)));
    const options = { url: redis.url.replace('//', '//signalling:password@') };
    const [a, b] = await Promise.all([
      member(options, { policy: 'takeover' }),
      member(options, { policy: 'takeover' }),
    ]);
    await a.publish(claim('cam', 'one'));
    await b.publish(claim('cam', 'two'));
    await vi.waitFor(() => expect(a.lostLeases).toHaveLength(1));
    expect(await a.cluster.ask(b.node, { socket: 's', event: 'offer', message: {} }, 5_000)).toMatchObject({
      answered: true,
    });
    b.cluster.release('cam');
    await vi.waitFor(async () => expect(await stored()).toBeUndefined());
    expect([a.states, b.states]).toEqual([['ready'], ['ready']]);
  });
});
