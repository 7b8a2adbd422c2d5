import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { FastifyBaseLogger } from 'fastify';
import { messageOf } from './wrong.js';

/** How a token may be signed (RFC 7518 §3.1, RFC 8037 §3.1): by a shared secret, or by one of the three kinds of key pairs. */
export type TokenAlgorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA';

/** Those that need a key pair. A public key must never serve as a secret: everybody has it (RFC 8725 §2.1). */
export const KEY_PAIR_ALGORITHMS: readonly TokenAlgorithm[] = ['RS256', 'ES256', 'EdDSA'];

/** What a token says of its signature, before anything is believed. */
export interface TokenHeader {
  readonly alg: TokenAlgorithm;
  readonly kid: string | undefined;
}

/** Where the keys come from that tokens are checked with. */
export interface KeySource {
  /**
   * The keys that may have signed a token with this header, fit for its algorithm; none when there is no such key.
   *
   * @throws {KeysUnavailable} when it cannot be known now
   */
  keysFor(header: TokenHeader): Promise<readonly (KeyObject | CryptoKey)[]>;
}

/** Not the visitor's fault: the keys cannot be had at the moment. */
export class KeysUnavailable extends Error {}

export interface TokenKey {
  readonly algorithm: TokenAlgorithm;
  readonly key: KeyObject;
}

/** RFC 7518 §3.2: a key for HS256 has at least the size of its hash. */
const SECRET_BYTES = 32;

/** A random secret of 32 hexadecimal digits has 14 different ones in the mean. */
const DIFFERENT_CHARACTERS = 8;

/** RFC 7518 §3.3. */
const RSA_BITS = 2_048;

/** Two are needed while one is replaced by the next. */
const MOST_KEYS = 8;

/** Examples out of documentation that are long enough to look like secrets. The first two are jwt.io's. */
const WELL_KNOWN = [
  'a-string-secret-at-least-256-bits-long',
  'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
  'your-256-bit-secret-your-256-bit-secret',
  'your-super-secret-jwt-token-with-at-least-32-characters-long',
  'this-is-a-secret-key-that-should-be-changed-in-production',
  'averylongsecretthatmustbeatleast32characterslong',
];

const HOW_TO_MAKE = 'make one with: openssl rand -base64 32';

/**
 * A shared secret as a key. It is used as the text that it is, in UTF-8: base64 is not decoded.
 *
 * @throws a sentence that does not show the secret
 */
export function secretKey(secret: unknown): TokenKey {
  if (typeof secret !== 'string' || secret.trim() === '') throw new Error(`is empty; ${HOW_TO_MAKE}`);
  if (secret.includes('-----BEGIN')) throw new Error('is a key in PEM form: give a public one as "publicKey"');
  if (/^\s|\s$/.test(secret)) throw new Error('begins or ends with white space: probably that is not meant');
  if (Buffer.byteLength(secret) < SECRET_BYTES) {
    throw new Error(`is too short: ${SECRET_BYTES} bytes or more; ${HOW_TO_MAKE}`);
  }
  if (new Set(secret).size < DIFFERENT_CHARACTERS || /^(.{1,16})\1+$/.test(secret)) {
    throw new Error(`is easily guessed: it repeats itself; ${HOW_TO_MAKE}`);
  }
  if (WELL_KNOWN.includes(secret.toLowerCase())) {
    throw new Error(`is an example out of documentation, which everybody knows; ${HOW_TO_MAKE}`);
  }
  return { algorithm: 'HS256', key: createSecretKey(secret, 'utf8') };
}

/**
 * A public key, or the one of a certificate.
 *
 * @param pem RFC 7468
 * @throws a sentence
 */
export function publicKey(pem: unknown): TokenKey {
  if (typeof pem !== 'string' || pem.trim() === '') throw new Error('is empty');
  if (pem.includes('PRIVATE KEY-----')) throw new Error('is a private key: the server needs only the public one');
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new Error('is not a public key in PEM form ("-----BEGIN PUBLIC KEY-----")');
  }
  return { algorithm: algorithmOf(key), key };
}

/**
 * How a key of this kind signs.
 *
 * @throws a sentence
 */
