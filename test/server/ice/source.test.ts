import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { signCredentials } from '../../../src/server/ice/credentials.js';
import type { IceSource } from '../../../src/server/ice/ice.js';
import { readIceOptions, type TurnOptions } from '../../../src/server/ice/options.js';
import { type IceProvider, readProvided } from '../../../src/server/ice/provider.js';
import { createIceSource } from '../../../src/server/ice/source.js';
import { HOUR_MS, MINUTE_MS, TestClocks } from './clocks.js';
import { temporaryFile } from './coturn.js';

const SECRET = '5f2c8c0e4b9d4f0da37d6f10b0c1e2a4';
const NEXT_SECRET = 'b94d27b9934d3e08a52e52d7da7dabfa';

function logger() {
  const lines: string[] = [];
  const say = (line: unknown) => void lines.push(String(line));
  return { lines, log: { info: say, warn: say, error: say } };
}

describe('with a shared secret', () => {
  const clocks = new TestClocks();
  function source(turn: Partial<TurnOptions> = {}, deps = {}) {
    const { log, lines } = logger();
    const settings = readIceOptions(
      { turn: { urls: ['stun:t', 'turn:t?transport=udp'], secret: SECRET, ...turn } },
      {},
    );
    const made = createIceSource(settings, { log, clocks, random: () => 0.5, ...deps });
    onTestFinished(() => made.close());
    return { made, lines };
  }

  it('each peer has credentials of its own, in both forms, with their end', () => {
    const { made } = source();
    const ice = made.forPeer('abc_-9');
    const expiresAtMs = Math.floor(clocks.now() / 1_000) * 1_000 + HOUR_MS;
    const { username, credential } = signCredentials(SECRET, 'abc_-9', expiresAtMs / 1_000);
    expect(ice).toEqual({
      browser: {
        iceServers: [{ urls: ['stun:t'] }, { urls: ['turn:t?transport=udp'], username, credential }],
        expiresAt: expiresAtMs,
      },
      gstreamer: {
        stunServer: 'stun://t:3478',
        turnServers: [`turn://${encodeURIComponent(username)}:${encodeURIComponent(credential)}@t:3478?transport=udp`],
        expiresAt: expiresAtMs,
      },
      expiresAtMs,
      refreshAtMs: expect.any(Number),
    });
    expect(ice.refreshAtMs).toBeLessThan(expiresAtMs);
    expect(JSON.stringify(ice)).not.toContain(SECRET);
    expect(made.forPeer('other').browser.iceServers[1]?.username).toMatch(/:other$/);
  });

  it('a name that would not fit is made to fit: forPeer never throws', () => {
    const { made } = source();
    for (const user of ['', 'a:b/c', '\r\n\u202e', 'x'.repeat(10_000), '__proto__']) {
      expect(made.forPeer(user).browser.iceServers[1]?.username).toMatch(/^\d+:[A-Za-z0-9_-]{1,128}$/);
    }
  });

  it('servers that are the same for everybody stand beside', () => {
    const turn = { urls: 'turn:t', secret: SECRET };
    const settings = readIceOptions({ turn, iceServers: [{ urls: ['stun:s'] }] }, {});
    const made = createIceSource(settings, { log: logger().log, clocks });
    expect(made.forPeer('a').browser.iceServers.map(({ urls }) => urls)).toEqual([['stun:s'], ['turn:t']]);
  });

  it.each([
    [0, 60],
    [-5, 60],
    [59, 60],
    [315_360_000, 86_400],
    [Number.POSITIVE_INFINITY, 86_400],
  ])('attack 35: a TTL of %d s becomes %d s, and the log says so', (ttlS, used) => {
    const { made, lines } = source({ ttlS });
    expect((made.forPeer('a').expiresAtMs ?? 0) - Math.floor(clocks.now() / 1_000) * 1_000).toBe(used * 1_000);
    expect(lines.join()).toContain(`${used} s are used`);
  });

  it('the file with the secret is read again when it changes', async () => {
    const secretFile = temporaryFile('secret', `${SECRET}\n`);
    const settings = readIceOptions({ turn: { urls: 'turn:t', secretFile } }, {});
    const { log, lines } = logger();
    const made = createIceSource(settings, { log, clocks, lookEveryMs: 5 });
    onTestFinished(() => made.close());
    const changed = new Promise<void>((resolve) => made.onChange(resolve));
    const signedWith = (secret: string) => {
      const { username = '', credential } = made.forPeer('a').browser.iceServers[0] ?? {};
      return credential === signCredentials(secret, 'a', Number.parseInt(username, 10)).credential;
    };
    expect(signedWith(SECRET)).toBe(true);

    // Half-written, gone, or with an example in it: the old one stays, and the log says so once.
    for (const text of ['', 'changeme\n']) {
      writeFileSync(secretFile, text);
      await vi.waitUntil(() => lines.some((line) => line.includes(text === '' ? 'no secret in it' : 'example')));
      expect(signedWith(SECRET)).toBe(true);
    }
    rmSync(secretFile);
    await vi.waitUntil(() => lines.some((line) => line.includes('ENOENT')));
    await expect(made.rotate()).rejects.toThrow('cannot be read (ENOENT)');
    expect(lines.filter((line) => line.includes('ENOENT'))).toHaveLength(1);

    writeFileSync(`${secretFile}.next`, `${NEXT_SECRET}\n${SECRET}\n`);
    renameSync(`${secretFile}.next`, secretFile);
    await changed;
    expect(signedWith(NEXT_SECRET)).toBe(true);
    expect(lines.join()).not.toContain(SECRET);
    expect(lines.join()).not.toContain(NEXT_SECRET);
  });

  it('closed, it looks at no file any more', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const turn = { urls: 'turn:t', secretFile: temporaryFile('secret', SECRET) };
    const made = createIceSource(readIceOptions({ turn }, {}), { log: logger().log });
    expect(vi.getTimerCount()).toBe(1);
    made.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('with a provider', () => {
  let clocks: TestClocks;
  let made: IceSource | undefined;
  beforeEach(() => {
    vi.useFakeTimers();
    clocks = new TestClocks();
  });
  afterEach(() => {
    made?.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  const answer = (username: string, ttl = 3_600) => ({
    iceServers: [{ urls: ['turn:p?transport=udp'], username, credential: 'c' }],
    ttl,
  });

  function source(iceProvider: IceProvider, iceServers?: { urls: string[] }[]) {
    const { log, lines } = logger();
    const source = createIceSource(readIceOptions({ iceProvider, iceServers }, {}), { log, clocks, random: () => 0.5 });
    made = source;
    const changes = vi.fn();
    source.onChange(changes);
    const user = () => source.forPeer('a').browser.iceServers.find(({ username }) => username)?.username;
    return { source, lines, changes, user };
  }

  it('its servers come in both forms, for everybody, and are asked for again before they end', async () => {
    let n = 0;
    const provide = vi.fn(async () => answer(`user-${++n}`));
    const { source: s, changes, user } = source(provide);
    await s.start();
    expect(s.forPeer('a')).toEqual({
      browser: { ...{ iceServers: answer('user-1').iceServers }, expiresAt: clocks.now() + HOUR_MS },
      gstreamer: { turnServers: ['turn://user-1:c@p:3478?transport=udp'], expiresAt: clocks.now() + HOUR_MS },
      expiresAtMs: clocks.now() + HOUR_MS,
      refreshAtMs: clocks.now() + 54 * MINUTE_MS,
    });
    expect(provide).toHaveBeenCalledWith({ signal: expect.any(AbortSignal), ttlS: 3_600 });
    await clocks.pass(50 * MINUTE_MS);
    expect(user()).toBe('user-2');
    expect(provide).toHaveBeenCalledTimes(2);
    expect(changes).toHaveBeenCalledTimes(2);
    await s.rotate();
    expect(user()).toBe('user-3');
    expect(changes).toHaveBeenCalledTimes(3);
  });

  it('it is asked once, however many want to know', async () => {
    const provide = vi.fn(async () => answer('user'));
    const { source: s } = source(provide);
    await Promise.all([s.start(), s.rotate(), s.rotate(), s.start()]);
    expect(provide).toHaveBeenCalledTimes(1);
    for (let n = 0; n < 1_000; n += 1) s.forPeer(`p${n}`);
    expect(provide).toHaveBeenCalledTimes(1);
  });

  it.each<[string, IceProvider]>([
    ['throws', () => Promise.reject(new Error('no network'))],
    [
      'throws at once',
      () => {
        throw new Error('no network');
      },
    ],
    ['throws something odd', () => Promise.reject(undefined)],
    ['hangs', () => new Promise(() => {})],
    ['answers 500', async () => new Response('{}', { status: 500 })],
    ['answers with garbage', async () => new Response('<html>')],
    ['answers with 10 MB', async () => new Response('x'.repeat(10_000_000))],
    ['never ends its answer', async () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))],
    ['returns nothing', async () => undefined as never],
    ['returns no servers', async () => ({}) as never],
    ['names another kind of URL', async () => ({ iceServers: [{ urls: 'javascript:alert(1)' }] })],
    ['names no password', async () => ({ iceServers: [{ urls: ['turn:p'] }] })],
    ['names a million servers', async () => ({ iceServers: Array(1e6).fill({ urls: ['stun:p'] }) })],
    [
      'names an endless URL',
      async () => ({ iceServers: [{ urls: `turn:${'p'.repeat(1e6)}`, username: 'a', credential: 'b' }] }),
    ],
    ['gives no time', async () => answer('user', 5)],
    ['gives a time that is none', async () => answer('user', Number.NaN)],
  ])(
    'attack 37: one that %s: the last good answer is kept to its end, and asked for less and less',
    async (_what, bad) => {
      let isGood = true;
      const provide = vi.fn<IceProvider>((context) => (isGood ? Promise.resolve(answer('good')) : bad(context)));
      const { source: s, user, lines } = source(provide, [{ urls: ['stun:own'] }]);
      await s.start();
      isGood = false;
      await clocks.pass(45 * MINUTE_MS);
      expect(provide.mock.calls.length).toBeGreaterThan(2);
      expect(user()).toBe('good');
      const rotated = s.rotate().then(() => 'rotated', String);
      await clocks.pass(6_000);
      expect(await rotated).toMatch(/^Error: The (function|provider)/);
      await clocks.pass(15 * MINUTE_MS);
      expect(user()).toBeUndefined();
      expect(s.forPeer('a')).toEqual({
        browser: { iceServers: [{ urls: ['stun:own'] }] },
        gstreamer: { turnServers: [], stunServer: 'stun://own:3478' },
      });
      expect(provide.mock.calls.length).toBeLessThan(40);
      expect(lines).toHaveLength(1);
      expect(lines[0]?.length).toBeLessThan(600);
      isGood = true;
      await clocks.pass(2 * MINUTE_MS);
      expect(user()).toBe('good');
      expect(lines.at(-1)).toContain('answers again');
    },
  );

  it('start waits for a bounded time only, and rejects never', async () => {
    const { source: s, lines } = source(() => new Promise(() => {}));
    const started = s.start();
    await clocks.pass(5_000);
    await started;
    expect(s.forPeer('a').browser).toEqual({ iceServers: [] });
    expect(lines.join()).toContain('did not answer within 5 s');
  });

  it('one that answers after its time is not listened to any more, and is told by its signal', async () => {
    const late: ((ice: unknown) => void)[] = [];
    const signals: AbortSignal[] = [];
    const { source: s, user } = source(({ signal }) => {
      signals.push(signal);
      return new Promise((resolve) => late.push(resolve as (ice: unknown) => void));
    });
    const started = s.start();
    await clocks.pass(5_000);
    await started;
    expect(signals[0]?.aborted).toBe(true);
    late[0]?.(answer('late'));
    await clocks.pass(100);
    expect(user()).toBeUndefined();
  });

  it('attack 47: after a jump of the clock it is asked again, within half a minute', async () => {
    const provide = vi.fn(async () => answer('user'));
    const { source: s, user } = source(provide);
    await s.start();
    clocks.jump(HOUR_MS);
    await clocks.pass(31_000);
    expect(provide).toHaveBeenCalledTimes(2);
    expect(user()).toBe('user');
    clocks.jump(-HOUR_MS);
    await clocks.pass(43 * MINUTE_MS);
    expect(provide).toHaveBeenCalledTimes(3);
  });

  it('closed while it is asked, nothing is left', async () => {
    const { source: s } = source(() => new Promise(() => {}));
    const started = s.start();
    s.close();
    await started;
    await expect(s.rotate()).rejects.toThrow('closed');
  });
});

it('the answer of fetch is taken as it is, and not read beyond its limit', async () => {
  let sent = 0;
  let isEndless = false;
  const server = createServer((_request, response: ServerResponse) => {
    if (!isEndless) return void response.end('{"iceServers":{"urls":["stun:c"],"username":"u","credential":"c"}}');
    const more = () => {
      for (let ok = true; ok && !response.destroyed; sent += 65_536) ok = response.write(Buffer.alloc(65_536, 32));
    };
    response.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { log, lines } = logger();
  const settings = readIceOptions({ iceProvider: ({ signal }) => fetch(url, { signal }) }, {});
  const made = createIceSource(settings, { log });
  onTestFinished(() => made.close());
  await made.start();
  expect(made.forPeer('a').browser.iceServers).toEqual([{ urls: ['stun:c'], username: 'u', credential: 'c' }]);
  isEndless = true;
  await expect(made.rotate()).rejects.toThrow('more than 64 KB');
  expect(lines.join()).toContain('The servers from before are still used');
  expect(sent).toBeLessThan(20_000_000);
});

describe('the forms of hosted services', () => {
  it("Cloudflare's", () => {
    const urls = ['stun:stun.cloudflare.com:3478', 'turn:turn.cloudflare.com:3478?transport=udp'];
    const server = { urls, username: 'u', credential: 'c' };
    expect(readProvided({ iceServers: server })).toMatchObject({
      ttlS: 3_600,
      ice: { browser: { iceServers: [server] } },
    });
    expect(readProvided({ iceServers: [{ urls: [urls[0]] }, server] }).ice.gstreamer).toEqual({
      stunServer: 'stun://stun.cloudflare.com:3478',
      turnServers: ['turn://u:c@turn.cloudflare.com:3478?transport=udp'],
    });
  });

  it("Twilio's", () => {
    const turn = 'turn:global.turn.twilio.com:443?transport=tcp';
    const { ice, ttlS } = readProvided({
      account_sid: 'AC0',
      date_created: 'today',
      ice_servers: [
        { url: 'stun:global.stun.twilio.com:3478', urls: 'stun:global.stun.twilio.com:3478' },
        { url: turn, urls: turn, username: 'u', credential: 'c' },
      ],
      password: 'c',
      ttl: '86400',
      username: 'u',
    });
    expect(ttlS).toBe(86_400);
    expect(ice.browser.iceServers).toEqual([
      { urls: ['stun:global.stun.twilio.com:3478'] },
      { urls: [turn], username: 'u', credential: 'c' },
    ]);
  });
});
