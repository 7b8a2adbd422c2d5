import { io, type Socket } from 'socket.io-client';
import {
  type ClientToServer,
  DEFAULT_PATH,
  errorInfo,
  LIMITS,
  type ModeSet,
  type OfferForSender,
  PROTOCOL_VERSION,
  PreviewError,
  type Refusal,
  type SendCandidate,
  type ServerToSender,
  type SetModeForSender,
} from '../../src/protocol/index.js';
import { type Source, sameMode } from './source.js';
import { Viewer } from './viewer.js';

export interface SenderStatus {
  /** The server knows the stream: viewers can see it. */
  published: boolean;
  viewers: number;
  /** Why it is not published. */
  problem?: { message: string; next: string };
}

/** How long another sender's stream is left alone before it is asked for again, in ms. */
const STANDBY_MS = 10_000;
const RETRY_MS = 3_000;
/** Pages that lost the same server come back spread over this. */
const JITTER_MS = 1_000;

/** Publishes one source under a stream name, as the Python sender does. Single use. */
export class BrowserSender {
  readonly #socket: Socket<ServerToSender, ClientToServer>;
  /** The same after each reconnect, so that the sessions go on. */
  readonly #instance = crypto.randomUUID?.() ?? `browser-${Math.random().toString(36).slice(2)}`;
  readonly #viewers = new Map<string, Viewer>();
  readonly #stream: string;
  readonly #source: Source;
  readonly #onStatus: (status: SenderStatus) => void;
  #published = false;
  /** Another sender has taken the stream: this one only takes it back when it is free. */
  #standby = false;
  #publishTimer: ReturnType<typeof setTimeout> | undefined;
  #returnTimer: ReturnType<typeof setTimeout> | undefined;
  #problem: SenderStatus['problem'];

