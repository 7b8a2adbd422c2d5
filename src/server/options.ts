import { DEFAULT_PATH, TIMEOUTS } from '../protocol/index.js';
import { type LimitOptions, type LimitSettings, readLimitOptions } from './access/address-limits.js';
import { type AddressOptions, type AddressSettings, readAddressOptions } from './access/addresses.js';
import { type AccessOptions, type AccessSettings, readAccessOptions } from './access/index.js';
import type { MessageRate } from './access/limits.js';
import { wrong } from './access/wrong.js';
import type { SenderPolicy } from './cluster/cluster.js';
import { type RedisOptions, type RedisSettings, readRedisOptions } from './cluster/redis-options.js';
import { type IceOptions, type IceSettings, readIceOptions } from './ice/options.js';
import type { IceEnvironment } from './ice/static.js';
import type { Origins } from './transport/origins.js';

/** Options of the plugin. All have defaults: `await fastify.register(webrtcSignaling)` is enough on one machine. */
export interface WebRTCSignalingOptions extends AccessOptions, AddressOptions, IceOptions {
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
   * What happens when a second sender wants a stream that is published: it is refused (`reject`), it gets the stream (`takeover`), or
   * it gets it from a sender with the same owner, which is the subject of a token (`same-owner`). The same sender process may
   * always come back, and viewers move to the new sender.
   * @default 'same-owner'
   */
  senderPolicy?: SenderPolicy;
  /**
   * Viewers at once on one stream.
   * @default unlimited; the sender has a limit of its own
   */
  maxViewers?: number;
  /** What one address, and all together, may do. */
  limits?: LimitOptions;
  /** Shares streams with other servers through Redis, see docs/cluster.md. */
  redis?: RedisOptions;
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
   * How long a receiver whose connection was lost may resume its sessions, in ms.
   * @default 15000
   */
  receiverGraceMs?: number;
  /**
   * How long an answered session may take until its first frame is shown, in ms.
   * @default 30000
   */
  liveTimeoutMs?: number;
  /**
   * How long a connection may neither publish nor join anything after it has come, in ms.
   * @default 10000
   */
  idleTimeoutMs?: number;
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
  readonly access: AccessSettings;
  readonly addresses: AddressSettings;
  readonly limits: LimitSettings;
  /** Holds secrets: never for a log. */
  readonly ice: IceSettings;
  readonly redis: RedisSettings | undefined;
  readonly senderPolicy: SenderPolicy;
  readonly maxViewers: number;
  readonly messageRate: Readonly<MessageRate>;
  readonly answerTimeoutMs: number;
  readonly senderGraceMs: number;
  readonly receiverGraceMs: number;
  readonly liveTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly decorateAs: string;
}

const SENDER_POLICIES: readonly unknown[] = ['reject', 'takeover', 'same-owner'] satisfies SenderPolicy[];

/** What Fastify itself understands in `register`'s second argument. */
const FASTIFY_KEYS = new Set(['logLevel', 'logSerializers']);

/**
 * @throws {TypeError} a sentence that names the plugin and the option
 */
export function normalizeOptions(options: WebRTCSignalingOptions, env: IceEnvironment = process.env): Settings {
  const {
    path = DEFAULT_PATH,
    origins = [],
    authorize,
    tokens,
    allowPublish,
    trustProxy,
    proxyHeader,
    clientAddress,
    iceServers,
    turn,
    iceProvider,
    senderPolicy = 'same-owner',
    maxViewers = Number.POSITIVE_INFINITY,
    limits,
    redis,
    messageRate = { perSecond: 100, burst: 1_200 },
    answerTimeoutMs = TIMEOUTS.answerMs,
    senderGraceMs = TIMEOUTS.senderGraceMs,
    receiverGraceMs = TIMEOUTS.receiverGraceMs,
    liveTimeoutMs = TIMEOUTS.liveMs,
    idleTimeoutMs = TIMEOUTS.idleMs,
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
  if (!SENDER_POLICIES.includes(senderPolicy)) wrong('senderPolicy', 'must be "reject", "takeover" or "same-owner"');
  if (!(maxViewers === Number.POSITIVE_INFINITY || (Number.isInteger(maxViewers) && maxViewers >= 1))) {
    wrong('maxViewers', 'must be a whole number from 1');
  }
  if (!isPositive(messageRate?.perSecond) || !isPositive(messageRate?.burst)) {
    wrong('messageRate', 'must be { perSecond, burst } with positive numbers');
  }
  const times = { answerTimeoutMs, senderGraceMs, receiverGraceMs, liveTimeoutMs, idleTimeoutMs };
  for (const [name, value] of Object.entries(times)) {
    if (!isPositive(value)) wrong(name, 'must be a positive number of milliseconds');
  }
  if (typeof decorateAs !== 'string' || decorateAs === '') wrong('decorateAs', 'must be a name');
  return Object.freeze({
    path,
    origins: origins === true ? true : Object.freeze([...origins]),
    access: readAccessOptions({
      ...(authorize !== undefined && { authorize }),
      ...(tokens !== undefined && { tokens }),
      ...(allowPublish !== undefined && { allowPublish }),
    }),
    addresses: readAddressOptions({
      ...(trustProxy !== undefined && { trustProxy }),
      ...(proxyHeader !== undefined && { proxyHeader }),
      ...(clientAddress !== undefined && { clientAddress }),
    }),
    limits: readLimitOptions(limits),
    ice: readIceOptions({ iceServers, turn, iceProvider }, env),
    redis: readRedisOptions(redis),
    senderPolicy,
    maxViewers,
    messageRate: Object.freeze({ ...messageRate }),
    ...times,
    decorateAs,
  });
}

function isOrigin(origin: unknown): boolean {
  return typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin;
}

/** Node's timers take at most 2^31 − 1 ms. */
function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 2 ** 31;
}
