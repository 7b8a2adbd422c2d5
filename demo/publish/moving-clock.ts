import { type Camera, type Mode, PreviewError } from '../../src/protocol/index.js';
import { paintClock } from './paint.js';
import { type Source, sameMode, unixNow } from './source.js';

/** Chromium's way to make a track of drawn frames (W3C mediacapture-transform, as shipped on the main thread). */
declare class MediaStreamTrackGenerator extends MediaStreamTrack {
  constructor(options: { kind: 'video' });
  readonly writable: WritableStream<VideoFrame>;
}

const MODES: Mode[] = [
  [640, 360],
  [1280, 720],
  [1920, 1080],
].flatMap(([width = 0, height = 0]) => [15, 30, 60].map((fps) => ({ width, height, fps })));

/** As many drawing times as an encoder can be behind. */
const REMEMBERED = 120;

/**
 * A drawn clock with the machine-readable one burned in.
 *
 * A worker keeps time: hidden tabs draw no animation frames and get one timer a second, workers are spared. For the
 * same reason frames go straight into a track where the browser can do that; a captured canvas stands still there.
 */
export function movingClock(): Source {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { alpha: false, desynchronized: true });
  if (!context) throw new PreviewError('camera_failed', 'This browser has no 2D canvas.');
  const camera: Camera = { label: 'Moving clock', modes: MODES, mode: { width: 1280, height: 720, fps: 30 } };
  const { track, push } = trackOf(canvas);
  const drawn: number[] = [];
  let sequence = 0;

  const draw = () => {
    const { width, height } = camera.mode;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const now = unixNow();
    paintClock(context, { micros: now * 1_000, sequence });
    sequence += 1;
    drawn.push(now);
    if (drawn.length > REMEMBERED) drawn.shift();
    push();
  };
  const ticker = new Worker('workers/ticker.js');
  ticker.onmessage = draw;
  const run = () => ticker.postMessage(camera.mode.fps);
  draw();
  run();

  return {
    camera,
    track,
    origin: 'drawn',
    capturedNear: (unixMs) =>
      drawn.reduce((best, at) => (Math.abs(at - unixMs) < Math.abs(best - unixMs) ? at : best), drawn[0] ?? unixMs),
    async setMode(mode) {
      const found = MODES.find((candidate) => sameMode(candidate, mode));
      if (!found) throw new PreviewError('no_such_mode');
      camera.mode = found;
      run();
      return found;
    },
    stop() {
      ticker.terminate();
      track.stop();
    },
  };
}

function trackOf(canvas: HTMLCanvasElement): { track: MediaStreamTrack; push: () => void } {
  if ('MediaStreamTrackGenerator' in globalThis) {
    const track = new MediaStreamTrackGenerator({ kind: 'video' });
    const writer = track.writable.getWriter();
    // A frame that nobody fetched yet would only make the next one late.
    const push = () => {
      if ((writer.desiredSize ?? 0) <= 0) return;
      writer.write(new VideoFrame(canvas, { timestamp: Math.round(performance.now() * 1_000) })).catch(() => {});
    };
    return { track, push };
  }
  const [track] = canvas.captureStream().getVideoTracks();
  if (!track) throw new PreviewError('camera_failed', 'This browser cannot stream a canvas.');
  return { track, push: () => {} };
}
