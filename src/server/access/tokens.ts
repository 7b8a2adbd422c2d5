import type { FastifyBaseLogger } from 'fastify';
import { decodeProtectedHeader, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { errorInfo, LIMITS } from '../../protocol/index.js';
import type { Access, Admission, Grant, Visitor } from './access.js';
import { grantFromClaims } from './claims.js';
import { readGrant } from './grants.js';
import { KeySet, RemoteKeySet } from './jwks.js';
import {
  FixedKeys,
  KEY_PAIR_ALGORITHMS,
  type KeySource,
  KeysInFile,
  KeysUnavailable,
  publicKey,
  publicKeysIn,
  type ReadKeys,
  readKeyFile,
  secretKey,
  secretsIn,
  several,
  type TokenAlgorithm,
  type TokenHeader,
  type TokenKey,
} from './token-keys.js';
import { messageOf, objectOf, refuseUnknown, wrong } from './wrong.js';

/** Rights by signed tokens (JWT, RFC 7519). Exactly one of the first five says how they are checked. */
export interface TokenOptions {
  /** Shared secret for HS256, at least 32 bytes; a list while one is replaced by the next. */
  secret?: string | readonly string[];
  /** File with one secret on each line. Read again when it changes. */
  secretFile?: string;
  /** Public key in PEM form for RS256, ES256 or EdDSA; a list while one is replaced by the next. */
  publicKey?: string | readonly string[];
  /** File with one such key or several. Read again when it changes. */
  publicKeyFile?: string;
  /** JSON Web Key Set (RFC 7517 §5), or its address: `https`, or `http` on this machine. */
  jwks?: string | JSONWebKeySet;
  /**
   * How tokens may be signed.
   * @default ['HS256'] with a secret, otherwise ['RS256', 'ES256', 'EdDSA']
   */
  algorithms?: readonly TokenAlgorithm[];
  /** What the claim `iss` must be; one of them, when it is a list. Not looked at by default. */
  issuer?: string | readonly string[];
  /** What the claim `aud` must name; one of them, when it is a list. Not looked at by default. */
  audience?: string | readonly string[];
  /**
   * How far the clocks of the token's maker and of this server may be apart, in seconds.
   * @default 5
   */
  clockToleranceS?: number;
  /** What a visitor without a token may do: `'watch'` all streams, or a grant. Nothing by default. */
  anonymous?: 'watch' | Grant;
}

/** The same, complete and checked. It holds no secret that could be printed. */
export interface TokenSettings {
  readonly keys: KeyMaterial;
  readonly algorithms: readonly TokenAlgorithm[];
  readonly issuer: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
  readonly clockToleranceS: number;
  readonly anonymous: Grant | undefined;
}

type KeyMaterial =
  | { readonly from: 'option'; readonly keys: readonly TokenKey[] }
  | { readonly from: 'file'; readonly path: string; readonly read: ReadKeys; readonly keys: readonly TokenKey[] }
  | { readonly from: 'set'; readonly set: KeySet }
  | { readonly from: 'url'; readonly url: URL };

const SOURCES = ['secret', 'secretFile', 'publicKey', 'publicKeyFile', 'jwks'] as const;
const MOST_TOLERANCE_S = 300;

/**
 * @throws {TypeError} a sentence that names the plugin and the option, and shows no secret
 */
export function readTokenOptions(value: TokenOptions): TokenSettings {
  const options = objectOf('tokens', value) as TokenOptions;
  refuseUnknown('tokens', options, [...SOURCES, 'algorithms', 'issuer', 'audience', 'clockToleranceS', 'anonymous']);
  const [source, ...others] = SOURCES.filter((name) => options[name] !== undefined);
  if (source === undefined || others.length > 0) {
    wrong('tokens', `must have exactly one of ${SOURCES.join(', ')}${source ? `, not ${source} and ${others}` : ''}`);
  }
  const { clockToleranceS = 5 } = options;
  if (!(typeof clockToleranceS === 'number' && clockToleranceS >= 0 && clockToleranceS <= MOST_TOLERANCE_S)) {
    wrong('tokens.clockToleranceS', `must be a number of seconds from 0 to ${MOST_TOLERANCE_S}`);
  }
  return Object.freeze({
    keys: sentence(source, () => readMaterial(source, options[source])),
    algorithms: readAlgorithms(options.algorithms, source.startsWith('secret')),
    issuer: readNames('issuer', options.issuer),
    audience: readNames('audience', options.audience),
    clockToleranceS,
    anonymous: readAnonymous(options.anonymous),
  });
}

function readMaterial(source: (typeof SOURCES)[number], value: unknown): KeyMaterial {
  switch (source) {
    case 'secret':
      return { from: 'option', keys: several(Array.isArray(value) ? value : [value], secretKey, 'is an empty list') };
    case 'publicKey':
      return { from: 'option', keys: several(Array.isArray(value) ? value : [value], publicKey, 'is an empty list') };
    case 'secretFile':
      return readFileMaterial(value, secretsIn);
    case 'publicKeyFile':
      return readFileMaterial(value, publicKeysIn);
    case 'jwks':
      return typeof value === 'string' ? { from: 'url', url: readUrl(value) } : { from: 'set', set: readSet(value) };
  }
}

function readFileMaterial(path: unknown, read: ReadKeys): KeyMaterial {
  if (typeof path !== 'string' || path === '') throw new Error('must be the path of a file');
  return { from: 'file', path, read, keys: readKeyFile(path, read) };
}

/** Keys that come by plain http could be anybody's, and with them every token. */
function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url !== undefined && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
  if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && local))) {
    throw new Error('must be an https address (http only on this machine), or a JSON Web Key Set');
  }
  if (url.username !== '' || url.password !== '') throw new Error('must not have a user name or password in it');
  return url;
}

