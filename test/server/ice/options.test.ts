import { describe, expect, it } from 'vitest';
import { type IceOptions, readIceOptions } from '../../../src/server/ice/options.js';
import { temporaryFile } from './coturn.js';

const SECRET = '5f2c8c0e4b9d4f0da37d6f10b0c1e2a4';
const NEXT_SECRET = 'b94d27b9934d3e08a52e52d7da7dabfa';
const URL = { TURN_SERVER_URL: 'turn:t' };
const USER = { TURN_SERVER_USERNAME: 'bob', TURN_SERVER_CREDENTIAL: 'password' };

describe('the environment', () => {
  it('may have nothing, a user with a password, a secret, or a file with secrets', () => {
    expect(readIceOptions({}, {})).toEqual({ kind: 'none', iceServers: [], notices: [] });
    expect(readIceOptions({}, { ...URL, ...USER })).toMatchObject({
      kind: 'static',
      iceServers: [{ urls: ['turn:t'], username: 'bob', credential: 'password' }],
    });
    expect(readIceOptions({}, { TURN_SERVER_URL: 'stun:t,turn:t', TURN_SERVER_SECRET: SECRET })).toEqual({
      kind: 'ephemeral',
      urls: ['stun:t', 'turn:t'],
      secrets: [SECRET],
      ttlS: 3_600,
      iceServers: [],
      notices: [],
    });
    const secretFile = temporaryFile('secret', `\n ${NEXT_SECRET} \r\n\n${SECRET}`);
    const env = { ...URL, TURN_SERVER_SECRET_FILE: secretFile, TURN_SERVER_TTL: '600' };
    expect(readIceOptions({}, env)).toMatchObject({ secrets: [NEXT_SECRET, SECRET], secretFile, ttlS: 600 });
  });

  it.each([
    [{ ...URL, ...USER, TURN_SERVER_SECRET: SECRET }, 'TURN_SERVER_SECRET is set together with TURN_SERVER_USERNAME'],
    [{ ...URL, TURN_SERVER_SECRET: SECRET, TURN_SERVER_SECRET_FILE: '/x' }, 'are both set: keep one'],
    [URL, 'needs TURN_SERVER_USERNAME and TURN_SERVER_CREDENTIAL, or TURN_SERVER_SECRET'],
    [{ TURN_SERVER_SECRET: SECRET }, 'TURN_SERVER_SECRET is set, but TURN_SERVER_URL names no TURN server'],
    [{ TURN_SERVER_URL: 'stun:t', TURN_SERVER_SECRET: SECRET }, 'names no TURN server'],
    [{ TURN_SERVER_URL: 'turn//t', TURN_SERVER_SECRET: SECRET }, 'TURN_SERVER_URL: "turn//t" is not'],
    [
      { ...URL, TURN_SERVER_SECRET_FILE: '/no/such' },
      'TURN_SERVER_SECRET_FILE: the file "/no/such" cannot be read (ENOENT)',
    ],
    [{ ...URL, ...USER, TURN_SERVER_TTL: '60' }, 'there is no TURN_SERVER_SECRET to sign with'],
    [{ ...URL, TURN_SERVER_SECRET: SECRET, TURN_SERVER_TTL: '1h' }, 'TURN_SERVER_TTL must be a number'],
  ])('%j: stops the plugin with a sentence, without the secret', (env, message) => {
    expect(() => readIceOptions({}, env)).toThrow(`webrtc-preview: `);
    expect(() => readIceOptions({}, env)).toThrow(message);
    expect(() => readIceOptions({}, env)).not.toThrow(SECRET);
  });

  it('does not count where there are options', () => {
    expect(readIceOptions({ iceServers: [] }, { ...URL, ...USER })).toMatchObject({ kind: 'none' });
  });
});

