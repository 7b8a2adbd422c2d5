import type { ErrorInfo, Mode, Quality, StreamInfo } from '../../protocol/index.js';
import type { RetryPolicy } from './retry.js';

/**
 * What the viewer sees, in one word. Frames decide, never the connection's own opinion of itself.
 *
 * - `idle`: not started; the camera is there.
 * - `offline`: nothing streams under this name. If it was started, video begins by itself when it comes.
 * - `connecting`: started, no frame yet.
 * - `live`: new frames are being shown.
 * - `camera-lost`: frames are being shown, but the sender has lost its camera and shows a picture that says so; why is in
 *   `stream.camera.error`. The live picture comes back by itself, on the same connection.
 * - `stalled`: frames stopped; the last one is still on the screen.
 * - `paused`: the page is hidden, and nothing is sent here until it is seen again; the last frame is still on the screen.
 * - `reconnecting`: a new connection is being made; the last frame may still be on the screen.
 * - `failed`: given up, with the reason in `problem`. `retry()` starts again.
 */
export type PreviewState =
  | 'idle'
  | 'offline'
  | 'connecting'
  | 'live'
  | 'camera-lost'
  | 'stalled'
  | 'paused'
  | 'reconnecting'
  | 'failed';

/**
 * The steps to a picture, in the order in which they are climbed: the signalling server is reached; the stream exists there; its
 * camera works; offer and answer are exchanged; a pair of ICE candidates works; DTLS is up; packets arrive; a keyframe has come;
 * frames are decoded; the picture is not black.
 */
export const RUNGS = [
  'server',
  'stream',
  'camera',
  'offer',
  'network',
  'secure',
  'packets',
  'keyframe',
  'decode',
  'picture',
] as const;
export type RungName = (typeof RUNGS)[number];

/** How far a step has come: `done`, `broken` (the first that failed), `active` (being tried) or `waiting`. */
export interface Rung {
  name: RungName;
  status: 'done' | 'active' | 'broken' | 'waiting';
}

/** Why there is no picture: an error of the table, and the step at which it happened. */
export interface Problem extends ErrorInfo {
  rung: RungName;
  /** What was seen at that step, in one sentence with figures and no address: "None of 6 candidate pairs worked." */
  seen?: string;
}

/** Where the milliseconds of a frame go. A leg that nobody measured is absent. All in ms. */
export interface LatencyLegs {
  /** From the camera's own time stamp to the sender's process; present only where the driver gives one. */
  camera?: number;
  /** From capture to the encoder's output, said by the sender. */
  encode?: number;
  /** From the encoder's output to the last packet handed to the network, said by the sender. */
  send?: number;
  /** The way to this device: what is left between encoded, or sent where that is known, and arrival. */
  network?: number;
  /** In the browser's jitter buffer. */
  buffer?: number;
  decode?: number;
  /** From decoded to handed to the compositor. */
  display?: number;
}

export interface Latency {
  /** Capture to presented, in ms: median of the frames of the last second. */
  totalMs: number;
  /** False when a part of the way was not measured: the true figure is at least `totalMs` (shown as ≥). */
  complete: boolean;
  legs: LatencyLegs;
}

/** One reading of the connection. Rates are over the time since the reading before. `null`: not known (yet). */
export interface Stats {
  /** When it was read, in Unix ms. */
  at: number;
  bitrateKbps: number | null;
  /** Frames a second that were presented (visible page) or decoded (hidden page). */
  shownFps: number | null;
  decodedFps: number | null;
  /** Packets lost, in percent of those expected. */
  lossPercent: number | null;
  /** Packet jitter as RTP counts it (RFC 3550 §6.4.1). */
  jitterMs: number | null;
  jitterBufferMs: number | null;
  decodeMs: number | null;
  rttMs: number | null;
  /** Totals of this connection. */
  framesDecoded: number;
  framesDropped: number;
  keyframes: number;
  freezes: number;
  /** How long the picture stood still in all, in ms, as the browser counts it: after the fact. */
  freezesMs: number;
  /** Short name of the codec, e.g. "H.264". */
  codec: string | null;
  /** `relay`: through TURN. */
  path: { type: 'direct' | 'relay'; protocol: 'udp' | 'tcp' } | null;
  latency: Latency | null;
}

