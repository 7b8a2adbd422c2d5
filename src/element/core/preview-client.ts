import { type ErrorCode, type ErrorInfo, errorInfo, PreviewError } from '../../protocol/errors.js';
import type { Mode, StreamInfo } from '../../protocol/messages.js';
import type { SignallingChannel, SignallingFactory } from '../signalling/signalling.js';
import { socketIoSignalling } from '../signalling/socket-io.js';
import type { PreviewCore } from './client-interface.js';
import { Connection } from './connection.js';
import { type Facts, NOTHING_KNOWN, type RungName } from './facts.js';
import { ModeRequest } from './mode-request.js';
import { Picture } from './picture.js';
import { writeReport } from './report.js';
import { defaultRetryPolicy, type RetryPolicy } from './retry.js';
import { deriveState, firstOpenRung, type Progress, rungsOf } from './state.js';

export interface PreviewClientOptions {
  /** Address of the signalling server; a path other than `/` names the plugin's `path`. @default the page's origin */
  src?: string;
  /** Name under which the sender publishes. @default 'camera' */
  stream?: string;
  /** What proves the right to watch, where the server wants proof. A newer one goes to `setToken`. */
  token?: string | undefined;
  /** `relay`: only through a TURN server, to try one or to hide addresses. @default 'all' */
  icePolicy?: RTCIceTransportPolicy;
  /** @default Socket.IO */
  signalling?: SignallingFactory;
  /** @default nine tries in about a minute */
  retryPolicy?: RetryPolicy;
  /** Source of jitter, in [0, 1). @default Math.random */
  random?: () => number;
  /** Makes the peer connections. @default `new RTCPeerConnection(configuration)` */
  createPeer?: (configuration: RTCConfiguration) => RTCPeerConnection;
}

/** How often the watchdog looks. */
const TICK_MS = 250;
/** A little less, so that a tick that comes early still reads. Browsers slow the ticks of hidden pages to one a second. */
const READ_EVERY_MS = 900;
/** A camera needs a moment to change its mode, and a page to come back from the background. */
const GRACE_MS = 1_500;
/** A short blackout heals by itself within 200 ms of its end; a longer one is answered by a second connection. */
const RECONNECT_AFTER_MS = 1_500;
/** From the offer to the first frame. */
const FIRST_FRAME_DEADLINE_MS = 10_000;
/** Longer than a server's restart takes under a supervisor. */
const SERVER_DEADLINE_MS = 4_000;
/** From this try on the reason is shown, and not only that it is being tried. */
const SHOW_PROBLEM_FROM_ATTEMPT = 3;

/** What is wrong when a try ends at this rung and nobody said why. */
const RUNG_ERRORS: Record<RungName, ErrorCode> = {
  server: 'server_unreachable',
  camera: 'stream_offline',
  offer: 'sender_timeout',
  network: 'ice_failed',
  secure: 'connection_lost',
  packets: 'no_media',
  decode: 'no_frames',
};

/**
 * Connects to one stream and keeps its picture alive. Knows no page: give it a video element by {@link attach}.
 *
 * @example
 * const client = new PreviewClient({ src: 'https://robot.local', stream: 'camera' });
 * client.attach(document.querySelector('video'));
 * client.subscribe((facts) => console.log(facts.state));
 * client.start();
 */
export class PreviewClient implements PreviewCore {
  readonly #stream: string;
  readonly #retryPolicy: RetryPolicy;
  readonly #random: () => number;
  readonly #createPeer: () => RTCPeerConnection;
  readonly #openChannel: (token: string | undefined) => SignallingChannel | undefined;
  #channel: SignallingChannel | undefined;
  /** The one before another token, for as long as its media is shown. */
  #formerChannel: SignallingChannel | undefined;
  /** Counts the channels: what an earlier one says is no news. */
  #channels = 0;
  #token: string | undefined;
  readonly #listeners = new Set<(facts: Facts) => void>();
  readonly #modeRequest = new ModeRequest(() => this.#update());
  readonly #picture: Picture;
  #facts: Facts = { ...NOTHING_KNOWN, signalling: 'connecting' };
  #notifying = false;
  #closed = false;

