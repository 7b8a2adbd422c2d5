import type { IceServer } from '../../protocol/index.js';
import type { IceProvider } from './provider.js';
import { isShort, readSecretFile, secretProblem, secretsProblem } from './secrets.js';
import { type IceEnvironment, iceServersFromEnv, parseIceUrl, staticIce, urlsFromEnv } from './static.js';

/** A TURN server with a shared secret: each peer gets credentials of its own, which end by themselves (coturn's `use-auth-secret`). */
export interface TurnOptions {
  /**
   * Its addresses, those of STUN included where STUN is wanted.
   * @example ['turn:turn.example.org?transport=udp', 'turns:turn.example.org:443?transport=tcp']
   */
  urls: string | readonly string[];
  /** The secret. One of `secret`, `secrets` and `secretFile` has to be there. */
  secret?: string;
  /** During a rotation: the first signs, the others only help the self-test to say what is wrong. */
  secrets?: readonly string[];
  /** A file with secrets, one a line, the first signs. It is read again when it changes. Replace it in one step (`mv`). */
  secretFile?: string;
  /**
   * How long credentials are good, in s. What is outside of 60 … 86400 is moved to the end of that range.
   * @default 3600
   */
  ttlS?: number;
}

/** Options of the plugin about STUN and TURN. With none of them, the environment counts (`TURN_SERVER_URL` and so on). */
export interface IceOptions {
  /**
   * STUN and TURN servers for both sides, in the browser's form; beside `turn` or `iceProvider`, what is there besides.
   * @default from TURN_SERVER_URL, TURN_SERVER_USERNAME and TURN_SERVER_CREDENTIAL; none when they are not set
   */
  iceServers?: readonly IceServer[] | undefined;
  /**
   * A TURN server with a shared secret.
   * @default from TURN_SERVER_URL, TURN_SERVER_SECRET or TURN_SERVER_SECRET_FILE, and TURN_SERVER_TTL
   */
  turn?: TurnOptions | undefined;
  /** Asks a hosted service for ICE servers, and again before they end. */
  iceProvider?: IceProvider | undefined;
}

interface CommonSettings {
  /** Servers that are the same for everybody, always. */
  readonly iceServers: readonly IceServer[];
  /** What is worth a warning in the log. */
  readonly notices: readonly string[];
}

/** Checked and complete. It holds secrets: not for a log. */
export type IceSettings = CommonSettings &
  (
    | { readonly kind: 'none' | 'static' }
    | {
        readonly kind: 'ephemeral';
        readonly urls: readonly string[];
        /** The first signs. */
        readonly secrets: readonly string[];
        readonly secretFile?: string;
        readonly ttlS: number;
      }
    | { readonly kind: 'provider'; readonly provide: IceProvider }
  );

const DEFAULT_TTL_S = 3_600;
const SHORTEST_TTL_S = 60;
const LONGEST_TTL_S = 86_400;
const MOST_URLS = 16;

/**
 * @throws {TypeError} a sentence that names the plugin, and the option or the variable; never a secret
 */
export function readIceOptions(
  { iceServers, turn, iceProvider }: IceOptions,
  env: IceEnvironment = process.env as IceEnvironment,
): IceSettings {
  if (iceServers === undefined && turn === undefined && iceProvider === undefined) return fromEnvironment(env);
  const fixed = readIceServers(iceServers ?? []);
  if (turn !== undefined && iceProvider !== undefined) wrong('iceProvider', 'cannot be there together with "turn"');
  if (iceProvider !== undefined) {
    if (typeof iceProvider !== 'function') wrong('iceProvider', 'must be a function');
    return Object.freeze({ kind: 'provider', iceServers: fixed, notices: [], provide: iceProvider });
  }
  if (turn !== undefined) return readTurn(turn, fixed);
  return fixedOnly(fixed);
}

function readIceServers(iceServers: unknown): readonly IceServer[] {
  if (!Array.isArray(iceServers)) return wrong('iceServers', 'must be a list of { urls, … }');
  try {
    return staticIce(iceServers).browser.iceServers;
  } catch (error) {
    return wrong('iceServers', `is not valid: ${(error as Error).message}`);
  }
}

function fixedOnly(iceServers: readonly IceServer[]): IceSettings {
  return Object.freeze({ kind: iceServers.length > 0 ? 'static' : 'none', iceServers, notices: [] });
}