/** Everything that is known, at one moment. A new object for each change; never changed in place. */
export interface Facts {
  state: PreviewState;
  /** Someone wants to see video: set by start(), cleared by stop(). */
  started: boolean;
  signalling: 'closed' | 'connecting' | 'connected';
  /** What the server says of the stream; `null` before it has said anything. */
  stream: StreamInfo | null;
  /** As the browser sees them: for seconds after the other side has died still `connected`. `state` knows better. */
  connection: RTCPeerConnectionState | null;
  ice: RTCIceConnectionState | null;
  rungs: readonly Rung[];
  problem: Problem | null;
  /** When the token ends, in Unix ms, once the server has said that it soon will; `null` again with a newer one. */
  tokenExpiresAt: number | null;
  /** Why the last new token was refused: the one before it stays in use. Cleared by the next. */
  tokenProblem: ErrorInfo | null;
  /** Tries since the last shown frame: 0 while live, 1 for the first. */
  attempt: number;
  /** When the next try begins, in Unix ms; `null` when none is planned. */
  retryAt: number | null;
  /** When the last frame was shown, in Unix ms, as of these facts: at most a second old while frames come. `null` before the first. */
  lastFrameAt: number | null;
  /** Size of the frames that are shown, in pixels; `null` before the first. */
  shownSize: { width: number; height: number } | null;
  /** The mode that was asked for and has not been seen yet; `null` when there is none. */
  pendingMode: Mode | null;
  /** The last mode that was refused, with the reason; cleared by the next request. */
  modeProblem: ErrorInfo | null;
  /** Why the sender chose another mode than the one asked for last, in a sentence; cleared by the next request. */
  modeNotice: string | null;
  /** What the sender says that it sends here: less than the camera's mode where the link carries no more. `null`: not said. */
  quality: Quality | null;
  /** The age of the picture is over `latencyBudgetMs`; `null` without a budget, or while the age is not known. */
  overBudget: boolean | null;
  /** Frames are shown, but all of them are black: a lens cap, a dark room, or a camera that gives nothing. */
  black: boolean;
  /** What there is to hear, apart from the picture so that it cannot hold it up; `null` when nothing is. */
  audio: MediaStream | null;
  /** What to show: give it to a video element by `attach`. `null` when there is nothing. */
  media: MediaStream | null;
  stats: Stats | null;
  /** Latency of each of the last 60 seconds, oldest first; `null` for a second without a frame. */
  latencyHistory: readonly (number | null)[];
}

/** What is known before there is any connection to a server, and after the last. */
export const NOTHING_KNOWN: Facts = {
  state: 'idle',
  started: false,
  signalling: 'closed',
  stream: null,
  connection: null,
  ice: null,
  rungs: RUNGS.map((name) => ({ name, status: 'waiting' })),
  problem: null,
  tokenExpiresAt: null,
  tokenProblem: null,
  attempt: 0,
  retryAt: null,
  lastFrameAt: null,
  shownSize: null,
  pendingMode: null,
  modeProblem: null,
  modeNotice: null,
  quality: null,
  overBudget: null,
  black: false,
  audio: null,
  media: null,
  stats: null,
  latencyHistory: [],
};

/** Where there is none, a page may have `null` for it, or an empty text. */
type Token = string | null | undefined;

/** What a source of tokens may be: one, or how to get one. The function is asked again when a token ends. */
export type TokenSource = Token | (() => Token | Promise<Token>);

/** What a core is made of. All that is not named here can only be given when it is made. */
export interface CoreSettings {
  /** Marks a picture that is older than this, in ms. @default null (none) */
  latencyBudgetMs: number | null;
  /** Nothing is sent to a page that has been hidden for this long, in ms; `null`: it goes on. @default 5000 */
  pauseWhenHiddenMs: number | null;
  /** @default nine tries in about a minute */
  retryPolicy: RetryPolicy;
}
