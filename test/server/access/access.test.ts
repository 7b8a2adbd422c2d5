import { hostname } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Authorize, Visitor } from '../../../src/server/access/access.js';
import {
  type AccessOptions,
  createAccess,
  describeAccess,
  readAccessOptions,
} from '../../../src/server/access/index.js';
import { mintToken } from '../../../src/server/access/mint.js';
import { keepLog, NOW_MS, OTHER_SECRET, requestFrom, SECRET, visitor } from './support.js';

function open(options: AccessOptions = {}) {
  const { log, lines } = keepLog();
  const access = createAccess(readAccessOptions(options), { log, now: () => NOW_MS });
  return {
    lines,
    async judge(fields: Partial<Visitor>) {
      const admission = await access.admit(visitor(fields));
      return admission.ok ? admission.grant : admission.error.code;
    },
    access,
  };
}

const from = (address: string, headers: Record<string, string> = {}) => ({
  address,
  request: requestFrom(address, headers),
});

describe('with nothing configured', () => {
  it('who reaches the server watches and controls, and neither publishes nor manages', async () => {
    const { judge } = open();
    expect(await judge({ role: 'receiver' })).toEqual({ watch: true, control: true });
    expect(await judge({ role: 'sender' })).toBe('forbidden');
    expect(await judge({ via: 'http' })).toEqual({ watch: true, control: true });
  });

  it('a sender is told what to do', async () => {
    const admission = await open().access.admit(visitor({ role: 'sender' }));
    expect(admission).toMatchObject({
      ok: false,
      error: { code: 'forbidden', next: expect.stringContaining('"allowPublish"') },
    });
  });

  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])(
    'from %s one may publish and manage',
    async (address) => {
      const { judge } = open();
      expect(await judge({ ...from(address), role: 'sender' })).toMatchObject({ publish: true, manage: true });
      expect(await judge({ ...from(address), via: 'http' })).toMatchObject({ publish: true, manage: true });
    },
  );

  it.each<[string, Partial<Visitor>]>([
    ['behind a proxy', from('127.0.0.1', { 'x-forwarded-for': '203.0.113.9' })],
    ['behind a proxy that says loopback', from('127.0.0.1', { 'x-forwarded-for': '127.0.0.1' })],
    ['behind a tunnel', from('127.0.0.1', { via: '1.1 tunnel.example' })],
    ['for whom a proxy was believed', { address: '203.0.113.9', request: requestFrom('127.0.0.1') }],
    ['for whom a proxy was believed to say loopback', { address: '127.0.0.1', request: requestFrom('203.0.113.9') }],
    ['from a page of elsewhere', from('127.0.0.1', { host: 'localhost:8080', origin: 'https://evil.test' })],
    ['from a page of nowhere', from('127.0.0.1', { host: 'localhost:8080', origin: 'null' })],
    [
      'from a page whose name was pointed here',
      from('127.0.0.1', { host: 'evil.test:8080', origin: 'http://evil.test:8080' }),
    ],
    ['from such a page by a GET, which has no Origin', from('127.0.0.1', { host: 'evil.test:8080' })],
    ['with a name that only begins so', from('127.0.0.1', { host: '127.0.0.1.evil.test' })],
    ['from a page whose name only begins so', from('127.0.0.1', { host: 'localhost', origin: 'http://127.evil.test' })],
    ['with a Host that is none', from('127.0.0.1', { host: '@' })],
    ['whose connection is gone', { address: '', request: requestFrom(undefined) }],
  ])('nobody %s counts as loopback', async (_name, fields) => {
    const { judge } = open();
    expect(await judge({ ...fields, role: 'sender' })).toBe('forbidden');
    expect(await judge({ ...fields, via: 'http' })).toEqual({ watch: true, control: true });
  });

  it.each([
    'localhost:8080',
    'cam.localhost',
    '[::1]:8080',
    '127.0.1.1',
    hostname(),
    `${hostname().toUpperCase()}:8080`,
  ])('a program that asked for %s does', async (host) => {
    expect(await open().judge({ ...from('127.0.0.1', { host }), role: 'sender' })).toMatchObject({ publish: true });
  });

  it.each([null, 'no', 7, {}])('"allowPublish" is not %o', (allowPublish) => {
    expect(() => readAccessOptions({ allowPublish: allowPublish as never })).toThrow('"allowPublish" must be');
  });
});

describe('allowPublish', () => {
  it('lets publish from anywhere, or as a function says, and asks it for senders only', async () => {
    expect(await open({ allowPublish: 'any' }).judge({ role: 'sender' })).toMatchObject({ publish: true });
    const asked = vi.fn(({ headers }) => headers['x-key'] === 'right');
    const { judge } = open({ allowPublish: asked });
    expect(await judge({ ...from('192.0.2.1', { 'x-key': 'right' }), role: 'sender' })).toMatchObject({
      publish: true,
    });
    expect(await judge({ ...from('192.0.2.1'), role: 'sender' })).toBe('forbidden');
    expect(asked).toHaveBeenCalledTimes(2);
    expect(await judge({ role: 'receiver' })).toEqual({ watch: true, control: true });
    expect(asked).toHaveBeenCalledTimes(2);
    // Not quite true is not true.
    expect(await open({ allowPublish: () => 'yes' as never }).judge({ role: 'sender' })).toBe('forbidden');
  });

  it('that fails is internal, and logged', async () => {
    const { judge, lines } = open({ allowPublish: () => Promise.reject(new Error('down')) });
    expect(await judge({ role: 'sender' })).toBe('internal');
    expect(lines).toMatchObject([{ level: 'error', text: expect.stringContaining('"allowPublish"') }]);
  });

  it('beside tokens must agree when it is given, and is not needed when it is not', async () => {
    const token = await mintToken({ secret: SECRET, role: ['sender', 'receiver'], streams: 'cam' }, () => NOW_MS);
    const tokens = { secret: SECRET };
    expect(await open({ tokens }).judge({ token, role: 'sender' })).toMatchObject({ publish: ['cam'] });
    const { judge } = open({ tokens, allowPublish: 'loopback' });
    expect(await judge({ token, role: 'sender' })).toBe('forbidden');
    expect(await judge({ token, role: 'receiver' })).not.toHaveProperty('publish');
    expect(await judge({ token, role: 'sender', ...from('::1') })).toMatchObject({ publish: ['cam'] });
    expect(await judge({ role: 'sender', ...from('::1') })).toBe('token_missing');
  });
});

