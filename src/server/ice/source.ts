import { randomBytes } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { IceServer } from '../../protocol/index.js';
import { type Clocks, SYSTEM_CLOCKS } from './alarm.js';
import type { AllocateOptions } from './allocate.js';
import { asUser, signCredentials } from './credentials.js';
import type { IceSource, PeerIce } from './ice.js';
import type { IceSettings } from './options.js';
import { ProviderCache } from './provider.js';
import { readSecretFile } from './secrets.js';
import { type Ice, staticIce, withCredentials } from './static.js';
import { checkTurn, type Finding, type TurnTrial, WRONG_PASSWORD } from './turn-check.js';
import type { TurnCheck, TurnReport } from './turn-report.js';

export interface IceSourceDeps {
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
  clocks?: Clocks;
  /** 0 … 1. */
  random?: () => number;
  /** How often the secret's file is looked at, in ms. */
  lookEveryMs?: number;
  /** For {@link IceSource.test}. */
  allocate?: AllocateOptions;
}

/** Of the credentials' time; the jitter keeps peers that came together from coming back together. */
const REFRESH_AT = 0.75;
const JITTER = 0.05;
const LOOK_EVERY_MS = 5_000;
/** Most URLs that one test asks. */
const MOST_CHECKS = 64;

/** ICE servers as the settings say. The timers that it needs keep no process alive, and end with `close`. */
export function createIceSource(settings: IceSettings, deps: IceSourceDeps): IceSource {
  for (const notice of settings.notices) deps.log.warn(`[WebRTC Signaling] ${notice}`);
  switch (settings.kind) {
    case 'ephemeral':
      return new EphemeralSource(settings, deps);
    case 'provider':
      return new ProviderSource(settings, deps);
    default:
      return new StaticSource(settings, deps);
  }
}

/** What all sources have in common: listeners, and one self-test at a time. */
abstract class Source implements IceSource {
  abstract readonly kind: IceSource['kind'];
  protected readonly clocks: Clocks;
  protected readonly random: () => number;
  protected readonly log: IceSourceDeps['log'];
  readonly #allocate: AllocateOptions;
  readonly #listeners: (() => void)[] = [];
  readonly #closing = new AbortController();
  #testing: Promise<TurnReport> | undefined;

  constructor({ log, clocks = SYSTEM_CLOCKS, random = Math.random, allocate = {} }: IceSourceDeps) {
    this.log = log;
    this.clocks = clocks;
    this.random = random;
    this.#allocate = allocate;
  }

  abstract forPeer(user: string): PeerIce;

  async start(): Promise<void> {}

  async rotate(): Promise<void> {}

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  test(): Promise<TurnReport> {
    this.#testing ??= this.#test().finally(() => {
      this.#testing = undefined;
    });
    return this.#testing;
  }

  close(): void {
    this.#closing.abort();
  }

  /** What to ask the servers, each with its own user where that is possible. */
  protected abstract trials(): TurnTrial[];

  protected changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async #test(): Promise<TurnReport> {
    // One user after the other is one thing, one user twice at once another: that may be over its quota.
    const byUser = new Map<string, TurnTrial[]>();
    for (const trial of this.trials().slice(0, MOST_CHECKS)) {
      const user = trial.credentials?.username ?? trial.url;
      byUser.set(user, [...(byUser.get(user) ?? []), trial]);
    }
    const options = { ...this.#allocate, signal: this.#closing.signal };
    const inTurn = async (trials: TurnTrial[]) => {
      const checks: TurnCheck[] = [];
      for (const trial of trials) checks.push(await checkTurn(trial, options));
      return checks;
    };
    const servers = (await Promise.all([...byUser.values()].map(inTurn))).flat();
    return { ok: servers.every(({ code }) => code === 'ok'), checkedAtMs: Math.floor(this.clocks.now()), servers };
  }
}

class StaticSource extends Source {
  readonly kind: 'none' | 'static';
  readonly #ice: Ice;

  constructor(settings: Extract<IceSettings, { kind: 'none' | 'static' }>, deps: IceSourceDeps) {
    super(deps);
    this.kind = settings.kind;
    this.#ice = staticIce(settings.iceServers);
  }

