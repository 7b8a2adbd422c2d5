// Runs inside the page: reads the burned-in clock from every frame that the decoder puts out, shown or not. What is shown
// depends on how busy the machine is; what arrives must not.
import { clockBlockSize, decodePictureClock } from '../../../src/protocol/picture-clock.js';

/** Chromium's; not in TypeScript's library. */
declare class MediaStreamTrackProcessor {
  constructor(options: { track: MediaStreamTrack; maxBufferSize: number });
  readonly readable: ReadableStream<VideoFrame>;
}

/** @returns stops counting, and gives the number of each frame, `null` where its clock could not be read */
function countFrames(video: HTMLVideoElement): () => (number | null)[] {
  const [original] = (video.srcObject as MediaStream).getVideoTracks();
  if (!original) throw new Error('the video has no track');
  const track = original.clone();
  const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: 120 });
  const numbers: (number | null)[] = [];
  const read = async () => {
    const reader = readable.getReader();
    for (;;) {
      const { done, value: frame } = await reader.read();
      if (done) return;
      const { codedWidth: width, visibleRect } = frame;
      const rect = { x: 0, y: 0, width: Math.min(width, 512), height: clockBlockSize(width) * 2 };
      const bytes = new Uint8Array(frame.allocationSize({ rect }));
      const layout = await frame.copyTo(bytes, { rect });
      frame.close();
      const clock = decodePictureClock(bytes, layout[0]?.stride ?? rect.width, visibleRect?.width ?? width);
      numbers.push(clock?.sequence ?? null);
    }
  };
  void read();
  return () => {
    track.stop();
    return numbers;
  };
}

Object.assign(globalThis, { countFrames });
