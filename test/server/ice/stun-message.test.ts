import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signCredentials } from '../../../src/server/ice/credentials.js';
import {
  ATTRIBUTE,
  addressOf,
  decode,
  encodeRequest,
  errorOf,
  isSignedWith,
  longTermKey,
  METHOD,
  packetLength,
} from '../../../src/server/ice/stun-message.js';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('the test vectors of RFC 5769', () => {
  // The salt of the password is prepared already: "TheMatrIX".
  const LONG_TERM = hex(`
    0001 0060 2112a442 78ad3433c6ad72c029da412e
    0006 0012 e3839ee38388e383aae38383e382afe382b9 0000
    0015 001c 662f2f3439396b39353464364f4c33346f4c394653547679363473 41
    0014 000b 6578616d706c652e6f7267 00
    0008 0014 f67024656dd64a3e02b8e0712e85c9a28ca89666`);
  const KEY = longTermKey('マトリックス', 'example.org', 'TheMatrIX');

  it('§2.4: a request with long-term credentials is read, and its signature is right', () => {
    const message = decode(LONG_TERM);
    expect(message).toMatchObject({ method: METHOD.binding, kind: 'request' });
    if (!message) return;
    expect(message.attributes.get(ATTRIBUTE.username)?.toString()).toBe('マトリックス');
    expect(message.attributes.get(ATTRIBUTE.realm)?.toString()).toBe('example.org');
    expect(isSignedWith(message, KEY)).toBe(true);
    expect(isSignedWith(message, longTermKey('マトリックス', 'example.org', 'theMatrIX'))).toBe(false);
  });

  it('§2.4: the same request is signed in the same way', () => {
    const { attributes, transaction } = decode(LONG_TERM) ?? expect.fail();
    const fields = [...attributes].filter(([type]) => type !== ATTRIBUTE.messageIntegrity);
    const made = encodeRequest(METHOD.binding, transaction, fields, KEY);
    // Ours has a fingerprint behind it.
    expect(made.subarray(20, LONG_TERM.length)).toEqual(LONG_TERM.subarray(20));
    expect(isSignedWith(decode(made) ?? expect.fail(), KEY)).toBe(true);
  });

  it.each([
    ['§2.2', '0001a147e112a643', '192.0.2.1:32853'],
    ['§2.3', '0002a1470113a9faa5d3f179bc25f4b5bed2b9d9', '[2001:db8:1234:5678:11:2233:4455:6677]:32853'],
  ])('%s: the address', (_section, value, address) => {
    const head = Buffer.concat([
      hex('0101'),
      Buffer.from([0, 4 + value.length / 2]),
      hex('2112a442b7e7a701bc34d686fa87dfae'),
    ]);
    const packet = Buffer.concat([head, hex('0020'), Buffer.from([0, value.length / 2]), hex(value)]);
    expect(addressOf(decode(packet) ?? expect.fail(), ATTRIBUTE.xorMappedAddress)).toBe(address);
  });
});

const bytes = fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array));
/** Bytes with a right header in front, so that the attributes are looked at. */
const nearlyStun = fc.tuple(fc.integer({ min: 0, max: 0x3fff }), bytes).map(([type, body]) => {
  const whole = body.subarray(0, body.length & ~3);
  const head = Buffer.alloc(20);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(whole.length, 2);
  head.writeUInt32BE(0x2112a442, 4);
  return Buffer.concat([head, whole]);
});

describe('any bytes', () => {
  it('are read or refused, never thrown over', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, nearlyStun), (packet) => {
        packetLength(packet);
        const message = decode(packet);
        if (!message) return;
        errorOf(message);
        addressOf(message, ATTRIBUTE.xorRelayedAddress);
        expect(isSignedWith(message, Buffer.from('key'))).toBe(false);
        for (const value of message.attributes.values()) expect(value.length).toBeLessThanOrEqual(packet.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it('cut out of a request, or changed in one bit, are no request', () => {
    const key = Buffer.from('key');
    const whole = encodeRequest(METHOD.allocate, Buffer.alloc(12, 7), [[ATTRIBUTE.realm, Buffer.from('realm')]], key);
    fc.assert(
      fc.property(fc.nat((whole.length - 8) * 8 - 1), (bit) => {
        expect(decode(whole.subarray(0, bit >> 3))).toBeUndefined();
        const changed = Buffer.from(whole);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        // Where the change hides the fingerprint, the signature is hidden or wrong as well.
        const message = decode(changed);
        expect(message !== undefined && isSignedWith(message, key)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('in a request come out of it as they went in', () => {
    fc.assert(
      fc.property(bytes, bytes, (username, nonce) => {
        const fields = [[ATTRIBUTE.username, username] as const, [ATTRIBUTE.nonce, nonce] as const];
        const message = decode(encodeRequest(METHOD.refresh, Buffer.alloc(12), fields, Buffer.from('key')));
        expect(message).toMatchObject({ method: METHOD.refresh, kind: 'request' });
        expect(message?.attributes.get(ATTRIBUTE.username)).toEqual(username);
        expect(message?.attributes.get(ATTRIBUTE.nonce)).toEqual(nonce);
      }),
    );
  });
});

it('an error says its code, and its reason in printable characters', () => {
  const reason = Buffer.from([0, 0, 4, 86, ...Buffer.from('Allocation\x1b[31m\r\nQuota')]);
  const packet = Buffer.concat([
    Buffer.from([1, 0x13, 0, 4 + reason.length + (-reason.length & 3)]),
    hex('2112a442b7e7a701bc34d686fa87dfae'),
    Buffer.from([0, 9, 0, reason.length]),
    reason,
    Buffer.alloc(-reason.length & 3),
  ]);
  const message = decode(packet) ?? expect.fail();
  expect(message).toMatchObject({ method: METHOD.allocate, kind: 'error' });
  expect(errorOf(message)).toEqual({ code: 486, reason: 'Allocation?[31m??Quota' });
});

it('credentials are base64 of HMAC-SHA1 over "<seconds>:<user>", padded', () => {
  // printf '1700000000:bob' | openssl dgst -sha1 -hmac north -binary | base64
  expect(signCredentials('north', 'bob', 1_700_000_000)).toEqual({
    username: '1700000000:bob',
    credential: '7tNSWpJ3gOxGfEgOjt+kaWhBC20=',
  });
});