  constructor(stream: string, source: Source, onStatus: (status: SenderStatus) => void) {
    this.#stream = stream;
    this.#source = source;
    this.#onStatus = onStatus;
    this.#socket = io({
      path: DEFAULT_PATH,
      auth: { role: 'sender', protocol: PROTOCOL_VERSION },
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
    });
    this.#socket.on('connect', () => this.#publish());
    this.#socket.on('disconnect', () => {
      clearTimeout(this.#publishTimer);
      this.#report(false, errorInfo(this.#returnTimer ? 'server_closing' : 'server_unreachable'));
      // Before the manager decides whether to come back at once.
      if (this.#returnTimer) this.#socket.io.reconnection(false);
    });
    this.#socket.on('server-closing', ({ retryAfterMs }) => this.#returnIn(retryAfterMs + Math.random() * JITTER_MS));
    this.#socket.on('replaced', ({ error }) => {
      this.#standby = true;
      this.#report(false, error);
      this.#publishIn(STANDBY_MS);
    });
    this.#socket.on('token-expiring', () => {
      this.#report(this.#published, errorInfo('token_expired', 'The right to publish ends in a moment.'));
    });
    this.#socket.on('connect_error', (error) => {
      const { data } = error as Error & { data?: Refusal['error'] };
      this.#report(false, data?.message ? data : errorInfo('server_unreachable'));
    });
    this.#socket.on('offer', (offer, ack) => this.#answer(offer, ack));
    this.#socket.on('candidate', ({ session, epoch, candidate }) => {
      const viewer = this.#viewers.get(session);
      if (viewer?.epoch !== epoch) return;
      // A candidate that cannot be used is one way less, nothing more.
      viewer.addCandidate(candidate as RTCIceCandidateInit).catch(() => {});
    });
    this.#socket.on('set-mode', (message, ack) => this.#setMode(message, ack));
    this.#socket.on('session-closed', ({ session, reason }) => {
      // Then only the server has lost it: the picture goes on.
      if (reason !== 'lost' && reason !== 'server-closing') this.#close(session);
      // The server keeps such a session until its sender says that there is no media any more.
      else if (reason === 'lost' && !this.#viewers.has(session)) this.#socket.emit('leave', { session }, () => {});
    });
    source.track.addEventListener('ended', this.#onEnded);
  }

  stop(): void {
    this.#source.track.removeEventListener('ended', this.#onEnded);
    clearTimeout(this.#publishTimer);
    clearTimeout(this.#returnTimer);
    for (const session of [...this.#viewers.keys()]) this.#close(session);
    if (this.#socket.connected) this.#socket.emit('unpublish', { stream: this.#stream }, () => {});
    this.#socket.disconnect();
    this.#source.stop();
  }

  #publish(): void {
    const standby = this.#standby ? { standby: true } : {};
    const message = { stream: this.#stream, instance: this.#instance, camera: this.#source.camera, ...standby };
    this.#socket.emit('publish', message, (ack) => {
      if (ack.ok) this.#standby = false;
      else if (ack.error.code === 'takeover_storm') this.#standby = true;
      this.#report(ack.ok, ack.ok ? undefined : ack.error);
      // Another sender holds the name: it may go.
      if (!ack.ok && ack.error.retryable) this.#publishIn(this.#standby ? STANDBY_MS : RETRY_MS);
    });
  }

  #publishIn(delayMs: number): void {
    clearTimeout(this.#publishTimer);
    this.#publishTimer = setTimeout(() => this.#socket.connected && this.#publish(), delayMs);
  }

  /** The server closes: it is left then, if it has not gone by itself. */
  #returnIn(delayMs: number): void {
    clearTimeout(this.#returnTimer);
    this.#returnTimer = setTimeout(() => {
      this.#returnTimer = undefined;
      this.#socket.io.reconnection(true);
      if (this.#socket.connected) this.#socket.io.engine.close();
      else this.#socket.connect();
    }, delayMs);
  }

  async #answer(offer: OfferForSender, ack: Parameters<ServerToSender['offer']>[1]): Promise<void> {
    const { session } = offer;
    // Candidates may leave only after the answer that they belong to.
    let waiting: SendCandidate[] | undefined = [];
    const send = (candidate: SendCandidate) => {
      if (waiting) waiting.push(candidate);
      else this.#socket.emit('candidate', candidate, () => {});
    };
    this.#viewers.get(session)?.close();
    const viewer = new Viewer(offer, this.#source, send, () => this.#leave(session, viewer));
    this.#viewers.set(session, viewer);
    this.#report(this.#published);
    try {
      ack({ ok: true, sdp: await viewer.answer() });
    } catch (error) {
      if (this.#viewers.get(session) === viewer) this.#close(session);
      ack({ ok: false, error: errorInfo('sender_failed', (error as Error).message) });
    }
    const ready = waiting.slice(0, LIMITS.candidatesPerNegotiation);
    waiting = undefined;
    for (const candidate of ready) send(candidate);
  }

  async #setMode({ mode }: SetModeForSender, ack: (reply: ModeSet | Refusal) => void): Promise<void> {
    try {
      const before = this.#source.camera.mode;
      const applied = await this.#source.setMode(mode);
      ack({ ok: true, mode: applied });
      if (sameMode(before, applied)) return;
      for (const viewer of this.#viewers.values()) viewer.applyBitrate();
      this.#updateCamera();
      this.#report(this.#published);
    } catch (error) {
      ack({ ok: false, error: error instanceof PreviewError ? error.info : errorInfo('camera_failed') });
    }
  }

  readonly #onEnded = () => {
    this.#source.camera.error = errorInfo('camera_failed', 'The camera was unplugged or taken away.');
    this.#updateCamera();
    this.#report(this.#published, this.#source.camera.error);
  };

  #updateCamera(): void {
    this.#socket.emit('update-camera', { stream: this.#stream, camera: this.#source.camera }, () => {});
  }

  #leave(session: string, viewer: Viewer): void {
    if (this.#viewers.get(session) !== viewer) return;
    this.#socket.emit('leave', { session, error: errorInfo('ice_failed') }, () => {});
    this.#close(session);
  }

  #close(session: string): void {
    this.#viewers.get(session)?.close();
    this.#viewers.delete(session);
    this.#report(this.#published);
  }

  #report(published: boolean, problem?: SenderStatus['problem']): void {
    this.#published = published;
    if (published) this.#problem = undefined;
    if (problem) this.#problem = problem;
    this.#onStatus({
      published,
      viewers: this.#viewers.size,
      ...(this.#problem ? { problem: this.#problem } : {}),
    });
  }
}
