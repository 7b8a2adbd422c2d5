import { io } from 'socket.io-client';
import { DEFAULT_PATH, PROTOCOL_VERSION } from '../../protocol/constants.js';
import { type ErrorCode, PreviewError } from '../../protocol/errors.js';
import type { ServerClosing } from '../../protocol/index.js';
import { acknowledged, asErrorInfo, delayAfter, type ReceiverSocket, toErrorInfo } from './acknowledged.js';

/** Pages that lost the same server come back spread over this. */
const JITTER_MS = 1_000;

/** The token is somebody else's than the one before, or the server takes none later: it needs a connection of its own. */
const NEEDS_ANOTHER: readonly ErrorCode[] = ['forbidden', 'not_supported', 'unknown_event'];

/** Splits `src` into what Socket.IO wants. Throws `PreviewError` with `bad_source`. */
export function parseSource(src: string, base = globalThis.location?.href): { origin: string; path: string } {
  let url: URL;
  try {
    url = new URL(src, base);
  } catch {
    throw new PreviewError('bad_source', `“${src}” is not an address.`);
  }
  if (!/^(https?|wss?):$/.test(url.protocol)) {
    throw new PreviewError('bad_source', `“${src}” does not begin with http, https, ws or wss.`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  const isPage = src === '' || src.startsWith('?') || src.startsWith('#');
  return { origin: url.origin.replace(/^ws/, 'http'), path: path === '' || isPage ? DEFAULT_PATH : path };
}

const auth = (token: string | undefined) => ({
  role: 'receiver' as const,
  protocol: PROTOCOL_VERSION,
  ...(token === undefined ? {} : { token }),
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
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The one that is there, or a new one. Throws `PreviewError` with `bad_source`. */
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
    this.socket = io(origin, {
      path,
      auth: auth(token),
      // Straight to WebSocket saves two round trips; polling is for proxies that refuse it.
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      forceNew: true,
      reconnectionDelay: 300,
      reconnectionDelayMax: 4_000,
      randomizationFactor: 0.5,
    });
    this.socket.on('connect', () => {
      this.closing = false;
      this.#refusals = 0;
    });
    this.socket.on('connect_error', (error) => this.#onConnectError(error));
    this.socket.on('disconnect', (reason) => this.#onDisconnect(reason));
    this.socket.on('server-closing', (message) => this.#onServerClosing(message));
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
    this.socket.disconnect();
  }

  /** Connects right now, if there is no connection. */
  wake(user: object): void {
    this.#resting.delete(user);
    if (this.socket.connected) return;
    this.socket.disconnect();
    this.#connect();
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
    if (token === undefined || [...this.#users.values()].some((wish) => wish !== token)) {
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
    this.socket.connect();
  }

  #connectIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  /** After a refusal Socket.IO does not try again by itself: right where the answer would be the same. */
  #onConnectError(error: Error & { data?: unknown }): void {
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
