import type { ClockSync } from './clock-sync.js';
import type { Connection } from './connection.js';
import type { Facts, Stats } from './facts.js';
import { LatencyMeter } from './latency.js';
import { type Baseline, readStats } from './stats.js';
import { type ShownFrame, VideoSink } from './video-sink.js';

export interface PictureEvents {
  /** A new frame was shown; in a page that is hidden or cannot see frames: decoded. */
  onSignOfLife(): void;
  /** What is known of the picture has changed. */
  onChange(changes: Partial<Facts>): void;
  /** The browser wants a click first. */
  onBlocked(): void;
}

/** A stall is this many frame intervals, and a little for the network's own jitter. */
const STALL_INTERVALS = 3;
const STALL_EXTRA_MS = 150;
const STALL_MIN_MS = 400;
/** A picture that only says that the camera is lost needs no rate; a sender repeats it at least once a second. */
const STALL_CAMERA_LOST_MS = 3_000;
/** Without frame callbacks the statistics stand in, read once a second, and in a hidden page up to a second late. */
const STALL_BLIND_MS = 4_000;

/** What is on the screen: shows the media, counts its frames, and knows whether they still come. */
export class Picture {
  readonly #events: PictureEvents;
  readonly #sinks = new Set<VideoSink>();
  #media: MediaStream | null = null;
  #size: Facts['shownSize'] = null;
  readonly #latency = new LatencyMeter();
  #baseline: Baseline | undefined;
  #presentedFrames = 0;
  /** By connection: the totals of one say nothing about the frames of another. */
  readonly #framesDecoded = new WeakMap<Connection, number>();
  #readFrom: Connection | undefined;
  #graceUntil = 0;
  #frozen = false;
  #wasHidden = false;
  /** When the last frame was shown, in Unix ms; 0 before the first of a run. */
  lastFrameAt = 0;
  /** Packets of the newest connection have arrived. */
  gotPackets = false;
  /** What is shown is not the camera's: its age says nothing, and it may come in its own slow time. */
  cameraLost = false;

  constructor(events: PictureEvents) {
    this.#events = events;
  }