function readTurn(turn: TurnOptions, iceServers: readonly IceServer[]): IceSettings {
  if (typeof turn !== 'object' || turn === null) return wrong('turn', 'must be { urls, secret, … }');
  const { urls, secret, secrets, secretFile, ttlS = DEFAULT_TTL_S, ...unknown } = turn;
  for (const key of Object.keys(unknown)) wrong(`turn.${key}`, 'is not an option of this plugin');
  const list = typeof urls === 'string' ? [urls] : urls;
  if (!Array.isArray(list) || list.length === 0 || list.length > MOST_URLS || !list.every(isText)) {
    return wrong('turn.urls', `must be an address, or a list of 1 to ${MOST_URLS}`);
  }
  for (const url of list) {
    try {
      parseIceUrl(url);
    } catch (error) {
      wrong('turn.urls', `is not valid: ${(error as Error).message}`);
    }
  }
  if (!list.some((url) => url.startsWith('turn'))) wrong('turn.urls', 'has no TURN server in it');
  if ([secret, secrets, secretFile].filter((given) => given !== undefined).length !== 1) {
    wrong('turn', 'needs exactly one of "secret", "secrets" and "secretFile"');
  }
  if (typeof ttlS !== 'number' || Number.isNaN(ttlS)) wrong('turn.ttlS', 'must be a number of seconds');
  const given = { name: 'the option "turn.ttlS"', urls: list, ttlS, iceServers };
  if (secretFile !== undefined) {
    if (!isText(secretFile) || secretFile === '') wrong('turn.secretFile', 'must be the path of a file');
    try {
      return ephemeral({ ...given, secrets: readSecretFile(secretFile), secretFile });
    } catch (error) {
      return wrong('turn.secretFile', `cannot be used: ${(error as Error).message}`);
    }
  }
  if (secrets !== undefined) {
    const problem = Array.isArray(secrets) ? secretsProblem(secrets) : 'must be a list of texts';
    if (problem) wrong('turn.secrets', problem);
    return ephemeral({ ...given, secrets });
  }
  const problem = secretProblem(secret);
  if (problem) wrong('turn.secret', problem);
  return ephemeral({ ...given, secrets: [secret as string] });
}

function fromEnvironment(env: IceEnvironment): IceSettings {
  try {
    const secret = env.TURN_SERVER_SECRET;
    const secretFile = env.TURN_SERVER_SECRET_FILE || undefined;
    const ttl = env.TURN_SERVER_TTL || undefined;
    // An empty secret is not "not set": what was to be in it is missing.
    if (secret === undefined && secretFile === undefined) {
      if (ttl !== undefined) throw new Error('TURN_SERVER_TTL is set, but there is no TURN_SERVER_SECRET to sign with');
      return fixedOnly(staticIce(iceServersFromEnv(env)).browser.iceServers);
    }
    if (secret !== undefined && secretFile !== undefined) {
      throw new Error('TURN_SERVER_SECRET and TURN_SERVER_SECRET_FILE are both set: keep one of them');
    }
    const name = secretFile === undefined ? 'TURN_SERVER_SECRET' : 'TURN_SERVER_SECRET_FILE';
    if (env.TURN_SERVER_USERNAME || env.TURN_SERVER_CREDENTIAL) {
      throw new Error(
        `${name} is set together with TURN_SERVER_USERNAME or TURN_SERVER_CREDENTIAL: a secret makes user names of its own, so keep one way`,
      );
    }
    const problem = secretFile === undefined ? secretProblem(secret) : undefined;
    if (problem) throw new Error(`TURN_SERVER_SECRET ${problem}`);
    const urls = urlsFromEnv(env);
    if (!urls.some((url) => url.startsWith('turn'))) {
      throw new Error(`${name} is set, but TURN_SERVER_URL names no TURN server`);
    }
    if (urls.length > MOST_URLS) throw new Error(`TURN_SERVER_URL names more than ${MOST_URLS} servers`);
    if (ttl !== undefined && !/^-?\d{1,15}$/.test(ttl)) throw new Error('TURN_SERVER_TTL must be a number of seconds');
    const ttlS = ttl === undefined ? DEFAULT_TTL_S : Number(ttl);
    const given = { name: 'TURN_SERVER_TTL', urls, ttlS, iceServers: [] };
    if (secretFile === undefined) return ephemeral({ ...given, secrets: [secret as string] });
    return ephemeral({ ...given, secrets: readNamed(name, secretFile), secretFile });
  } catch (error) {
    throw new TypeError(`webrtc-preview: ${(error as Error).message}.`);
  }
}

function readNamed(name: string, path: string): string[] {
  try {
    return readSecretFile(path);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`);
  }
}

interface EphemeralGiven {
  /** Who said how long, for a person. */
  name: string;
  urls: readonly string[];
  secrets: readonly string[];
  secretFile?: string;
  ttlS: number;
  iceServers: readonly IceServer[];
}

function ephemeral({ name, ttlS: asked, secrets, urls, ...given }: EphemeralGiven): IceSettings {
  const ttlS = Math.min(LONGEST_TTL_S, Math.max(SHORTEST_TTL_S, Math.floor(asked)));
  const notices: string[] = [];
  if (ttlS !== asked) notices.push(`${name} is ${asked}, which is outside of 60 … 86400: ${ttlS} s are used.`);
  if (secrets.some(isShort)) {
    notices.push(
      'The secret of the TURN server is so short that it can be guessed from one credential; make one with "openssl rand -hex 32".',
    );
  }
  const kept = { urls: Object.freeze([...urls]), secrets: Object.freeze([...secrets]) };
  return Object.freeze({ kind: 'ephemeral', ...given, ...kept, ttlS, notices });
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function wrong(option: string, problem: string): never {
  throw new TypeError(`webrtc-preview: the option "${option}" ${problem}.`);
}
