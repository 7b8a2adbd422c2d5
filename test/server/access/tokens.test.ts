import { createHmac, createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ErrorCode, LIMITS, type Role } from '../../../src/protocol/index.js';
import { covers, type Grant } from '../../../src/server/access/access.js';
import { createAccess, isGuess, readAccessOptions } from '../../../src/server/access/index.js';
import { type MintOptions, mintToken } from '../../../src/server/access/mint.js';
import { createTokenAccess, readTokenOptions, type TokenOptions } from '../../../src/server/access/tokens.js';
import { forge, keepLog, keyPair, NOW_MS, NOW_S, OTHER_SECRET, SECRET, sign, visitor } from './support.js';

/** What becomes of whoever shows this token, with these options of the server. */
async function judge(
  token: unknown,
  { role, nowMs = NOW_MS, ...options }: Partial<TokenOptions> & { role?: Role; nowMs?: number } = {},
): Promise<Grant | ErrorCode> {
  const keyed = ['secretFile', 'publicKey', 'publicKeyFile', 'jwks'].some((name) => name in options);
  const settings = readAccessOptions({ tokens: { ...(keyed ? {} : { secret: SECRET }), ...options } });
  const { log, text } = keepLog();
  const access = createAccess(settings, { log, now: () => nowMs });
  const admission = await access.admit(visitor({ token: token as string | undefined, role }));
  if (typeof token === 'string' && token.length > 20) expect(text()).not.toContain(token);
  expect(text()).not.toContain(SECRET);
  return admission.ok ? admission.grant : admission.error.code;
}

const mint = (options: Partial<MintOptions> = {}) =>
  mintToken(
    { ...(options.privateKey ? {} : { secret: SECRET }), role: 'receiver', streams: 'cam', ...options },
    () => NOW_MS,
  );