  forPeer(): PeerIce {
    return this.#ice;
  }

  protected trials(): TurnTrial[] {
    return trialsOf(this.#ice.browser.iceServers, WRONG_PASSWORD);
  }
}

class EphemeralSource extends Source {
  readonly kind = 'ephemeral';
  readonly #settings: Extract<IceSettings, { kind: 'ephemeral' }>;
  readonly #watch: NodeJS.Timeout | undefined;
  #secrets: readonly string[];
  #fileProblem: string | undefined;

  constructor(settings: Extract<IceSettings, { kind: 'ephemeral' }>, deps: IceSourceDeps) {
    super(deps);
    this.#settings = settings;
    this.#secrets = settings.secrets;
    if (settings.secretFile === undefined) return;
    // Looking is sure where events are not: secrets mounted into a container change behind a symbolic link.
    this.#watch = setInterval(() => this.#look(), deps.lookEveryMs ?? LOOK_EVERY_MS);
    this.#watch.unref();
  }

  forPeer(user: string): PeerIce {
    const { ttlS } = this.#settings;
    const nowMs = this.clocks.now();
    const expiresAtS = Math.floor(nowMs / 1_000) + ttlS;
    const refreshAtMs = nowMs + ttlS * 1_000 * (REFRESH_AT + JITTER * (2 * this.random() - 1));
    return withExpiry(this.#signed(user, expiresAtS), expiresAtS * 1_000, Math.floor(refreshAtMs));
  }

  override async rotate(): Promise<void> {
    const { secretFile } = this.#settings;
    if (secretFile !== undefined) {
      this.#use(readSecrets(secretFile));
      this.#fileProblem = undefined;
    }
    this.changed();
  }

  override close(): void {
    clearInterval(this.#watch);
    super.close();
  }

  protected trials(): TurnTrial[] {
    const { urls, ttlS, iceServers } = this.#settings;
    const nowS = Math.floor(this.clocks.now() / 1_000);
    // As long as peers have between new credentials and the end of the old ones: a clock that is further off hurts.
    const slackS = Math.floor(ttlS * (1 - REFRESH_AT - JITTER));
    const [current = '', ...older] = this.#secrets;
    const own = urls.map((url): TurnTrial => {
      if (url.startsWith('stun')) return { url };
      const user = `test-${randomBytes(6).toString('hex')}`;
      return {
        url,
        credentials: signCredentials(current, user, nowS + slackS),
        alternatives: [
          { credentials: signCredentials(current, user, nowS + ttlS), finding: clockAhead(slackS) },
          { credentials: signCredentials(current, user, farFrom(nowS)), finding: clockAhead(ttlS) },
          ...older.map((secret) => ({ credentials: signCredentials(secret, user, farFrom(nowS)), finding: ONLY_OLD })),
        ],
        refused: WRONG_SECRET,
      };
    });
    return [...own, ...trialsOf(iceServers, WRONG_PASSWORD)];
  }

  #signed(user: string, expiresAtS: number): Ice {
    const [secret = ''] = this.#secrets;
    const { urls, iceServers } = this.#settings;
    return staticIce([...iceServers, ...withCredentials(urls, signCredentials(secret, asUser(user), expiresAtS))]);
  }

  #look(): void {
    try {
      const isNew = this.#use(readSecrets(this.#settings.secretFile ?? ''));
      this.#fileProblem = undefined;
      if (!isNew) return;
    } catch (error) {
      const why = (error as Error).message;
      if (why !== this.#fileProblem) this.log.error(`[WebRTC Signaling] ${why} The secret from before is still used.`);
      this.#fileProblem = why;
      return;
    }
    this.log.info('[WebRTC Signaling] The secret of the TURN server has changed: peers get new credentials.');
    this.changed();
  }

  /** @returns whether another one signs now */
  #use(secrets: readonly string[]): boolean {
    const isNew = secrets[0] !== this.#secrets[0];
    this.#secrets = secrets;
    return isNew;
  }
}

class ProviderSource extends Source {
  readonly kind = 'provider';
  readonly #iceServers: readonly IceServer[];
  readonly #cache: ProviderCache;

