import type { StreamInfo } from '../../protocol/messages.js';
import { type Facts, type PreviewState, type Problem, RUNGS, type Rung, type RungName } from './facts.js';

/** What the state is derived from: nothing else decides it. */
export interface StateInputs {
  started: boolean;
  stream: StreamInfo | null;
  /** New frames are being shown right now. */
  flowing: boolean;
  /** A frame of this run is still on the screen. */
  hasFrame: boolean;
  /** The page is hidden, and what it is sent has been stopped for that. */
  paused: boolean;
  /** A new connection is being made, or planned. */
  trying: boolean;
  /** Set once the reason is worth a person's attention. */
  problem: Problem | null;
}

export function deriveState({
  started,
  stream,
  flowing,
  hasFrame,
  paused,
  trying,
  problem,
}: StateInputs): PreviewState {
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
  if (paused) return 'paused';
  if (!hasFrame) return 'connecting';
  return trying ? 'reconnecting' : 'stalled';
}

/** How far the present try has come. Each is true once its rung is done. */
export type Progress = Record<RungName, boolean>;

export const NO_PROGRESS: Progress = {
  server: false,
  stream: false,
  camera: false,
  offer: false,
  network: false,
  secure: false,
  packets: false,
  keyframe: false,
  decode: false,
  picture: false,
};

/** What the statistics of one connection show of its way to a picture: counts, and never an address. */
export interface Clues {
  /** ICE candidates of this browser and of the sender, and pairs of them: all, those that were tried, and by state. */
  here: number;
  relaysHere: number;
  there: number;
  tried: number;
  pairs: Record<string, number>;
  /** Pairs on which anything has come back. */
  answered: number;
  /** Packets of video; whole frames of them, which begin with a keyframe; frames decoded; keyframes asked for. */
  packets: number;
  frames: number;
  decoded: number;
  asked: number;
  codec: string | null;
}

/** What is known of the present try. */
export interface Evidence {
  facts: Pick<Facts, 'signalling' | 'stream' | 'connection' | 'ice' | 'black'>;
  /** New frames are being shown by the connection in question. */
  live: boolean;
  answered: boolean;
  /** A packet of the picture has come. */
  gotPackets: boolean;
  clues: Clues | undefined;
  /** How often STUN and TURN servers answered with an error, by its code; 701: did not answer. */
  iceErrors: ReadonlyMap<number, number>;
  /** How long it has been tried. */
  ms: number;
}

/** Which steps are done. While frames flow, all that lies below them is, whatever anybody says. */
export function climb({ facts, live, answered, gotPackets, clues }: Evidence): Progress {
  const online = facts.stream?.online === true;
  return {
    server: live || facts.signalling === 'connected',
    stream: live || online,
    camera: live || (online && !facts.stream?.camera?.error),
    offer: live || answered,
    network: live || facts.ice === 'connected' || facts.ice === 'completed',
    secure: live || facts.connection === 'connected',
    packets: live || gotPackets || (clues?.packets ?? 0) > 0,
    keyframe: live || (clues?.frames ?? 0) > 0,
    decode: live || (clues?.decoded ?? 0) > 0,
    picture: live && !facts.black,
  };
}

/** The first rung that is not done; `undefined` when all are. */
export function firstOpenRung(progress: Progress): RungName | undefined {
  return RUNGS.find((name) => !progress[name]);
}

/**
 * The ladder as a view shows it. A rung above the first open one counts as waiting, whatever is known of it.
 *
 * @param isBroken the first open rung is not being tried: it has failed, although nothing stops the picture
 */
export function rungsOf(progress: Progress, started: boolean, problem: Problem | null, isBroken = false): Rung[] {
  const current = problem?.rung ?? firstOpenRung(progress);
  const at = current === undefined ? RUNGS.length : RUNGS.indexOf(current);
  return RUNGS.map((name, index) => {
    if (index < at) return { name, status: 'done' };
    if (index > at) return { name, status: 'waiting' };
    if (problem || isBroken) return { name, status: 'broken' };
    return { name, status: started ? 'active' : 'waiting' };
  });
}
