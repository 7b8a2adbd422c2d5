import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CAMERA, SDP } from '../server/support.js';
import { claim, LEASE_MS, member } from './support/member.js';
import { RedisServer } from './support/redis-server.js';
import { Wire } from './support/wire.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.kill());
beforeEach(() => redis.command((client) => client.flushall()));

const QUESTION = { socket: 's', event: 'offer', message: { sdp: SDP } } as const;

describe('messages between nodes', () => {
  it('keeps 2000 messages complete and in order', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    for (let message = 0; message < 2_000; message++) {
      // Both kinds of channel, which must not overtake each other.
      const to = message % 3 === 0 ? 'all' : b.node;
      a.cluster.tell(to, { type: 'to-sender', socket: 's', event: 'candidate', message });
    }
    await vi.waitFor(() => expect(b.messages).toHaveLength(2_000), { timeout: 5_000 });
    expect(b.messages.map(({ message }) => (message as { message: unknown }).message)).toEqual([
      ...Array.from({ length: 2_000 }).keys(),
    ]);
    expect(new Set(b.messages.map(({ from }) => from))).toEqual(new Set([a.node]));
    expect(a.messages).toEqual([]);
  });

  it('answers questions of other nodes, each once', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    b.answer = async ({ message }) => ({ answered: true, ack: { ok: true, of: message } });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, message) => a.cluster.ask(b.node, { ...QUESTION, message }, 5_000)),
    );
    expect(outcomes).toEqual(Array.from({ length: 50 }, (_, of) => ({ answered: true, ack: { ok: true, of } })));
    expect(b.questions).toHaveLength(50);
  });

  it('lets all that follows from an answer happen before what was said after it', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    b.answer = async () => {
      // In the same breath as the answer, so that both arrive in one piece.
      void (async () => {
        for (let tick = 0; tick < 50; tick++) await undefined;
        b.cluster.tell(a.node, { type: 'from-sender', socket: 's', event: 'leave', message: {} });
      })();
      return { answered: true, ack: 'yes' };
    };
    for (let round = 0; round < 20; round++) {
      a.messages.length = 0;
      const ask = async () => a.cluster.ask(b.node, QUESTION, 5_000);
      expect(await ask()).toEqual({ answered: true, ack: 'yes' });
      expect(a.messages).toEqual([]);
      await vi.waitFor(() => expect(a.messages).toHaveLength(1));
    }
  });

  it('says that the sender did not answer in time, and ignores what comes later', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    let answerLate: () => void = () => {};
    b.answer = async () => {
      await new Promise<void>((resolve) => {
        answerLate = resolve;
      });
      return { answered: true, ack: 'late' };
    };
    const outcome = await a.cluster.ask(b.node, QUESTION, 50);
    expect(outcome).toMatchObject({ answered: false, error: { code: 'sender_timeout' } });
    answerLate();
    b.answer = async () => ({ answered: true, ack: 'next' });
    expect(await a.cluster.ask(b.node, QUESTION, 5_000)).toEqual({ answered: true, ack: 'next' });
  });

  it('ends a question at once when nobody is there to hear it', async () => {
    const a = await member({ url: redis.url });
    const outcome = await a.cluster.ask('a node that never was', QUESTION, 60_000);
    expect(outcome).toMatchObject({ answered: false, error: { code: 'cluster_unavailable' } });
  });

  it('ends a question at once when the node says goodbye', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    b.answer = () => new Promise(() => {});
    const outcome = a.cluster.ask(b.node, QUESTION, 60_000);
    await vi.waitFor(() => expect(b.questions).toHaveLength(1));
    await b.cluster.close();
    expect(await outcome).toMatchObject({ answered: false, error: { code: 'cluster_unavailable' } });
    expect(a.lostNodes).toEqual([b.node]);
  });

  it('survives a node whose handler fails', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => log.mockRestore());
    b.answer = async () => {
      throw new Error('a fault in the handler');
    };
    expect(await a.cluster.ask(b.node, QUESTION, 5_000)).toMatchObject({ error: { code: 'internal' } });
    expect(log).toHaveBeenCalled();
  });

  it("survives a stranger's messages on its channels (attack 48)", async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => log.mockRestore());
    await redis.command(async (client) => {
      for (const text of [
        '',
        'null',
        '7',
        '{',
        '{"from":1}',
        '{"from":"x","type":"nothing"}',
        '{"from":"x","type":"tell"}',
        '{"from":"x","type":"snapshot"}',
      ]) {
        await client.publish('webrtc-preview:all', text);
      }
    });
    await a.publish(claim('cam', 'one'));
    await vi.waitFor(() => expect(b.messages.at(-1)).toMatchObject({ message: { type: 'published' } }));
    expect(b.states).toEqual(['ready']);
  });

  it('writes no SDP into Redis', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    await a.cluster.ask(b.node, QUESTION, 5_000);
    a.cluster.tell(b.node, { type: 'to-sender', socket: 's', event: 'candidate', message: { sdp: SDP } });
    await vi.waitFor(() => expect(b.messages).toHaveLength(1));
    const types = await redis.command(async (client) => {
      const keys = await client.keys('*');
      return Promise.all(keys.map(async (key) => [key, await client.type(key)]));
    });
    // Node keys only: no stream, no list.
    expect(types.map(([, type]) => type)).toEqual(['string', 'string']);
  });
});