  constructor(settings: Extract<IceSettings, { kind: 'provider' }>, deps: IceSourceDeps) {
    super(deps);
    this.#iceServers = settings.iceServers;
    this.#cache = new ProviderCache(settings.provide, {
      clocks: this.clocks,
      random: this.random,
      onAnswer: () => this.changed(),
      onRecovery: () => this.log.info('[WebRTC Signaling] The provider of ICE servers answers again.'),
      onFailure: (why, hasGood) => {
        const meanwhile = hasGood
          ? 'The servers from before are still used.'
          : 'Peers get no TURN server until it does.';
        this.log.error(`[WebRTC Signaling] ${why}. ${meanwhile}`);
      },
    });
  }

  override async start(): Promise<void> {
    // Why it failed is in the log.
    await this.#cache.ask().catch(() => {});
  }

  forPeer(): PeerIce {
    const provided = this.#cache.current;
    if (!provided) return staticIce(this.#iceServers);
    const { ice, expiresAtMs } = provided;
    const both = this.#iceServers.length > 0 ? staticIce([...this.#iceServers, ...ice.browser.iceServers]) : ice;
    // The cache's next answer comes before that and is told to everybody; this is for when it comes late.
    const refreshAtMs = expiresAtMs - Math.floor((expiresAtMs - provided.sinceMs) * 0.1);
    return withExpiry(both, expiresAtMs, refreshAtMs);
  }

  override rotate(): Promise<void> {
    return this.#cache.ask();
  }

  override close(): void {
    this.#cache.close();
    super.close();
  }

  protected trials(): TurnTrial[] {
    return trialsOf(this.forPeer().browser.iceServers, WRONG_PROVIDED);
  }
}

function withExpiry({ browser, gstreamer }: Ice, expiresAtMs: number, refreshAtMs: number): PeerIce {
  return {
    browser: { ...browser, expiresAt: expiresAtMs },
    gstreamer: { ...gstreamer, expiresAt: expiresAtMs },
    expiresAtMs,
    refreshAtMs,
  };
}

function trialsOf(iceServers: readonly IceServer[], refused: Finding): TurnTrial[] {
  return iceServers.flatMap(({ urls, username, credential }) =>
    urls.map((url) => {
      if (url.startsWith('stun') || username === undefined || credential === undefined) return { url };
      return { url, credentials: { username, credential }, refused };
    }),
  );
}

/** After any clock that is right or wrong, and still within 32 bits as long as that is so. */
function farFrom(nowS: number): number {
  return Math.max(2 ** 31 - 1, nowS + 10 * 365 * 86_400);
}

/** A sentence with a full stop behind it. */
function readSecrets(path: string): string[] {
  try {
    return readSecretFile(path);
  } catch (error) {
    throw new Error(`The secret of the TURN server cannot be read: ${(error as Error).message}.`);
  }
}

const WRONG_SECRET: Finding = {
  code: 'wrong_credentials',
  message: 'The TURN server does not accept what is signed with this secret (401).',
  next: 'Give coturn the same secret: "use-auth-secret" and "static-auth-secret=…", then restart it.',
};

const ONLY_OLD: Finding = {
  code: 'wrong_credentials',
  message: 'The TURN server still knows only an older secret, not the one that signs (401).',
  next: 'Add the new secret to coturn as one more "static-auth-secret=…" line and restart it; only then put it first here.',
};

const WRONG_PROVIDED: Finding = {
  code: 'wrong_credentials',
  message: 'The TURN server does not accept what the function "iceProvider" returned (401).',
  next: 'Check its key and its "ttl" with the service.',
};

function clockAhead(seconds: number): Finding {
  const span = seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
  return {
    code: 'clock_skew',
    message: `The clock of the TURN server is more than ${span} ahead of this machine's: credentials end too early (401).`,
    next: 'Set both clocks right, best by NTP ("timedatectl set-ntp true").',
  };
}
