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
    this.#socket.on('disconnect', () => this.#report(false, errorInfo('server_unreachable')));
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
    this.#socket.on('session-closed', ({ session }) => this.#close(session));
    source.track.addEventListener('ended', this.#onEnded);
  }

  stop(): void {
    this.#source.track.removeEventListener('ended', this.#onEnded);
    for (const session of [...this.#viewers.keys()]) this.#close(session);
    if (this.#socket.connected) this.#socket.emit('unpublish', { stream: this.#stream }, () => {});
    this.#socket.disconnect();
    this.#source.stop();
  }

  #publish(): void {
    const message = { stream: this.#stream, instance: this.#instance, camera: this.#source.camera };
    this.#socket.emit('publish', message, (ack) => {
      this.#report(ack.ok, ack.ok ? undefined : ack.error);
      // Another sender holds the name: it may go.
      if (!ack.ok && ack.error.retryable) setTimeout(() => this.#socket.connected && this.#publish(), 3_000);
    });
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
