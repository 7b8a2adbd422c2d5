import type { Camera, Clock, Mode } from '../../src/protocol/index.js';

/** Something that delivers pictures: this device's camera, or the drawn clock. */
export interface Source {
  readonly camera: Camera;
  readonly track: MediaStreamTrack;
  /** What `captureMs` means for its frames. */
  readonly origin: Clock['origin'];
  /** When the frame was captured that was nearest to `unixMs`; `unixMs` itself where nobody knows better. */
  capturedNear(unixMs: number): number;
  /** Runs in another mode from now on. Returns the mode that it really runs in; throws `PreviewError`. */
  setMode(mode: Mode): Promise<Mode>;
  stop(): void;
}

/** This page's clock, in Unix ms with a fraction. Monotonic: a correction of the system's clock does not tear it. */
export const unixNow = () => performance.timeOrigin + performance.now();

export function sameMode(a: Mode, b: Mode): boolean {
  return a.width === b.width && a.height === b.height && a.fps === b.fps;
}
