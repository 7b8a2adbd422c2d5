import type { RedisOptions as AllIORedisOptions, Redis } from 'ioredis';

/** The replies keep the form that `ioredis` 5 and 6 both have. */
type IORedisOptions = Omit<AllIORedisOptions, 'replyMapping'>;

/** Makes a connection. `name`: for Redis' own CLIENT LIST. */
export type Connect = (name: string, options: IORedisOptions) => Redis;

/** Several servers share their streams through one Redis (6.2 or newer), see docs/cluster.md. */
export interface RedisOptions {
  /**
   * Where Redis is, with its password if it has one.
   * @example 'rediss://:password@redis.example.org:6379'
   */
  url?: string;
  /**
   * A client of `ioredis` whose settings are used instead of `url`. It is duplicated, and never closed.
   */
  client?: IORedisClient;
  /**
   * Begins the name of every key and channel. Two applications on one Redis need two: its channels do not know of databases.
   * @default 'webrtc-preview'
   */
  keyPrefix?: string;
  /**
   * How long the streams of a server that was killed stay its own, in ms: 1000 to 60000.
   * @default 5000
   */
  leaseMs?: number;
}

/** As much of `ioredis`' `Redis` as has to be there: the package is optional, its types too. */
export interface IORedisClient {
  readonly options: object;
  duplicate(override?: object): unknown;
}

/** The options, complete and checked. */
export interface RedisSettings {
  readonly source: { readonly url: string } | { readonly client: IORedisClient };
  /** For people: without the password. */
  readonly address: string;
  readonly prefix: string;
  readonly leaseMs: number;
}

export type RedisEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * @param env where `REDIS_URL` counts: the command line's own. The plugin passes none
 * @returns nothing when there is to be no Redis
 * @throws {TypeError} a sentence that names the plugin and the option
 */
export function readRedisOptions(
  options: RedisOptions | undefined,
  env: RedisEnvironment = {},
): RedisSettings | undefined {
  if (options === undefined && !env.REDIS_URL) return undefined;
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    wrong('redis', 'must be an object such as { url: "redis://127.0.0.1:6379" }');
  }
  const { url = env.REDIS_URL, client, keyPrefix = 'webrtc-preview', leaseMs = 5_000, ...unknown } = options ?? {};
  for (const key of Object.keys(unknown)) wrong(`redis.${key}`, 'is not an option of this plugin');
  if (typeof keyPrefix !== 'string' || !/^[!-~]{1,100}$/.test(keyPrefix)) {
    wrong('redis.keyPrefix', 'must be 1 to 100 printable characters without spaces');
  }
  if (typeof leaseMs !== 'number' || !(leaseMs >= 1_000 && leaseMs <= 60_000)) {
    wrong('redis.leaseMs', 'must be a number of milliseconds from 1000 to 60000');
  }
  if (client !== undefined) {
    if (options?.url !== undefined) wrong('redis', 'takes "url" or "client", not both');
    if (!isIORedis(client)) wrong('redis.client', 'must be a client of ioredis: new Redis(…), not a Cluster');
    const { host, port, path, keyPrefix: outer } = client.options as IORedisOptions;
    return Object.freeze({
      source: { client },
      address: path ?? `${host}:${port}`,
      prefix: `${outer ?? ''}${keyPrefix}`,
      leaseMs,
    });
  }
  if (url === undefined) return wrong('redis', 'needs "url" or "client"');
  const address = addressOf(url);
  if (address === undefined) {
    return wrong(
      options?.url === undefined ? 'REDIS_URL' : 'redis.url',
      'must be like "redis://127.0.0.1:6379" or "rediss://…"',
    );
  }
  return Object.freeze({ source: { url }, address, prefix: keyPrefix, leaseMs });
}

/**
 * Makes connections to the Redis of the settings. What they hold in common: nothing waits for ever, and nothing piles up.
 *
 * @throws {TypeError} when the packages are not installed; what to type is in it
 */
export async function loadRedis({ source, prefix }: RedisSettings): Promise<{
  connect: Connect;
  createAdapter: typeof import('@socket.io/redis-streams-adapter').createAdapter;
}> {
  const [ioredis, { createAdapter }] = await Promise.all([
    import('ioredis').catch(missing),
    import('@socket.io/redis-streams-adapter').catch(missing),
  ]);
  const connect: Connect = (name, options) => {
    const all: IORedisOptions = {
      connectionName: `${prefix}:${name}`.replace(/[^!-~]/g, ''),
      keyPrefix: '',
      lazyConnect: true,
      connectTimeout: 1_000,
      // A Redis that hangs does not say goodbye either, and the process would wait for it.
      disconnectTimeout: 200,
      retryStrategy: (attempt) => Math.min(50 * attempt, 500),
      ...options,
    };
    const client = 'url' in source ? new ioredis.Redis(source.url, all) : (source.client.duplicate(all) as Redis);
    // Without a listener every failed attempt to connect would be printed by ioredis itself.
    client.on('error', () => {});
    return client;
  };
  return { connect, createAdapter };
}

function missing(error: unknown): never {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  throw new TypeError(
    'webrtc-preview: the option "redis" needs two more packages; run "npm install ioredis @socket.io/redis-streams-adapter".',
  );
}

/** Host and port, or nothing when it is no address of a Redis. */
function addressOf(url: unknown): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  if ((protocol !== 'redis:' && protocol !== 'rediss:') || hostname === '') return undefined;
  return `${hostname}:${port || 6379}`;
}

function isIORedis(client: unknown): boolean {
  if (typeof client !== 'object' || client === null) return false;
  const { duplicate, defineCommand, isCluster, options } = client as Record<string, unknown>;
  return typeof duplicate === 'function' && typeof defineCommand === 'function' && !isCluster && !!options;
}

function wrong(option: string, problem: string): never {
  throw new TypeError(`webrtc-preview: the option "${option}" ${problem}.`);
}
