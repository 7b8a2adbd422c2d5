import type { ClockSync } from './clock-sync.js';
import type { Facts } from './facts.js';
import type { LatencyMeter } from './latency.js';
import { pageHidden } from './page-signs.js';
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
export const STALL_BLIND_MS = 3_000;

/** What is on the screen: shows the media, counts its frames, and knows whether they still come. */
export class Picture {
  readonly #events: PictureEvents;
  readonly #sinks = new Set<VideoSink>();
  #media: MediaStream | null = null;
  /** In the place of `#media`, as long as nothing has come. */
  #expected: MediaStream | null = null;
  #size: Facts['shownSize'] = null;
  #presentedFrames = 0;
  #sync: ClockSync | undefined;
  #newestRtp: number | undefined;
  #frozen = false;
  /** What was received before is no sign of life; by `performance.now()`. */
  #doubtedAt = 0;
  #dueAt = 0;
  /** When the last frame was shown, and until when none need be: by a clock that nobody sets. */
  #frameAt = Number.NEGATIVE_INFINITY;
  #graceUntil = 0;
  /** The frame that the last grace was given after. */
  #gracedAt = 0;
  /** Frames were missed: only another one ends that, and nothing that makes more patient. */
  #stalled = false;
  /** When the last frame was shown, in Unix ms; 0 before the first of a run. */
  lastFrameAt = 0;
  /** Takes the age of each frame, once there is one. */
  meter: LatencyMeter | undefined;
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
    sink.show(this.#media ?? this.#expected);
    return () => {
      this.#sinks.delete(sink);
      sink.close();
    };
  }

