import { LIMITS, type Offer, type SendCandidate } from '../../protocol/index.js';
import { type AnswerAck, type Refused, refuse } from './decisions.js';

/** Where a session stands. It goes joined → offered → answered → live, and back to offered with the next epoch. */
export type SessionState = 'joined' | 'offered' | 'answered' | 'live';

/** How its receiver speaks with the server. */
export type Via = 'socket' | 'whep';

interface Negotiation {
  readonly offerSdp: string;
  /** Absent while the sender is asked. Kept, so that the same offer gets the same answer. */
  ack?: AnswerAck;
  /** The sender's candidates, until its answer has reached the receiver, and while that is not there. */
  held: SendCandidate[];
  readonly candidates: { receiver: number; sender: number };
}

/** One receiver's connection to one stream: the states and epochs, without any thought of who may do what. */
export class Session {
  readonly id: string;
  readonly stream: string;
  readonly via: Via;
  /** Whose it is, when the receiver has a name. */
  readonly subject: string | undefined;
  readonly joinedAtMs: number;
  /** Peer that watches; `undefined` while its connection is lost. */
  receiver: string | undefined;
  /** Good for one resumption. */
  resumeKey: string;
  #state: SessionState = 'joined';
  #epoch = 0;
  /** The last offer, unless the sender that had it is gone. */
  #negotiation: Negotiation | undefined;

  constructor(of: {
    id: string;
    stream: string;
    receiver: string;
    via: Via;
    subject: string | undefined;
    resumeKey: string;
    joinedAtMs: number;
  }) {
    this.id = of.id;
    this.stream = of.stream;
    this.receiver = of.receiver;
    this.via = of.via;
    this.subject = of.subject;
    this.resumeKey = of.resumeKey;
    this.joinedAtMs = of.joinedAtMs;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Number of the last offer. It never goes back, so that late messages are known as stale. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The present sender has been offered this session, so it may speak of it and must hear when it ends. */
  get knownToSender(): boolean {
    return this.#negotiation !== undefined;
  }

  /** The sender has, or is about to have, a connection for it: it counts as a viewer. */
  get isViewer(): boolean {
    return this.#state !== 'joined';
  }

  /** Media may flow without signalling: the answer is there. */
  get isAnswered(): boolean {
    return this.#state === 'answered' || this.#state === 'live';
  }

  /**
   * `relay`: ask the sender, its acknowledgement goes to {@link answered}. `wait`: the same offer is waiting for its answer
   * already. `repeat`: the same offer has had its acknowledgement, here it is again.
   */
  offer(
    { epoch, sdp }: Pick<Offer, 'epoch' | 'sdp'>,
    online: boolean,
  ): Refused | { ok: true; action: 'relay' | 'wait' } | { ok: true; action: 'repeat'; ack: AnswerAck } {
    const next = this.#epoch + 1;
    const last = this.#negotiation;
    if (epoch < this.#epoch || (epoch === this.#epoch && !last)) {
      return refuse('stale_epoch', `This negotiation is over; the next offer has epoch ${next}.`);
    }
    if (epoch > next) return refuse('wrong_state', `The next offer has epoch ${next}, not ${epoch}.`);
    if (epoch === this.#epoch && last) {
      if (last.offerSdp !== sdp) {
        return refuse('wrong_state', `Epoch ${epoch} was offered with another SDP; a new offer has epoch ${next}.`);
      }
      return last.ack ? { ok: true, action: 'repeat', ack: last.ack } : { ok: true, action: 'wait' };
    }
    if (!online) return refuse('stream_offline');
    this.#epoch = next;
    this.#state = 'offered';
    this.#negotiation = { offerSdp: sdp, held: [], candidates: { receiver: 0, sender: 0 } };
    return { ok: true, action: 'relay' };
  }

  /** The sender's word on the offer of `epoch`; returns the candidates that had to wait for it. */
  answered(epoch: number, ack: AnswerAck): Refused | { ok: true; held: SendCandidate[] } {
    if (epoch !== this.#epoch) return refuse('stale_epoch');
    const last = this.#negotiation;
    // Its sender went away while it was asked.
    if (!last || last.ack) return ack.ok ? refuse('stream_offline') : ack;
    last.ack = ack;
    this.#state = ack.ok ? 'answered' : 'joined';
    const { held } = last;
    last.held = [];
    return { ok: true, held: ack.ok ? held : [] };
  }

  live(epoch: number): Refused | { ok: true } {
    const wrong = this.#wrongEpoch(epoch);
    if (wrong) return wrong;
    if (this.#state === 'offered') return refuse('wrong_state', 'The offer has not been answered yet.');
    this.#state = 'live';
    return { ok: true };
  }

  /** `held`: the candidate waits here until the answer has been passed on, or the receiver is back. */
  candidate(from: 'receiver' | 'sender', message: SendCandidate): Refused | { ok: true; held: boolean } {
    const wrong = this.#wrongEpoch(message.epoch);
    if (wrong) return wrong;
    const negotiation = this.#negotiation;
    if (!negotiation) return refuse('stale_epoch');
    if (negotiation.candidates[from] >= LIMITS.candidatesPerNegotiation) {
      return refuse('rate_limited', `One side may send ${LIMITS.candidatesPerNegotiation} candidates for an offer.`);
    }
    negotiation.candidates[from] += 1;
    const held = from === 'sender' && (this.#state === 'offered' || this.receiver === undefined);
    if (held) negotiation.held.push(message);
    return { ok: true, held };
  }

  /** What waited for the receiver's return. */
  takeHeld(): SendCandidate[] {
    return this.#negotiation?.held.splice(0) ?? [];
  }

  /** Back to joined: what was negotiated died with its sender. */
  reset(): void {
    this.#state = 'joined';
    this.#negotiation = undefined;
  }

  /** Why a message of this epoch is not for now, if it is not. */
  #wrongEpoch(epoch: number): Refused | undefined {
    if (epoch < this.#epoch) return refuse('stale_epoch');
    if (epoch > this.#epoch) return refuse('wrong_state', `Epoch ${epoch} has not been offered yet.`);
    return this.#state === 'joined' ? refuse('stale_epoch', 'This negotiation is over.') : undefined;
  }
}
