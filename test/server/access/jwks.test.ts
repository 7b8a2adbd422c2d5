import { createPublicKey } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RemoteKeySet } from '../../../src/server/access/jwks.js';
import { mintToken } from '../../../src/server/access/mint.js';
import { KeysUnavailable } from '../../../src/server/access/token-keys.js';
import { createTokenAccess, readTokenOptions } from '../../../src/server/access/tokens.js';
import { keepLog, keyPair, NOW_MS, SECRET, sign, visitor } from './support.js';

const pairs = { a: keyPair('ec'), b: keyPair('rsa') };
type Name = keyof typeof pairs;

const keySet = (...names: Name[]) =>
  JSON.stringify({
    keys: names.map((kid) => ({ ...createPublicKey(pairs[kid].publicKey).export({ format: 'jwk' }), kid, use: 'sig' })),
  });

const tokenOf = (name: Name, keyId: string = name) =>
  mintToken({ privateKey: pairs[name].privateKey, keyId, role: 'receiver', streams: 'cam' }, () => NOW_MS);

/** A server on this machine. */
async function serve(listener: RequestListener): Promise<{ url: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` };
}

/** A server of keys, and access that asks it. */
async function rig(listener: RequestListener) {
  let asked = 0;
  let answer = listener;
  const { url } = await serve((request, response) => {
    asked += 1;
    answer(request, response);
  });
  const { log, lines } = keepLog();
  let nowMs = 0;
  const access = createTokenAccess(readTokenOptions({ jwks: url }), { log, now: () => NOW_MS, monotonic: () => nowMs });
  return {
    lines,
    asked: () => asked,
    answerWith(next: RequestListener) {
      answer = next;
    },
    pass(ms: number) {
      nowMs += ms;
    },
    async judge(token: string) {
      const admission = await access.admit(visitor({ token }));
      return admission.ok ? 'ok' : admission.error.code;
    },
  };
}

const gives =
  (body: string, status = 200): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end(body);

describe('keys at an address', () => {
  it('are fetched once for all visitors at once, and kept', async () => {
    const { judge, asked } = await rig(gives(keySet('a', 'b')));
    const tokens = await Promise.all([tokenOf('a'), tokenOf('b'), tokenOf('a')]);
    expect(await Promise.all(tokens.map(judge))).toEqual(['ok', 'ok', 'ok']);
    expect(await judge(await tokenOf('a', 'b'))).toBe('unauthorized');
    expect(await judge(await sign({ role: 'receiver', streams: 'cam' }, SECRET))).toBe('unauthorized');
    expect(asked()).toBe(1);
  });

  it('a new one is found, and unknown ones do not make the server ask again and again', async () => {
    const { judge, asked, answerWith, pass } = await rig(gives(keySet('a')));
    expect(await judge(await tokenOf('a'))).toBe('ok');
    answerWith(gives(keySet('a', 'b')));
    for (let n = 0; n < 20; n += 1) expect(await judge(await tokenOf('b'))).toBe('unauthorized');
    expect(asked()).toBe(1);
    pass(30_000);
    expect(await judge(await tokenOf('b'))).toBe('ok');
    for (let n = 0; n < 20; n += 1) expect(await judge(await tokenOf('a', `guess-${n}`))).toBe('unauthorized');
    expect(asked()).toBe(2);
  });

  it('one that was withdrawn is good no longer than ten minutes', async () => {
    const { judge, answerWith, pass } = await rig(gives(keySet('a', 'b')));
    expect(await judge(await tokenOf('a'))).toBe('ok');
    answerWith(gives(keySet('b')));
    pass(10 * 60_000);
    expect(await judge(await tokenOf('a'))).toBe('unauthorized');
    expect(await judge(await tokenOf('b'))).toBe('ok');
  });

  it.each<[string, RequestListener]>([
    ['answers 500', gives('down', 500)],
    ['answers with garbage', gives('<html>')],
    ['answers with another object', gives('{"keys":7}')],
    ['answers with more than anybody has keys', gives(`{"keys":[],"pad":"${'x'.repeat(300_000)}"}`)],
    [
      'leads elsewhere',
      ({ url }, response) =>
        url === '/keys'
          ? response.writeHead(302, { location: '/other' }).end()
          : gives(keySet('a'))({} as never, response),
    ],
    ['hangs up', (request) => request.socket.destroy()],
  ])(
    'when the address %s, visitors are told to try again; nobody is let in, and it is asked seldom',
    async (_name, broken) => {
      const { judge, asked, answerWith, pass, lines } = await rig(broken);
      const token = await tokenOf('a');
      // `internal` is retryable, and no guess: nothing may be wrong with the token.
      for (let n = 0; n < 5; n += 1) expect(await judge(token)).toBe('internal');
      expect(asked()).toBe(1);
      answerWith(gives(keySet('a')));
      expect(await judge(token)).toBe('internal');
      pass(5_000);
      expect(await judge(token)).toBe('ok');
      expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
      expect(lines[0]?.text).toContain('nobody with a token is let in');
    },
  );

  it('the last good ones stay while the address does not answer', async () => {
    const { judge, asked, answerWith, pass, lines } = await rig(gives(keySet('a')));
    expect(await judge(await tokenOf('a'))).toBe('ok');
    answerWith(gives('down', 503));
    pass(24 * 60 * 60_000);
    expect(await judge(await tokenOf('a'))).toBe('ok');
    expect(await judge(await tokenOf('a'))).toBe('ok');
    // Perhaps it is a new key that could not be fetched.
    expect(await judge(await tokenOf('b'))).toBe('internal');
    expect(asked()).toBe(2);
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
    expect(lines[0]?.text).toContain('those of before stay in use');
    pass(5_000);
    expect(await judge(await tokenOf('a'))).toBe('ok');
    expect(asked()).toBe(3);
    expect(lines).toHaveLength(1);
  });

  it.each<[string, RequestListener]>([
    ['says nothing', () => {}],
    ['says a little and no more', (_request, response) => response.writeHead(200).write('{')],
  ])('an address that %s is given up', async (_name, listener) => {
    const { url } = await serve(listener);
    const { log, lines } = keepLog();
    const keys = new RemoteKeySet(new URL(url), log, () => 0, 50);
    await expect(keys.keysFor({ alg: 'ES256', kid: undefined })).rejects.toBeInstanceOf(KeysUnavailable);
    expect(lines).toMatchObject([{ level: 'warn', details: { problem: expect.stringContaining('timeout') } }]);
  });
});
