import type {
  Answered,
  CloseReason,
  IceConfig,
  Joined,
  Mode,
  SendCandidate,
  SessionClosed,
  StreamInfo,
  TokenExpiring,
} from '../../protocol/index.js';
import { type ErrorInfo, errorInfo, PreviewError, toErrorInfo } from '../../protocol/viewer-errors.js';
import {
  acknowledged,
  asErrorInfo,
  type ConnectError,
  delayAfter,
  isWrongServer,
  type ReceiverSocket,
  sayGoodbye,
} from './acknowledged.js';
import { SharedSocket } from './shared-socket.js';
import type {
  ChannelEvents,
  ChosenMode,
  SessionEvents,
  SignallingChannel,
  SignallingFactory,
  SignallingSession,
} from './signalling.js';
import { SocketIoSession, sendOffer } from './socket-io-session.js';

type SignallingState = Parameters<ChannelEvents['onSignalling']>[0];

/** A session that is being joined. Its id is known before the server has answered. */
interface Spare {
  readonly id: string;
  readonly joined: Promise<Joined>;
  /** What an offer got that was sent along. */
  answer?: Promise<Answered>;
}

/** Sessions of this page: each gets another number. */
let joins = 0;

/** What the server takes for the name of a stream. */
const STREAM_NAME = /^[\w-]{1,64}$/;

/** Joins `stream` on a Socket.IO server with the webrtc-preview plugin. Throws `PreviewError`. */
export const socketIoSignalling: SignallingFactory = ({ src, stream, token }, events) => {
  if (!STREAM_NAME.test(stream)) throw new PreviewError('bad_stream_name');
  return new SocketIoChannel(src, stream, token, events);
};

/**
 * Keeps one session joined ahead of need (it wakes no camera): through it come the news of the stream, and a start
 * costs a single round trip.
 */
class SocketIoChannel implements SignallingChannel {
  readonly #link: SharedSocket;
  readonly #socket: ReceiverSocket;
  readonly #stream: string;
  readonly #events: ChannelEvents;
  readonly #sessions = new Map<string, SocketIoSession>();
  #spare: Spare | undefined;
  /** The spare, once the server has answered. */
  #ready: Joined | undefined;
  #waiting = new Set<() => void>();
  #said: SignallingState | undefined;
  #refusals = 0;
  #rejoinTimer: ReturnType<typeof setTimeout> | undefined;
  /** The server has ended it, and not for a reason that passes. */
  #over = false;
  #closed = false;

