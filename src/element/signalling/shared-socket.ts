import { Manager } from 'socket.io-client';
import { DEFAULT_PATH, PROTOCOL_VERSION } from '../../protocol/constants.js';
import type { ClientToServer, ServerClosing, ServerToReceiver } from '../../protocol/index.js';
import { type ErrorInfo, toErrorInfo } from '../../protocol/viewer-errors.js';
import {
  acknowledged,
  asErrorInfo,
  type ConnectError,
  delayAfter,
  isWrongServer,
  type ReceiverSocket,
} from './acknowledged.js';
import { parseAddress } from './address.js';

/** Pages that lost the same server come back spread over this. */
const JITTER_MS = 1_000;

/** While a server is away its port refuses at once, which costs nobody anything; people wait for its return. */
const LONGEST_DELAY_MS = 1_500;
/** What answers is not our server, and as a rule will not be. */
const WRONG_SERVER_DELAY_MS = 15_000;

/** A connection that has been tried for less than this is not given up for another one. */
const YOUNG_MS = 1_000;

/**
 * What is asked while frames are missing is answered within this. After a blackout TCP waits as long as that has lasted before it
 * sends again, and Socket.IO 20 s before it gives a connection up; a new one is there at once.
 */
const DOUBT_MS = 1_500;
/** A server that is only slow is not asked for connections without end. */
const LONGEST_DOUBT_MS = 12_000;

/**
 * A connection that is being made is given up after this: TCP waits ever longer before it knocks again (1, 2, 4 s), and some
 * servers keep a WebSocket that they do not know waiting for ever.
 */
const CONNECT_MS = 5_000;

/** The token is somebody else's than the one before, or the server takes none later: it needs a connection of its own. */
const NEEDS_ANOTHER: readonly ErrorInfo['code'][] = ['forbidden', 'not_supported', 'unknown_event'];

/** Splits `src` into what Socket.IO wants. Throws `PreviewError`. */
export function parseSource(src: string, base?: string): { origin: string; path: string } {
  const url = parseAddress(src, /^(https?|wss?):/, base);
  const path = url.pathname.replace(/\/+$/, '');
  const isPage = src === '' || src.startsWith('?') || src.startsWith('#');
  return { origin: url.origin.replace(/^ws/, 'http'), path: path === '' || isPage ? DEFAULT_PATH : path };
}

const auth = (token: string | undefined) => ({
  role: 'receiver' as const,
  protocol: PROTOCOL_VERSION,
  ...(token && { token }),
});

const inUse = new Set<SharedSocket>();

/**
 * One connection to one server with one token, for every element of the page that names the same. Knows when to come back
 * and when not; what is said on it is its users' business.
 */
export class SharedSocket {
  readonly socket: ReceiverSocket;
  /** The server has said that it goes: nobody comes back before the time that it named. */
  closing = false;
  readonly #address: string;
  #token: string | undefined;
  #changed: Promise<boolean> = Promise.resolve(true);
  /** The token that each user wishes. */
  readonly #users = new Map<object, string | undefined>();
  /** Those for whom it is over until a person or a new token says otherwise. */
  readonly #resting = new Set<object>();
  #refusals = 0;
  /** When it was tried last, by a clock that only goes forward; `-Infinity` where that is decided. */
  #triedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #doubtTimer: ReturnType<typeof setTimeout> | undefined;
  /** How often in a row a connection was given up for its silence. */
  #silences = 0;

