import type { CloseReason } from '../../protocol/messages.js';
import { type ErrorInfo, errorInfo, type ViewerErrorCode } from '../../protocol/viewer-errors.js';
import type { SignallingChannel } from '../signalling/signalling.js';
import { Connection } from './connection.js';
import type { CoreContext } from './context.js';
import type { RungName } from './facts.js';
import type { Picture } from './picture.js';
import type { Readings } from './readings.js';
import { nextDelayMs, waitMs } from './retry.js';
import { leaveSpare, makeSpare, takeSpare } from './spare.js';
import { climb, type Evidence, firstOpenRung, type Progress } from './state.js';

export interface TriesContext extends CoreContext {
  channel(): SignallingChannel | undefined;
  /** When the server was reached, or lost, by `performance.now()`. */
  signallingSince(): number;
  readonly createPeer: () => RTCPeerConnection;
  /** The same for all clients of the page whose peers are alike; none where the peers are made by somebody else. */
  readonly peerKind: string | undefined;
  readonly codecs: readonly string[];
  /** Another connection's first frame has ended the former one, or nothing is shown any more. */
  onReplaced(): void;
  /** The server has ended it, and no other try is welcome. */
  onOver(error: ErrorInfo, reason: 'kicked' | 'expired'): void;
}

/** What is wrong when a try ends at this rung and nobody said why. */
const RUNG_ERRORS: Record<RungName, ViewerErrorCode> = {
  server: 'server_unreachable',
  stream: 'stream_offline',
  camera: 'camera_failed',
  offer: 'sender_timeout',
  network: 'ice_failed',
  secure: 'connection_lost',
  packets: 'no_media',
  keyframe: 'no_keyframe',
  decode: 'no_frames',
  picture: 'no_frames',
};

/**
 * A blackout that lasts longer is answered by a second connection. Where the first has come back by itself meanwhile, as it does
 * within 200 ms of the end of a short one, the next blackout is given more time: a sender that stutters is not helped by
 * more to do.
 */
const RECONNECT_AFTER_MS = 700;
const RECONNECT_LATER_AFTER_MS = 2_000;
/** After the server was lost and found again: the way here may be another one, to which nothing is sent yet. */
const SUSPECT_AFTER_MS = 130;
/** From the offer to the first frame. */
const FIRST_FRAME_DEADLINE_MS = 10_000;
/** A storm of signs makes no storm of tries. */
const HURRY_EVERY_MS = 2_000;
/** From this try on the reason is shown, and not only that it is being tried. */
const SHOW_PROBLEM_FROM_ATTEMPT = 3;

/** Decides which connection is shown, when another one is tried, and when that is given up. */
export class Tries {
  readonly #core: TriesContext;
  readonly #picture: Picture;
  readonly #readings: Readings;
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
  #nextAudio: MediaStreamTrack | null = null;
  #attempt = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #suspectTimer: ReturnType<typeof setTimeout> | undefined;
  #held = false;
  /** No try is hurried before this, by `performance.now()`; and since when one wants to be. */
  #hurryFrom = 0;
  #hurrySince: number | undefined;
  #reconnectAfterMs = RECONNECT_AFTER_MS;
  /** How long the one that is shown took to its first frame. */
  firstFrameMs: number | undefined;

  constructor(core: TriesContext, picture: Picture, readings: Readings) {
    this.#core = core;
    this.#picture = picture;
    this.#readings = readings;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get current(): Connection | undefined {
    return this.#current;
  }

  /** The one that is being tried, else the one that is shown. */
  get newest(): Connection | undefined {
    return this.#next ?? this.#current;
  }

  get trying(): boolean {
    return this.#next !== undefined;
  }

  /** Has the first connection of the page made ahead. */
  prepare(): void {
    const audio = this.#core.channel()?.audio ?? false;
    if (this.#core.peerKind === undefined) return;
    const isWarm = () => Connection.pageIsWarm;
    makeSpare(this, this.#kind(audio), isWarm, () => {
      const connection = this.#make();
      void connection.prepare(audio);
      return connection;
    });
  }

  /** Tries at once, with a fresh count. What is shown stays until the new one's first frame. */
  afresh(): void {
    this.abandon();
    const { started, signalling } = this.#core.facts();
    if (!started || signalling === 'closed') return;
    this.#core.update({ problem: null });
    this.#try();
  }

