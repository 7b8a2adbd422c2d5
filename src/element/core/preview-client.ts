import type { Mode } from '../../protocol/messages.js';
import { type ErrorInfo, errorInfo } from '../../protocol/viewer-errors.js';
import { signallingFor } from '../signalling/signalling-for.js';
import { Channels } from './channels.js';
import type { PreviewCore } from './client-interface.js';
import { Connection } from './connection.js';
import type { CoreContext } from './context.js';
import { type CoreSettings, type Facts, NOTHING_KNOWN, type TokenSource } from './facts.js';
import { Journal } from './journal.js';
import { ModeRequest } from './mode-request.js';
import type { PreviewClientOptions } from './options.js';
import { Picture } from './picture.js';
import { Readings } from './readings.js';
import { defaultRetryPolicy } from './retry.js';
import { GRACE_MS, ServerNews } from './server-news.js';
import { deriveState, rungsOf } from './state.js';
import { Tries } from './tries.js';
import { Watchdog } from './watchdog.js';

export type { PreviewClientOptions } from './options.js';

/** A little less than a second, so that a tick that comes early still reads. */
const READ_EVERY_MS = 900;
/**
 * Connects to one stream and keeps its picture alive. Knows no page: give it a video element by {@link attach}.
 *
 * Who decides what: `Channels` how the server is spoken to, `Tries` which connection is shown and when another is made,
 * `Picture` whether frames flow, `Watchdog` when nothing is to be sent, `Readings` what the figures are. Here they are tied together.
 *
 * @example
 * const client = new PreviewClient({ src: 'https://robot.local', stream: 'camera' });
 * client.attach(document.querySelector('video'));
 * client.subscribe((facts) => console.log(facts.state));
 * client.start();
 */
export class PreviewClient implements PreviewCore {
  readonly #stream: string;
  readonly #settings: CoreSettings;
  readonly #listeners = new Set<(facts: Facts) => void>();
  readonly #modeRequest = new ModeRequest(() => this.#update());
  readonly #picture: Picture;
  readonly #readings: Readings;
  readonly #tries: Tries;
  readonly #channels: Channels;
  readonly #journal = new Journal();
  readonly #watchdog: Watchdog;
  readonly #news: ServerNews;
  #facts: Facts = { ...NOTHING_KNOWN, signalling: 'connecting' };
  #notifying = false;
  #closed = false;

  #readAt = Number.NEGATIVE_INFINITY;
  #statsWanted = 0;
  #framesWanted = 0;

