// Runs inside the page: reads the burned-in clock from every frame that a video element shows.
import { clockBlockSize, decodePictureClock, pictureClockAgeMs } from '../../../src/protocol/picture-clock.js';

export interface ReadFrame {
  /** From made to readable in the page, in ms; `null` when the clock could not be read. */
  ageMs: number | null;
  sequence: number | null;
  width: number;
  height: number;
  /** When it was read, in Unix ms. */
  at: number;
}

/** Collects the frames of `video` until the returned function is called; that returns them. */
function readFrames(video: HTMLVideoElement): () => ReadFrame[] {
  const frames: ReadFrame[] = [];
  let reading = true;
  const onFrame = async () => {
    if (!reading) return;
    video.requestVideoFrameCallback(onFrame);
    const frame = new VideoFrame(video);
    const at = performance.timeOrigin + performance.now();
    const { codedWidth: width, codedHeight: height, visibleRect } = frame;
    const rect = { x: 0, y: 0, width: Math.min(width, 512), height: clockBlockSize(width) * 2 };
    const bytes = new Uint8Array(frame.allocationSize({ rect }));
    const layout = await frame.copyTo(bytes, { rect });
    const shown = { width: visibleRect?.width ?? width, height: visibleRect?.height ?? height };
    const stride = layout[0]?.stride ?? rect.width;
    const clock = /^(RGB|BGR)/.test(frame.format ?? '')
      ? decodePictureClock(greenOf(bytes), stride / 4, shown.width)
      : decodePictureClock(bytes, stride, shown.width);
    frame.close();
    frames.push({
      ageMs: clock ? pictureClockAgeMs(clock, at) : null,
      sequence: clock?.sequence ?? null,
      ...shown,
      at,
    });
  };
  video.requestVideoFrameCallback(onFrame);
  return () => {
    reading = false;
    return frames;
  };
}

/** Chromium gives planes, the first of them luma; Firefox gives four bytes a pixel, and the clock is black and white. */
function greenOf(pixels: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: pixels.length / 4 }, (_, index) => pixels[index * 4 + 1] ?? 0);
}

Object.assign(globalThis, { readFrames });
