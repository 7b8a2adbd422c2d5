import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { claim, LEASE_MS, type Member, member } from './support/member.js';
import { RedisServer } from './support/redis-server.js';
import { Wire } from './support/wire.js';

let redis: RedisServer;
beforeEach(async () => {
  const server = await RedisServer.start();
  redis = server;
  return () => server.kill();
});

const QUESTION = { socket: 's', event: 'set-mode', message: {} } as const;
const WAIT = { timeout: 10_000 };

/** Ways in which Redis can be away, and come back. */
const OUTAGES: [string, () => Promise<void> | void, () => Promise<void> | void][] = [
  ['killed and started again', () => redis.kill(), () => redis.start()],
  ['stopped in its tracks', () => redis.stall(), () => redis.resume()],
  [
    'paused by CLIENT PAUSE',
    // It ends by itself: a paused Redis does not hear the newcomer that would unpause it.
    () => redis.command(async (client) => void (await client.call('CLIENT', 'PAUSE', '4000', 'ALL'))),
    () => {},
  ],
  [
    'full',
    () => redis.command(async (client) => void (await client.config('SET', 'maxmemory', '1'))),
    () => redis.command(async (client) => void (await client.config('SET', 'maxmemory', '0'))),
  ],
];

const last = ({ states }: Member) => states.at(-1);

describe.each(OUTAGES)('Redis %s (attack 48)', (_what, away, back) => {
  it('leaves what runs, refuses what is new, and all recovers by itself', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    await a.publish(claim('cam', 'one'));
    await vi.waitFor(() => expect(b.messages).toHaveLength(1));
    b.answer = () => new Promise(() => {});
    const open = a.cluster.ask(b.node, QUESTION, 60_000);
    await vi.waitFor(() => expect(b.questions).toHaveLength(1));

    await away();
    await vi.waitFor(() => expect([last(a), last(b)]).toEqual(['degraded', 'degraded']), WAIT);
    expect(a.reasons[0]).toContain(`Redis at 127.0.0.1:${redis.port}: `);
    expect(await open).toMatchObject({ error: { code: 'cluster_unavailable' } });
    expect(await a.cluster.ask(b.node, QUESTION, 60_000)).toMatchObject({ error: { code: 'cluster_unavailable' } });
    // The same process comes back to the node that holds its stream: nobody else needs to be asked.
    expect(await a.cluster.claim(claim('cam', 'one', { socket: 'new' }))).toMatchObject({
      ok: true,
      former: { socket: 'socket of one' },
    });
    for (const [self, stream, instance] of [
      [a, 'cam', 'two'],
      [a, 'other', 'two'],
      [b, 'cam', 'one'],
    ] as const) {
      expect(await self.cluster.claim(claim(stream, instance))).toMatchObject({
        ok: false,
        error: { code: 'cluster_unavailable' },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 200));

    await back();
    await vi.waitFor(() => expect([last(a), last(b)]).toEqual(['ready', 'ready']), WAIT);
    expect(b.snapshots.at(-1)).toEqual({ from: a.node, streams: ['cam'] });
    expect(await b.cluster.claim(claim('cam', 'two'))).toMatchObject({ ok: false, error: { code: 'stream_taken' } });
    b.answer = async () => ({ answered: true, ack: 'again' });
    expect(await a.cluster.ask(b.node, QUESTION, 5_000)).toEqual({ answered: true, ack: 'again' });
    // It was Redis that was away, no node and no lease.
    expect([a.lostNodes, b.lostNodes, a.lostLeases, b.lostLeases]).toEqual([[], [], [], []]);
    const lease = await redis.command((client) => client.get('webrtc-preview:stream:cam'));
    expect(JSON.parse(lease ?? '')).toMatchObject({ node: a.node, socket: 'new' });
  });
});

