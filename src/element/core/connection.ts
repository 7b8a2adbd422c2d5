import { DATA_CHANNEL_LABEL } from '../../protocol/constants.js';
import type { Ping, Quality } from '../../protocol/data-channel.js';
import { type ErrorCode, type ErrorInfo, errorInfo, PreviewError } from '../../protocol/errors.js';
import type { Candidate, CloseReason, IceConfig } from '../../protocol/messages.js';
import type { SignallingChannel, SignallingSession } from '../signalling/signalling.js';
import { ClockSync } from './clock-sync.js';
import { readFromSender } from './from-sender.js';

export interface ConnectionEvents {
  /** A state of the peer connection, the progress or the quality has changed. */
  onChange(): void;
  /** Packets of the picture have begun to arrive on this track. */
  onTrack(track: MediaStreamTrack): void;
  /**
   * It is over and will not come back. Its last frame stays until `close()`.
   *
   * @param reason what the server gave as the reason, where it was the server that ended it
   */
  onEnded(error: ErrorInfo, reason?: CloseReason): void;
}

/** The first pings find the clock offset quickly; the later ones follow its drift. */
const FIRST_PINGS = 8;
const FIRST_PING_INTERVAL_MS = 60;
const PING_INTERVAL_MS = 3_000;

/** What it means for a viewer, where the server does not say it in words. */
const CLOSE_ERRORS: Partial<Record<CloseReason, ErrorCode>> = {
  kicked: 'kicked',
  expired: 'token_expired',
  timeout: 'session_timeout',
};

/**
 * One peer connection over one session. Single-use: it opens, it may end, it closes; a new try is a new object.
 */
export class Connection {
  readonly sync = new ClockSync();
  readonly openedAt = Date.now();
  readonly #events: ConnectionEvents;
  readonly #pc: RTCPeerConnection;
  #session: SignallingSession | undefined;
  #quality: Quality | null = null;
  #answered = false;
  #ended = false;
  #localCandidates: Candidate[] | undefined = [];
  #remoteCandidates: Candidate[] | undefined = [];
  #pingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(events: ConnectionEvents, createPeer: () => RTCPeerConnection) {
    this.#events = events;
    this.#pc = createPeer();
    const pc = this.#pc;
    pc.addEventListener('icecandidate', ({ candidate }) => this.#onLocalCandidate(candidate));
    pc.addEventListener('iceconnectionstatechange', () => this.#onStateChange());
    pc.addEventListener('connectionstatechange', () => this.#onStateChange());
    pc.addEventListener('track', ({ track }) => {
      // Chromium unmutes at the first packet: before that there is nothing to show instead of the last frame.
      if (!track.muted) events.onTrack(track);
      else track.addEventListener('unmute', () => this.#ended || events.onTrack(track), { once: true });
    });
  }

  get peer(): RTCPeerConnection {
    return this.#pc;
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** What the sender says that it sends here; `null` while it has not said. */
  get quality(): Quality | null {
    return this.#quality;
  }

  /** Offers to the sender. Ends with `onEnded` when that fails. */
  async open(channel: SignallingChannel): Promise<void> {
    try {
      await this.#negotiate(channel);
    } catch (error) {
      this.#end(error instanceof PreviewError ? error.info : errorInfo('internal', String(error)));
    }
  }

  async #negotiate(channel: SignallingChannel): Promise<void> {
    const pc = this.#pc;
    pc.addTransceiver('video', { direction: 'recvonly' });
    this.#openDataChannel();
    // The offer needs no ICE server, so it is made while the session opens.
    const opening = this.#openSession(channel);
    const [session, offer] = await Promise.all([opening, pc.createOffer()]);
    if (this.#ended) return;
    if (session.ice.iceServers.length > 0) this.#useIce(session.ice);
    await pc.setLocalDescription(offer);
    if (this.#ended) return;
    const answer = session.offer(pc.localDescription?.sdp ?? offer.sdp ?? '');
    this.#releaseLocalCandidates();
    const sdp = await answer;
    if (this.#ended) return;
    await pc.setRemoteDescription({ type: 'answer', sdp }).catch((reason: unknown) => {
      throw new PreviewError('sender_failed', `The browser cannot use the sender's answer: ${reason}`);
    });
    if (this.#ended) return;
    this.#answered = true;
    for (const candidate of this.#remoteCandidates ?? []) this.#addRemoteCandidate(candidate);
    this.#remoteCandidates = undefined;
    this.#events.onChange();
  }

  /** Whatever becomes of the offer meanwhile: a session that opens too late is left. */
  async #openSession(channel: SignallingChannel): Promise<SignallingSession> {
    const session = await channel.open({
      onCandidate: (candidate) => this.#onRemoteCandidate(candidate),
      onIce: (ice) => this.#useIce(ice),
      onClosed: (reason, error) => this.#end(error ?? errorInfo(CLOSE_ERRORS[reason] ?? 'connection_lost'), reason),
    });
    if (this.#ended) session.leave();
    this.#session = session;
    return session;
  }

  /** Tells the server that this connection's first frame was shown. */
  reportLive(): void {
    this.#session?.reportLive();
  }

  /**
   * Takes no further part, but keeps the last frame: closing a peer connection ends its track, and Chromium then paints the
   * video black.
   */
  retire(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#pingTimer);
    this.#session?.leave();
  }

  close(): void {
    this.retire();
    this.#pc.close();
  }

  #end(error: ErrorInfo, reason?: CloseReason): void {
    if (this.#ended) return;
    this.retire();
    this.#events.onEnded(error, reason);
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

  #onStateChange(): void {
    if (this.#ended) return;
    const { connectionState, iceConnectionState } = this.#pc;
    if (connectionState === 'failed') {
      this.#end(errorInfo(iceConnectionState === 'failed' ? 'ice_failed' : 'connection_lost'));
    } else if (connectionState === 'closed') {
      this.#end(errorInfo('connection_lost'));
    } else {
      this.#events.onChange();
    }
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

  #openDataChannel(): void {
    const channel = this.#pc.createDataChannel(DATA_CHANNEL_LABEL, { ordered: false });
    let pings = 0;
    const ping = () => {
      if (this.#ended || channel.readyState !== 'open') return;
      const message: Ping = { type: 'ping', t: wallClock() };
      channel.send(JSON.stringify(message));
      pings += 1;
      this.#pingTimer = setTimeout(ping, pings < FIRST_PINGS ? FIRST_PING_INTERVAL_MS : PING_INTERVAL_MS);
    };
    channel.addEventListener('open', ping);
    channel.addEventListener('message', ({ data }) => this.#onDataMessage(data, wallClock()));
  }

  #onDataMessage(data: unknown, now: number): void {
    const message = readFromSender(data);
    if (message?.type === 'pong') this.sync.addPong(message, now);
    else if (message?.type === 'clock') this.sync.setClock(message);
    else if (message?.type === 'quality' && !this.#ended) {
      this.#quality = message;
      this.#events.onChange();
    }
  }
}

/** Unix ms with a fraction: the scale on which frames are presented, and steadier than `Date.now()`. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
