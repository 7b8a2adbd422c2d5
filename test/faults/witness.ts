// Runs inside the page: writes down what the element says and which frames it shows, with the time of each.
import { clockBlockSize, decodePictureClock, pictureClockAgeMs } from '../../src/protocol/picture-clock.js';

export interface Said {
  at: number;
  state: string;
  /** The code of the problem that is shown. */
  code: string | null;
}

export interface Witness {
  said: Said[];
  /** When each frame was shown whose clock could be read and was younger than a second. Unix ms. */
  fresh: number[];
  /** The same for all that were presented. */
  shown: number[];
}

/** Older pictures are no news. */
const FRESH_MS = 1_000;

interface Preview extends HTMLElement {
  state: string;
  facts: { problem: { code: string } | null };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Watches the page's element; the picture is read as it is presented. */
function watch(): Witness {
  const preview = document.querySelector('webrtc-preview') as Preview;
  const video = preview.shadowRoot?.querySelector('video') as HTMLVideoElement;
  const witness: Witness = { said: [], fresh: [], shown: [] };
  const say = () => witness.said.push({ at: now(), state: preview.state, code: preview.facts.problem?.code ?? null });
  say();
  for (const name of ['statechange', 'problem']) preview.addEventListener(name, say);
  const onFrame = async () => {
    video.requestVideoFrameCallback(onFrame);
    witness.shown.push(now());
    const frame = new VideoFrame(video);
    try {
      const at = now();
      const { codedWidth, visibleRect } = frame;
      const rect = { x: 0, y: 0, width: Math.min(codedWidth, 512), height: clockBlockSize(codedWidth) * 2 };
      const bytes = new Uint8Array(frame.allocationSize({ rect }));
      const layout = await frame.copyTo(bytes, { rect });
      const clock = decodePictureClock(bytes, layout[0]?.stride ?? rect.width, visibleRect?.width ?? codedWidth);
      if (clock && pictureClockAgeMs(clock, at) < FRESH_MS) witness.fresh.push(at);
    } catch {
      // Chromium's black picture of 2 × 2 has no such rows.
    } finally {
      frame.close();
    }
  };
  video.requestVideoFrameCallback(onFrame);
  return witness;
}

Object.assign(globalThis, { watch });
