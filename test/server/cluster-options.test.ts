import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RedisOptions, readRedisOptions } from '../../src/server/cluster/redis-options.js';

const run = promisify(execFile);

describe('the option "redis"', () => {
  it('is off unless it is given, or its address is in the environment of the command line', () => {
    expect(readRedisOptions(undefined)).toBeUndefined();
    expect(readRedisOptions(undefined, { REDIS_URL: '' })).toBeUndefined();
    expect(readRedisOptions(undefined, { REDIS_URL: 'redis://cache' })).toMatchObject({ address: 'cache:6379' });
    expect(readRedisOptions({ url: 'redis://mine:1' }, { REDIS_URL: 'redis://cache' })).toMatchObject({
      address: 'mine:1',
    });
  });

  it('has defaults, and shows no password', () => {
    expect(readRedisOptions({ url: 'rediss://user:secret@cache.example.org:7000/2' })).toEqual({
      source: { url: 'rediss://user:secret@cache.example.org:7000/2' },
      address: 'cache.example.org:7000',
      prefix: 'webrtc-preview',
      leaseMs: 5_000,
    });
  });

  it('takes a client of ioredis with its own prefix', () => {
    const client = new Redis({ lazyConnect: true, host: 'cache', port: 7000, keyPrefix: 'app:' });
    expect(readRedisOptions({ client, keyPrefix: 'cams' })).toMatchObject({
      address: 'cache:7000',
      prefix: 'app:cams',
    });
    client.disconnect();
  });

  it.each<[unknown, string]>([
    ['redis://x', 'the option "redis" must be an object'],
    [{}, 'the option "redis" needs "url" or "client"'],
    [{ url: 'http://x' }, 'the option "redis.url" must be like'],
    [{ url: 7 }, 'the option "redis.url" must be like'],
    [{ url: 'redis://x', keyPrefix: 'a b' }, 'the option "redis.keyPrefix" must be'],
    [{ url: 'redis://x', leaseMs: 10 }, 'the option "redis.leaseMs" must be'],
    [{ url: 'redis://x', leaseMs: Number.NaN }, 'the option "redis.leaseMs" must be'],
    [{ url: 'redis://x', prefix: 'a' }, 'the option "redis.prefix" is not an option of this plugin'],
    [{ client: {} }, 'the option "redis.client" must be a client of ioredis'],
    [{ client: null }, 'the option "redis.client" must be a client of ioredis'],
  ])('says what is wrong with %j', (options, sentence) => {
    expect(() => readRedisOptions(options as RedisOptions)).toThrow(`webrtc-preview: ${sentence}`);
  });

  it('names the variable when that is wrong', () => {
    expect(() => readRedisOptions(undefined, { REDIS_URL: 'cache:6379' })).toThrow('"REDIS_URL" must be like');
  });

  it('says what to install where the packages are missing', async () => {
    const source = new URL('../../src/server/cluster/redis-options.ts', import.meta.url);
    const { code } = await transform(await readFile(source, 'utf8'), { loader: 'ts' });
    // Beside no node_modules.
    const folder = await mkdtemp(join(tmpdir(), 'webrtc-preview-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'redis-options.mjs'), code);
    const settings = JSON.stringify(readRedisOptions({ url: 'redis://x' }));
    const script = `import { loadRedis } from './redis-options.mjs'; await loadRedis(${settings}).catch(console.log);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder });
    expect(stdout).toMatch(
      /^TypeError: webrtc-preview: the option "redis" needs .* "npm install ioredis @socket.io\/redis-streams-adapter"\.$/m,
    );
  });
});
