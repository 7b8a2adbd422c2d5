import type { createAdapter } from '@socket.io/redis-streams-adapter';
import type { Redis } from 'ioredis';
import type { Connect } from './redis-options.js';

/** How long the adapter's reader waits for news in one call. */
const BLOCK_MS = 5_000;
/** After a call that failed. The adapter itself tries again at once, for ever. */
const PAUSE_MS = 500;
/** An application's broadcasts are of the moment; nobody reads older ones. */
const STREAM_LENGTH = 1_000;
const STREAM_TTL_MS = 60_000;

/**
 * Socket.IO's Redis streams adapter (0.3.1) for what an application itself broadcasts with its `io`; nothing of this plugin
 * goes through it. It is made for a Redis that is always there, so its connections are ones that spare it the worst, each of
 * which was seen:
 * - it drops the promise of PUBLISH and SUBSCRIBE: one that fails ends the process, as an unhandled rejection;
 * - its reader asks again at once when a read fails: an endless loop without a pause;
 * - what it writes to a Redis that hangs piles up;
 * - closing leaves the reader's connection open until its read returns, up to 5 s.
 */
export function safeAdapter(
  create: typeof createAdapter,
  connect: Connect,
  prefix: string,
): { adapter: ReturnType<typeof createAdapter>; close: () => void } {
  const clients: Redis[] = [];
  let isClosed = false;
  const tamed = (...[name, options]: Parameters<Connect>): Redis => {
    const client = connect(name, { lazyConnect: false, ...options });
    clients.push(client);
    const { publish, subscribe, xadd, xread } = client;
    const call = (method: unknown, args: unknown[]): Promise<unknown> =>
      (method as (...args: unknown[]) => Promise<unknown>).apply(client, args);
    // What a Redis that hangs has not taken would pile up: a new connection begins with nothing.
    const written = (reply: Promise<unknown>): Promise<unknown> =>
      reply.catch((error: Error) => {
        if (error.message === 'Command timed out' && client.status === 'ready') client.disconnect(true);
        throw error;
      });
    return Object.assign(client, {
      publish: (...args: unknown[]) => written(call(publish, args)).catch(() => 0),
      subscribe: (...args: unknown[]) => call(subscribe, args).catch(() => 0),
      xadd: (...args: unknown[]) => {
        const added = written(call(xadd, args));
        client.pexpire(String(args.flat()[0]), STREAM_TTL_MS).catch(() => {});
        return added;
      },
      xread: async (...args: unknown[]) => {
        // A read that does not even end with nothing is one on a connection that is dead without having been closed.
        const deadline = setTimeout(() => client.disconnect(true), 2 * BLOCK_MS);
        try {
          return await call(xread, args);
        } catch (error) {
          // Never settles once closed: nobody reads any more.
          await new Promise<void>((resolve) => isClosed || setTimeout(resolve, PAUSE_MS).unref());
          throw error;
        } finally {
          clearTimeout(deadline);
        }
      },
      // The adapter's own reader and subscriber wait for Redis as long as it takes: each has one command open, no more.
      duplicate: () => tamed('socket.io', { maxRetriesPerRequest: null }),
    });
  };
  const writer = tamed('socket.io', {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1_000,
  });
  return {
    adapter: create(writer, {
      streamName: `${prefix}:socket.io`,
      channelPrefix: `${prefix}:socket.io`,
      sessionKeyPrefix: `${prefix}:socket.io:session:`,
      blockTimeInMs: BLOCK_MS,
      maxLen: STREAM_LENGTH,
    }),
    close: () => {
      isClosed = true;
      for (const client of clients) client.disconnect();
    },
  };
}