  constructor(options: PreviewClientOptions = {}) {
    const { src = '', stream = 'camera', icePolicy = 'all', transport = 'auto', codecs = [] } = options;
    const { latencyBudgetMs = null, pauseWhenHiddenMs = 5_000, retryPolicy = defaultRetryPolicy } = options;
    this.#stream = stream;
    this.#settings = { latencyBudgetMs, pauseWhenHiddenMs, retryPolicy };
    const createPeer = options.createPeer ?? ((configuration) => new RTCPeerConnection(configuration));
    const iceTransportPolicy = icePolicy === 'relay' ? 'relay' : 'all';
    const update = (changes?: Partial<Facts>) => this.#update(changes);
    this.#picture = new Picture({
      onSignOfLife: () => this.#onSignOfLife(),
      onChange: update,
      onBlocked: () => update({ problem: { ...errorInfo('playback_blocked'), rung: 'picture' } }),
    });
    this.#readings = new Readings(this.#picture, update);
    const core: CoreContext = {
      facts: () => this.#facts,
      update,
      settings: this.#settings,
      random: options.random ?? Math.random,
      fps: () => this.#fps,
      flowing: () => this.#flowing(),
      showing: () => this.#showing,
      reconnect: () => this.#reconnect(),
    };
    this.#tries = new Tries(
      {
        ...core,
        channel: () => this.#channels.current,
        signallingSince: () => this.#news.since,
        codecs,
        peerKind: options.createPeer ? undefined : iceTransportPolicy,
        createPeer: () => createPeer({ bundlePolicy: 'max-bundle', iceTransportPolicy }),
        onReplaced: () => this.#channels.closeFormer(),
        onOver: (error, reason) => this.#onOver(error, reason),
      },
      this.#picture,
      this.#readings,
    );
    this.#news = new ServerNews(core, this.#picture, this.#tries, this.#modeRequest);
    this.#watchdog = new Watchdog(
      { ...core, framesWanted: () => this.#framesWanted > 0, onTick: () => this.#onTick() },
      this.#picture,
      this.#tries,
    );
    this.#channels = new Channels(
      {
        ...core,
        open: (token, events) => {
          const signalling = options.signalling ?? signallingFor({ transport, src });
          return signalling({ src, stream, token }, events);
        },
        onSignalling: (state, error) => this.#news.onSignalling(state, error),
        onStream: (info) => {
          this.#news.onStream(info);
          this.#checkMode();
          if (info.online && !this.#facts.started) this.#tries.prepare();
        },
        onRenewed: (replaced) => (replaced ? this.#tries.replace() : this.#tries.begin()),
        hasPicture: () => this.#tries.current !== undefined,
      },
      options.token,
    );
    this.#channels.begin();
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
    // A page's first peer connection keeps it busy for a while: the way to the server, which was asked for just now, goes first.
    if (!Connection.pageIsWarm) queueMicrotask(() => this.#begin());
    this.#update({ started: true });
    this.#watchdog.watch(true);
    this.#channels.current?.watch?.(true);
    if (Connection.pageIsWarm) this.#begin();
  }

  #begin(): void {
    if (this.#facts.started && !this.#tries.newest) this.#tries.afresh();
  }

  stop(): void {
    if (!this.#facts.started) return;
    this.#watchdog.watch(false);
    this.#tries.clear();
    this.#channels.current?.watch?.(false);
    this.#modeRequest.clear();
    this.#update({ started: false, problem: this.#facts.signalling === 'closed' ? this.#facts.problem : null });
  }

  retry(): void {
    if (this.#closed) return;
    this.#reconnect();
    if (!this.#facts.started) this.start();
    else if (this.#watchdog.paused) this.#watchdog.resume();
    else this.#tries.afresh();
  }

  setMode(mode: Mode): void {
    const channel = this.#channels.current;
    if (!channel) return;
    this.#picture.grace(GRACE_MS, this.#picture.patienceMs(this.#fps));
    this.#modeRequest.send(mode, channel);
  }

  setToken(token: TokenSource): void {
    this.#channels.setSource(token);
  }

  configure(settings: Partial<CoreSettings>): void {
    Object.assign(this.#settings, settings);
    if (this.#settings.pauseWhenHiddenMs === null) this.#watchdog.resume();
  }

  attach(video: HTMLVideoElement): () => void {
    return this.#picture.attach(video);
  }

  wantStats(): () => void {
    this.#statsWanted += 1;
    return once(() => {
      this.#statsWanted -= 1;
    });
  }

  wantFrames(): () => void {
    this.#framesWanted += 1;
    this.#watchdog.resume();
    return once(() => {
      this.#framesWanted -= 1;
    });
  }

  report(): string {
    const connection = this.#tries.newest;
    const clues = this.#readings.cluesOf(connection);
    const past = {
      token: this.#channels.hasToken,
      changes: this.#journal.changes,
      firstFrameMs: this.#tries.trying ? undefined : this.#tries.firstFrameMs,
    };
    // Before that is here, which is fetched at the start: the bare facts.
    return (
      this.#readings.insight?.writeReport(this.#facts, this.#stream, connection, clues, past) ?? bareReport(this.#facts)
    );
  }

  close(): void {
    if (this.#closed) return;
    this.stop();
    this.#closed = true;
    this.#tries.close();
    this.#watchdog.close();
    this.#modeRequest.clear();
    this.#picture.close();
    this.#channels.close();
    this.#listeners.clear();
  }

  /** After `expired` a new token goes on, after `kicked` a person. */
  #onOver(error: ErrorInfo, reason: 'kicked' | 'expired'): void {
    if (reason === 'kicked') this.stop();
    this.#tries.clear();
    this.#update({ problem: { ...error, rung: 'server' } });
  }

  #reconnect(): void {
    this.#news.renew();
    this.#channels.reconnect();
  }

  // ---- what is seen ---------------------------------------------------------------------------------------------

  #onSignOfLife(): void {
    const wasPaused = this.#watchdog.onSignOfLife();
    this.#tries.onSignOfLife(this.#showing && !wasPaused);
    this.#checkMode();
    if (wasPaused) this.#update();
  }

  /** The facts say that frames flow, the camera's or those that say that it is lost. */
  get #showing(): boolean {
    const { state } = this.#facts;
    return state === 'live' || state === 'camera-lost';
  }

  /** Frames a second to expect. */
  get #fps(): number {
    const cameraFps = this.#facts.stream?.camera?.mode.fps ?? 30;
    const sentFps = this.#tries.current?.quality?.fps ?? cameraFps;
    return Math.max(1, Math.min(cameraFps, sentFps));
  }

  #flowing(): boolean {
    return this.#picture.flowing(this.#fps);
  }

  #checkMode(): void {
    const { shownSize, stream } = this.#facts;
    const quality = this.#tries.current?.quality ?? null;
    if (this.#modeRequest.pending) this.#modeRequest.seen(shownSize, stream?.camera?.mode, quality);
  }

  #onTick(): void {
    const now = performance.now();
    const flowing = this.#flowing();
    // Not at the start, where it would be in the way of the first picture.
    this.#readings.prepare();
    if (flowing !== this.#showing) this.#update();
    if (now - this.#readAt >= READ_EVERY_MS) {
      this.#readAt = now;
      void this.#readings.second(this.#tries.newest, {
        figures: this.#statsWanted > 0 || this.#tries.trying,
        live: flowing && !this.#picture.cameraLost,
        budgetMs: this.#settings.latencyBudgetMs,
      });
    }
    if (!flowing) this.#news.check();
    this.#tries.check();
  }

  // ---- facts ----------------------------------------------------------------------------------------------------

  /** Takes in what has changed, derives the rest, and tells the listeners once for many changes. */
  #update(changes: Partial<Facts> = {}): void {
    const before = this.#facts;
    const facts = { ...before, ...changes };
    const connection = this.#tries.newest;
    facts.connection = connection?.peer.connectionState ?? null;
    facts.ice = connection?.peer.iceConnectionState ?? null;
    facts.attempt = this.#tries.attempt;
    facts.lastFrameAt = this.#picture.lastFrameAt || null;
    facts.pendingMode = this.#modeRequest.pending;
    facts.modeProblem = this.#modeRequest.problem;
    facts.modeNotice = this.#modeRequest.notice;
    facts.quality = this.#tries.current?.quality ?? null;
    this.#facts = facts;
    const { started, stream, problem } = facts;
    const flowing = started && this.#flowing();
    facts.state = deriveState({
      started,
      stream,
      flowing,
      hasFrame: this.#picture.lastFrameAt > 0,
      paused: this.#watchdog.paused,
      trying: this.#tries.trying || facts.retryAt !== null,
      problem,
    });
    facts.rungs = rungsOf(this.#tries.progress(), started, problem, flowing && facts.black);
    this.#journal.note(before, facts);
    if (this.#notifying) return;
    this.#notifying = true;
    queueMicrotask(() => {
      this.#notifying = false;
      for (const listener of this.#listeners) listener(this.#facts);
    });
  }
}

function bareReport({ state, started, signalling, problem }: Facts): string {
  return `webrtc-preview report\n${JSON.stringify({ state, started, signalling, problem: problem?.code })}\n`;
}

/** Runs `end` the first time that it is called. */
function once(end: () => void): () => void {
  let ended = false;
  return () => {
    if (!ended) end();
    ended = true;
  };
}