  /** The one that is there, or a new one. Throws `PreviewError`. */
  static acquire(user: object, src: string, token: string | undefined): SharedSocket {
    const { origin, path } = parseSource(src);
    const address = origin + path;
    let shared = [...inUse].find((each) => each.#address === address && each.#token === token);
    if (!shared) {
      shared = new SharedSocket(origin, path, token);
      inUse.add(shared);
    }
    shared.#users.set(user, token);
    return shared;
  }

  private constructor(origin: string, path: string, token: string | undefined) {
    this.#address = origin + path;
    this.#token = token;
    // Not by `io()`: that would look among the connections that it knows, and these are kept here.
    const manager = new Manager<ServerToReceiver, ClientToServer>(origin, {
      path,
      // Straight to WebSocket saves two round trips; polling is for proxies that refuse it.
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      autoConnect: false,
      reconnectionDelay: 300,
      randomizationFactor: 0.5,
      timeout: CONNECT_MS,
    });
    this.socket = manager.socket('/', { auth: auth(token) });
    manager.on('reconnect_attempt', () => this.#onTry());
    this.socket.on('connect', () => {
      this.#triedAt = -Infinity;
      this.closing = false;
      this.#refusals = 0;
    });
    this.socket.on('connect_error', (error) => this.#onConnectError(error));
    this.socket.on('disconnect', (reason) => this.#onDisconnect(reason));
    this.socket.on('server-closing', (message) => this.#onServerClosing(message));
    // One that nobody wants any more when this task is done is never opened.
    queueMicrotask(() => this.#users.size > 0 && this.#connect());
  }

  release(user: object): void {
    this.#users.delete(user);
    this.#resting.delete(user);
    if (this.#users.size > 0) return;
    inUse.delete(this);
    clearTimeout(this.#timer);
    this.socket.disconnect();
  }

  /** This user needs no connection for now. */
  rest(user: object): void {
    this.#resting.add(user);
    if (this.#resting.size < this.#users.size) return;
    clearTimeout(this.#timer);
    this.#triedAt = -Infinity;
    this.socket.disconnect();
  }

  /** Connects right now, if there is no connection. */
  wake(user: object): void {
    this.#resting.delete(user);
    // All elements of a page hear of the same network: one of them is enough.
    if (this.socket.connected || performance.now() - this.#triedAt < YOUNG_MS) return;
    this.socket.disconnect();
    this.#connect();
  }

  /** Something is asked right now, and frames are missing: a connection by which nothing comes then is given up for another. */
  doubt(): void {
    if (!this.socket.connected || this.#doubtTimer) return;
    const { engine } = this.socket.io;
    const settle = (silent: boolean) => {
      clearTimeout(this.#doubtTimer);
      this.#doubtTimer = undefined;
      engine.off('packet', heard);
      engine.off('close', heard);
      this.#silences = silent ? this.#silences + 1 : 0;
      // Without a goodbye, which would end the sessions.
      if (silent) engine.close();
    };
    const heard = () => settle(false);
    engine.on('packet', heard);
    engine.on('close', heard);
    this.#doubtTimer = setTimeout(settle, Math.min(LONGEST_DOUBT_MS, DOUBT_MS * 2 ** this.#silences), true);
  }

  /**
   * Brings a newer token on this very connection. False: another one is needed, since others use this one and keep their
   * token, or since it cannot change over. Rejects with `PreviewError` when
   * the server refuses; the former token then stays.
   */
  async authenticate(user: object, token: string | undefined): Promise<boolean> {
    this.#users.set(user, token);
    // A page gives a new token to one element after the other: that is one change for all of them.
    await new Promise((resolve) => setTimeout(resolve));
    if (!token || [...this.#users.values()].some((wish) => wish !== token)) {
      if (this.#users.has(user)) this.#users.set(user, this.#token);
      return false;
    }
    if (token !== this.#token) this.#changed = this.#bring(token);
    return this.#changed;
  }

  async #bring(token: string): Promise<boolean> {
    const former = this.#token;
    this.#token = token;
    try {
      if (this.socket.connected)
        await acknowledged(this.socket, (socket) => socket.emitWithAck('authenticate', { token }));
    } catch (error) {
      const { code, retryable } = toErrorInfo(error);
      // A connection that broke meanwhile brings it when it comes back.
      if (!retryable) {
        this.#token = former;
        this.#changed = Promise.resolve(true);
        for (const user of this.#users.keys()) this.#users.set(user, former);
        if (!NEEDS_ANOTHER.includes(code)) throw error;
        return false;
      }
    }
    this.socket.auth = auth(token);
    return true;
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.socket.io.reconnection(true);
    this.#onTry();
    this.socket.connect();
  }

  #onTry(): void {
    this.#triedAt = performance.now();
  }

  #connectIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  /** After a refusal Socket.IO does not try again by itself: right where the answer would be the same. */
  #onConnectError(error: ConnectError): void {
    this.#triedAt = -Infinity;
    const { io } = this.socket;
    if (error.message === 'timeout') {
      // Polling next, and alone, so that it is told what the server is; or back again.
      io.opts.transports?.reverse();
      io.opts.tryAllTransports = !io.opts.tryAllTransports;
    }
    io.reconnectionDelayMax(isWrongServer(error) ? WRONG_SERVER_DELAY_MS : LONGEST_DELAY_MS);
    if (this.socket.active || !asErrorInfo(error.data)?.retryable) return;
    this.#connectIn(delayAfter(this.#refusals));
    this.#refusals += 1;
  }

  #onDisconnect(reason: string): void {
    // Said before the manager decides whether to come back at once.
    if (this.closing) this.socket.io.reconnection(false);
    // Nor does it after a server that closes its sockets one by one.
    else if (reason === 'io server disconnect') this.#connectIn(delayAfter(0));
  }

  #onServerClosing({ retryAfterMs }: ServerClosing): void {
    this.closing = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.closing = false;
        // Still there: it waits for us to go. Without a goodbye, which would end the sessions.
        if (this.socket.connected) this.socket.io.engine.close();
        else this.#connect();
      },
      retryAfterMs + Math.random() * JITTER_MS,
    );
  }
}
