import type { PresentedFrame } from './latency.js';

export interface ShownFrame extends PresentedFrame {
  width: number;
  height: number;
}

/** Shows one MediaStream after the other in a video element, and says of each frame when it was presented. */
export class VideoSink {
  /** False in browsers without requestVideoFrameCallback (Firefox before 132): statistics must stand in. */
  readonly seesFrames: boolean;
  readonly #video: HTMLVideoElement;
  readonly #onFrame: (frame: ShownFrame) => void;
  readonly #onBlocked: () => void;
  #callback: number | undefined;
  #rtpTimestamp: number | undefined;

  constructor(video: HTMLVideoElement, onFrame: (frame: ShownFrame) => void, onBlocked: () => void) {
    this.#video = video;
    this.#onFrame = onFrame;
    this.#onBlocked = onBlocked;
    this.seesFrames = 'requestVideoFrameCallback' in video;
    // Without sound and inline: browsers start such a video without a click.
    video.muted = true;
    video.playsInline = true;
  }

  show(media: MediaStream | null): void {
    if (this.#video.srcObject === media) return;
    this.#stopWatching();
    this.#rtpTimestamp = undefined;
    this.#video.srcObject = media;
    if (!media) return;
    this.#watch();
    this.play();
  }

  /** Goes on after a pause: a stream whose tracks have all ended stops its video. */
  play(): void {
    this.#video.play().catch((error: unknown) => {
      // AbortError only says that another picture came first.
      if ((error as DOMException | undefined)?.name === 'NotAllowedError') this.#onBlocked();
    });
  }

  close(): void {
    this.show(null);
  }

  #watch(): void {
    if (!this.seesFrames) return;
    this.#callback = this.#video.requestVideoFrameCallback((_, metadata) => {
      this.#watch();
      // Chromium presents the last frame once more when its connection closes, then without an RTP timestamp:
      // that is no sign of life.
      const { rtpTimestamp } = metadata;
      if (this.#rtpTimestamp !== undefined && (rtpTimestamp ?? this.#rtpTimestamp) === this.#rtpTimestamp) return;
      this.#rtpTimestamp = rtpTimestamp;
      this.#onFrame(describe(metadata));
    });
  }

  #stopWatching(): void {
    if (this.#callback !== undefined) this.#video.cancelVideoFrameCallback(this.#callback);
    this.#callback = undefined;
  }
}

/**
 * `presentationTime`, not `expectedDisplayTime`: the latter was wrong by a frame or two in one run of two, against the real
 * framebuffer. `captureTime` never comes from a GStreamer sender.
 */
function describe(metadata: VideoFrameCallbackMetadata): ShownFrame {
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
