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
  /** How many frames the video has presented until then, also those that no callback spoke of. */
  presentedFrames: number;
}

/** What this way of reading needs and the types of the DOM do not have yet. */
type FrameWithMetadata = VideoFrame & { metadata?(): { rtpTimestamp?: number } };

/**
 * Calls `listener` for each frame that `video` presents and whose clock can be read, until it returns true.
 *
 * The pixels grabbed in a callback can be one frame newer than what the callback speaks of, so both are compared by
 * their RTP timestamp. `copyTo` of 32 rows costs 0.2 ms, drawing on a canvas 8 ms.
 *
 * @param drawnWidth how wide the picture was when the clock was drawn, where it may have been scaled since
 */
export function watchClock(
  video: HTMLVideoElement,
  listener: (frame: ClockedFrame) => boolean,
  drawnWidth?: number,
): () => void {
  let watching = true;
  const onFrame = (_now: number, { rtpTimestamp, presentedFrames }: VideoFrameCallbackMetadata) => {
    if (!watching) return;
    const shownMs = performance.now();
    void readClock(video, rtpTimestamp, drawnWidth).then((clock) => {
      if (!watching || !clock) return;
      const ageMs = pictureClockAgeMs(clock, performance.timeOrigin + shownMs);
      if (listener({ shownMs, ageMs, sequence: clock.sequence, presentedFrames })) watching = false;
    });
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  return () => {
    watching = false;
  };
}

async function readClock(video: HTMLVideoElement, rtpTimestamp: number | undefined, drawnWidth: number | undefined) {
  const frame: FrameWithMetadata = new VideoFrame(video);
  try {
    if (frame.metadata?.().rtpTimestamp !== rtpTimestamp) return undefined;
    if (frame.format !== 'I420' && frame.format !== 'NV12') throw new Error(`cannot read ${frame.format} pictures`);
    const scale = drawnWidth === undefined ? 1 : frame.codedWidth / drawnWidth;
    const block = clockBlockSize(frame.codedWidth / scale) * scale;
    const rect = { x: 0, y: 0, width: even(CLOCK_COLUMNS * block), height: even(CLOCK_ROWS * block) };
    const planes = new Uint8Array(frame.allocationSize({ rect }));
    const [luma] = await frame.copyTo(planes, { rect });
    if (!luma) return undefined;
    const pixels = planes.subarray(luma.offset);
    if (scale === 1) return decodePictureClock(pixels, luma.stride, frame.codedWidth);
    return decodePictureClock(centresOfBlocks(pixels, luma.stride, block), CLOCK_COLUMNS * SMALL_BLOCK, SMALL_WIDTH);
  } finally {
    frame.close();
  }
}

/** The edge of a block in small pictures, and the width of one. */
const SMALL_WIDTH = 256;
const SMALL_BLOCK = clockBlockSize(SMALL_WIDTH);

/** The clock of a scaled picture as a small picture has it: with blocks of the size that is expected there. */
function centresOfBlocks(luma: Uint8Array, stride: number, block: number): Uint8Array {
  const small = new Uint8Array(CLOCK_COLUMNS * SMALL_BLOCK * CLOCK_ROWS * SMALL_BLOCK);
  for (let row = 0; row < CLOCK_ROWS; row += 1) {
    for (let column = 0; column < CLOCK_COLUMNS; column += 1) {
      const at = (place: number, edge: number) => Math.floor((place + 0.5) * edge);
      const light = luma[at(row, block) * stride + at(column, block)] ?? 0;
      small[at(row, SMALL_BLOCK) * CLOCK_COLUMNS * SMALL_BLOCK + at(column, SMALL_BLOCK)] = light;
    }
  }
  return small;
}

const even = (pixels: number) => Math.ceil(pixels / 2) * 2;

/** A frame older than this is a leftover or a replay, not the camera's present. */
export const FRESH_MS = 100;

export interface FirstFrames {
  /** The first frame whose clock could be read, fresh or not. */
  first: ClockedFrame | null;
  /** The first that is fresh; `null` when there was none in time. */
  fresh: ClockedFrame | null;
}

/** Waits for the first frame that is younger than `freshMs`. */
export function firstFreshFrame(video: HTMLVideoElement, patienceMs: number, freshMs = FRESH_MS): Promise<FirstFrames> {
  return new Promise((resolve) => {
    let first: ClockedFrame | null = null;
    const stop = watchClock(video, (frame) => {
      first ??= frame;
      if (frame.ageMs >= freshMs) return false;
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
