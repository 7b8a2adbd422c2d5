import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { RedisCluster } from '../../src/server/cluster/redis.js';
import { readRedisOptions } from '../../src/server/cluster/redis-options.js';
import { RedisServer } from './support/redis-server.js';

let redis: RedisServer;
beforeEach(async () => {
  const server = await RedisServer.start();
  redis = server;
  return () => server.kill();
});

const WAIT = { timeout: 10_000 };

/** A node's Socket.IO with one client, and what that client has heard. */
async function node() {
  const settings = readRedisOptions({ url: redis.url });
  if (!settings) throw new Error('no settings');
  const cluster = await RedisCluster.create(settings, 'reject');
  const http = createServer();
  const io = new Server(http);
  cluster.attach(io);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const client = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ['websocket'] });
  const heard: unknown[] = [];
  client.on('news', (news) => heard.push(news));
  await new Promise<void>((resolve) => client.once('connect', resolve));
  const close = async () => {
    client.close();
    await io.close();
    await cluster.close();
  };
  onTestFinished(close);
  return { io, heard, close };
}

/** Broadcasts until it arrives: the adapter's own reader may not be there yet. */
async function reaches(from: Awaited<ReturnType<typeof node>>, to: Awaited<ReturnType<typeof node>>, news: string) {
  await vi.waitFor(() => {
    from.io.emit('news', news);
    expect(to.heard).toContain(news);
  }, WAIT);
}

describe("an app's own broadcasts", () => {
  it('reach the sockets of all nodes, and Redis forgets them', async () => {
    const [a, b] = await Promise.all([node(), node()]);
    await reaches(a, b, 'one');
    const keys = await redis.command(async (client) => {
      const keys = await client.keys('*');
      return Promise.all(keys.map(async (key) => ({ key, ttl: await client.pttl(key) })));
    });
    expect(keys).toEqual([{ key: 'webrtc-preview:socket.io', ttl: expect.any(Number) }]);
    expect(keys[0]?.ttl).toBeGreaterThan(0);
  });

  it.each([
    ['killed and started again', () => redis.kill(), () => redis.start()],
    ['stopped in its tracks', () => redis.stall(), () => redis.resume()],
  ])('live through a Redis that is %s (attack 48)', async (_what, away, back) => {
    const [a, b] = await Promise.all([node(), node()]);
    await reaches(a, b, 'before');
    await away();
    // What the adapter publishes without waiting for it would end the process: vitest fails on an unhandled rejection.
    for (let index = 0; index < 20; index++) {
      a.io.emit('news', 'during');
      a.io.serverSideEmit('during', index);
    }
    await vi.waitFor(() => expect(a.heard).toContain('during'), WAIT);
    await back();
    await reaches(a, b, 'after');
    await reaches(b, a, 'after');
  });

  it('do not keep the processor busy when a stranger has the name of the stream (attack 48)', async () => {
    await redis.command((client) => client.set('webrtc-preview:socket.io', 'x'));
    const a = await node();
    const commands = async () => {
      const info = await redis.command((client) => client.info('commandstats'));
      return Number(/cmdstat_xread:calls=(\d+)/.exec(info)?.[1] ?? 0);
    };
    await vi.waitFor(async () => expect(await commands()).toBeGreaterThan(1), WAIT);
    const before = await commands();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    // Without the pause: several thousand.
    expect((await commands()) - before).toBeLessThan(10);
    a.io.emit('news', 'only here');
    await vi.waitFor(() => expect(a.heard).toEqual(['only here']));
  });

  it('do not hold up the closing', async () => {
    const a = await node();
    await a.close();
    await vi.waitFor(async () => {
      const list = String(await redis.command((client) => client.client('LIST')));
      expect(list).not.toContain('socket.io');
    });
  });
});
