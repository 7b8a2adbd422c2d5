import { createPrivateKey } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { type MintOptions, mintToken } from '../../../src/server/access/mint.js';
import { createTokenAccess, readTokenOptions } from '../../../src/server/access/tokens.js';
import { keepLog, keyPair, NOW_MS, NOW_S, SECRET, visitor } from './support.js';

const now = () => NOW_MS;

describe('minting a token', () => {
  it('writes what was asked for, and an end', async () => {
    const token = await mintToken(
      {
        secret: SECRET,
        subject: 'bob',
        role: 'receiver',
        streams: ['a', 'b-*'],
        control: 'a',
        ttlS: 90.7,
        issuer: 'app',
        audience: 'x',
        keyId: 'k1',
      },
      now,
    );
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT', kid: 'k1' });
    expect(decodeJwt(token)).toEqual({
      sub: 'bob',
      role: 'receiver',
      streams: ['a', 'b-*'],
      control: 'a',
      iss: 'app',
      aud: 'x',
      iat: NOW_S,
      exp: NOW_S + 90,
    });
  });

  it('lasts an hour and gives neither control nor manage, unless told otherwise', async () => {
    const claims = decodeJwt(await mintToken({ secret: SECRET, role: 'receiver', streams: 'cam' }, now));
    expect(claims).toEqual({ role: 'receiver', streams: 'cam', iat: NOW_S, exp: NOW_S + 3_600 });
  });

  it.each([
    ['rsa', 'RS256'],
    ['ec', 'ES256'],
    ['ed25519', 'EdDSA'],
  ] as const)('signs with an %s key, in either form, what the server then accepts', async (kind, algorithm) => {
    const { privateKey, publicKey } = keyPair(kind);
    const access = createTokenAccess(readTokenOptions({ publicKey }), { log: keepLog().log, now });
    const jwk = createPrivateKey(privateKey).export({ format: 'jwk' });
    for (const key of [privateKey, jwk]) {
      const token = await mintToken({ privateKey: key, algorithm, role: 'sender', streams: '*' }, now);
      expect(decodeProtectedHeader(token)).toMatchObject({ alg: algorithm });
      expect(await access.admit(visitor({ token }))).toMatchObject({ ok: true, grant: { publish: true } });
    }
  });

  it.each<[string, MintOptions, string]>([
    ['no key', { manage: true }, 'give either secret or privateKey'],
    ['two keys', { secret: SECRET, privateKey: 'x', manage: true }, 'give either secret or privateKey'],
    ['a weak secret', { secret: 'weak', manage: true }, 'secret is too short'],
    ['a key that is none', { privateKey: 'x', manage: true }, 'privateKey is not a private key'],
    ['a public key', { privateKey: keyPair('ec').publicKey, manage: true }, 'privateKey is not a private key'],
    [
      'an algorithm that does not fit',
      { secret: SECRET, algorithm: 'RS256', manage: true },
      'signs with HS256, not RS256',
    ],
    ['no right at all', { secret: SECRET }, 'needs a role'],
    ['a role without streams', { secret: SECRET, role: 'sender' }, 'a role needs streams'],
    ['an empty list of streams', { secret: SECRET, role: 'sender', streams: [] }, 'a role needs streams'],
    ['a role that does not exist', { secret: SECRET, role: 'admin' as never, streams: '*' }, 'the claim "role"'],
    ['a name that is none', { secret: SECRET, role: 'sender', streams: 'a b' }, 'the claim "streams"'],
    ['control for a sender', { secret: SECRET, role: 'sender', streams: '*', control: true }, 'a right of viewers'],
    ['no time', { secret: SECRET, manage: true, ttlS: 0 }, 'ttlS must be'],
    ['endless time', { secret: SECRET, manage: true, ttlS: Number.POSITIVE_INFINITY }, 'ttlS must be'],
    ['an empty subject', { secret: SECRET, manage: true, subject: '' }, 'the claim "sub"'],
    ['an empty issuer', { secret: SECRET, manage: true, issuer: '' }, 'issuer must be text'],
    ['an empty audience', { secret: SECRET, manage: true, audience: [''] }, 'audience must be text'],
    ['too many streams', { secret: SECRET, role: 'sender', streams: Array(500).fill('x'.repeat(40)) }, 'longer than'],
  ])('with %s says what is wrong', async (_name, options, problem) => {
    const minting = mintToken(options, now);
    await expect(minting).rejects.toThrow(TypeError);
    await expect(minting).rejects.toThrow(/^webrtc-preview: no token was made: /);
    await expect(minting).rejects.toThrow(problem);
  });
});
