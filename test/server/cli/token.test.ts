import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantWords, newSecret } from '../../../src/server/cli/token.js';
import { cli } from './support.js';

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-token-'));
  file = join(folder, 'secret');
  writeFileSync(file, `${newSecret()}\n`);
});

afterAll(() => rmSync(folder, { recursive: true }));

const made = (...args: string[]) => cli(['token', '--token-secret-file', file, ...args]);

describe('making one', () => {
  it('prints the token alone, and says beside it what it allows', async () => {
    const { code, out, err } = await made('--role', 'sender', '--stream', 'robot-1', '--ttl', '30d', '--subject', 'r');
    expect(code).toBe(0);
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(err).toMatch(/^For {4}r\nMay {4}publish robot-1\nUntil {2}.* \(in 30 days\)\n$/);
    const { iat = 0, exp = 0, ...claims } = decodeJwt(out.trim());
    expect(claims).toEqual({ sub: 'r', role: ['sender'], streams: ['robot-1'] });
    expect(exp - iat).toBe(30 * 86_400);
  });

  it('signs with the first secret of the file, which the environment gives as well', async () => {
    const { out } = await cli(['token', '--role', 'receiver', '--stream', '*'], {
      WEBRTC_PREVIEW_TOKEN_SECRET_FILE: file,
    });
    expect((await made('--inspect', out.trim())).code).toBe(0);
  });

  it.each<[string[], RegExp]>([
    [[], /needs --role sender, --role receiver or --manage/],
    [['--role', 'sender'], /needs a stream/],
    [['--role', 'sender', '--stream', 'a b'], /letters, digits/],
    [['--role', 'sender', '--stream', 'a', '--control'], /--control is for those who watch/],
    [['--role', 'viewer'], /not one of sender, receiver/],
    [['--role', 'sender', '--stream', 'a', '--ttl', '0s'], /not a duration/],
  ])('refuses %j with what to do', async (args, sentence) => {
    const { code, out, err } = await made(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(sentence);
  });

  it('refuses to sign without a secret, or with a weak one that it does not show', async () => {
    const args = ['token', '--role', 'sender', '--stream', 'a'];
    expect(await cli(args)).toMatchObject({ code: 2, err: expect.stringMatching(/no secret to sign/) });
    const weak = await cli(args, { WEBRTC_PREVIEW_TOKEN_SECRET: 'hush' });
    expect(weak).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/too short/) });
    expect(weak.err).not.toContain('hush');
  });
});

describe('looking into one', () => {
  it('says what is valid and what is not', async () => {
    const { out } = await made('--role', 'receiver', '--stream', 'door*', '--control');
    const token = out.trim();
    const good = await made('--inspect', token);
    expect(good).toMatchObject({
      code: 0,
      out: expect.stringMatching(/watch door\*\n +control door\*\n[\s\S]*Valid:/),
    });

    const other = await cli(['token', '--inspect', token], { WEBRTC_PREVIEW_TOKEN_SECRET: newSecret() });
    expect(other).toMatchObject({ code: 1, out: expect.stringMatching(/Not valid:/) });
    expect(await cli(['token', '--inspect', token])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/Not checked/),
    });
    expect(await made('--inspect', 'nonsense')).toMatchObject({ code: 1, err: expect.stringMatching(/not a token/) });
  });
});

it('a new secret has 256 bits, is another each time, and is good enough', async () => {
  const { out } = await cli(['token', '--new-secret']);
  expect(Buffer.from(out.trim(), 'base64url')).toHaveLength(32);
  expect((await cli(['token', '--new-secret'])).out).not.toBe(out);
  const used = await cli(['token', '--role', 'sender', '--stream', 'a'], { WEBRTC_PREVIEW_TOKEN_SECRET: out.trim() });
  expect(used.code).toBe(0);
});

it.each([
  [{}, ['May    nothing', 'Until  for ever: it has no end']],
  [
    { manage: true, expiresAtMs: -7_200_000 },
    [/see all streams/, /^Until {2}1969-12-31 22:00:00 UTC \(2 hours ago\)$/],
  ],
  [{ publish: true as const }, ['May    publish every stream', /^Until/]],
])('%j in words', (grant, lines) => {
  const words = grantWords(grant, 0);
  expect(words).toHaveLength(lines.length);
  for (const [index, line] of lines.entries()) expect(words[index]).toMatch(line);
});
