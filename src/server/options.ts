import type { IncomingMessage } from 'node:http';
import { DEFAULT_PATH, type IceServer, TIMEOUTS } from '../protocol/index.js';
import { type Ice, type IceEnvironment, iceServersFromEnv, staticIce } from './ice.js';
import type { MessageRate } from './limits.js';
import type { Origins } from './origins.js';

/** From where cameras may be published: this machine, anywhere, or as the function says for the connecting request. */
export type AllowPublish = 'loopback' | 'any' | ((request: IncomingMessage) => boolean | Promise<boolean>);

/** Options of the plugin. All have defaults: `await fastify.register(webrtcSignaling)` is enough on one machine. */
export interface WebRTCSignalingOptions {
  /**
   * Path under which Socket.IO and the HTTP routes live, below the prefix of the instance that registers the plugin.
   * @default '/webrtc-signaling'
   */
  path?: string;
  /**
   * Web pages that may connect besides those of the server's own origin: exact origins, or `true` for any page.
   * Programs that send no `Origin`, such as the sender, are not web pages and are let in.
   * @default []
   * @example ['https://cameras.example.org']
   */
  origins?: true | readonly string[];
  /**
   * From where cameras may be published. `'loopback'` is this machine, not counting requests that a proxy passed on;
   * a function decides for each connecting sender.
   * @default 'loopback'
   */
  allowPublish?: AllowPublish;
  /**
   * STUN and TURN servers for both sides, in the browser's form.
   * @default from TURN_SERVER_URL, TURN_SERVER_USERNAME and TURN_SERVER_CREDENTIAL; none when they are not set
   */
  iceServers?: readonly IceServer[];
  /**
   * How many messages a receiver may send; a sender, which talks with all its viewers, may send ten times as many.
   * One view costs about 16, and a page may have 64 views on one socket.
   * @default { perSecond: 100, burst: 1200 }
   */
  messageRate?: MessageRate;
  /**
   * How long the sender may take for an answer, in ms.
   * @default 10000
   */
  answerTimeoutMs?: number;
  /**
   * How long a sender that went without a goodbye keeps its sessions, in ms.
   * @default 30000
   */
  senderGraceMs?: number;
  /**
   * Name of the decorator on the Fastify instance; a second registration in one app needs another one, and another path.
   * @default 'webrtcSignaling'
   */
  decorateAs?: string;
}

/** The options as the rest of the plugin sees them: complete, checked and frozen. */
export interface Settings {
  readonly path: string;
  readonly origins: Origins;
  readonly allowPublish: AllowPublish;
  readonly ice: Ice;
  readonly messageRate: Readonly<MessageRate>;
  readonly answerTimeoutMs: number;
  readonly senderGraceMs: number;
  readonly decorateAs: string;
}

/** What Fastify itself understands in `register`'s second argument. */
const FASTIFY_KEYS = new Set(['logLevel', 'logSerializers']);

/**
 * @throws {TypeError} a sentence that names the plugin and the option
 */
export function normalizeOptions(options: WebRTCSignalingOptions, env: IceEnvironment = process.env): Settings {
  const {
    path = DEFAULT_PATH,
    origins = [],
    allowPublish = 'loopback',
    iceServers,
    messageRate = { perSecond: 100, burst: 1_200 },
    answerTimeoutMs = TIMEOUTS.answerMs,
    senderGraceMs = TIMEOUTS.senderGraceMs,
    decorateAs = 'webrtcSignaling',
    ...unknown
  } = options;
  for (const key of Object.keys(unknown)) {
    if (key === 'prefix') wrong('prefix', 'has no effect on this plugin; use "path"');
    if (!FASTIFY_KEYS.has(key)) wrong(key, 'is not an option of this plugin');
  }
  if (typeof path !== 'string' || !/^(\/[A-Za-z0-9._~-]+)+$/.test(path)) {
    wrong(
      'path',
      `must be like "${DEFAULT_PATH}": begin with "/", not end with it, and have only unreserved characters`,
    );
  }
  if (origins !== true && !(Array.isArray(origins) && origins.every(isOrigin))) {
    wrong('origins', 'must be true or a list of exact origins, each like "https://cameras.example.org"');
  }
  if (allowPublish !== 'loopback' && allowPublish !== 'any' && typeof allowPublish !== 'function') {
    wrong('allowPublish', 'must be "loopback", "any" or a function');
  }
  if (!isPositive(messageRate?.perSecond) || !isPositive(messageRate?.burst)) {
    wrong('messageRate', 'must be { perSecond, burst } with positive numbers');
  }
  if (!isPositive(answerTimeoutMs)) wrong('answerTimeoutMs', 'must be a positive number of milliseconds');
  if (!isPositive(senderGraceMs)) wrong('senderGraceMs', 'must be a positive number of milliseconds');
  if (typeof decorateAs !== 'string' || decorateAs === '') wrong('decorateAs', 'must be a name');
  return Object.freeze({
    path,
    origins: origins === true ? true : Object.freeze([...origins]),
    allowPublish,
    ice: readIce(iceServers, env),
    messageRate: Object.freeze({ ...messageRate }),
    answerTimeoutMs,
    senderGraceMs,
    decorateAs,
  });
}

function readIce(iceServers: readonly IceServer[] | undefined, env: IceEnvironment): Ice {
  if (iceServers !== undefined && !Array.isArray(iceServers)) wrong('iceServers', 'must be a list of { urls, … }');
  try {
    return Object.freeze(staticIce(iceServers ?? iceServersFromEnv(env)));
  } catch (error) {
    if (iceServers === undefined) throw new TypeError(`webrtc-preview: ${(error as Error).message}.`);
    return wrong('iceServers', `is not valid: ${(error as Error).message}`);
  }
}

function isOrigin(origin: unknown): boolean {
  return typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin;
}

/** Node's timers take at most 2^31 − 1 ms. */
function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 2 ** 31;
}

function wrong(option: string, problem: string): never {
  throw new TypeError(`webrtc-preview: the option "${option}" ${problem}.`);
}
