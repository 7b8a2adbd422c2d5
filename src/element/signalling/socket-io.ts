import { io, type Socket } from 'socket.io-client';
import { DEFAULT_PATH, PROTOCOL_VERSION, TIMEOUTS } from '../../protocol/constants.js';
import { type ErrorInfo, errorInfo, isErrorCode, PreviewError } from '../../protocol/errors.js';
import type {
  Ack,
  ClientToServer,
  IceConfig,
  Joined,
  Mode,
  SendCandidate,
  ServerToReceiver,
  SessionClosed,
  StreamInfo,
} from '../../protocol/index.js';
import type {
  ChannelEvents,
  ChosenMode,
  SessionEvents,
  SignallingChannel,
  SignallingFactory,
  SignallingSession,
} from './signalling.js';

/** A join that was refused for now is tried again after this. */
const REJOIN_MS = 2_000;

/** How long a socket stays for the acknowledgement of a goodbye. */
const GOODBYE_MS = 1_000;

type ReceiverSocket = Socket<ServerToReceiver, ClientToServer>;

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

/** Sockets in use. Every element on a page that names the same server and token shares one. */
const sockets = new Map<string, { socket: ReceiverSocket; users: number }>();

function acquireSocket(src: string, token: string | undefined): { socket: ReceiverSocket; release: () => void } {
  const { origin, path } = parseSource(src);
  const key = JSON.stringify([origin, path, token]);
  let entry = sockets.get(key);
  if (!entry) {
    const socket: ReceiverSocket = io(origin, {
      path,
      auth: { role: 'receiver', protocol: PROTOCOL_VERSION, ...(token === undefined ? {} : { token }) },
      // Straight to WebSocket saves two round trips; polling is for proxies that refuse it.
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      forceNew: true,
      reconnectionDelay: 300,
      reconnectionDelayMax: 4_000,
      randomizationFactor: 0.5,
    });
    entry = { socket, users: 0 };
    sockets.set(key, entry);
  }
  const { socket } = entry;
  entry.users += 1;
  let released = false;
  const release = () => {
    if (released || !entry) return;
    released = true;
    entry.users -= 1;
    if (entry.users > 0) return;
    sockets.delete(key);
    socket.disconnect();
  };
  return { socket, release };
}

/** Joins `stream` on a Socket.IO server with the webrtc-preview plugin. */
export const socketIoSignalling: SignallingFactory = ({ src, stream, token }, events) =>
  new SocketIoChannel(acquireSocket(src, token), stream, events);

/**
 * Keeps one session joined ahead of need (it wakes no camera): through it come the news of the stream, and a start
 * costs a single round trip.
 */