  constructor(src: string, stream: string, token: string | undefined, events: ChannelEvents) {
    this.#link = SharedSocket.acquire(this, src, token);
    this.#socket = this.#link.socket;
    this.#stream = stream;
    this.#events = events;
    this.#listen('on');
    if (this.#socket.connected) queueMicrotask(this.#onConnect);
    else this.#say('connecting');
  }

  #listen(onOrOff: 'on' | 'off'): void {
    const socket = this.#socket;
    socket[onOrOff]('connect', this.#onConnect);
    socket[onOrOff]('disconnect', this.#onDisconnect);
    socket[onOrOff]('connect_error', this.#onConnectError);
    socket[onOrOff]('stream', this.#onStream);
    socket[onOrOff]('candidate', this.#onCandidate);
    socket[onOrOff]('session-closed', this.#onSessionClosed);
    socket[onOrOff]('ice-config', this.#onIceConfig);
    socket[onOrOff]('token-expiring', this.#onTokenExpiring);
  }

  async open(events: SessionEvents, offer?: Promise<string>): Promise<SignallingSession> {
    let waited = false;
    while (!this.#closed) {
      const spare = this.#spare;
      if (spare) {
        if (!this.#ready) offer?.then((sdp) => this.#offerAhead(spare, sdp)).catch(() => {});
        const joined = await spare.joined.catch((refusal: unknown) => {
          // Who has waited for the server goes on waiting: it is asked again.
          if (!waited) throw refusal;
        });
        if (!joined || this.#spare !== spare) continue;
        const forget = () => this.#sessions.delete(joined.session);
        // A server that gives its own ids does not know the one that the offer was sent with.
        const answer = joined.session === spare.id ? spare.answer : undefined;
        const session = new SocketIoSession(this.#socket, joined, events, forget, answer);
        this.#sessions.set(joined.session, session);
        this.#dropSpare();
        // After the offer, which is about to go: somebody waits for that.
        this.#rejoinTimer = setTimeout(() => this.#joinAhead());
        return session;
      }
      waited = true;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    throw new PreviewError('server_unreachable');
  }

  async setMode(mode: Mode): Promise<ChosenMode> {
    const session = this.#ready?.session;
    if (!this.#socket.connected || session === undefined) throw new PreviewError('server_unreachable');
    return acknowledged(this.#socket, (socket) => socket.emitWithAck('set-mode', { session, mode }));
  }

  async authenticate(token: string | undefined): Promise<boolean> {
    const accepted = await this.#link.authenticate(this, token);
    // A connection that is just being made takes the token along.
    const connecting = this.#socket.active && !this.#socket.connected && !this.#over;
    if (accepted && !connecting) this.reconnect();
    return accepted;
  }

  doubt(): void {
    this.#link.doubt();
  }

  reconnect(): void {
    if (this.#closed) return;
    this.#over = false;
    this.#refusals = 0;
    if (this.#socket.connected) {
      this.#link.wake(this);
      if (!this.#spare) this.#joinAhead();
      return;
    }
    this.#link.wake(this);
    this.#say('connecting');
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#rejoinTimer);
    const goodbyes = [...this.#sessions.values()].map((session) => session.leave());
    if (this.#ready) goodbyes.push(sayGoodbye(this.#socket, this.#ready.session));
    this.#listen('off');
    // Socket.IO's server drops what arrives together with a disconnect, and then the sender would wait for silence.
    void Promise.allSettled(goodbyes).then(() => this.#link.release(this));
    this.#wake();
  }

  #onConnect = (): void => {
    if (this.#closed || this.#over) return;
    this.#say('connected');
    for (const session of this.#sessions.values()) void this.#resume(session);
    this.#joinAhead();
  };

  /** A refusal changes nothing that is seen: the media flows on, only without the server. */
  async #resume(session: SocketIoSession): Promise<void> {
    const info = await session.resume();
    if (info && !this.#closed) this.#events.onStream(info);
  }

  #onDisconnect = (): void => {
    this.#dropSpare();
    for (const session of this.#sessions.values()) session.suspend();
    if (this.#over) return;
    this.#say('connecting', errorInfo(this.#link.closing ? 'server_closing' : 'server_unreachable'));
  };

  #onConnectError = (error: ConnectError): void => {
    const info = asErrorInfo(error.data) ?? errorInfo(isWrongServer(error) ? 'wrong_server' : 'server_unreachable');
    this.#say(this.#socket.active || info.retryable ? 'connecting' : 'closed', info);
  };

  #onStream = (info: StreamInfo): void => {
    if (info.stream === this.#stream) this.#events.onStream(info);
  };

  #onCandidate = ({ session, candidate }: SendCandidate): void => {
    this.#sessions.get(session)?.events.onCandidate(candidate);
  };

  /** One that is still being joined gets its servers with the acknowledgement. */
  #onIceConfig = (ice: IceConfig): void => {
    if (this.#ready) this.#ready.ice = ice;
    for (const session of this.#sessions.values()) session.useIce(ice);
  };

  #onTokenExpiring = ({ expiresAt }: TokenExpiring): void => this.#events.onTokenExpiring(expiresAt);

  #onSessionClosed = ({ session, reason, error }: SessionClosed): void => {
    if (session === this.#ready?.session) this.#onSpareClosed(reason, error);
    else this.#sessions.get(session)?.end(reason, error);
  };

  #onSpareClosed(reason: CloseReason, error: ErrorInfo | undefined): void {
    this.#dropSpare();
    if (reason === 'kicked' || reason === 'expired') {
      this.#over = true;
      for (const session of this.#sessions.values()) session.end(reason, error);
      this.#say('closed', error ?? errorInfo(reason === 'kicked' ? 'kicked' : 'token_expired'));
      this.#link.rest(this);
    } else if (reason !== 'server-closing') {
      this.#joinAhead();
    }
  }

  /** The server takes messages in their order: the session is there when it comes to the offer. */
  #offerAhead(spare: Spare, sdp: string): void {
    if (this.#spare !== spare || this.#ready || spare.answer) return;
    spare.answer = sendOffer(this.#socket, spare.id, sdp);
    spare.answer.catch(() => {}); // heard of by who opens the session
  }

  #dropSpare(): void {
    clearTimeout(this.#rejoinTimer);
    this.#spare = this.#ready = undefined;
  }

  #joinAhead(): void {
    this.#dropSpare();
    const number = joins++;
    const message = { stream: this.#stream, number };
    const joining = acknowledged(this.#socket, (socket) => socket.emitWithAck('join', message));
    const spare: Spare = { id: `${this.#socket.id}_${number}`, joined: joining };
    this.#spare = spare;
    this.#wake();
    joining.then(
      (joined) => {
        if (this.#closed) {
          void sayGoodbye(this.#socket, joined.session);
          return;
        }
        if (this.#spare === spare) this.#ready = joined;
        this.#refusals = 0;
        if (this.#said !== 'connected') this.#say('connected');
        this.#events.onStream(joined.stream);
      },
      (error: unknown) => {
        if (this.#spare !== spare) return;
        this.#spare = undefined;
        if (!this.#closed && this.#socket.connected) this.#onJoinRefused(toErrorInfo(error));
      },
    );
  }

  #onJoinRefused(error: ErrorInfo): void {
    this.#say(error.retryable ? 'connecting' : 'closed', error);
    if (error.retryable) this.#rejoinTimer = setTimeout(() => this.#joinAhead(), delayAfter(this.#refusals));
    this.#refusals += 1;
  }

  #say(state: SignallingState, error?: ErrorInfo): void {
    this.#said = state;
    this.#events.onSignalling(state, error);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