  /** The connection whose frames are shown, or were shown last. */
  #current: Connection | undefined;
  /** One that is over, for its last frame. */
  #frozen: Connection | undefined;
  /** The one that is to replace it. */
  #next: Connection | undefined;
  /** One that is to be replaced although its frames flow: its sender, or its token, is not the one of today. */
  #outdated: Connection | undefined;
  /** The one whose media the video element has. */
  #shown: Connection | undefined;
  #attempt = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #signallingSince = Date.now();
  #signallingError: ErrorInfo | undefined;
  /** The stream was online since the server was reached last. */
  #seenOnline = false;
  #tickTimer: ReturnType<typeof setInterval> | undefined;
  #readAt = 0;
  #statsWanted = 0;

  constructor(options: PreviewClientOptions = {}) {
    const { src = '', stream = 'camera', icePolicy = 'all', signalling = socketIoSignalling } = options;
    this.#stream = stream;
    this.#retryPolicy = options.retryPolicy ?? defaultRetryPolicy;
    this.#random = options.random ?? Math.random;
    const createPeer = options.createPeer ?? ((configuration) => new RTCPeerConnection(configuration));
    const iceTransportPolicy = icePolicy === 'relay' ? 'relay' : 'all';
    this.#createPeer = () => createPeer({ bundlePolicy: 'max-bundle', iceTransportPolicy });
    this.#picture = new Picture({
      onSignOfLife: () => this.#onSignOfLife(),
      onChange: (changes) => this.#update(changes),
      onBlocked: () => this.#update({ problem: { ...errorInfo('playback_blocked'), rung: 'decode' } }),
    });
    this.#token = options.token;
    this.#openChannel = (token) => {
      this.#channels += 1;
      const number = this.#channels;
      const current = () => !this.#closed && number === this.#channels;
      try {
        return signalling(
          { src, stream, token },
          {
            onSignalling: (state, error) => current() && this.#onSignalling(state, error),
            onStream: (info) => current() && this.#onStream(info),
            onTokenExpiring: (expiresAt) => current() && this.#update({ tokenExpiresAt: expiresAt }),
          },
        );
      } catch (error) {
        const info = error instanceof PreviewError ? error.info : errorInfo('bad_source', String(error));
        this.#onSignalling('closed', info);
        return undefined;
      }
    };
    this.#channel = this.#openChannel(this.#token);
  }

  get facts(): Facts {
    return this.#facts;
  }

  subscribe(listener: (facts: Facts) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    if (this.#facts.started || this.#closed) return;
    this.#update({ started: true });
    this.#tickTimer = setInterval(() => this.#tick(), TICK_MS);
    this.#tryAfresh();
  }

  stop(): void {
    if (!this.#facts.started) return;
    clearInterval(this.#tickTimer);
    this.#abandonTry();
    this.#clearPicture();
    this.#modeRequest.clear();
    this.#update({ started: false, problem: this.#facts.signalling === 'closed' ? this.#facts.problem : null });
  }

  retry(): void {
    if (this.#closed) return;
    this.#channel?.reconnect();
    this.#signallingSince = Date.now();
    if (this.#facts.started) this.#tryAfresh();
    else this.start();
  }

  setMode(mode: Mode): void {
    if (!this.#channel) return;
    this.#grace();
    this.#modeRequest.send(mode, this.#channel);
  }

  setToken(token: string | undefined): void {
    if (this.#closed || token === this.#token) return;
    this.#token = token;
    void this.#bringToken(token);
  }

  attach(video: HTMLVideoElement): () => void {
    return this.#picture.attach(video);
  }

  wantStats(): () => void {
    this.#statsWanted += 1;
    let wanted = true;
    return () => {
      if (wanted) this.#statsWanted -= 1;
      wanted = false;
    };
  }

  report(): string {
    const connection = this.#next ?? this.#current;
    return writeReport(this.#facts, this.#stream, connection?.peer, connection?.sync.clock);
  }

  close(): void {
    if (this.#closed) return;
    this.stop();
    this.#closed = true;
    this.#picture.close();
    this.#closeFormerChannel();
    this.#channel?.close();
    this.#listeners.clear();
  }

  async #bringToken(token: string | undefined): Promise<void> {
    const channel = this.#channel;
    const current = () => !this.#closed && token === this.#token && channel === this.#channel;
    try {
      const taken = await channel?.authenticate(token);
      if (!current()) return;
      this.#update({ tokenExpiresAt: null, tokenProblem: null });
      if (!taken) this.#changeChannel(token);
      else if (this.#facts.started && !this.#flowing() && !this.#next) this.#tryAfresh();
    } catch (error) {
      const info = error instanceof PreviewError ? error.info : errorInfo('internal', String(error));
      if (current()) this.#update({ tokenProblem: info });
    }
  }

  /** Others share the connection and keep their token. What is shown stays until the new channel has its first frame. */
  #changeChannel(token: string | undefined): void {
    this.#abandonTry();
    if (this.#current) this.#formerChannel ??= this.#channel;
    if (this.#channel !== this.#formerChannel) this.#channel?.close();
    this.#outdated = this.#current;
    this.#channel = this.#openChannel(token);
    if (this.#facts.started) this.#tryAfresh();
  }

  #closeFormerChannel(): void {
    this.#formerChannel?.close();
    this.#formerChannel = undefined;
  }

  // ---- what the server says -------------------------------------------------------------------------------------

  #onSignalling(signalling: Facts['signalling'], error?: ErrorInfo): void {
    if (this.#closed) return;
    if (signalling !== this.#facts.signalling) this.#signallingSince = Date.now();
    if (signalling !== 'connected') this.#seenOnline = false;
    this.#signallingError = error;
    if (signalling === 'closed') {
      // Refused for good: nothing but another token, address or version changes that.
      this.#abandonTry();
      this.#update({ signalling, problem: { ...(error ?? errorInfo('server_unreachable')), rung: 'server' } });
      return;
    }
    const { problem, started } = this.#facts;
    const mended = signalling === 'connected' && problem?.rung === 'server';
    this.#update({ signalling, problem: mended ? null : problem });
    if (signalling === 'connected' && started && !this.#flowing() && !this.#next) this.#tryAfresh();
  }

  #onStream(stream: StreamInfo): void {
    if (this.#closed) return;
    const before = this.#facts.stream;
    this.#onCamera(stream.camera?.error !== undefined);
    this.#update({ stream });
    this.#checkMode();
    const saidGoodbye = this.#seenOnline && before?.online && !stream.online && !stream.instance;
    this.#seenOnline ||= stream.online;
    if (!this.#facts.started) return;
    if (!stream.online) {
      this.#abandonTry();
      // Seen to go online and then offline without a trace: the sender said goodbye. After a restart of the server a
      // stream that is not (yet) there says nothing about its media.
      if (saidGoodbye) this.#freeze();
      this.#update({ problem: null });
      return;
    }
    const replaced = before?.instance !== undefined && before.instance !== stream.instance;
    const mended = before?.camera?.error !== undefined && stream.camera?.error === undefined;
    const waiting = !this.#flowing() && !this.#next;
    if (replaced) this.#outdated = this.#current;
    if (replaced || (waiting && (!before?.online || mended))) this.#tryAfresh();
  }

  /** The sender changes over between its camera and a picture that says why there is none: a pause, but no stall. */
  #onCamera(lost: boolean): void {
    if (lost === this.#picture.cameraLost) return;
    this.#picture.cameraLost = lost;
    this.#grace();
    if (lost) this.#modeRequest.clear();
  }

  // ---- trying ---------------------------------------------------------------------------------------------------

  #tryAfresh(): void {
    this.#abandonTry();
    if (this.#facts.signalling === 'closed') return;
    this.#update({ problem: null });
    this.#try();
  }

  #try(): void {
    // Nothing streams: the news that something does will start a try.
    if (!this.#channel || this.#facts.stream?.online === false) return;
    this.#attempt += 1;
    this.#picture.gotPackets = false;
    try {
      this.#next = this.#connect();
    } catch (error) {
      const unsupported = typeof RTCPeerConnection === 'undefined';
      this.#onTryFailed(unsupported ? errorInfo('webrtc_unsupported') : errorInfo('internal', String(error)));
      return;
    }
    void this.#next.open(this.#channel);
    this.#update({ retryAt: null });
  }

  #connect(): Connection {
    const connection: Connection = new Connection(
      {
        onChange: () => this.#update(),
        onTrack: (track) => {
          if (connection !== this.#next) return;
          this.#picture.gotPackets = true;
          this.#shown = connection;
          this.#picture.show(track, connection.sync);
        },
        onEnded: (error, reason) => {
          const over = reason === 'kicked' || reason === 'expired';
          if (over && connection !== this.#outdated) this.#onOver(error, reason);
          else if (connection === this.#next) this.#onTryFailed(error);
          else if (connection === this.#current) this.#onCurrentEnded();
        },
      },
      this.#createPeer,
    );
    return connection;
  }

  #onCurrentEnded(): void {
    this.#freeze();
    if (!this.#next) this.#tryAfresh();
  }

  /** The server has ended it, and no other try is welcome: after `expired` a new token goes on, after `kicked` a person. */
  #onOver(error: ErrorInfo, reason: 'kicked' | 'expired'): void {
    if (reason === 'kicked') this.stop();
    this.#abandonTry();
    this.#clearPicture();
    this.#update({ problem: { ...error, rung: 'server' } });
  }

  #clearPicture(): void {
    this.#current?.close();
    this.#frozen?.close();
    this.#current = this.#frozen = this.#shown = this.#outdated = undefined;
    this.#closeFormerChannel();
    this.#picture.clear();
  }

  /** The current connection is over; its last frame stays until another's first. */
  #freeze(): void {
    this.#frozen?.close();
    this.#frozen = this.#current;
    this.#frozen?.retire();
    this.#current = undefined;
    this.#picture.freeze();
    this.#update();
  }

  #onTryFailed(info: ErrorInfo): void {
    const isCamera = info.code.startsWith('camera_');
    const rung = isCamera ? 'camera' : (firstOpenRung(this.#progress()) ?? 'decode');
    this.#next?.close();
    this.#next = undefined;
    const delay = info.retryable ? this.#retryPolicy.nextDelayMs(this.#attempt, this.#random()) : undefined;
    if (delay !== undefined) this.#retryTimer = setTimeout(() => this.#try(), delay);
    // What the sender itself says needs no second opinion.
    const explained = isCamera || (rung === 'offer' && info.code !== 'sender_timeout');
    const shown = delay === undefined || explained || this.#attempt >= SHOW_PROBLEM_FROM_ATTEMPT;
    this.#update({
      retryAt: delay === undefined ? null : Date.now() + delay,
      problem: shown ? { ...info, rung } : this.#facts.problem,
    });
  }

  #abandonTry(): void {
    clearTimeout(this.#retryTimer);
    this.#next?.close();
    this.#next = undefined;
    this.#attempt = 0;
    this.#update({ retryAt: null });
  }

  // ---- what is seen ---------------------------------------------------------------------------------------------

  #onSignOfLife(): void {
    const next = this.#next;
    if (next && this.#shown === next) {
      this.#current?.close();
      this.#frozen?.close();
      this.#frozen = undefined;
      this.#current = next;
      this.#next = this.#outdated = undefined;
      this.#closeFormerChannel();
      next.reportLive();
    }
    this.#checkMode();
    if (!next && this.#showing) return;
    if (this.#current && this.#current === this.#outdated) {
      if (!this.#showing) this.#update({ problem: null });
      return;
    }
    // Frames flow, by the new connection or by the old one, which has come back: no other is needed.
    this.#abandonTry();
    this.#update({ problem: null });
  }

  /** Only what is being shown may pause for a moment and stay so. */
  #grace(): void {
    if (this.#showing) this.#picture.grace(GRACE_MS);
  }

  /** The facts say that frames flow, the camera's or those that say that it is lost. */
  get #showing(): boolean {
    const { state } = this.#facts;
    return state === 'live' || state === 'camera-lost';
  }

  #flowing(): boolean {
    const cameraFps = this.#facts.stream?.camera?.mode.fps ?? 30;
    const sentFps = this.#current?.quality?.fps ?? cameraFps;
    return this.#picture.flowing(Math.max(1, Math.min(cameraFps, sentFps)));
  }

  #checkMode(): void {
    const { shownSize, stream } = this.#facts;
    const quality = this.#current?.quality ?? null;
    if (this.#modeRequest.pending) this.#modeRequest.seen(shownSize, stream?.camera?.mode, quality);
  }

  #tick(): void {
    if (this.#picture.cameBack()) this.#grace();
    const flowing = this.#flowing();
    if (flowing !== this.#showing) this.#update();
    const now = Date.now();
    if (now - this.#readAt >= READ_EVERY_MS) {
      this.#readAt = now;
      void this.#picture.readSecond(this.#next ?? this.#current, this.#statsWanted > 0 || !flowing);
    }
    if (flowing) {
      if (this.#next && this.#facts.signalling === 'connected') this.#checkDeadlines(now);
      return;
    }
    // The sender has said goodbye: what is left of the connection must not look like one.
    if (this.#current && this.#facts.stream?.online === false && !this.#facts.stream.instance) this.#freeze();
    this.#checkDeadlines(now);
  }

  #checkDeadlines(now: number): void {
    const { signalling, stream, problem, retryAt } = this.#facts;
    const sinceSignalling = now - this.#signallingSince;
    const next = this.#next;
    if (signalling !== 'connected') {
      if (problem || sinceSignalling < SERVER_DEADLINE_MS) return;
      this.#update({ problem: { ...(this.#signallingError ?? errorInfo('server_unreachable')), rung: 'server' } });
    } else if (next) {
      if (Math.min(now - next.openedAt, sinceSignalling) < FIRST_FRAME_DEADLINE_MS) return;
      this.#onTryFailed(errorInfo(RUNG_ERRORS[firstOpenRung(this.#progress()) ?? 'decode']));
    } else if (retryAt === null && !problem && stream?.online && this.#picture.stalledMs(now) > RECONNECT_AFTER_MS) {
      this.#try();
    }
  }

  // ---- facts ----------------------------------------------------------------------------------------------------

  #progress(): Progress {
    const connection = this.#next ?? this.#current;
    const ice = connection?.peer.iceConnectionState;
    const live = !this.#next && this.#flowing();
    return {
      server: live || this.#facts.signalling === 'connected',
      camera: live || this.#facts.stream?.online === true,
      offer: connection?.answered ?? false,
      network: ice === 'connected' || ice === 'completed',
      secure: connection?.peer.connectionState === 'connected',
      packets: this.#picture.gotPackets,
      decode: live,
    };
  }

  /** Takes in what has changed, derives the rest, and tells the listeners once for many changes. */
  #update(changes: Partial<Facts> = {}): void {
    const facts = { ...this.#facts, ...changes };
    const connection = this.#next ?? this.#current;
    facts.connection = connection?.peer.connectionState ?? null;
    facts.ice = connection?.peer.iceConnectionState ?? null;
    facts.attempt = this.#attempt;
    facts.lastFrameAt = this.#picture.lastFrameAt || null;
    facts.pendingMode = this.#modeRequest.pending;
    facts.modeProblem = this.#modeRequest.problem;
    facts.modeNotice = this.#modeRequest.notice;
    facts.quality = this.#current?.quality ?? null;
    this.#facts = facts;
    const { started, stream, problem } = facts;
    facts.state = deriveState({
      started,
      stream,
      flowing: started && this.#flowing(),
      hasFrame: this.#picture.lastFrameAt > 0,
      trying: this.#next !== undefined || facts.retryAt !== null,
      problem,
    });
    facts.rungs = rungsOf(this.#progress(), started, problem);
    if (this.#notifying) return;
    this.#notifying = true;
    queueMicrotask(() => {
      this.#notifying = false;
      for (const listener of this.#listeners) listener(this.#facts);
    });
  }
}
