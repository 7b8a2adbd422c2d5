import type { Quality } from '../../protocol/data-channel.js';
import type { Candidate, CloseReason, IceConfig } from '../../protocol/messages.js';
import {
  type ErrorInfo,
  errorInfo,
  PreviewError,
  toErrorInfo,
  type ViewerErrorCode,
} from '../../protocol/viewer-errors.js';
import type { SessionEvents, SignallingChannel, SignallingSession } from '../signalling/signalling.js';
import type { ClockSync } from './clock-sync.js';
import { preferCodecs } from './codecs.js';
import { SenderChannel } from './sender-channel.js';

export { wallClock } from './sender-channel.js';

export interface ConnectionEvents {
  /** A state of the peer connection, the progress or the quality has changed. */
  onChange(): void;
  /** The picture is going to arrive on this track. */
  onComing?(track: MediaStreamTrack): void;
  /** Packets of the picture have begun to arrive on this track. */
  onTrack(track: MediaStreamTrack): void;
  /** There is something to hear, as a rule before there is something to see; `null`: no more. `audio` has it from now on. */
  onAudio?(track: MediaStreamTrack | null): void;
  /**
   * It is over and will not come back. Its last frame stays until `close()`.
   *
   * @param reason what the server gave as the reason, where it was the server that ended it
   */
  onEnded(error: ErrorInfo, reason?: CloseReason): void;
}

export interface ConnectionOptions {
  /** Short names of video codecs, the most wanted first. @default the browser's order */
  codecs?: readonly string[];
}

/** How long it took to each step from the connection's making, in ms; absent until it was reached. */
export interface Timings {
  /** The session was opened on the server. */
  session?: number;
  /** The offer was sent. */
  offer?: number;
  answer?: number;
  ice?: number;
  dtls?: number;
  /** The first packet of the picture arrived. */
  packet?: number;
}

/** What it means for a viewer, where the server does not say it in words. */
const CLOSE_ERRORS: Partial<Record<CloseReason, ViewerErrorCode>> = {
  kicked: 'kicked',
  expired: 'token_expired',
  timeout: 'session_timeout',
};

/**
 * One peer connection over one session. Single-use: it opens, it may end, it closes; a new try is a new object.
 */
export class Connection {
  /** The page has made one: its next ones take a few ms, and not the 25 to 250 of the first. */
  static pageIsWarm = false;
  /** Who is told. A connection that is made ahead has nobody yet. */
  events: ConnectionEvents | undefined;
  readonly #codecs: readonly string[];
  readonly #pc: RTCPeerConnection;
  readonly #sender: SenderChannel;
  /** By `performance.now()`: a clock that nobody sets. */
  openedAt = performance.now();
  #offer: Promise<RTCSessionDescriptionInit> | undefined;
  readonly #timings: Timings = {};
  readonly #iceErrors = new Map<number, number>();
  #session: SignallingSession | undefined;
  #audio: MediaStreamTrack | null = null;
  /** Of the picture, before anything has come on it. */
  #coming: MediaStreamTrack | undefined;
  #answered = false;
  #isLive = false;
  #ended = false;
  #localCandidates: Candidate[] | undefined = [];
  #remoteCandidates: Candidate[] | undefined = [];

