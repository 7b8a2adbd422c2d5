import {
  type Ack,
  type Answered,
  type Candidate,
  type CloseReason,
  type ErrorInfo,
  errorInfo,
  type IceConfig,
  type Joined,
  type Refusal,
  type SendCandidate,
  type SessionClosed,
  type StreamInfo,
} from '../../protocol/index.js';
import type { Grant } from '../access/access.js';
import type { Doorway } from '../doorway.js';
import type { Peer, TellEvent, TellMessage } from '../messages/peer.js';
import type { Outcome } from '../messages/questions.js';
import { withCandidates } from './answer.js';
import { Gathering, type Patience } from './gathering.js';

/**
 * The GStreamer sender finds its host candidates while it still makes the answer: the last of nine, and the word that there are no
 * more, came 0.5 to 6 ms after it (GStreamer 1.22). A sender that never says that word costs 50 ms.
 */
const HOST_ONLY: Patience = { quietMs: 50, longestMs: 500 };
/**
 * A relay candidate takes two round trips to its server: on the same network it came after 15 to 103 ms. The pause is enough for a
 * server 200 ms away; with one that is lost, the word that there are no more does not come for seconds.
 */
const WITH_SERVERS: Patience = { quietMs: 500, longestMs: 2_000 };

/** A WHEP player negotiates once: there is no way to tell it of another offer. */
const EPOCH = 1;

export type Opened = { ok: true; answer: string; ice: IceConfig } | Refusal;

/** One WHEP player: a peer without a connection to the server. Single use, and over once `onOver` was called. */
export class WhepViewer implements Peer {
  readonly id: string;
  readonly role = 'receiver';
  readonly via = 'whep';
  readonly address: string;
  grant: Grant;
  readonly stream: string;
  readonly offer: string;
  readonly #doorway: Doorway;
  readonly #onOver: () => void;
  readonly #gathering = new Gathering();
  #session: string | undefined;
  /** The sender that answers: with another one, or none, this connection is dead. */
  #instance: string | undefined;
  #withdrawn = false;
  #over: ErrorInfo | undefined;

  constructor(
    { id, address, grant }: Pick<Peer, 'id' | 'address' | 'grant'>,
    { stream, offer }: { stream: string; offer: string },
    doorway: Doorway,
    onOver: () => void,
  ) {
    this.id = id;
    this.address = address;
    this.grant = grant;
    this.stream = stream;
    this.offer = offer;
    this.#doorway = doorway;
    this.#onOver = onOver;
  }

  /** Why it is over; `undefined` while it is not. */
  get over(): ErrorInfo | undefined {
    return this.#over;
  }

  // ---- what the player asks ------------------------------------------------------------------------------------------

  /** From the offer to the answer with the sender's candidates in it. What fails leaves nothing behind. */
  async open(): Promise<Opened> {
    this.#doorway.enter(this);
    const opened = this.#isWanted ? await this.#negotiate() : gone(this.#over ?? WITHDRAWN);
    if (!opened.ok) await this.leave('refused');
    return opened;
  }

  get #isWanted(): boolean {
    return !this.#over && !this.#withdrawn;
  }

  async #negotiate(): Promise<Opened> {
    const joined = (await this.#doorway.request(this, 'join', { stream: this.stream })) as Ack<Joined>;
    if (!joined.ok) return joined;
    const { session, ice } = joined;
    this.#session = session;
    this.#instance = joined.stream.instance;
    if (!this.#isWanted) return gone(this.#over ?? WITHDRAWN);
    const offer = { session, epoch: EPOCH, sdp: this.offer };
    const answered = (await this.#doorway.request(this, 'offer', offer)) as Ack<Answered>;
    if (this.#over) return gone(this.#over);
    if (!answered.ok) return answered;
    await this.#gathering.finished(ice.iceServers.length > 0 ? WITH_SERVERS : HOST_ONLY);
    if (this.#over) return gone(this.#over);
    return { ok: true, answer: withCandidates(answered.sdp, this.#gathering.candidates), ice };
  }

  /** One after the other: the first refusal ends it. */
  async trickle(candidates: readonly Candidate[]): Promise<Ack> {
    for (const candidate of candidates) {
      if (!this.#session || this.#over) return gone(errorInfo('unknown_session'));
      const message: SendCandidate = { session: this.#session, epoch: EPOCH, candidate };
      const ack = await this.#doorway.request(this, 'candidate', message);
      if (!ack.ok) return ack;
    }
    return { ok: true };
  }

  /** The player does not wait for the answer any more: without its URL, nobody could end the session. */
  withdraw(): void {
    this.#withdrawn = true;
    if (this.#session) void this.leave('withdrawn');
  }

  /** The player says goodbye, or has got no answer. */
  async leave(reason: string): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    // The sender ends the media when it hears of it; what is left is put away whether or not it does.
    if (session && !this.#over) await this.#doorway.request(this, 'leave', { session });
    this.#finish(errorInfo('unknown_session'), reason);
  }

  /** The server goes down: the player is not told, and its media flows on. */
  abandon(): void {
    this.#over ??= errorInfo('server_closing');
    this.#gathering.stop();
  }

  // ---- what the server says ------------------------------------------------------------------------------------------

  tell<E extends TellEvent>(event: E, message: TellMessage<E>): void {
    if (event === 'candidate') {
      const { epoch, candidate } = message as SendCandidate;
      if (epoch === EPOCH) this.#gathering.add(candidate);
    } else if (event === 'session-closed') {
      const { reason, error } = message as SessionClosed;
      this.#session = undefined;
      this.#finish(error ?? CLOSED[reason](), `session-closed: ${reason}`);
    } else if (event === 'stream') {
      // A sender that is only away has its name still, and may come back; another viewer would offer anew.
      const { instance } = message as StreamInfo;
      if (this.#session && instance !== this.#instance) this.#finish(errorInfo('stream_offline'), 'sender gone');
    }
  }

  /** Nothing is asked of a viewer. */
  async ask(): Promise<Outcome> {
    return { answered: false, error: errorInfo('not_supported') };
  }

  cut(error: ErrorInfo): void {
    this.#finish(error, `cut: ${error.code}`);
  }

  #finish(error: ErrorInfo, reason: string): void {
    if (this.#over) return;
    this.#over = error;
    this.#gathering.stop();
    this.#onOver();
    // Later: this may have been called from within the server's own telling.
    queueMicrotask(() => this.#doorway.exit(this, reason));
  }
}

/** Nobody reads it. */
const WITHDRAWN = errorInfo('unknown_session');

const CLOSED: Record<CloseReason, () => ErrorInfo> = {
  left: () => errorInfo('unknown_session'),
  lost: () => errorInfo('connection_lost'),
  'sender-closed': () => errorInfo('stream_offline'),
  'server-closing': () => errorInfo('server_closing'),
  kicked: () => errorInfo('kicked'),
  expired: () => errorInfo('token_expired'),
  timeout: () => errorInfo('session_timeout'),
};

function gone(error: ErrorInfo): Refusal {
  return { ok: false, error };
}
