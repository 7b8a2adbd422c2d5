import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { LIMITS, type Role } from '../../protocol/index.js';
import { grantFromClaims } from './claims.js';
import { algorithmOf, secretKey, type TokenAlgorithm, type TokenKey } from './token-keys.js';
import { messageOf } from './wrong.js';

/** A token for one sender, viewer or operator. Either `secret` or `privateKey` signs it. */
export interface MintOptions {
  /** The server's shared secret (HS256). Of two in a rotation, the newer one. */
  secret?: string;
  /** Private key for RS256, ES256 or EdDSA: PEM, or a JSON Web Key. */
  privateKey?: string | JsonWebKey;
  /** How it is signed. By default as the key's kind demands; another one is refused. */
  algorithm?: TokenAlgorithm;
  /** Who it is: shown in the log, and two senders with the same subject have the same owner. 1 to 200 characters. */
  subject?: string;
  role?: Role | readonly Role[];
  /** Streams that the roles apply to; `*` in a name stands for any run of characters. Needed with a role. */
  streams?: string | readonly string[];
  /**
   * For viewers: may change the camera's mode, of all of `streams` or of these.
   * @default false
   */
  control?: boolean | string | readonly string[];
  /**
   * May see every stream and session, the metrics, and end sessions.
   * @default false
   */
  manage?: boolean;
  /**
   * How long it is valid, in seconds, at most ten years.
   * @default 3600
   */
  ttlS?: number;
  /** Who makes it: what the server's option `tokens.issuer` demands. */
  issuer?: string;
  /** For whom it is: what the server's option `tokens.audience` demands. */
  audience?: string | readonly string[];
  /** Name of the key in the server's JSON Web Key Set. */
  keyId?: string;
}

const TEN_YEARS_S = 10 * 365 * 24 * 60 * 60;

/**
 * Makes a signed token (JWT, RFC 7519) as the plugin's option `tokens` understands it. For app servers: keep the secret there,
 * and give the page or the sender only the token.
 *
 * @param now Unix time in ms
 * @throws {TypeError} a sentence that says what is wrong; it never shows the key
 * @example
 * await mintToken({ secret: process.env.TOKEN_SECRET, role: 'receiver', streams: 'camera', ttlS: 600 });
 */
export async function mintToken(options: MintOptions, now: () => number = Date.now): Promise<string> {
  const { role, streams, control, manage, subject, ttlS = 3_600, issuer, audience, keyId } = options;
  const { algorithm, key } = readKey(options);
  const roles: readonly unknown[] = role === undefined ? [] : Array.isArray(role) ? role : [role];
  if (roles.length === 0 && manage !== true) fail('a token needs a role ("sender", "receiver") or manage');
  if (roles.length > 0 && (streams === undefined || streams.length === 0)) {
    fail('a role needs streams: their names, or "*" for all');
  }
  if (control && !roles.includes('receiver')) fail('control is a right of viewers: it needs the role "receiver"');
  if (!(typeof ttlS === 'number' && ttlS >= 1 && ttlS <= TEN_YEARS_S)) {
    fail(`ttlS must be a number of seconds from 1 to ${TEN_YEARS_S}`);
  }
  for (const [name, value] of Object.entries({ issuer, keyId })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) fail(`${name} must be text`);
  }
  const audiences: unknown[] = Array.isArray(audience) ? audience : audience === undefined ? [] : [audience];
  if (!audiences.every((one) => typeof one === 'string' && one !== ''))
    fail('audience must be text, or a list of texts');

  const issuedAt = Math.floor(now() / 1_000);
  const claims = withoutUndefined({
    sub: subject,
    role,
    streams,
    control: control || undefined,
    manage: manage || undefined,
    iss: issuer,
    aud: audience,
    iat: issuedAt,
    exp: issuedAt + Math.floor(ttlS),
  });
  try {
    grantFromClaims(claims);
  } catch (error) {
    fail(messageOf(error));
  }
  const header = { alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
  const token = await new SignJWT(claims).setProtectedHeader(header).sign(key);
  if (token.length > LIMITS.tokenLength) {
    fail(
      `the token is longer than the ${LIMITS.tokenLength} characters that a server accepts; use patterns for the streams`,
    );
  }
  return token;
}

function readKey({ secret, privateKey, algorithm }: MintOptions): TokenKey {
  if ((secret === undefined) === (privateKey === undefined)) fail('give either secret or privateKey');
  const name = secret === undefined ? 'privateKey' : 'secret';
  let key: TokenKey;
  try {
    key = secret === undefined ? signingKey(privateKey) : secretKey(secret);
  } catch (error) {
    return fail(`${name} ${messageOf(error)}`);
  }
  if (algorithm !== undefined && algorithm !== key.algorithm)
    fail(`the ${name} signs with ${key.algorithm}, not ${algorithm}`);
  return key;
}

function signingKey(privateKey: unknown): TokenKey {
  let key: KeyObject;
  try {
    key =
      typeof privateKey === 'string'
        ? createPrivateKey(privateKey)
        : createPrivateKey({ key: privateKey as JsonWebKey, format: 'jwk' });
  } catch {
    throw new Error(
      'is not a private key: PEM ("-----BEGIN PRIVATE KEY-----"), without a passphrase, or a JSON Web Key',
    );
  }
  return { algorithm: algorithmOf(key), key };
}

function withoutUndefined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function fail(problem: string): never {
  throw new TypeError(`webrtc-preview: no token was made: ${problem}.`);
}
