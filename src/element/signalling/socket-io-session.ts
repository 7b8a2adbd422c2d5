import type { Answered, CloseReason, IceConfig, Joined, SendCandidate, StreamInfo } from '../../protocol/index.js';
import type { ErrorInfo } from '../../protocol/viewer-errors.js';
import { acknowledged, type ReceiverSocket, sayGoodbye } from './acknowledged.js';
import type { SessionEvents, SignallingSession } from './signalling.js';

/** One session on the server. It outlives the connection that it was answered on: `resume` takes it over onto the next. */
export class SocketIoSession implements SignallingSession {
  readonly events: SessionEvents;
  readonly #socket: ReceiverSocket;
  readonly #id: string;
  readonly #forget: () => void;
  /** What the offer got that was sent along with the join. */
  #early: Promise<Answered> | undefined;
  #ice: IceConfig;
  /** Good for one `resume`. */
  #key: string;
  #answered = false;
  /** This connection has it. */
  #attached = true;
  /** What is to be said once it is resumed. */
  #unsaid: (() => void)[] = [];
  #over = false;

  constructor(
    socket: ReceiverSocket,
    joined: Joined,
    events: SessionEvents,
    forget: () => void,
    early?: Promise<Answered>,
  ) {
    this.#socket = socket;
    this.#id = joined.session;
    this.#ice = joined.ice;
    this.#key = joined.resume;
    this.events = events;
    this.#forget = forget;
    this.#early = early;
  }

  get ice(): IceConfig {
    return this.#ice;
  }

  async offer(sdp: string): Promise<string> {
    const reply = await (this.#early ?? sendOffer(this.#socket, this.#id, sdp));
    this.#answered = true;
    return reply.sdp;
  }

  sendCandidate(candidate: SendCandidate['candidate']): void {
    this.#say(() => this.#socket.emit('candidate', { session: this.#id, epoch: 1, candidate }));
  }

  reportLive(): void {
    this.#say(() => this.#socket.emit('live', { session: this.#id, epoch: 1 }));
  }

  async leave(): Promise<void> {
    if (this.#over) return;
    this.#drop();
    if (this.#attached) await sayGoodbye(this.#socket, this.#id);
  }

  /** The server, or the other side, has ended it. */
  end(reason: CloseReason, error: ErrorInfo | undefined): void {
    if (this.#over) return;
    this.#drop();
    // Then only the server has lost it: the media flows on.
    if (reason !== 'lost' && reason !== 'server-closing') this.events.onClosed(reason, error);
  }

  useIce(ice: IceConfig): void {
    this.#ice = ice;
    this.events.onIce(ice);
  }

  /** Its connection was lost. One without an answer is not worth another: its offer has failed. */
  suspend(): void {
    this.#attached = false;
    if (!this.#answered) this.#drop();
  }

  /** Takes it over onto the connection that there is now; what the server says of its stream, unless it refuses. */
  async resume(): Promise<StreamInfo | undefined> {
    try {
      const message = { session: this.#id, resume: this.#key };
      const resumed = await acknowledged(this.#socket, (socket) => socket.emitWithAck('resume', message));
      this.#key = resumed.resume;
      this.#attached = true;
      if (this.#over) {
        void sayGoodbye(this.#socket, this.#id);
        return undefined;
      }
      this.useIce(resumed.ice);
      for (const say of this.#unsaid.splice(0)) say();
      return resumed.stream;
    } catch {
      // Where the connection broke once more, the next one gets its chance.
      if (this.#socket.connected) this.#drop();
      return undefined;
    }
  }

  #drop(): void {
    this.#over = true;
    this.#unsaid = [];
    this.#forget();
  }

  /** Socket.IO would keep messages for the next connection, and send them before the session is known there. */
  #say(say: () => void): void {
    if (this.#over) return;
    if (this.#attached && this.#socket.connected) say();
    else this.#unsaid.push(say);
  }
}

export function sendOffer(socket: ReceiverSocket, session: string, sdp: string): Promise<Answered> {
  return acknowledged(socket, (each) => each.emitWithAck('offer', { session, epoch: 1, sdp }));
}