describe('Redis away', () => {
  it('ends every call within about a second', async () => {
    const a = await member({ url: redis.url });
    redis.stall();
    onTestFinished(() => redis.resume());
    // Not known to be away yet: this call finds out.
    const outcome = await Promise.race([
      a.cluster.claim(claim('cam', 'one')),
      new Promise((resolve) => setTimeout(resolve, 2_000, 'too long')),
    ]);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'cluster_unavailable' } });
    expect(a.states).toEqual(['ready', 'degraded']);
  });

  it('closes in time', async () => {
    const a = await member({ url: redis.url });
    await a.publish(claim('cam', 'one'));
    redis.stall();
    onTestFinished(() => redis.resume());
    const outcome = await Promise.race([
      a.cluster.close().then(() => 'closed'),
      new Promise((resolve) => setTimeout(resolve, 1_000, 'too long')),
    ]);
    expect(outcome).toBe('closed');
  });

  it('starts without it, and joins when it is there', async () => {
    await redis.kill();
    const a = await member({ url: redis.url });
    expect(a.states).toEqual(['degraded']);
    expect(await a.cluster.claim(claim('cam', 'one'))).toMatchObject({ error: { code: 'cluster_unavailable' } });
    await redis.start();
    await vi.waitFor(() => expect(a.states).toEqual(['degraded', 'ready']), WAIT);
    expect(await a.cluster.claim(claim('cam', 'one'))).toMatchObject({ ok: true });
  });

  it('starts while it hangs', async () => {
    redis.stall();
    const a = await member({ url: redis.url });
    expect(a.states).toEqual(['degraded']);
    redis.resume();
    await vi.waitFor(() => expect(a.states).toEqual(['degraded', 'ready']), WAIT);
  });

  it('says why: a wrong password', async () => {
    await redis.command((client) => client.config('SET', 'requirepass', 'right'));
    const a = await member({ url: redis.url.replace('//', '//:wrong@') });
    expect(a.states).toEqual(['degraded']);
    expect(a.reasons[0]).toContain('WRONGPASS');
    expect(a.reasons[0]).not.toContain('wrong@');
  });

  it('finds a connection that is dead without having been closed', async () => {
    const wire = await Wire.to(redis.port);
    const a = await member({ url: wire.url });
    wire.hold();
    await vi.waitFor(() => expect(last(a)).toBe('degraded'), WAIT);
    // The old connections stay held; only new ones would work.
    wire.letGoOfNew();
    await vi.waitFor(() => expect(last(a)).toBe('ready'), WAIT);
  });
});

describe('Redis flushed', () => {
  it('disturbs nobody', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    await a.publish(claim('cam', 'one'));
    await vi.waitFor(() => expect(b.messages).toHaveLength(1));
    await redis.command((client) => client.flushall());
    await vi.waitFor(async () => {
      expect(await redis.command((client) => client.exists('webrtc-preview:stream:cam'))).toBe(1);
    }, WAIT);
    expect(await b.cluster.claim(claim('cam', 'two'))).toMatchObject({ error: { code: 'stream_taken' } });
    expect([a.states, b.states, a.lostLeases]).toEqual([['ready'], ['ready'], []]);
  });
});

describe('a node that goes', () => {
  it('gives its streams away at once', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    await a.publish(claim('cam', 'one'));
    await a.cluster.close();
    await vi.waitFor(() => expect(b.lostNodes).toEqual([a.node]));
    expect(await b.cluster.claim(claim('cam', 'two'))).toMatchObject({
      ok: true,
      former: { instance: 'one', away: true },
    });
    expect(a.states).toEqual(['ready']);
  });

  it('leaves no connection and no timer', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap');
    const a = await member({ url: redis.url });
    const b = await member({ url: redis.url });
    await b.publish(claim('cam', 'one'));
    void a.cluster.ask(b.node, QUESTION, 60_000);
    await Promise.all([a.cluster.close(), b.cluster.close()]);
    await vi.waitFor(() => {
      const after = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap');
      expect(count(after, 'TCPSocketWrap')).toBeLessThanOrEqual(count(before, 'TCPSocketWrap'));
    });
    // The one timer that may be left is the waiting of this test itself.
    expect(count(process.getActiveResourcesInfo(), 'Timeout')).toBeLessThanOrEqual(count(before, 'Timeout') + 1);
    await a.cluster.close();
  });
});

function count(names: string[], name: string): number {
  return names.filter((other) => other === name).length;
}