/** A folder that goes with the test. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'access-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

describe('the claims of a token', () => {
  const end = { exp: NOW_S + 60 };
  const expiresAtMs = NOW_MS + 65_000;

  it.each<[string, Record<string, unknown>, Grant]>([
    ['nothing', {}, {}],
    ['a role without streams covers nothing', { role: 'receiver' }, { watch: [] }],
    ['a viewer', { role: 'receiver', streams: 'cam' }, { watch: ['cam'] }],
    ['a sender', { role: 'sender', streams: ['a', 'b'], sub: 'box' }, { publish: ['a', 'b'], subject: 'box' }],
    ['both', { role: ['sender', 'receiver'], streams: 'lab-*' }, { publish: ['lab-*'], watch: ['lab-*'] }],
    ['every stream', { role: 'receiver', streams: '*' }, { watch: true }],
    ['control', { role: 'receiver', streams: 'cam', control: true }, { watch: ['cam'], control: ['cam'] }],
    ['no control', { role: 'receiver', streams: 'cam', control: false }, { watch: ['cam'] }],
    ['control of some', { role: 'receiver', streams: '*', control: ['a'] }, { watch: true, control: ['a'] }],
    ['control without watching is none', { role: 'sender', streams: 'cam', control: true }, { publish: ['cam'] }],
    ['an operator', { manage: true }, { manage: true }],
    ['claims of others', { role: 'receiver', streams: 'cam', scope: 1, roles: ['sender'] }, { watch: ['cam'] }],
  ])('%s', async (_name, claims, grant) => {
    expect(await judge(await sign({ ...claims, ...end }))).toEqual({ ...grant, expiresAtMs });
  });

  it('without an end, its rights do not end', async () => {
    expect(await judge(await sign({ manage: true }))).toEqual({ manage: true });
  });

  it.each<[string, Record<string, unknown>]>([
    ['sub', { sub: 7 }],
    ['sub', { sub: '' }],
    ['sub', { sub: 'x'.repeat(LIMITS.textLength + 1) }],
    ['role', { role: 'admin' }],
    ['role', { role: ['sender', 'Sender'] }],
    ['role', { role: null }],
    ['streams', { role: 'receiver', streams: true }],
    ['streams', { role: 'receiver', streams: '' }],
    ['streams', { role: 'receiver', streams: ['cam', '..'] }],
    ['streams', { role: 'receiver', streams: 'a/b' }],
    ['streams', { role: 'receiver', streams: 'саm' }],
    ['streams', { role: 'receiver', streams: { 0: 'cam' } }],
    ['control', { role: 'receiver', streams: 'cam', control: 'no such' }],
    ['control', { role: 'receiver', streams: 'cam', control: 1 }],
    ['manage', { manage: 'true' }],
    ['exp', { exp: 1e300, manage: true }],
  ])('a wrong "%s" refuses the token, and is not taken for absent: %o', async (_name, claims) => {
    expect(await judge(await sign(claims))).toBe('unauthorized');
  });
});

describe('attack 1: nobody comes in without a token', () => {
  it.each([
    ['none', undefined, 'token_missing'],
    ['empty', '', 'unauthorized'],
    ['null', null, 'unauthorized'],
    ['an object', {}, 'unauthorized'],
    ['a list', ['a.b.c'], 'unauthorized'],
    ['a number', 7, 'unauthorized'],
  ])('%s', async (_name, token, code) => expect(await judge(token)).toBe(code));

  it.each([
    'x',
    '..',
    'a.b',
    'a.b.c',
    'a.b.c.d.e',
    '\0',
    'ä.ö.ü',
    'eyJhbGciOiJIUzI1NiJ9..',
    `${'a'.repeat(50)}.${'['.repeat(5_000)}.x`,
  ])('text that is no token: %s', async (token) => expect(await judge(token)).toBe('unauthorized'));

  it('whatever the text is', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    const token = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(token, async (text) => {
        expect(await judge(text)).toBe('unauthorized');
      }),
      { numRuns: 300 },
    );
  });

  it('one that is too long is refused before it is looked at', async () => {
    const long = await sign({ role: 'receiver', streams: 'cam', pad: 'x'.repeat(LIMITS.tokenLength) });
    expect(await judge(long)).toBe('unauthorized');
    const most = await sign({ role: 'receiver', streams: 'cam', pad: 'x'.repeat(LIMITS.tokenLength * 0.7) });
    expect(most.length).toBeGreaterThan(LIMITS.tokenLength * 0.9);
    expect(await judge(most)).toEqual({ watch: ['cam'] });
  });

  it('unless the server lets everybody watch, and then only that', async () => {
    expect(await judge(undefined, { anonymous: 'watch', role: 'receiver' })).toEqual({ watch: true });
    expect(await judge(undefined, { anonymous: 'watch', role: 'sender' })).toBe('token_missing');
    expect(await judge(undefined, { anonymous: { watch: ['lobby'] }, role: 'receiver' })).toEqual({ watch: ['lobby'] });
    // A wrong token is not none.
    expect(await judge('a.b.c', { anonymous: 'watch', role: 'receiver' })).toBe('unauthorized');
  });
});

describe('attack 2: a token that is not right', () => {
  const good = { role: 'receiver', streams: 'cam', iss: 'app', aud: 'cameras', exp: NOW_S + 60 };
  const demands = { issuer: 'app', audience: ['cameras', 'doors'] };

  it('is refused, and a right one is not', async () => {
    expect(await judge(await sign(good), demands)).toMatchObject({ watch: ['cam'] });
    expect(await judge(await sign({ ...good, aud: ['x', 'doors'] }), demands)).toMatchObject({ watch: ['cam'] });
  });

  it.each([
    ['no algorithm', () => forge({ alg: 'none' }, good)],
    ['no algorithm, in capitals', () => forge({ alg: 'NONE' }, good)],
    ['another algorithm of the same secret', () => sign(good, SECRET + SECRET, 'HS512')],
    ['another secret', () => sign(good, OTHER_SECRET)],
    ['a signature cut off', async () => (await sign(good)).replace(/[^.]*$/, '')],
    ['a signature cut short', async () => (await sign(good)).slice(0, -4)],
    ['other claims than were signed', async () => swapPayload(await sign(good), { ...good, streams: '*' })],
    ['a key of its own', async () => forge({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }, good, 'AAAA')],
    ['an unknown critical header', async () => hmac({ alg: 'HS256', crit: ['x'], x: 1 }, good)],
    ['another issuer', () => sign({ ...good, iss: 'other' })],
    ['no issuer', () => sign({ ...good, iss: undefined })],
    ['another audience', () => sign({ ...good, aud: 'windows' })],
    ['no audience', () => sign({ ...good, aud: undefined })],
    ['a beginning ahead', () => sign({ ...good, nbf: NOW_S + 6 })],
    ['a beginning that is text', () => sign({ ...good, nbf: 'now' })],
    ['an end that is text', () => sign({ ...good, exp: '9999999999' })],
    ['an end that is infinite', () => hmac({ alg: 'HS256' }, '{"role":"receiver","streams":"cam","exp":1e999}')],
    ['an end in the past, and another secret', () => sign({ ...good, exp: NOW_S - 60 }, OTHER_SECRET)],
    ['an end in the past, and another audience', () => sign({ ...good, exp: NOW_S - 60, aud: 'windows' })],
  ])('%s: always the same answer', async (_name, make) => {
    const settings = readAccessOptions({ tokens: { secret: SECRET, ...demands } });
    const { log } = keepLog();
    const { admit } = createAccess(settings, { log, now: () => NOW_MS });
    const answer = await admit(visitor({ token: await make(), role: 'receiver' }));
    expect(answer).toEqual(await admit(visitor({ token: 'a.b.c', role: 'receiver' })));
    expect(answer).toMatchObject({ ok: false, error: { code: 'unauthorized', retryable: false } });
  });

  it('says of its own bearer’s token that it has expired, with the clocks a little apart', async () => {
    const ends = (seconds: number) => sign({ ...good, exp: NOW_S + seconds });
    expect(await judge(await ends(-5), demands)).toBe('token_expired');
    expect(await judge(await ends(-4), demands)).toMatchObject({ expiresAtMs: NOW_MS + 1_000 });
    expect(await judge(await ends(-4), { ...demands, clockToleranceS: 0 })).toBe('token_expired');
    expect(await judge(await sign({ ...good, nbf: NOW_S + 5 }), demands)).toMatchObject({ watch: ['cam'] });
  });

  it.each(['rsa', 'ec', 'ed25519'] as const)('a public %s key never serves as a secret', async (kind) => {
    const pair = keyPair(kind);
    const jwk = createPublicKey(pair.publicKey).export({ format: 'jwk' });
    for (const options of [{ publicKey: pair.publicKey }, { jwks: { keys: [jwk] } as never }]) {
      const right = await mint({ privateKey: pair.privateKey });
      expect(await judge(right, options)).toMatchObject({ watch: ['cam'] });
      expect(await judge(await mint({ privateKey: keyPair(kind).privateKey }), options)).toBe('unauthorized');
      for (const text of [pair.publicKey, pair.publicKey.trim()]) {
        const confused = hmac({ alg: 'HS256', typ: 'JWT' }, good, text);
        expect(await judge(confused, options)).toBe('unauthorized');
      }
    }
  });

  it('an algorithm that is not among those allowed', async () => {
    const [rsa, ec] = [keyPair('rsa'), keyPair('ec')];
    const options = { publicKey: [rsa.publicKey, ec.publicKey], algorithms: ['ES256'] as const };
    expect(await judge(await mint({ privateKey: ec.privateKey }), options)).toMatchObject({ watch: ['cam'] });
    expect(await judge(await mint({ privateKey: rsa.privateKey }), options)).toBe('unauthorized');
  });

  function swapPayload(token: string, payload: unknown): string {
    const [header, , signature] = token.split('.');
    return `${header}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${signature}`;
  }

  function hmac(header: unknown, payload: unknown, secret = SECRET): string {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const parts = [JSON.stringify(header), text].map((part) => Buffer.from(part).toString('base64url')).join('.');
    return `${parts}.${createHmac('sha256', secret).update(parts).digest('base64url')}`;
  }
});

describe('attack 3: the role of the token wins', () => {
  it('a viewer does not become a sender by saying so, nor the other way round', async () => {
    const [viewer, sender] = [await mint(), await mint({ role: 'sender' })];
    expect(await judge(viewer, { role: 'sender' })).toBe('forbidden');
    expect(await judge(sender, { role: 'receiver' })).toBe('forbidden');
    expect(await judge(viewer, { role: 'receiver' })).toMatchObject({ watch: ['cam'] });
    expect(await judge(sender, { role: 'sender' })).toMatchObject({ publish: ['cam'] });
    expect(await judge(await mint({ role: ['sender', 'receiver'] }), { role: 'sender' })).toMatchObject({
      publish: ['cam'],
    });
  });

  it('nor does an operator, or a role without streams', async () => {
    expect(await judge(await sign({ manage: true }), { role: 'receiver' })).toBe('forbidden');
    expect(await judge(await sign({ role: 'receiver' }), { role: 'receiver' })).toBe('forbidden');
  });
});

describe('attack 4: a token for one stream', () => {
  it('covers no other', async () => {
    const grant = (await judge(await mint({ streams: ['cam', 'lab-*-left'] }))) as Grant;
    for (const stream of ['cam', 'lab-1-left', 'lab--left']) expect(covers(grant.watch, stream)).toBe(true);
    for (const stream of ['', '*', '..', 'Cam', 'cam2', 'a-cam', 'lab-1-right', 'lab-left', 'lab-*']) {
      expect(covers(grant.watch, stream)).toBe(false);
    }
    expect(covers(grant.publish, 'cam')).toBe(false);
    expect(covers(grant.control, 'cam')).toBe(false);
  });
});

describe('attack 6: a connection that comes back is judged anew', () => {
  it('with a token that has expired meanwhile, it is not let in', async () => {
    const token = await mint({ ttlS: 60 });
    expect(await judge(token)).toMatchObject({ watch: ['cam'] });
    expect(await judge(token, { nowMs: NOW_MS + 65_000 })).toBe('token_expired');
  });

  it('with a secret that was taken back, neither', async () => {
    expect(await judge(await mint(), { secret: OTHER_SECRET })).toBe('unauthorized');
  });
});

describe('keys', () => {
  it('two secrets are good during a rotation', async () => {
    const both = { secret: [OTHER_SECRET, SECRET] };
    expect(await judge(await mint(), both)).toMatchObject({ watch: ['cam'] });
    expect(await judge(await mint({ secret: OTHER_SECRET }), both)).toMatchObject({ watch: ['cam'] });
    expect(await judge(await mint({ secret: `${SECRET}!` }), both)).toBe('unauthorized');
  });

  it('in a file are read again when it changes, and stay when it becomes wrong', async () => {
    const file = join(folder(), 'secrets');
    let revision = 0;
    const write = (text: string) => {
      writeFileSync(file, text);
      // Two writes in one test may fall into one tick of the file system's clock.
      revision += 1;
      utimesSync(file, 1_000_000 + revision, 1_000_000 + revision);
    };
    write(`${SECRET}\n`);
    const { log, lines, text } = keepLog();
    let nowMs = 0;
    const settings = readTokenOptions({ secretFile: file });
    const access = createTokenAccess(settings, { log, now: () => NOW_MS, monotonic: () => nowMs });
    const old = await mint();
    const young = await mint({ secret: OTHER_SECRET });
    const good = async () =>
      (await Promise.all([old, young].map((token) => access.admit(visitor({ token }))))).map(({ ok }) => ok);
    expect(await good()).toEqual([true, false]);

    write(`\r\n${OTHER_SECRET}\r\n${SECRET}\r\n`);
    expect(await good()).toEqual([true, false]);
    nowMs += 5_000;
    expect(await good()).toEqual([true, true]);
    nowMs += 5_000;
    await good();
    expect(lines.filter(({ level }) => level === 'info')).toHaveLength(1);

    for (const wrong of ['short\n', '']) {
      write(wrong);
      nowMs += 5_000;
      expect(await good()).toEqual([true, true]);
    }
    rmSync(file);
    nowMs += 5_000;
    expect(await good()).toEqual([true, true]);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(3);
    for (const secret of [SECRET, OTHER_SECRET]) expect(text()).not.toContain(secret);

    write(OTHER_SECRET);
    nowMs += 5_000;
    await good();
    expect(await good()).toEqual([false, true]);
  });

  it('of several kinds may be in one file', async () => {
    const file = join(folder(), 'keys.pem');
    const pairs = [keyPair('rsa'), keyPair('ec'), keyPair('ed25519')];
    writeFileSync(file, pairs.map(({ publicKey }) => `of a box\n${publicKey}`).join('\n'));
    for (const { privateKey } of pairs) {
      expect(await judge(await mint({ privateKey }), { publicKeyFile: file })).toMatchObject({ watch: ['cam'] });
    }
  });

  it('in a set are found by their name, and without one all that fit are tried', async () => {
    const pairs = [keyPair('ec'), keyPair('ec'), keyPair('rsa')];
    const keys = pairs.map(({ publicKey }, index) => ({
      ...createPublicKey(publicKey).export({ format: 'jwk' }),
      kid: `${index}`,
    }));
    const options = { jwks: { keys } as never };
    for (const [index, { privateKey }] of pairs.entries()) {
      expect(await judge(await mint({ privateKey, keyId: `${index}` }), options)).toMatchObject({ watch: ['cam'] });
      expect(await judge(await mint({ privateKey }), options)).toMatchObject({ watch: ['cam'] });
      expect(await judge(await mint({ privateKey, keyId: '9' }), options)).toBe('unauthorized');
    }
    expect(await judge(await mint({ privateKey: pairs[0]?.privateKey ?? '', keyId: '1' }), options)).toBe(
      'unauthorized',
    );
  });
});

describe('attack 36: the server does not start with', () => {
  it.each<[string, unknown, string]>([
    ['an empty secret', '', 'is empty'],
    ['white space', ' \n\t '.repeat(20), 'is empty'],
    ['a short secret', 'x1y2z3-too-short', 'is too short'],
    ['a secret with a line end', `${SECRET}\n`, 'white space'],
    ['one character', 'a'.repeat(64), 'easily guessed'],
    ['two characters', 'abbabaabbaababbabaababbaabbabaababbabaab', 'easily guessed'],
    ['a short text again and again', 'abcdefgh12'.repeat(8), 'easily guessed'],
    ['an example', 'a-string-secret-at-least-256-bits-long', 'documentation'],
    ['no text', 7, 'is empty'],
    ['an empty list', [], 'empty list'],
    ['a bad one beside a good one', [SECRET, ''], '(number 2) is empty'],
    ['many', Array(9).fill(SECRET), 'more than 8'],
    ['a public key as a secret', keyPair('ec').publicKey, '"publicKey"'],
  ])('%s', (_name, secret, problem) => {
    const start = () => readTokenOptions({ secret: secret as string });
    expect(start).toThrow(TypeError);
    expect(start).toThrow('webrtc-preview: the option "tokens.secret" ');
    expect(start).toThrow(problem);
    for (const text of [secret].flat()) {
      if (typeof text === 'string' && text.trim().length > 8) expect(start).not.toThrow(text.trim());
    }
  });

  it.each<[string, Partial<TokenOptions> | unknown, string]>([
    ['nothing', {}, 'exactly one of secret'],
    ['no object', 'secret', '"tokens" must be an object'],
    ['two kinds of keys', { secret: SECRET, jwks: 'https://id.example/keys' }, 'not secret and jwks'],
    ['a mistyped option', { secret: SECRET, audiance: 'x' }, '"tokens.audiance" does not exist'],
    ['a file that is not there', { secretFile: '/does/not/exist' }, '"tokens.secretFile" cannot be read: ENOENT'],
    ['text that is no key', { publicKey: 'hello' }, 'not a public key'],
    ['a private key', { publicKey: keyPair('ec').privateKey }, 'is a private key'],
    ['a weak RSA key', { publicKey: keyPair('rsa', { bits: 1_024 }).publicKey }, '1024 bits'],
    ['another curve', { publicKey: keyPair('ec', { curve: 'P-384' }).publicKey }, 'only P-256'],
    ['the algorithm none', { secret: SECRET, algorithms: ['none'] }, 'out of HS256 with a secret'],
    [
      'an HMAC with public keys',
      { publicKey: keyPair('ec').publicKey, algorithms: ['HS256', 'ES256'] },
      'with public keys',
    ],
    ['no algorithm', { secret: SECRET, algorithms: [] }, '"tokens.algorithms"'],
    ['keys by plain http', { jwks: 'http://id.example/keys' }, 'must be an https address'],
    ['keys by plain http from a look-alike', { jwks: 'http://127.0.0.1.id.example/keys' }, 'must be an https address'],
    ['keys with a password', { jwks: 'https://a:b@id.example/keys' }, 'user name'],
    ['an empty set', { jwks: { keys: [] } }, 'one key or more'],
    ['a set with a secret', { jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, 'only public ones'],
    ['a set with a private key', { jwks: { keys: [{ kty: 'EC', d: 'AAAA' }] } }, 'only public ones'],
    ['an empty issuer', { secret: SECRET, issuer: '' }, '"tokens.issuer"'],
    ['an audience that is no text', { secret: SECRET, audience: [7] }, '"tokens.audience"'],
    ['clocks an hour apart', { secret: SECRET, clockToleranceS: 3_600 }, '"tokens.clockToleranceS"'],
    ['a mistyped right for all', { secret: SECRET, anonymous: { wacth: true } }, 'no field "wacth"'],
    ['another word for all', { secret: SECRET, anonymous: 'publish' }, '"tokens.anonymous"'],
  ])('%s', (_name, options, problem) => {
    expect(() => readTokenOptions(options as TokenOptions)).toThrow(TypeError);
    expect(() => readTokenOptions(options as TokenOptions)).toThrow(problem);
  });

  it('and what it starts with shows no secret when it is printed', () => {
    expect(JSON.stringify(readTokenOptions({ secret: SECRET }))).not.toContain(SECRET);
  });
});

it('only a wrong token counts as a guess', async () => {
  const settings = readAccessOptions({ tokens: { secret: SECRET } });
  const { admit } = createAccess(settings, { log: keepLog().log, now: () => NOW_MS });
  const guessed = async (token: string | undefined) => {
    const asking = visitor({ token, role: 'sender' });
    const admission = await admit(asking);
    return admission.ok ? undefined : isGuess(asking, admission.error);
  };
  expect(await guessed('a.b.c')).toBe(true);
  expect(await guessed(await sign({}, OTHER_SECRET))).toBe(true);
  expect(await guessed(undefined)).toBe(false);
  expect(await guessed(await mint())).toBe(false);
  expect(await guessed(await sign({ exp: 1 }))).toBe(false);
});
