import type { Candidate, IceConfig, IceServer } from '../../protocol/messages.js';
import type { SessionEvents, SignallingSession } from './signalling.js';
import type { WhepChannel } from './whep.js';
import { fragmentOf, withSoundApart } from './whep-http.js';

/** What a server answers an offer with. */
export interface Answer {
  sdp: string;
  /** The session's own address. Without one (go2rtc) there is nothing to tell the server later. */
  resource: URL | undefined;
  etag: string | null;
  iceServers: IceServer[];
}

/** What the browser finds within this goes together. */
const TOGETHER_MS = 20;
/** The server takes no candidates after the offer, and never will. */
const NO_TRICKLE = [405, 415, 501];

/** One session on a WHEP server: an offer, candidates, and a goodbye. */
export class WhepSession implements SignallingSession {
  readonly ice: IceConfig;
  readonly gatherMs: number;
  readonly iceMayFollow = true;
  readonly #channel: WhepChannel;
  readonly #events: SessionEvents;
  #offer = '';
  #answer: Answer | undefined;
  #candidates: Candidate[] = [];
  #patching = false;
  #over = false;

  constructor(channel: WhepChannel, ice: IceConfig, gatherMs: number, events: SessionEvents) {
    this.#channel = channel;
    this.ice = ice;
    this.gatherMs = gatherMs;
    this.#events = events;
  }

  async offer(sdp: string): Promise<string> {
    this.#offer = sdp;
    const answer = await this.#channel.offer(sdp);
    this.#answer = answer;
    // Left while it was being answered: only now there is something to end.
    if (this.#over) this.#end();
    else if (answer.iceServers.length > 0) this.#events.onIce({ iceServers: answer.iceServers });
    if (!answer.resource) this.#channel.doesNotTrickle();
    void this.#trickle();
    return withSoundApart(answer.sdp);
  }

  sendCandidate(candidate: Candidate): void {
    if (this.#isInOffer(candidate)) return;
    this.#candidates.push(candidate);
    void this.#trickle();
  }

  /** A WHEP server is not told. */
  reportLive(): void {}

  leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#channel.forget(this);
    this.#end();
  }

  /** What was gathered before the offer stands in it, as a rule with other extensions behind its type. */
  #isInOffer({ candidate }: Candidate): boolean {
    const [core] = candidate.match(/^.* typ \w+/) ?? [];
    return core !== undefined && this.#offer.includes(core);
  }

  #end(): void {
    const { resource } = this.#answer ?? {};
    if (resource) this.#channel.send('DELETE', resource).catch(() => {});
  }

  /** One `PATCH` after the other, so that they arrive in their order. The first that is refused is the last. */
  async #trickle(): Promise<void> {
    const { resource, etag } = this.#answer ?? {};
    if (!resource || this.#patching || this.#candidates.length === 0) return;
    this.#patching = true;
    await new Promise((resolve) => setTimeout(resolve, TOGETHER_MS));
    while (this.#candidates.length > 0 && !this.#over) {
      const fragment = fragmentOf(this.#offer, this.#candidates.splice(0));
      const headers = { 'content-type': 'application/trickle-ice-sdpfrag', ...(etag && { 'if-match': etag }) };
      const response = await this.#channel.send('PATCH', resource, headers, fragment).catch(() => undefined);
      if (response && NO_TRICKLE.includes(response.status)) this.#channel.doesNotTrickle();
      if (!response?.ok) return;
    }
    this.#patching = false;
  }
}