export function algorithmOf(key: KeyObject): TokenAlgorithm {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength >= RSA_BITS) return 'RS256';
      throw new Error(`is an RSA key of ${modulusLength} bits: ${RSA_BITS} or more`);
    case 'ec':
      if (namedCurve === 'prime256v1') return 'ES256';
      throw new Error(`is on the curve ${namedCurve}: only P-256 (ES256)`);
    case 'ed25519':
      return 'EdDSA';
    default:
      throw new Error(`is of the kind ${key.asymmetricKeyType}: only RSA, EC P-256 and Ed25519`);
  }
}

/** Reads the keys out of a text: of a file, or of one option. */
export type ReadKeys = (text: string) => readonly TokenKey[];

/** One secret on each line. */
export const secretsIn: ReadKeys = (text) => {
  const lines = text.split(/\r?\n/).flatMap((line) => line.trim() || []);
  return several(lines, secretKey, `has no secret in it; ${HOW_TO_MAKE}`);
};

/** One block after the other. */
export const publicKeysIn: ReadKeys = (text) => {
  const blocks = text.match(/-----BEGIN [A-Z0-9 ]{1,40}-----[^-]*-----END [A-Z0-9 ]{1,40}-----/g) ?? [];
  return several(blocks, publicKey, 'has no public key in it ("-----BEGIN PUBLIC KEY-----")');
};

/** Each element read, with sentences that say which one is wrong. */
export function several(texts: readonly unknown[], read: (text: unknown) => TokenKey, none: string): TokenKey[] {
  if (texts.length === 0) throw new Error(none);
  if (texts.length > MOST_KEYS) throw new Error(`has more than ${MOST_KEYS} keys in it`);
  return texts.map((text, index) => {
    try {
      return read(text);
    } catch (error) {
      throw new Error(texts.length === 1 ? messageOf(error) : `(number ${index + 1}) ${messageOf(error)}`);
    }
  });
}

/** Keys that stay as they are. */
export class FixedKeys implements KeySource {
  readonly #keys: readonly TokenKey[];

  constructor(keys: readonly TokenKey[]) {
    this.#keys = keys;
  }

  async keysFor({ alg }: TokenHeader): Promise<KeyObject[]> {
    return fitting(this.#keys, alg);
  }
}

/** How often the file is looked at, at most, in ms. */
const LOOK_EVERY_MS = 5_000;

/**
 * Keys in a file that is read again when it has changed, so that a rotation needs no restart. When it cannot be read then,
 * or what is in it is not good, the keys of before stay, and the log says so.
 */
export class KeysInFile implements KeySource {
  readonly #path: string;
  readonly #read: ReadKeys;
  readonly #log: Pick<FastifyBaseLogger, 'info' | 'error'>;
  readonly #now: () => number;
  #keys: readonly TokenKey[];
  #version: string | undefined;
  #lookedAtMs: number;
  #looking: Promise<void> | undefined;
  #complaint: string | undefined;

  /** @param now a monotonic clock, in ms */
  constructor(
    path: string,
    read: ReadKeys,
    keys: readonly TokenKey[],
    log: Pick<FastifyBaseLogger, 'info' | 'error'>,
    now: () => number,
  ) {
    this.#path = path;
    this.#read = read;
    this.#keys = keys;
    this.#log = log;
    this.#now = now;
    this.#lookedAtMs = now() - LOOK_EVERY_MS;
  }

  async keysFor({ alg }: TokenHeader): Promise<KeyObject[]> {
    const now = this.#now();
    if (now - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#lookedAtMs = now;
      this.#looking = this.#look();
    }
    await this.#looking;
    return fitting(this.#keys, alg);
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.#version) return;
      const first = this.#version === undefined;
      this.#keys = this.#read(await readFile(this.#path, 'utf8'));
      this.#version = version;
      this.#complaint = undefined;
      if (!first) this.#log.info({ keys: this.#keys.length }, `[WebRTC Signaling] Token keys read anew: ${this.#path}`);
    } catch (error) {
      const complaint = messageOf(error);
      if (complaint === this.#complaint) return;
      this.#complaint = complaint;
      this.#log.error(
        { problem: complaint },
        `[WebRTC Signaling] Token keys not read anew, those of before stay: ${this.#path}`,
      );
    }
  }
}

/** @throws a sentence */
export function readKeyFile(path: string, read: ReadKeys): readonly TokenKey[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`cannot be read: ${messageOf(error)}`);
  }
  return read(text);
}

function fitting(keys: readonly TokenKey[], algorithm: TokenAlgorithm): KeyObject[] {
  return keys.filter((key) => key.algorithm === algorithm).map(({ key }) => key);
}