describe('attack 36: a secret that is none', () => {
  it.each([
    ['', 'is empty'],
    [' \t', 'is empty'],
    ['openrelayprojectsecret', 'is one from an example'],
    ['north', 'is one from an example'],
    ['logen', 'is one from an example'],
    ['Change-Me', 'is one from an example'],
    ['your-secret', 'is one from an example'],
    ['<your_secret>', 'is one from an example'],
    [`${SECRET}\n`, 'begins or ends with white space'],
    [`${SECRET}\0${SECRET}`, 'has a control character'],
    ['x'.repeat(513), 'is longer than 512 characters'],
  ])('%j is refused, wherever it comes from', (secret, message) => {
    const file = () => readIceOptions({ turn: { urls: 'turn:t', secretFile: temporaryFile('secret', secret) } }, {});
    expect(() => readIceOptions({ turn: { urls: 'turn:t', secret } }, {})).toThrow(`"turn.secret" ${message}`);
    expect(() => readIceOptions({ turn: { urls: 'turn:t', secrets: [SECRET, secret] } }, {})).toThrow(message);
    expect(() => readIceOptions({}, { ...URL, TURN_SERVER_SECRET: secret })).toThrow(`TURN_SERVER_SECRET ${message}`);
    // Lines are trimmed, and empty ones passed over.
    if (secret.trim() === '') expect(file).toThrow('has no secret in it');
    else if (secret.trim() === secret) expect(file).toThrow(message);
  });

  it('a short one is pointed at in the log', () => {
    expect(readIceOptions({ turn: { urls: 'turn:t', secret: 'k7Qp2' } }, {}).notices).toEqual([
      expect.stringContaining('guessed'),
    ]);
  });
});

describe('options', () => {
  const secret = SECRET;
  it.each([
    [{ turn: 'turn:t' }, 'the option "turn" must'],
    [{ turn: { urls: 'turn:t' } }, 'the option "turn" needs exactly one of'],
    [{ turn: { urls: 'turn:t', secret, secrets: [secret] } }, 'the option "turn" needs exactly one of'],
    [{ turn: { secret } }, 'the option "turn.urls" must'],
    [{ turn: { urls: [], secret } }, 'the option "turn.urls" must'],
    [{ turn: { urls: 'http://t', secret } }, 'the option "turn.urls" is not valid'],
    [{ turn: { urls: 'stun:t', secret } }, 'the option "turn.urls" has no TURN server'],
    [{ turn: { urls: 'turn:t', secret, ttlS: '60' } }, 'the option "turn.ttlS" must'],
    [{ turn: { urls: 'turn:t', secret, ttlS: Number.NaN } }, 'the option "turn.ttlS" must'],
    [{ turn: { urls: 'turn:t', secret: 5 } }, 'the option "turn.secret" must be a text'],
    [{ turn: { urls: 'turn:t', secrets: secret } }, 'the option "turn.secrets" must'],
    [{ turn: { urls: 'turn:t', secrets: [] } }, 'the option "turn.secrets" has no secret'],
    [{ turn: { urls: 'turn:t', secretFile: '/no/such' } }, 'the option "turn.secretFile" cannot be used: the file'],
    [{ turn: { urls: 'turn:t', secret, tls: 5 } }, 'the option "turn.tls" is not an option'],
    [{ turn: { urls: 'turn:t', secret }, iceProvider: () => {} }, 'cannot be there together'],
    [{ iceProvider: 'https://x' }, 'the option "iceProvider" must'],
    [{ iceServers: 'turn:t' }, 'the option "iceServers" must'],
    [{ iceServers: [{ urls: ['turn:t'] }] }, 'the option "iceServers" is not valid'],
  ])('%j: a wrong one is a sentence that names it', (options, message) => {
    expect(() => readIceOptions(options as IceOptions, {})).toThrow(`webrtc-preview: `);
    expect(() => readIceOptions(options as IceOptions, {})).toThrow(message);
    expect(() => readIceOptions(options as IceOptions, {})).not.toThrow(SECRET);
  });

  it('are apart from what was passed in', () => {
    const secrets = [SECRET];
    const urls = ['turn:t'];
    const settings = readIceOptions({ turn: { urls, secrets } }, {});
    secrets[0] = 'north';
    urls[0] = 'turn:evil';
    expect(settings).toMatchObject({ secrets: [SECRET], urls: ['turn:t'] });
  });
});