  attach(video: HTMLVideoElement): () => void {
    const sink = new VideoSink(
      video,
      (frame) => this.#onFrame(frame),
      () => this.#events.onBlocked(),
    );
    this.#sinks.add(sink);
    sink.show(this.#media);
    return () => {
      this.#sinks.delete(sink);
      sink.close();
    };
  }

  /**
   * Shows another track. It takes the place of the former one in the same stream: Chromium then keeps the last frame until
   * the new one's first; a new `srcObject` would be empty for 20 to 50 ms.
   *
   * @param sync how to know when the frames of `track` were captured
   */
  show(track: MediaStreamTrack, sync: ClockSync): void {
    this.#baseline = undefined;
    this.#latency.follow(sync);
    this.#frozen = false;
    if (!this.#media) {
      this.#setMedia(new MediaStream([track]));
      return;
    }
    for (const former of this.#media.getVideoTracks()) this.#media.removeTrack(former);
    this.#media.addTrack(track);
    for (const sink of this.#sinks) sink.play();
  }

  /** Whatever is presented from now on belongs to a connection that is over; until another track is shown. */
  freeze(): void {
    this.#frozen = true;
    this.#graceUntil = 0;
  }

  /** Nothing is shown any more. */
  clear(): void {
    this.lastFrameAt = 0;
    this.#latency.reset();
    this.#size = null;
    this.#setMedia(null);
    this.#events.onChange({ stats: null, shownSize: null, latencyHistory: [] });
  }

  close(): void {
    for (const sink of this.#sinks) sink.close();
    this.#sinks.clear();
  }

  /** Whether new frames are being shown, at a camera rate of `fps`. */
  flowing(fps: number, now = Date.now()): boolean {
    if (this.lastFrameAt === 0 || this.#frozen) return false;
    const seen = Math.max(STALL_MIN_MS, (STALL_INTERVALS * 1_000) / fps + STALL_EXTRA_MS);
    const limit = this.#blind() ? STALL_BLIND_MS : this.cameraLost ? Math.max(seen, STALL_CAMERA_LOST_MS) : seen;
    return now - this.lastFrameAt < limit || now < this.#graceUntil;
  }

  /** How long no frame has come although one was due, in ms. */
  stalledMs(now = Date.now()): number {
    return now - Math.max(this.lastFrameAt, this.#graceUntil);
  }

  /** A pause that is no stall: the camera changes its mode, or the page comes back from the background. */
  grace(ms: number, now = Date.now()): void {
    this.#graceUntil = now + ms;
  }

  /** True once for each time that the page came back from the background. */
  cameBack(): boolean {
    const hidden = pageHidden();
    const back = this.#wasHidden && !hidden;
    this.#wasHidden = hidden;
    return back;
  }

  /**
   * Reads the statistics where somebody wants them or nothing else would show frames, and closes the second.
   *
   * @param connection the newest; its figures are read
   */
  async readSecond(connection: Connection | undefined, wanted: boolean): Promise<void> {
    const blind = this.#blind();
    if (!connection || !(wanted || blind)) {
      this.#closeSecond(null);
      return;
    }
    const reports = (await connection.peer.getStats()) as unknown as Map<string, unknown>;
    const before = connection === this.#readFrom ? this.#baseline : undefined;
    const { stats, baseline, bytesReceived } = readStats(reports, this.#presentedFrames, before);
    this.#readFrom = connection;
    this.#baseline = baseline;
    this.gotPackets ||= bytesReceived > 0;
    // The pair's figure is in whole milliseconds; the data channel's is finer, and no round trip is below it.
    const finer = connection.sync.roundTripMs;
    if (finer !== undefined) stats.rttMs = Math.max(stats.rttMs ?? 0, finer);
    const decoded = stats.framesDecoded > (this.#framesDecoded.get(connection) ?? 0);
    this.#framesDecoded.set(connection, stats.framesDecoded);
    if (decoded && blind && !this.#frozen) this.#signOfLife();
    this.#closeSecond(stats);
  }

  /** Frame callbacks stand still in a hidden page; some browsers have none. */
  #blind(): boolean {
    return pageHidden() || ![...this.#sinks].some((sink) => sink.seesFrames);
  }

  #onFrame(frame: ShownFrame): void {
    if (this.#frozen) return;
    this.#presentedFrames += 1;
    if (!this.cameraLost) this.#latency.add(frame);
    const { width, height } = frame;
    if (this.#size?.width !== width || this.#size.height !== height) {
      this.#size = { width, height };
      this.#events.onChange({ shownSize: this.#size });
    }
    this.#signOfLife();
  }

  #signOfLife(): void {
    this.lastFrameAt = Date.now();
    this.#events.onSignOfLife();
  }

  #closeSecond(stats: Omit<Stats, 'latency'> | null): void {
    if (!this.#media) return;
    const latency = this.#latency.sum(stats?.jitterBufferMs ?? null);
    this.#events.onChange({
      stats: { ...(stats ?? NO_STATS), at: Date.now(), latency },
      latencyHistory: this.#latency.history,
    });
  }

  #setMedia(media: MediaStream | null): void {
    this.#media = media;
    for (const sink of this.#sinks) sink.show(media);
    this.#events.onChange({ media });
  }
}

function pageHidden(): boolean {
  return globalThis.document?.hidden === true;
}

const NO_STATS: Omit<Stats, 'latency'> = {
  at: 0,
  bitrateKbps: null,
  shownFps: null,
  decodedFps: null,
  lossPercent: null,
  jitterBufferMs: null,
  decodeMs: null,
  rttMs: null,
  framesDecoded: 0,
  framesDropped: 0,
  freezes: 0,
  codec: null,
  path: null,
};