  /** Tries, unless that is being done or nothing is to be mended. */
  begin(): void {
    if (!this.#next && !this.#core.flowing()) this.afresh();
  }

  /**
   * Something has changed for the better at `since` (by `performance.now()`): no wait is worth its while, nor a try from before.
   * Where it is said again and again, the last of it is heard a little later.
   */
  hurry(since: number): void {
    const { problem } = this.#core.facts();
    this.#hurrySince = undefined;
    if (this.#next && this.#next.openedAt >= since) return;
    if (problem && !problem.retryable) return;
    const now = performance.now();
    if (now < this.#hurryFrom) {
      this.#hurrySince = since;
      return;
    }
    this.#hurryFrom = now + HURRY_EVERY_MS;
    this.afresh();
  }

  /** The way to the server was lost, and with it perhaps that of the frames: the next one is not waited for as long as usual. */
  suspect(): void {
    clearTimeout(this.#suspectTimer);
    if (!this.#current || this.#next || this.#picture.blind) return;
    const check = () => {
      if (!this.#next && this.#core.facts().started && this.#picture.stalledMs >= SUSPECT_AFTER_MS)
        this.hurry(performance.now());
    };
    this.#suspectTimer = setTimeout(check, Math.max(0, SUSPECT_AFTER_MS - this.#picture.stalledMs));
  }

  /** What is shown is to be replaced although it flows. */
  replace(): void {
    this.#outdated = this.#current;
    this.afresh();
  }

  abandon(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#suspectTimer);
    this.#hurrySince = undefined;
    this.#next?.close();
    this.#next = undefined;
    this.#attempt = 0;
    this.#core.update({ retryAt: null });
  }

  /** The current connection is over; its last frame stays until another's first. */
  freeze(): void {
    if (!this.#current) return;
    this.#frozen?.close();
    this.#frozen = this.#current;
    this.#frozen.retire();
    this.#current = undefined;
    this.#picture.freeze();
    this.#core.update();
  }

  /** Nothing of it is shown any more. */
  clear(): void {
    this.abandon();
    this.#held = false;
    this.#current?.close();
    this.#frozen?.close();
    this.#current = this.#frozen = this.#shown = this.#outdated = undefined;
    this.#core.onReplaced();
    this.#picture.clear();
    this.#core.update({ audio: null });
  }

  /** Lets go of what was made ahead. */
  close(): void {
    leaveSpare(this);
  }

  /** Nobody looks: nothing is to be sent here, and nothing tried, until `release`. A sender that cannot pause is left. */
  async hold(): Promise<void> {
    this.#held = true;
    this.abandon();
    this.#picture.freeze();
    const current = this.#current;
    const understood = await current?.pause(true);
    if (this.#held && current && current === this.#current && !understood) this.freeze();
  }

  /** @returns whether what was shown may go on by itself; else another one is being tried */
  release(): boolean {
    this.#held = false;
    const current = this.#current;
    if (!current || current === this.#outdated || current.lost) {
      this.afresh();
      return false;
    }
    this.#picture.thaw();
    void current.pause(false);
    return true;
  }

  onSignOfLife(showing: boolean): void {
    const next = this.#next;
    const isFirst = next !== undefined && this.#shown === next;
    if (next && !showing) this.#reconnectAfterMs = isFirst ? RECONNECT_AFTER_MS : RECONNECT_LATER_AFTER_MS;
    if (isFirst) {
      this.#current?.close();
      this.#frozen?.close();
      this.#frozen = undefined;
      this.#current = next;
      this.#next = this.#outdated = undefined;
      this.#hear(this.#nextAudio);
      this.firstFrameMs = performance.now() - next.openedAt;
      next.reportLive();
      this.#core.onReplaced();
    }
    if (!next && showing) return;
    if (!this.#current || this.#current !== this.#outdated) {
      // Frames flow, by the new connection or by the old one, which has come back: no other is needed.
      this.abandon();
    } else if (showing) return;
    this.#core.update({ problem: null });
  }

  /** Ends what has taken too long, and begins what is due. */
  check(): void {
    const facts = this.#core.facts();
    const next = this.#next;
    const flowing = this.#core.flowing();
    // The sender has said goodbye: what is left of the connection must not look like one.
    if (flowing) this.#hurrySince = undefined;
    else if (this.#hurrySince !== undefined) this.hurry(this.#hurrySince);
    const gone = facts.stream?.online === false && !facts.stream.instance;
    if (gone && !flowing) this.freeze();
    if (facts.signalling !== 'connected') return;
    if (next && this.#triedMs(next) >= FIRST_FRAME_DEADLINE_MS) this.#onFailed();
    if (next || flowing) return;
    const due = facts.retryAt === null && !facts.problem && facts.stream?.online;
    if (due && this.#picture.stalledMs > this.#reconnectAfterMs) this.#try();
  }

  progress(): Progress {
    return climb(this.#evidence());
  }

  #evidence(): Evidence {
    const { newest } = this;
    const { signalling, stream, black } = this.#core.facts();
    return {
      facts: {
        signalling,
        stream,
        black,
        connection: newest?.peer.connectionState ?? null,
        ice: newest?.peer.iceConnectionState ?? null,
      },
      live: !this.#next && this.#core.flowing(),
      answered: newest?.answered ?? false,
      gotPackets: this.#picture.gotPackets,
      clues: this.#readings.cluesOf(newest),
      iceErrors: newest?.iceErrors ?? new Map(),
      ms: newest ? this.#triedMs(newest) : 0,
    };
  }

  /** A try cannot go on while the server is away; so that time does not count. */
  #triedMs(connection: Connection): number {
    return performance.now() - Math.max(connection.openedAt, this.#core.signallingSince());
  }

  #try(): void {
    const channel = this.#core.channel();
    // Nothing streams: the news that something does will start a try.
    if (this.#held || !channel || this.#core.facts().stream?.online === false) return;
    this.#attempt += 1;
    this.#picture.gotPackets = false;
    this.#nextAudio = null;
    try {
      this.#next = this.#connect(channel);
    } catch (error) {
      const unsupported = typeof RTCPeerConnection === 'undefined';
      this.#onFailed(unsupported ? errorInfo('webrtc_unsupported') : errorInfo('internal', String(error)));
      return;
    }
    void this.#next.open(channel);
    if (this.#current) channel.doubt?.();
    this.#core.update({ retryAt: null });
  }

  #make(): Connection {
    const { createPeer, codecs } = this.#core;
    return new Connection(createPeer, { codecs });
  }

  /** What two connections have in common that can stand in for each other. */
  #kind(audio = false): string {
    return `${this.#core.peerKind} ${this.#core.codecs} ${audio}`;
  }

  #connect({ audio }: SignallingChannel): Connection {
    const connection = takeSpare(this.#kind(audio)) ?? this.#make();
    connection.events = {
      onChange: () => this.#onChange(connection),
      onComing: (track) => connection === this.#next && this.#picture.expect(track),
      onTrack: (track) => {
        if (connection !== this.#next) return;
        this.#picture.gotPackets = true;
        this.#shown = connection;
        this.#picture.show(track, connection.sync);
      },
      onAudio: (track) => {
        if (connection === this.#next) this.#nextAudio = track;
        else if (connection === this.#current) this.#hear(track);
      },
      onEnded: (error, reason) => this.#onEnded(connection, error, reason),
    };
    return connection;
  }

  #onChange(connection: Connection): void {
    this.#core.update();
    if (connection === this.#current && connection.lost) {
      this.#picture.stall();
      this.begin();
    }
    // Said on the connection itself, and so as a rule before any frame is missing.
    if (!connection.senderGone) return;
    if (connection === this.#next) this.#onFailed(errorInfo('connection_lost'));
    else if (connection === this.#current && connection !== this.#outdated) this.replace();
  }

  #onEnded(connection: Connection, error: ErrorInfo, reason?: CloseReason): void {
    const over = reason === 'kicked' || reason === 'expired';
    if (over && connection !== this.#outdated) this.#core.onOver(error, reason);
    else if (connection === this.#next) this.#onFailed(error);
    else if (connection === this.#current) {
      this.freeze();
      if (!this.#next) this.afresh();
    }
  }

  /** @param error what was said; `undefined` when only time has passed */
  #onFailed(error?: ErrorInfo): void {
    const evidence = this.#evidence();
    const isCamera = error?.code.startsWith('camera_');
    const named = isCamera ? 'camera' : error?.code === 'turn_missing' && 'network';
    const rung = named || (firstOpenRung(climb(evidence)) ?? 'picture');
    const { insight } = this.#readings;
    let info = error ?? errorInfo(RUNG_ERRORS[rung]);
    if (info.code === 'ice_failed') {
      const more = insight?.diagnose(rung, evidence);
      info = { ...errorInfo(more?.code ?? 'ice_failed'), ...more };
    }
    const tookMs = this.#next ? performance.now() - this.#next.openedAt : 0;
    this.#next?.close();
    this.#next = undefined;
    const attempt = this.#attempt;
    let delay = info.retryable ? nextDelayMs(this.#core.settings.retryPolicy, attempt, this.#core.random()) : undefined;
    if (delay !== undefined) {
      delay = waitMs(delay, tookMs, attempt, this.#core.random());
      this.#retryTimer = setTimeout(() => this.#try(), delay);
    }
    // What the sender itself says needs no second opinion.
    const explained = isCamera || (rung === 'offer' && info.code !== 'sender_timeout');
    const shown = delay === undefined || explained || attempt >= SHOW_PROBLEM_FROM_ATTEMPT;
    const seen = insight?.seenAt(rung, evidence);
    this.#core.update({
      retryAt: delay === undefined ? null : Date.now() + delay,
      problem: shown ? { ...info, rung, ...(seen && { seen }) } : this.#core.facts().problem,
    });
  }

  #hear(track: MediaStreamTrack | null): void {
    this.#core.update({ audio: track ? new MediaStream([track]) : null });
  }
}
