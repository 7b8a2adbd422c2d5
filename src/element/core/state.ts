import type { StreamInfo } from '../../protocol/messages.js';
import { type PreviewState, type Problem, RUNGS, type Rung, type RungName } from './facts.js';

/** What the state is derived from: nothing else decides it. */
export interface StateInputs {
  started: boolean;
  stream: StreamInfo | null;
  /** New frames are being shown right now. */
  flowing: boolean;
  /** A frame of this run is still on the screen. */
  hasFrame: boolean;
  /** A new connection is being made, or planned. */
  trying: boolean;
  /** Set once the reason is worth a person's attention. */
  problem: Problem | null;
}

export function deriveState({ started, stream, flowing, hasFrame, trying, problem }: StateInputs): PreviewState {
  if (!started) {
    if (problem) return 'failed';
    return stream && !stream.online ? 'offline' : 'idle';
  }
  // What was heard last of the camera, also while the server is away: better no `live` than a false one.
  if (flowing) return stream?.camera?.error ? 'camera-lost' : 'live';
  // Without the server, what was last heard of the stream is no news.
  if (problem?.rung === 'server') return 'failed';
  if (stream && !stream.online) return 'offline';
  if (problem) return 'failed';
  if (!hasFrame) return 'connecting';
  return trying ? 'reconnecting' : 'stalled';
}

/** How far the present try has come. Each is true once its rung is done. */
export type Progress = Record<RungName, boolean>;

export const NO_PROGRESS: Progress = {
  server: false,
  camera: false,
  offer: false,
  network: false,
  secure: false,
  packets: false,
  decode: false,
};

/** The first rung that is not done; `undefined` when all are. */
export function firstOpenRung(progress: Progress): RungName | undefined {
  return RUNGS.find((name) => !progress[name]);
}

/** The ladder as a view shows it. A rung above the first open one counts as waiting, whatever is known of it. */
export function rungsOf(progress: Progress, started: boolean, problem: Problem | null): Rung[] {
  const current = problem?.rung ?? firstOpenRung(progress);
  const at = current === undefined ? RUNGS.length : RUNGS.indexOf(current);
  return RUNGS.map((name, index) => {
    if (index < at) return { name, status: 'done' };
    if (index > at) return { name, status: 'waiting' };
    if (problem) return { name, status: 'broken' };
    return { name, status: started ? 'active' : 'waiting' };
  });
}