  constructor(createPeer: () => RTCPeerConnection, { codecs = [] }: ConnectionOptions = {}) {
    this.#codecs = codecs;
    this.#pc = createPeer();
    Connection.pageIsWarm = true;
    const pc = this.#pc;
    pc.addEventListener('icecandidate', ({ candidate }) => this.#onLocalCandidate(candidate));
    pc.addEventListener('icecandidateerror', ({ errorCode }) =>
      this.#iceErrors.set(errorCode, (this.#iceErrors.get(errorCode) ?? 0) + 1),
    );
    pc.addEventListener('iceconnectionstatechange', () => this.#onStateChange());
    pc.addEventListener('connectionstatechange', () => this.#onStateChange());
    pc.addEventListener('track', ({ track }) => {
      // Chromium unmutes at the first packet: before that there is nothing to show instead of the last frame, or to hear.
      if (track.kind !== 'audio') this.#coming = track;
      if (!track.muted) this.#onTrack(track);
      else track.addEventListener('unmute', () => this.#onTrack(track), { once: true });
    });
    this.#sender = new SenderChannel(pc, () => this.#ended || this.events?.onChange());
  }

  get peer(): RTCPeerConnection {
    return this.#pc;
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** What there is to hear. Play it in a stream of its own: one that has the picture too holds that up. */
  get audio(): MediaStreamTrack | null {
    return this.#audio;
  }

  /** How the sender's clock relates to ours. */
  get sync(): ClockSync {
    return this.#sender.sync;
  }

  /** What the sender says that it sends here; `null` while it has not said. */
  get quality(): Quality | null {
    return this.#sender.quality;
  }

  /** The sender has said goodbye on the connection itself. */
  get senderGone(): boolean {
    return this.#sender.gone;
  }

  /** It has shown frames, and ICE has given it up: another is to be tried, but it comes back if its network does. */
  get lost(): boolean {
    return this.#isLive && this.#pc.iceConnectionState === 'failed';
  }

  get timings(): Readonly<Timings> {
    return this.#timings;
  }

  /** How often each error was met while candidates were gathered, by its code (STUN's, or 701: the server was not reached). */
  get iceErrors(): ReadonlyMap<number, number> {
    return this.#iceErrors;
  }

  /** Asks the sender to send nothing for now, or again; false where it does not say within a second that it does. */
  pause(paused: boolean): Promise<boolean> {
    return this.#sender.pause(paused);
  }

  /** Makes the offer, which may be long before it is sent: nothing is gathered, and no socket held, until then. */
  prepare(audio = false): Promise<RTCSessionDescriptionInit> {
    const pc = this.#pc;
    if (!this.#offer) {
      const video = pc.addTransceiver('video', { direction: 'recvonly' });
      if (this.#codecs.length > 0) preferCodecs(video, this.#codecs);
      if (audio) pc.addTransceiver('audio', { direction: 'recvonly' });
      this.#offer = pc.createOffer();
      this.#offer.catch(() => {}); // heard of when it is to be sent
    }
    return this.#offer;
  }

  /** Offers to the sender. Ends with `onEnded` when that fails. */
  async open(channel: SignallingChannel): Promise<void> {
    this.openedAt = performance.now();
    try {
      await this.#negotiate(channel);
    } catch (error) {
      this.#end(toErrorInfo(error));
    }
  }

  async #negotiate(channel: SignallingChannel): Promise<void> {
    const pc = this.#pc;
    // The offer needs no ICE server, so it is made while the session opens.
    const preparing = this.prepare(channel.audio);
    const opening = this.#openSession(channel, preparing);
    const [session, offer] = await Promise.all([opening, preparing]);
    if (this.#ended) return;
    if (session.ice.iceServers.length > 0) this.#useIce(session.ice);
    if (!session.iceMayFollow) this.#needTurn();
    const gatherMs = session.gatherMs ?? 0;
    const send = (sdp = '') => {
      this.#mark('offer');
      const answer = session.offer(sdp);
      this.#releaseLocalCandidates();
      return answer;
    };
    // On its way before the browser has taken it itself, which is work for the time until the answer.
    const early = gatherMs > 0 ? undefined : send(offer.sdp);
    early?.catch(() => {}); // heard of below
    await pc.setLocalDescription(offer);
    if (gatherMs > 0) await gathered(pc, gatherMs);
    if (this.#ended) return;
    const sdp = await (early ?? send(pc.localDescription?.sdp));
    if (this.#ended) return;
    this.#needTurn();
    this.#mark('answer');
    await pc.setRemoteDescription({ type: 'answer', sdp }).catch((reason: unknown) => {
      // Its text quotes lines of the answer, with addresses in them; a report is for everybody.
      const { name = 'Error' } = (reason ?? {}) as Partial<Error>;
      throw new PreviewError('sender_failed', `The browser cannot use the sender's answer (${name}).`);
    });
    if (this.#ended) return;
    this.#answered = true;
    for (const candidate of this.#remoteCandidates ?? []) this.#addRemoteCandidate(candidate);
    this.#remoteCandidates = undefined;
    // Work for the time that ICE and DTLS take, so not before they have begun.
    if (this.#coming) this.events?.onComing?.(this.#coming);
    this.events?.onChange();
  }

  /** Whatever becomes of the offer meanwhile: a session that opens too late is left. */
  async #openSession(
    channel: SignallingChannel,
    preparing: Promise<RTCSessionDescriptionInit>,
  ): Promise<SignallingSession> {
    const events: SessionEvents = {
      onCandidate: (candidate) => this.#onRemoteCandidate(candidate),
      onIce: (ice) => this.#useIce(ice),
      onClosed: (reason, error) => this.#end(error ?? errorInfo(CLOSE_ERRORS[reason] ?? 'connection_lost'), reason),
    };
    const offer = preparing.then(({ sdp = '' }) => sdp);
    offer.catch(() => {}); // heard of where the offer is made
    const session = await channel.open(events, offer);
    if (this.#ended) session.leave();
    this.#session = session;
    this.#mark('session');
    return session;
  }

  /** Tells the server that this connection's first frame was shown. */
  reportLive(): void {
    this.#isLive = true;
    this.#session?.reportLive();
  }

  /**
   * Takes no further part, but keeps the last frame: closing a peer connection ends its track, and Chromium then paints the
   * video black.
   */
  retire(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sender.close();
    this.#session?.leave();
  }

  close(): void {
    this.retire();
    this.#pc.close();
  }

  #end(error: ErrorInfo, reason?: CloseReason): void {
    if (this.#ended) return;
    this.retire();
    this.events?.onEnded(error, reason);
  }

  /** For what the browser gathers from now on. A call that goes on needs none: its allocations are kept alive by themselves. */
  #useIce({ iceServers }: IceConfig): void {
    if (this.#ended) return;
    try {
      this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), iceServers });
    } catch {
      // A browser that cannot change them (older Firefox) has the next connection to use them.
    }
  }

  /** @throws where only a TURN server may be used, and none is known: nothing would come of the wait for a way. */
  #needTurn(): void {
    const { iceTransportPolicy, iceServers = [] } = this.#pc.getConfiguration();
    const urls = iceServers.flatMap((server) => server.urls);
    if (iceTransportPolicy === 'relay' && !urls.some((url) => /^turn/i.test(url)))
      throw new PreviewError('turn_missing');
  }

  #onStateChange(): void {
    if (this.#ended) return;
    const { connectionState, iceConnectionState } = this.#pc;
    if (iceConnectionState === 'connected' || iceConnectionState === 'completed') this.#mark('ice');
    if (connectionState === 'connected') this.#mark('dtls');
    // A sender of ours knocks until ICE finds the way again: no other connection is back as soon.
    if (connectionState === 'failed' && !this.lost) {
      this.#end(errorInfo(iceConnectionState === 'failed' ? 'ice_failed' : 'connection_lost'));
    } else if (connectionState === 'closed') {
      this.#end(errorInfo('connection_lost'));
    } else {
      this.events?.onChange();
    }
  }

  #onTrack(track: MediaStreamTrack): void {
    if (this.#ended) return;
    if (track.kind !== 'audio') {
      this.#mark('packet');
      this.events?.onTrack(track);
      return;
    }
    this.#hear(track);
    track.addEventListener('ended', () => this.#hear(null), { once: true });
  }

  #hear(track: MediaStreamTrack | null): void {
    if (this.#ended) return;
    this.#audio = track;
    this.events?.onAudio?.(track);
  }

  /** Only the first time counts. */
  #mark(step: keyof Timings): void {
    this.#timings[step] ??= performance.now() - this.openedAt;
  }

  #onLocalCandidate(candidate: RTCIceCandidate | null): void {
    if (this.#ended || !candidate) return;
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
    const message = { candidate: candidate.candidate, sdpMid, sdpMLineIndex, usernameFragment };
    if (this.#localCandidates) this.#localCandidates.push(message);
    else this.#session?.sendCandidate(message);
  }

  /** Candidates never travel before the offer that they belong to. */
  #releaseLocalCandidates(): void {
    for (const candidate of this.#localCandidates ?? []) this.#session?.sendCandidate(candidate);
    this.#localCandidates = undefined;
  }

  #onRemoteCandidate(candidate: Candidate): void {
    if (this.#remoteCandidates) this.#remoteCandidates.push(candidate);
    else this.#addRemoteCandidate(candidate);
  }

  #addRemoteCandidate(candidate: Candidate): void {
    if (this.#ended) return;
    // One that cannot be used (an unknown address family, say) is no reason to give up: others follow.
    this.#pc.addIceCandidate(candidate as RTCIceCandidateInit).catch(() => {});
  }
}

/** Resolves when all of the browser's candidates are in its description, or after `ms`. */
function gathered(pc: RTCPeerConnection, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      pc.removeEventListener('icegatheringstatechange', check);
      resolve();
    };
    const check = () => {
      if (pc.iceGatheringState === 'complete') done();
    };
    const timer = setTimeout(done, ms);
    pc.addEventListener('icegatheringstatechange', check);
    check();
  });
}