describe('the function "authorize"', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is shown the visitor, and decides', async () => {
    const authorize: Authorize = ({ token, via }) =>
      token === 'bob' && via === 'http' ? { subject: 'bob', watch: ['cam'] } : undefined;
    const { judge } = open({ authorize });
    expect(await judge({ token: 'bob', via: 'http' })).toEqual({ subject: 'bob', watch: ['cam'] });
    expect(await judge({ token: 'bob' })).toBe('unauthorized');
    expect(await judge({ token: 'bob', via: 'http', role: 'sender' })).toBe('forbidden');
  });

  it('that has answered leaves no timer behind', async () => {
    vi.useFakeTimers();
    await open({ authorize: () => ({ watch: true }) }).judge({});
    expect(vi.getTimerCount()).toBe(0);
  });

  it('what is over is over', async () => {
    expect(await open({ authorize: () => ({ watch: true, expiresAtMs: NOW_MS }) }).judge({})).toBe('token_expired');
    expect(await open({ authorize: () => ({ watch: true, expiresAtMs: NOW_MS + 1 }) }).judge({})).toMatchObject({
      watch: true,
    });
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    [
      'throws no error',
      () => {
        throw undefined;
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['returns true', () => true],
    ['returns false', () => false],
    ['mistypes a right', () => ({ wacth: true })],
    ['gives a right of another type', () => ({ watch: 'cam' })],
    ['gives a name that is none', () => ({ watch: ['../cam'] })],
  ])('that %s is internal, and logged', async (_name, authorize) => {
    const { judge, lines } = open({ authorize: authorize as Authorize });
    expect(await judge({ token: SECRET })).toBe('internal');
    expect(lines).toMatchObject([{ level: 'error', text: '[WebRTC Signaling] The function "authorize" failed' }]);
    expect(JSON.stringify(lines)).not.toContain(SECRET);
  });

  it('that does not answer is internal after 5 s, and what it says later is nothing', async () => {
    vi.useFakeTimers();
    let refuse = (_error: Error): void => {};
    const { judge, lines } = open({
      authorize: () =>
        new Promise((_resolve, reject) => {
          refuse = reject;
        }),
    });
    const judged = judge({});
    await vi.advanceTimersByTimeAsync(4_999);
    expect(lines).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await judged).toBe('internal');
    expect(vi.getTimerCount()).toBe(0);
    refuse(new Error('late'));
    await vi.advanceTimersByTimeAsync(1);
    expect(lines).toHaveLength(1);
  });

  it('is one of two: not beside tokens, and nothing but a function', () => {
    expect(() => readAccessOptions({ authorize: () => undefined, tokens: { secret: SECRET } })).toThrow('choose one');
    expect(() => readAccessOptions({ authorize: 'yes' as never })).toThrow('"authorize" must be a function');
  });
});

describe('the start of the log says what is open', () => {
  const said = (options: AccessOptions) => describeAccess(readAccessOptions(options)).join(' ');

  it.each<[string, AccessOptions, string[]]>([
    [
      'nothing configured',
      {},
      ['Nobody is asked', 'from this machine only', 'Only this machine may manage', '"tokens"'],
    ],
    ['any', { allowPublish: 'any' }, ['may be published from any address']],
    ['a function', { allowPublish: () => true }, ['the function "allowPublish" says']],
    ['tokens', { tokens: { secret: SECRET } }, ['signed tokens (HS256)', 'Without a token nobody']],
    [
      'tokens and watching',
      { tokens: { secret: SECRET, anonymous: 'watch' } },
      ['Without a token everybody may watch every stream.'],
    ],
    [
      'tokens and a grant',
      { tokens: { secret: SECRET, anonymous: { watch: ['a', 'b'], control: true, manage: true } } },
      ['everybody may watch a, b and control every stream and manage.'],
    ],
    ['tokens and an empty grant', { tokens: { secret: SECRET, anonymous: {} } }, ['Without a token nobody']],
    ['tokens and an address', { tokens: { secret: SECRET }, allowPublish: 'loopback' }, ['only with a token']],
    ['authorize', { authorize: () => undefined }, ['"authorize" decides']],
    ['authorize and an address', { authorize: () => undefined, allowPublish: 'any' }, ['only if it agrees']],
  ])('%s', (_name, options, parts) => {
    for (const part of parts) expect(said(options)).toContain(part);
  });

  it('and no secret', () => {
    expect(said({ tokens: { secret: [SECRET, OTHER_SECRET] } })).not.toMatch(new RegExp(`${SECRET}|${OTHER_SECRET}`));
  });
});
