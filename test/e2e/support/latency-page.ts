// Runs inside the page, in any browser: notes of each frame how old the element says that it was, and how old by the clock in it.
import type { ClockSync } from '../../../src/element/core/clock-sync.js';
import type { Latency } from '../../../src/element/core/facts.js';
import type { LatencyMeter, PresentedFrame } from '../../../src/element/core/latency.js';
import {
  CLOCK_COLUMNS,
  CLOCK_ROWS,
  clockBlockSize,
  decodePictureClock,
  type PictureClock,
  pictureClockAgeMs,
} from '../../../src/protocol/picture-clock.js';

/** What one frame's clock says. Times in Unix ms. */
export interface ClockReading {
  /** When the frame was handed to the compositor: what the element calls shown. The same number in the element's words. */
  presentedAt: number;
  rtpTimestamp: number | null;
  micros: number;
  /** How old it was then. */
  clockMs: number;
  /** How old it was when this page could read it, which is at the next refresh. */
  readableMs: number;
}

/** What the element made of one second. */
export interface ShownSecond extends Latency {
  /** The frames of which it made that: their `presentedAt`. */
  frames: number[];
}

export interface LatencyReadings {
  clocks: ClockReading[];
  /** By `presentedAt`: the ages that the element has used. */
  shown: [presentedAt: number, ageMs: number][];
  seconds: ShownSecond[];
  /** Frames whose clock could not be read, or whose pixels were of another frame. */
  unread: number;
}

/** What a video frame's own metadata say, where the browser has them; the types of the DOM do not yet. */
type FrameWithMetadata = VideoFrame & { metadata?(): { rtpTimestamp?: number } };

/** Listens at the classes of the very element that the page shows; call it before there is an element. */
export function listen(core: { LatencyMeter: typeof LatencyMeter; ClockSync: typeof ClockSync }): LatencyReadings {
  const readings: LatencyReadings = { clocks: [], shown: [], seconds: [], unread: 0 };
  let capturedAt: number | undefined;
  let frames: number[] = [];
  const { captureTime } = core.ClockSync.prototype;
  core.ClockSync.prototype.captureTime = function (this: ClockSync, rtpTimestamp: number) {
    capturedAt = captureTime.call(this, rtpTimestamp);
    return capturedAt;
  };
  const { add, sum } = core.LatencyMeter.prototype;
  core.LatencyMeter.prototype.add = function (this: LatencyMeter, frame: PresentedFrame) {
    capturedAt = undefined;
    add.call(this, frame);
    if (capturedAt === undefined) return;
    readings.shown.push([frame.presentedAt, frame.presentedAt - capturedAt]);
    frames.push(frame.presentedAt);
  };
  core.LatencyMeter.prototype.sum = function (this: LatencyMeter, bufferMs: number | null) {
    const latency = sum.call(this, bufferMs);
    if (latency) readings.seconds.push({ ...latency, frames });
    frames = [];
    return latency;
  };
  return readings;
}

/** Reads the clock of every frame that `video` shows. */
export function readClocks(video: HTMLVideoElement, readings: LatencyReadings): void {
  const onFrame: VideoFrameRequestCallback = async (_, { presentationTime, rtpTimestamp }) => {
    video.requestVideoFrameCallback(onFrame);
    const now = performance.timeOrigin + performance.now();
    const presentedAt = performance.timeOrigin + presentationTime;
    const clock = await readClock(video, rtpTimestamp);
    if (!clock) {
      readings.unread += 1;
      return;
    }
    readings.clocks.push({
      presentedAt,
      rtpTimestamp: rtpTimestamp ?? null,
      micros: clock.micros,
      clockMs: pictureClockAgeMs(clock, presentedAt),
      readableMs: pictureClockAgeMs(clock, now),
    });
  };
  video.requestVideoFrameCallback(onFrame);
}

async function readClock(video: HTMLVideoElement, rtpTimestamp: number | undefined): Promise<PictureClock | undefined> {
  const { videoWidth: width } = video;
  const block = clockBlockSize(width);
  const rect = { x: 0, y: 0, width: CLOCK_COLUMNS * block, height: CLOCK_ROWS * block };
  const frame: FrameWithMetadata | undefined = 'VideoFrame' in globalThis ? new VideoFrame(video) : undefined;
  try {
    // Where the browser tells, a frame that is newer than what the callback speaks of is left out.
    const grabbed = frame?.metadata?.().rtpTimestamp;
    if (grabbed !== undefined && grabbed !== rtpTimestamp) return undefined;
    if (frame?.format !== 'I420' && frame?.format !== 'NV12') return readDrawn(video, rect);
    const bytes = new Uint8Array(frame.allocationSize({ rect }));
    const [luma] = await frame.copyTo(bytes, { rect });
    return luma && decodePictureClock(bytes.subarray(luma.offset), luma.stride, width);
  } finally {
    frame?.close();
  }
}

let canvas: CanvasRenderingContext2D | null = null;

/** For browsers that do not hand out planes: the clock is black and white, so that green is as good as luma. */
function readDrawn(video: HTMLVideoElement, { width, height }: { width: number; height: number }) {
  canvas ??= Object.assign(document.createElement('canvas'), { width, height }).getContext('2d', {
    willReadFrequently: true,
  });
  if (!canvas) return undefined;
  canvas.drawImage(video, 0, 0, width, height, 0, 0, width, height);
  const { data } = canvas.getImageData(0, 0, width, height);
  const luma = new Uint8Array(width * height).map((_, pixel) => data[4 * pixel + 1] ?? 0);
  return decodePictureClock(luma, width, video.videoWidth);
}
