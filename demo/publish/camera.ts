import { type Camera, type ErrorCode, type Mode, PreviewError } from '../../src/protocol/index.js';
import type { Source } from './source.js';

/** Sizes and rates that are worth offering; a camera's own limits decide which of them are. */
const SIZES = [
  [640, 360],
  [640, 480],
  [1280, 720],
  [1920, 1080],
] as const;
const RATES = [15, 30, 60] as const;

/** Browsers tell these apart by the error's name (W3C mediacapture-main §10.2). */
const REASONS: Record<string, ErrorCode> = {
  NotAllowedError: 'camera_denied',
  NotFoundError: 'camera_missing',
  NotReadableError: 'camera_busy',
  OverconstrainedError: 'no_such_mode',
};

/** Opens this device's camera. Throws `PreviewError`. */
export async function openCamera(): Promise<Source> {
  if (!navigator.mediaDevices) {
    const detail = `Browsers open the camera only on https or localhost, not on ${location.origin}.`;
    throw new PreviewError('camera_denied', detail);
  }
  try {
    const media = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
    });
    const [track] = media.getVideoTracks();
    if (!track) throw new PreviewError('camera_missing');
    return cameraSource(track);
  } catch (error) {
    throw asPreviewError(error);
  }
}

function cameraSource(track: MediaStreamTrack): Source {
  const camera: Camera = {
    label: (track.label || 'Browser camera').slice(0, 200),
    modes: offeredModes(track),
    mode: currentMode(track),
  };
  return {
    camera,
    track,
    origin: 'arrival',
    capturedNear: (unixMs) => unixMs,
    async setMode({ width, height, fps }) {
      try {
        await track.applyConstraints({ width: { exact: width }, height: { exact: height }, frameRate: { ideal: fps } });
      } catch (error) {
        throw asPreviewError(error);
      }
      camera.mode = currentMode(track);
      return camera.mode;
    },
    stop: () => track.stop(),
  };
}

function offeredModes(track: MediaStreamTrack): Mode[] {
  const { width, height, frameRate } = track.getCapabilities?.() ?? {};
  const fits = (value: number, range: { min?: number; max?: number } | undefined) =>
    value >= (range?.min ?? 0) && value <= (range?.max ?? 0);
  const modes = SIZES.filter(([w, h]) => fits(w, width) && fits(h, height)).flatMap(([w, h]) =>
    RATES.filter((fps) => fits(fps, frameRate)).map((fps) => ({ width: w, height: h, fps })),
  );
  // Without capabilities (older Firefox) the mode in use is the only one that is known to work.
  return modes.length > 0 ? modes : [currentMode(track)];
}

function currentMode(track: MediaStreamTrack): Mode {
  const { width = 640, height = 480, frameRate = 30 } = track.getSettings();
  return { width, height, fps: Math.max(1, Math.round(frameRate)) };
}

function asPreviewError(error: unknown): PreviewError {
  if (error instanceof PreviewError) return error;
  const { name, message } = error as DOMException;
  const code = REASONS[name];
  return code ? new PreviewError(code) : new PreviewError('camera_failed', message || name);
}
