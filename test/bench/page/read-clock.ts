import {
  CLOCK_COLUMNS,
  CLOCK_ROWS,
  clockBlockSize,
  decodePictureClock,
  pictureClockAgeMs,
} from '../../../src/protocol/picture-clock.js';

/** A frame that was presented, with what is burned into it. */
export interface ClockedFrame {
  /** When the browser said that it presents it, in ms since the page's navigation began. */
  shownMs: number;
  /** How old it was then. */
  ageMs: number;
  sequence: number;
}

/** What this way of reading needs and the types of the DOM do not have yet. */
type FrameWithMetadata = VideoFrame & { metadata?(): { rtpTimestamp?: number } };

/**
 * Calls `listener` for each frame that `video` presents and whose clock can be read, until it returns true.
 *
 * The pixels grabbed in a callback can be one frame newer than what the callback speaks of, so both are compared by
 * their RTP timestamp. `copyTo` of 32 rows costs 0.2 ms, drawing on a canvas 8 ms.
 */
export function watchClock(video: HTMLVideoElement, listener: (frame: ClockedFrame) => boolean): () => void {
  let watching = true;
  const onFrame = (_now: number, { rtpTimestamp }: VideoFrameCallbackMetadata) => {
    if (!watching) return;
    const shownMs = performance.now();
    void readClock(video, rtpTimestamp).then((clock) => {
      if (!watching || !clock) return;
      const ageMs = pictureClockAgeMs(clock, performance.timeOrigin + shownMs);
      if (listener({ shownMs, ageMs, sequence: clock.sequence })) watching = false;
    });
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  return () => {
    watching = false;
  };
}

async function readClock(video: HTMLVideoElement, rtpTimestamp: number | undefined) {
  const frame: FrameWithMetadata = new VideoFrame(video);
  try {
    if (frame.metadata?.().rtpTimestamp !== rtpTimestamp) return undefined;
    if (frame.format !== 'I420' && frame.format !== 'NV12') throw new Error(`cannot read ${frame.format} pictures`);
    const block = clockBlockSize(frame.codedWidth);
    const rect = { x: 0, y: 0, width: CLOCK_COLUMNS * block, height: CLOCK_ROWS * block };
    const planes = new Uint8Array(frame.allocationSize({ rect }));
    const [luma] = await frame.copyTo(planes, { rect });
    return luma && decodePictureClock(planes.subarray(luma.offset), luma.stride, frame.codedWidth);
  } finally {
    frame.close();
  }
}

/** A frame older than this is a leftover or a replay, not the camera's present. */
export const FRESH_MS = 100;

export interface FirstFrames {
  /** The first frame whose clock could be read, fresh or not. */
  first: ClockedFrame | null;
  /** The first that is fresh; `null` when there was none in time. */
  fresh: ClockedFrame | null;
}

/** Waits for the first frame that is fresh. */
export function firstFreshFrame(video: HTMLVideoElement, patienceMs: number): Promise<FirstFrames> {
  return new Promise((resolve) => {
    let first: ClockedFrame | null = null;
    const stop = watchClock(video, (frame) => {
      first ??= frame;
      if (frame.ageMs >= FRESH_MS) return false;
      clearTimeout(timer);
      resolve({ first, fresh: frame });
      return true;
    });
    const timer = setTimeout(() => {
      stop();
      resolve({ first, fresh: null });
    }, patienceMs);
  });
}