describe('what nodes know of each other', () => {
  it('tells a node that comes what there is, before it says that it is ready', async () => {
    const a = await member({ url: redis.url });
    await a.publish(claim('cam', 'one'));
    const b = await member({ url: redis.url });
    expect(b.states).toEqual(['ready']);
    expect(b.snapshots).toEqual([{ from: a.node, streams: ['cam'] }]);
    expect(a.snapshots).toEqual([{ from: b.node, streams: [] }]);
  });

  it('asks for the whole when it has missed something', async () => {
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: redis.url })]);
    await a.publish(claim('cam', 'one'));
    await vi.waitFor(() => expect(b.messages).toHaveLength(1));
    const before = b.snapshots.length;
    const ahead = { from: a.node, type: 'tell', revision: 9, message: { type: 'gone', stream: 'x', socket: 's' } };
    await redis.command((client) => client.publish('webrtc-preview:all', JSON.stringify(ahead)));
    await vi.waitFor(() => expect(b.snapshots).toHaveLength(before + 1));
    expect(b.snapshots.at(-1)).toEqual({ from: a.node, streams: ['cam'] });
  });

  it('asks for the whole when it hears of a node that it does not know', async () => {
    const a = await member({ url: redis.url });
    const said: string[] = [];
    const [stranger] = await redis.command(async (client) => {
      await client.subscribe('webrtc-preview:node:stranger');
      client.on('message', (_channel, text) => said.push(JSON.parse(text)));
      await redis.command((other) =>
        other.publish('webrtc-preview:all', JSON.stringify({ from: 'stranger', type: 'beat', beat: 1, revision: 0 })),
      );
      await vi.waitFor(() => expect(said).toHaveLength(1));
      return said;
    });
    expect(stranger).toEqual({ from: a.node, type: 'want' });
    // It never says anything again.
    await vi.waitFor(() => expect(a.lostNodes).toEqual(['stranger']), { timeout: 3 * LEASE_MS });
  });

  it('does not snapshot a stream whose lease it does not hold', async () => {
    const a = await member({ url: redis.url });
    a.published.push({ holder: { stream: 'not mine', socket: 's', instance: 'x', away: false }, camera: CAMERA });
    const b = await member({ url: redis.url });
    expect(b.snapshots).toEqual([{ from: a.node, streams: [] }]);
  });

  it('gives a node up that was not heard for the time of a lease, once, and finds it again', async () => {
    const wire = await Wire.to(redis.port);
    const [a, b, c] = await Promise.all([
      member({ url: redis.url }),
      member({ url: wire.url }),
      member({ url: redis.url }),
    ]);
    await b.publish(claim('cam', 'one'));
    await vi.waitFor(() => expect(a.messages).toHaveLength(1));
    b.answer = () => new Promise(() => {});
    const outcome = a.cluster.ask(b.node, QUESTION, 60_000);
    await vi.waitFor(() => expect(b.questions).toHaveLength(1));
    wire.hold();
    // Nobody has said that its connections are gone: its channel still has a subscriber.
    expect(await outcome).toMatchObject({ answered: false, error: { code: 'cluster_unavailable' } });
    await vi.waitFor(() => expect([a.lostNodes, c.lostNodes]).toEqual([[b.node], [b.node]]), { timeout: 2 * LEASE_MS });
    expect(b.states).toEqual(['ready', 'degraded']);
    // Its lease has ended as well.
    await vi.waitFor(async () => expect(await c.cluster.claim(claim('cam', 'two'))).toMatchObject({ ok: true }), {
      timeout: 2 * LEASE_MS,
    });
    const known = a.snapshots.length;
    wire.letGo();
    await vi.waitFor(() => expect(b.states.at(-1)).toBe('ready'), { timeout: 5_000 });
    await vi.waitFor(() => expect(a.snapshots.length).toBeGreaterThan(known));
    expect(b.lostLeases).toMatchObject([{ stream: 'cam', holder: { instance: 'two' } }]);
    expect(a.snapshots.at(-1)).toEqual({ from: b.node, streams: [] });
    expect(a.lostNodes).toEqual([b.node]);
    expect(b.lostNodes).toEqual([]);
  });

  it('keeps a node that says something again in time', async () => {
    const wire = await Wire.to(redis.port);
    const [a, b] = await Promise.all([member({ url: redis.url }), member({ url: wire.url })]);
    wire.pull();
    await vi.waitFor(() => expect(b.states).toEqual(['ready', 'degraded', 'ready']), { timeout: 5_000 });
    await b.publish(claim('cam', 'one'));
    await vi.waitFor(() => expect(a.messages).toHaveLength(1));
    expect([...a.lostNodes, ...b.lostNodes]).toEqual([]);
  });
});