  /** Makes the browser ready to show this track, where nothing else is shown: its first time takes it 10 to 60 ms. */
  expect(track: MediaStreamTrack): void {
    if (this.#media) return;
    // What it presents before the first packet is no picture.
    this.#frozen = true;
    this.#expected = new MediaStream([track]);
    for (const sink of this.#sinks) sink.show(this.#expected);
  }

  /**
   * Shows another track. It takes the place of the former one in the same stream: Chromium then keeps the last frame until
   * the new one's first; a new `srcObject` would be empty for 20 to 50 ms.
   *
   * @param sync how to know when the frames of `track` were captured
   */
  show(track: MediaStreamTrack, sync: ClockSync): void {
    this.#sync = sync;
    this.meter?.follow(sync);
    this.#frozen = false;
    this.#newestRtp = undefined;
    if (!this.#media) {
      const isExpected = this.#expected?.getVideoTracks().includes(track);
      this.#setMedia((isExpected && this.#expected) || new MediaStream([track]));
      return;
    }
    for (const former of this.#media.getVideoTracks()) this.#media.removeTrack(former);
    this.#media.addTrack(track);
    this.play();
  }

  /** Goes on where the browser has stopped the video. */
  play(): void {
    if (this.#media) for (const sink of this.#sinks) sink.play();
  }

  /** Has the frames to come measured. */
  measure(meter: LatencyMeter): void {
    this.meter = meter;
    if (this.#sync) meter.follow(this.#sync);
  }

  /** Whatever is presented from now on is not alive; until another track is shown, or `thaw`. */
  freeze(): void {
    this.#frozen = true;
    this.#graceUntil = 0;
  }

  /** Nothing is to be expected; only another frame ends that. */
  stall(): void {
    this.#stalled = true;
  }

  /** Frames count again, those that are received from now on. */
  thaw(): void {
    this.#frozen = false;
    this.doubt();
  }

  /** The page has been away: a frame from before may be presented only now, and the next one be due in `ms`. */
  doubt(ms = 0): void {
    this.#doubtedAt = performance.now();
    this.#dueAt = this.#doubtedAt + ms;
  }

  /** The device slept, and with it the clock by which the last frame looks new. */
  wake(): void {
    this.#frameAt = Number.NEGATIVE_INFINITY;
    this.#graceUntil = 0;
  }

  /** Nothing is shown any more. */
  clear(): void {
    this.lastFrameAt = 0;
    this.wake();
    this.meter?.reset();
    this.#size = null;
    this.#setMedia(null);
    this.#events.onChange({ stats: null, shownSize: null, latencyHistory: [], overBudget: null, black: false });
  }

  close(): void {
    for (const sink of this.#sinks) sink.close();
    this.#sinks.clear();
  }

  get hasMedia(): boolean {
    return this.#media !== null;
  }

  /** Whether new frames are being shown, at a camera rate of `fps`. */
  flowing(fps: number): boolean {
    if (this.#frozen || this.#stalled) return false;
    const now = performance.now();
    this.#stalled = now - this.#frameAt >= this.patienceMs(fps) && now >= this.#graceUntil;
    return !this.#stalled;
  }

  /** How long no frame may come before that is a stall, in ms. */
  patienceMs(fps: number): number {
    const seen = Math.max(STALL_MIN_MS, (STALL_INTERVALS * 1_000) / fps + STALL_EXTRA_MS);
    const least = this.blind ? STALL_BLIND_MS : this.cameraLost ? STALL_CAMERA_LOST_MS : 0;
    return Math.max(seen, least);
  }

  /** How long no frame has come although one was due, in ms. */
  get stalledMs(): number {
    return performance.now() - Math.max(this.#frameAt, this.#graceUntil, this.#dueAt);
  }

  /**
   * A pause to come that is no stall: the camera changes its mode, or the page comes back from the background. Given while frames
   * flow, and once until the next frame: a frozen picture is found out however often it is asked for.
   *
   * @param youngMs how old the last frame may be
   */
  grace(ms: number, youngMs: number): void {
    const now = performance.now();
    if (this.#stalled || this.#gracedAt === this.#frameAt || now - this.#frameAt >= youngMs) return;
    this.#gracedAt = this.#frameAt;
    this.#graceUntil = now + ms;
  }

  /** Frame callbacks stand still in a hidden page; some browsers have none. */
  get blind(): boolean {
    return pageHidden() || ![...this.#sinks].some((sink) => sink.seesFrames);
  }

  /** Somebody sees it although the page is hidden. */
  get inPictureInPicture(): boolean {
    return [...this.#sinks].some((sink) => sink.inPictureInPicture);
  }

  /** Count of frames shown so far; `null` where that cannot be seen. */
  get presentedFrames(): number | null {
    return this.blind ? null : this.#presentedFrames;
  }

  /** One of those that show it. */
  get video(): HTMLVideoElement | undefined {
    const [sink] = this.#sinks;
    return sink?.video;
  }

  /** The statistics show frames that nothing else would. */
  onDecoded(): void {
    if (this.blind && !this.#frozen) this.#signOfLife();
  }

  #onFrame(frame: ShownFrame): void {
    const { rtpTimestamp, receivedAt, width, height } = frame;
    const isOld = receivedAt !== undefined && receivedAt < performance.timeOrigin + this.#doubtedAt;
    if (this.#frozen || isOld) return;
    // Several videos may show the same: what another has shown within the last second counts once.
    const newest = this.#newestRtp;
    const again = rtpTimestamp !== undefined && newest !== undefined && (newest - rtpTimestamp) >>> 0 < 90_000;
    if (!again) {
      this.#newestRtp = rtpTimestamp;
      this.#presentedFrames += frame.count;
      if (!this.cameraLost) this.meter?.add(frame);
    }
    if (this.#size?.width !== width || this.#size.height !== height) {
      this.#size = { width, height };
      this.#events.onChange({ shownSize: this.#size });
    }
    this.#signOfLife();
  }

  #signOfLife(): void {
    this.#frameAt = performance.now();
    this.#stalled = false;
    this.lastFrameAt = Date.now();
    this.#events.onSignOfLife();
  }

  #setMedia(media: MediaStream | null): void {
    this.#media = media;
    this.#expected = null;
    for (const sink of this.#sinks) sink.show(media);
    this.#events.onChange({ media });
  }
}