function readSet(value: unknown): KeySet {
  const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('must be { keys: [ … ] } with one key or more');
  for (const key of keys) {
    if (key?.kty === 'oct' || key?.d !== undefined)
      throw new Error('has a secret or private key in it: only public ones');
  }
  return new KeySet(value as JSONWebKeySet);
}

function readAlgorithms(value: unknown, secret: boolean): readonly TokenAlgorithm[] {
  const possible: readonly TokenAlgorithm[] = secret ? ['HS256'] : KEY_PAIR_ALGORITHMS;
  if (value === undefined) return possible;
  if (!Array.isArray(value) || value.length === 0 || !value.every((name) => possible.includes(name))) {
    wrong(
      'tokens.algorithms',
      `must be a list out of ${possible.join(', ')} with ${secret ? 'a secret' : 'public keys'}`,
    );
  }
  return Object.freeze([...value]);
}

function readNames(name: 'issuer' | 'audience', value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const names: unknown[] = Array.isArray(value) ? value : [value];
  if (names.length === 0 || !names.every((one): one is string => typeof one === 'string' && one !== '')) {
    wrong(`tokens.${name}`, 'must be text, or a list of texts');
  }
  return Object.freeze([...names]);
}

function readAnonymous(value: unknown): Grant | undefined {
  if (value === undefined) return undefined;
  if (value === 'watch') return Object.freeze({ watch: true });
  try {
    return readGrant(value);
  } catch (error) {
    return wrong('tokens.anonymous', `must be "watch" or a grant: ${messageOf(error)}`);
  }
}

function sentence<T>(source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    return wrong(`tokens.${source}`, messageOf(error));
  }
}

/** What the checks need from outside. */
export interface AccessTools {
  readonly log: FastifyBaseLogger;
  /** Unix time in ms, which tokens are made by. */
  readonly now?: () => number;
  /** A clock that only goes forward, in ms. */
  readonly monotonic?: () => number;
}

/** Lets in who shows a token that is signed with a known key. */
export function createTokenAccess(
  settings: TokenSettings,
  { log, now = Date.now, monotonic = () => performance.now() }: AccessTools,
): Access {
  const keys = openKeys(settings.keys, log, monotonic);
  const { algorithms, clockToleranceS, issuer, audience, anonymous } = settings;

  async function admit({ token }: Visitor): Promise<Admission> {
    if (token === undefined) {
      if (anonymous) return { ok: true, grant: anonymous };
      return { ok: false, error: errorInfo('token_missing') };
    }
    try {
      const claims = await verify(token);
      return { ok: true, grant: grantFromClaims(claims, clockToleranceS) };
    } catch (error) {
      if (error instanceof KeysUnavailable) {
        // `internal`: nothing is wrong with the token, and the same one may be good in a moment.
        return { ok: false, error: errorInfo('internal', 'The server cannot check tokens at the moment.') };
      }
      log.debug({ problem: messageOf(error) }, '[WebRTC Signaling] Token refused');
      return { ok: false, error: errorInfo(error instanceof errors.JWTExpired ? 'token_expired' : 'unauthorized') };
    }
  }

  /** Signature first, then issuer and audience, then the times: nobody learns of a token that is not his that it has expired. */
  async function verify(token: string): Promise<JWTPayload> {
    const header = readHeader(token);
    const options = {
      algorithms: [...algorithms],
      clockTolerance: clockToleranceS,
      currentDate: new Date(now()),
      ...(issuer ? { issuer: [...issuer] } : {}),
      ...(audience ? { audience: [...audience] } : {}),
    };
    for (const key of await keys.keysFor(header)) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
    throw new Error('no known key has signed it');
  }

  function readHeader(token: string): TokenHeader {
    if (typeof token !== 'string' || token.length > LIMITS.tokenLength) throw new Error('it is too long');
    const { alg, kid } = decodeProtectedHeader(token);
    const algorithm = algorithms.find((name) => name === alg);
    if (algorithm === undefined) throw new Error('its algorithm is not among those allowed');
    return { alg: algorithm, kid: typeof kid === 'string' ? kid : undefined };
  }

  return { admit };
}

function openKeys(material: KeyMaterial, log: FastifyBaseLogger, monotonic: () => number): KeySource {
  switch (material.from) {
    case 'option':
      return new FixedKeys(material.keys);
    case 'file':
      return new KeysInFile(material.path, material.read, material.keys, log, monotonic);
    case 'set':
      return material.set;
    case 'url': {
      const keys = new RemoteKeySet(material.url, log, monotonic);
      // So that the log says at the start what would otherwise be found by the first visitor.
      void keys.refresh();
      return keys;
    }
  }
}