class SocketIoChannel implements SignallingChannel {
  readonly #socket: ReceiverSocket;
  readonly #release: () => void;
  readonly #stream: string;
  readonly #events: ChannelEvents;
  readonly #sessions = new Map<string, SocketIoSession>();
  #spare: Promise<Joined> | undefined;
  #spareId: string | undefined;
  #waiting = new Set<() => void>();
  #refused = false;
  #rejoinTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor({ socket, release }: ReturnType<typeof acquireSocket>, stream: string, events: ChannelEvents) {
    this.#socket = socket;
    this.#release = release;
    this.#stream = stream;
    this.#events = events;
    socket.on('connect', this.#onConnect);
    socket.on('disconnect', this.#onDisconnect);
    socket.on('connect_error', this.#onConnectError);
    socket.on('stream', this.#onStream);
    socket.on('candidate', this.#onCandidate);
    socket.on('session-closed', this.#onSessionClosed);
    if (socket.connected) queueMicrotask(this.#onConnect);
    else events.onSignalling('connecting');
  }

  async open(events: SessionEvents): Promise<SignallingSession> {
    while (!this.#closed) {
      const spare = this.#spare;
      if (spare) {
        const joined = await spare;
        if (this.#spare !== spare) continue;
        this.#spare = undefined;
        const session = new SocketIoSession(this.#socket, joined, events, () => this.#sessions.delete(joined.session));
        this.#sessions.set(joined.session, session);
        this.#joinAhead();
        return session;
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    throw new PreviewError('server_unreachable');
  }

  async setMode(mode: Mode): Promise<ChosenMode> {
    const session = this.#spareId;
    if (!this.#socket.connected || session === undefined) throw new PreviewError('server_unreachable');
    return acknowledged(this.#socket, (socket) => socket.emitWithAck('set-mode', { session, mode }));
  }

  reconnect(): void {
    if (this.#closed) return;
    if (this.#socket.connected) {
      if (!this.#spare) this.#joinAhead();
      return;
    }
    this.#socket.disconnect().connect();
    this.#events.onSignalling('connecting');
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#rejoinTimer);
    const goodbyes = [...this.#sessions.values()].map((session) => session.leave());
    if (this.#spareId !== undefined) goodbyes.push(sayGoodbye(this.#socket, this.#spareId));
    this.#socket.off('connect', this.#onConnect);
    this.#socket.off('disconnect', this.#onDisconnect);
    this.#socket.off('connect_error', this.#onConnectError);
    this.#socket.off('stream', this.#onStream);
    this.#socket.off('candidate', this.#onCandidate);
    this.#socket.off('session-closed', this.#onSessionClosed);
    // Socket.IO's server drops what arrives together with a disconnect, and then the sender would wait for silence.
    void Promise.allSettled(goodbyes).then(() => this.#release());
    this.#wake();
  }

  #onConnect = (): void => {
    if (this.#closed) return;
    this.#events.onSignalling('connected');
    this.#joinAhead();
  };

  #onDisconnect = (): void => {
    clearTimeout(this.#rejoinTimer);
    this.#spare = undefined;
    this.#spareId = undefined;
    // The server forgets the sessions of a lost socket; their media flows on.
    for (const session of this.#sessions.values()) session.abandon();
    this.#sessions.clear();
    this.#events.onSignalling('connecting', errorInfo('server_unreachable'));
  };

  #onConnectError = (error: Error & { data?: unknown }): void => {
    const info = asErrorInfo(error.data) ?? errorInfo('server_unreachable');
    // After a refusal Socket.IO does not try again by itself: the answer would be the same.
    this.#events.onSignalling(this.#socket.active ? 'connecting' : 'closed', info);
  };

  #onStream = (info: StreamInfo): void => {
    if (info.stream === this.#stream) this.#events.onStream(info);
  };

  #onCandidate = ({ session, candidate }: SendCandidate): void => {
    this.#sessions.get(session)?.events.onCandidate(candidate);
  };

  #onSessionClosed = ({ session, reason, error }: SessionClosed): void => {
    if (session === this.#spareId) {
      this.#joinAhead();
      return;
    }
    const entry = this.#sessions.get(session);
    this.#sessions.delete(session);
    entry?.events.onClosed(reason, error);
  };

  #joinAhead(): void {
    clearTimeout(this.#rejoinTimer);
    const joining = acknowledged(this.#socket, (socket) => socket.emitWithAck('join', { stream: this.#stream }));
    this.#spare = joining;
    joining.then(
      (joined) => {
        if (this.#closed) {
          void sayGoodbye(this.#socket, joined.session);
          return;
        }
        if (this.#spare === joining) this.#spareId = joined.session;
        if (this.#refused) this.#events.onSignalling('connected');
        this.#refused = false;
        this.#events.onStream(joined.stream);
        this.#wake();
      },
      (error: unknown) => {
        if (this.#spare !== joining) return;
        this.#spare = undefined;
        if (!this.#closed && this.#socket.connected) this.#onJoinRefused(toErrorInfo(error));
      },
    );
  }

  #onJoinRefused(error: ErrorInfo): void {
    this.#refused = true;
    this.#events.onSignalling(error.retryable ? 'connecting' : 'closed', error);
    if (error.retryable) this.#rejoinTimer = setTimeout(() => this.#joinAhead(), REJOIN_MS);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

class SocketIoSession implements SignallingSession {
  readonly ice: IceConfig;
  readonly events: SessionEvents;
  readonly #socket: ReceiverSocket;
  readonly #id: string;
  readonly #forget: () => void;
  #left = false;

  constructor(socket: ReceiverSocket, joined: Joined, events: SessionEvents, forget: () => void) {
    this.#socket = socket;
    this.#id = joined.session;
    this.ice = joined.ice;
    this.events = events;
    this.#forget = forget;
  }

  async offer(sdp: string): Promise<string> {
    const reply = await acknowledged(this.#socket, (socket) =>
      socket.emitWithAck('offer', { session: this.#id, epoch: 1, sdp }),
    );
    return reply.sdp;
  }

  sendCandidate(candidate: SendCandidate['candidate']): void {
    if (this.#usable()) this.#socket.emit('candidate', { session: this.#id, epoch: 1, candidate }, () => {});
  }

  reportLive(): void {
    if (this.#usable()) this.#socket.emit('live', { session: this.#id, epoch: 1 }, () => {});
  }

  async leave(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    this.#forget();
    await sayGoodbye(this.#socket, this.#id);
  }

  /** The server does not know it any more: nothing about it is sent again. */
  abandon(): void {
    this.#left = true;
  }

  /** Socket.IO would keep messages for the next connection, where this session is unknown. */
  #usable(): boolean {
    return !this.#left && this.#socket.connected;
  }
}

/** Leaves a session; resolves when the server has heard it, or will not. */
async function sayGoodbye(socket: ReceiverSocket, session: string): Promise<void> {
  if (!socket.connected) return;
  await socket
    .timeout(GOODBYE_MS)
    .emitWithAck('leave', { session })
    .catch(() => {});
}

/** Sends by `send`, waits a bounded time, and turns a refusal into a `PreviewError`. */
async function acknowledged<T extends { ok: true }>(
  socket: ReceiverSocket,
  send: (socket: ReturnType<ReceiverSocket['timeout']>) => Promise<Ack<T>>,
): Promise<T> {
  let reply: Ack<T>;
  try {
    reply = await send(socket.timeout(TIMEOUTS.acknowledgementMs));
  } catch {
    throw new PreviewError(socket.connected ? 'ack_timeout' : 'server_unreachable');
  }
  if (reply.ok) return reply;
  throw new PreviewError(asErrorInfo(reply.error) ?? errorInfo('internal'));
}

function asErrorInfo(data: unknown): ErrorInfo | undefined {
  const info = data as ErrorInfo | undefined;
  if (typeof info?.message !== 'string' || typeof info.next !== 'string') return undefined;
  // A newer server may name a code that this version does not know: its sentences are still good.
  return isErrorCode(info.code) ? info : { ...info, code: 'internal' };
}

function toErrorInfo(error: unknown): ErrorInfo {
  return error instanceof PreviewError ? error.info : errorInfo('internal', String(error));
}
