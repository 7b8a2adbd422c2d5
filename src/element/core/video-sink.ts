import type { PresentedFrame } from './latency.js';

export interface ShownFrame extends PresentedFrame {
  width: number;
  height: number;
  /** How many were shown since the frame before, this one among them: a busy page is not told of each. */
  count: number;
}

/** More at once than this were not shown, but went by while the page could not be seen. */
const MOST_AT_ONCE = 120;

/** Shows one MediaStream after the other in a video element, and says of each frame when it was presented. */
export class VideoSink {
  /** False in browsers without requestVideoFrameCallback (Firefox before 132): statistics must stand in. */
  readonly seesFrames: boolean;
  readonly video: HTMLVideoElement;
  readonly #onFrame: (frame: ShownFrame) => void;
  readonly #onBlocked: () => void;
  #callback: number | undefined;
  #rtpTimestamp: number | undefined;
  #presentedFrames: number | undefined;

  constructor(video: HTMLVideoElement, onFrame: (frame: ShownFrame) => void, onBlocked: () => void) {
    this.video = video;
    this.#onFrame = onFrame;
    this.#onBlocked = onBlocked;
    this.seesFrames = 'requestVideoFrameCallback' in video;
    // Without sound and inline: browsers start such a video without a click.
    video.muted = true;
    video.playsInline = true;
  }

  show(media: MediaStream | null): void {
    if (this.video.srcObject === media) return;
    this.#stopWatching();
    this.#rtpTimestamp = this.#presentedFrames = undefined;
    this.video.srcObject = media;
    if (!media) return;
    this.#watch();
    this.play();
  }

  /** Goes on after a pause: a stream whose tracks have all ended stops its video. */
  play(): void {
    this.video.play().catch((error: unknown) => {
      // AbortError only says that another picture came first.
      if ((error as DOMException | undefined)?.name === 'NotAllowedError') this.#onBlocked();
    });
  }

  close(): void {
    this.show(null);
  }

  /** It is seen although its page may be hidden. */
  get inPictureInPicture(): boolean {
    const root = this.video.getRootNode?.() as Document | ShadowRoot | undefined;
    return !!root?.pictureInPictureElement && root.pictureInPictureElement === this.video;
  }

  #watch(): void {
    if (!this.seesFrames) return;
    this.#callback = this.video.requestVideoFrameCallback((_, metadata) => {
      this.#watch();
      // Chromium presents the last frame once more when its connection closes, then without an RTP timestamp:
      // that is no sign of life.
      const { rtpTimestamp, presentedFrames } = metadata;
      const before = this.#presentedFrames ?? Number.NaN;
      this.#presentedFrames = presentedFrames;
      if (this.#rtpTimestamp !== undefined && (rtpTimestamp ?? this.#rtpTimestamp) === this.#rtpTimestamp) return;
      this.#rtpTimestamp = rtpTimestamp;
      const count = presentedFrames - before;
      this.#onFrame({ ...describe(metadata), count: count > 0 && count < MOST_AT_ONCE ? count : 1 });
    });
  }

  #stopWatching(): void {
    if (this.#callback !== undefined) this.video.cancelVideoFrameCallback(this.#callback);
    this.#callback = undefined;
  }
}

/**
 * `presentationTime`, not `expectedDisplayTime`: the latter was wrong by a frame or two in one run of two, against the real
 * framebuffer. `captureTime` never comes from a GStreamer sender.
 */
function describe(metadata: VideoFrameCallbackMetadata): Omit<ShownFrame, 'count'> {
  const { presentationTime, rtpTimestamp, receiveTime, processingDuration, width, height } = metadata;
  const onWallClock = (time: number) => performance.timeOrigin + time;
  return {
    presentedAt: onWallClock(presentationTime),
    rtpTimestamp,
    receivedAt: receiveTime === undefined ? undefined : onWallClock(receiveTime),
    decodeMs: processingDuration === undefined ? undefined : processingDuration * 1_000,
    width,
    height,
  };
}
