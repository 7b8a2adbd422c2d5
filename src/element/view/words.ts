import type { ErrorCode, ErrorInfo } from '../../protocol/errors.js';
import type { LatencyLegs, PreviewState, RungName } from '../core/facts.js';

/** What happened, and what to do about it. */
export interface Sentences {
  message: string;
  next: string;
}

/** Those that may be needed from the first moment. */
export interface FirstWords {
  /** BCP 47 tag for numbers, times and plurals, and for whoever reads the words aloud. */
  locale: string;
  unknown: string;

  region(name: string): string;
  camera: string;
  pill: Record<PreviewState, string>;
  /** In the pill instead of "live", for frames that are all black. */
  pillBlack: string;
  /** Said of a live picture that is over the budget of its age. */
  older: string;
  /** Said to screen readers when a state has lasted; the pill's words are too short to be heard alone. */
  spoken: Record<PreviewState, string>;

  start: string;
  startShort: string;
  stop: string;
  resolution: string;
  frameRate: string;
  mode: string;
  fps(rate: string): string;
  pending(mode: string): string;
  ice: string;
  connection: string;
  /** What the browser calls the states of both. */
  connectionStates: Record<RTCPeerConnectionState | RTCIceConnectionState, string>;
  /** Why some frame rates of a size cannot be chosen: they are above the fastest that the camera has, ... */
  onlyUpTo(size: string, rate: string): string;
  /** ... or between those that it has. */
  onlyAt(size: string, rates: string): string;
  more: string;

  statistics: string;
  /** A part of the player is fetched when it is first used; that failed. */
  partMissing: string;

  /** @param stream its name; empty where only the address says which it is */
  nothingStreams(stream: string): string;
  noServer: string;
  reachingServer: string;
  /** Of a sender that was never there, and of one that has gone. */
  startsByItself: string;
  startToWait: string;
  trying: Record<RungName, string>;
  tryNumber(attempt: number): string;
  waitingForFrame: string;
  reconnecting(attempt: number, inSeconds: number | null): string;
  lastFrame(time: string): string;
  atLeast: string;
  units: Record<'ms' | 's' | 'min' | 'h' | 'fps' | 'percent' | 'kbps' | 'mbps', string>;
  noReason: string;

  noPictureYet: string;

  /** Errors by their code. What has none here is said as it came: in English, with what was seen in this case. */
  errors: Partial<Record<ErrorCode, Sentences>>;
}

/** Those of the tools, the marks, the menu and the shortcuts: the English ones come with that part. */
export interface ControlWords {
  snapshot: string;
  pictureInPicture: string;
  fullscreen: string;
  leaveFullscreen: string;
  mute: string;
  unmute: string;
  /** The browser refused to play sound that nobody asked for with a click. */
  soundRefused: string;
  record: string;
  stopRecording: string;
  noPictureToRecord: string;
  cannotRecord: string;
  /** Enlarges the picture until it fills its frame, and cuts off what is too much. */
  fill: string;
  mirror: string;
  rotate: string;
  wholePicture: string;

  shortcuts: string;
  close: string;
  keys: Record<'space' | 'arrows' | 'escape', string>;
  gestures: Record<'wheel' | 'doubleClick' | 'drag' | 'pinch', string>;
  /** What keys and gestures do that no button has a name for. */
  keyActions: Record<'startOrStop' | 'zoomIn' | 'zoomOut' | 'zoom' | 'enlarge' | 'pan' | 'close', string>;
}

/** Those of the statistics: the English ones come with that part. */
export interface StatisticsWords {
  glassToScreen: string;
  captureToScreen: string;
  atLeastLong: string;
  /** @param legs names of the parts of the way that make it "at least" */
  notMeasured(legs: string): string;
  /** @param budget the limit, with its unit */
  withinBudget(budget: string): string;
  overBudget(budget: string): string;
  legs: Record<keyof LatencyLegs, string>;
  lessOf(sent: string, full: string): string;
  lessDetail: string;
  /** @param bitrate what the link carries, with its unit; `undefined` where that is not known */
  linkCarries(bitrate: string | undefined): string;
  lastMinute: string;
  graph(highest: string, missing: number): string;
  graphEmpty: string;
  stats: Record<StatsRow, string>;
  path: Record<'direct' | 'relay', string>;
}

/** Those of the panel that says why there is no picture: the English ones come with that part. */
export interface TroubleWords {
  /** Below the sender's reason why its camera is lost. */
  returnsByItself: string;

  whyNoPicture: string;
  rungs: Record<RungName, string>;
  rungStatus: Record<'done' | 'active' | 'broken' | 'waiting', string>;
  steps: string;
  retry: string;
  retryIn(seconds: number): string;
  copyReport: string;
  copied: string;
  copyFailed: string;
}

/** Every word that the element shows or says. Another language is another object of this type. */
export interface Words extends FirstWords, ControlWords, StatisticsWords, TroubleWords {}

/** The figures in the statistics, by the names of what they measure. */
export type StatsRow =
  | 'bitrate'
  | 'shown'
  | 'size'
  | 'codec'
  | 'rtt'
  | 'loss'
  | 'jitter'
  | 'buffer'
  | 'frames'
  | 'dropped'
  | 'keyframes'
  | 'freezes'
  | 'path';

/** What only a sender, or a program that speaks the protocol wrongly, is ever told. */
type NeverSeenByViewers =
  | 'unknown_event'
  | 'too_large'
  | 'wrong_role'
  | 'stale_epoch'
  | 'stream_taken'
  | 'replaced'
  | 'takeover_storm';

/** A whole language: one that lacks a sentence does not compile. */
export interface Translation extends Words {
  errors: Record<Exclude<ErrorCode, NeverSeenByViewers>, Sentences>;
}

/** Words of a page's own: any of them, and of a group any as well. */
export type WordsOverride = {
  [Name in keyof Words]?: Words[Name] extends string | ((...args: never[]) => string)
    ? Words[Name]
    : Partial<Words[Name]>;
};

/** The error in the language of `words`, where that has it. */
export function sentencesOf(error: ErrorInfo, words: FirstWords): Sentences {
  return words.errors[error.code] ?? error;
}

export const english: FirstWords = {
  locale: 'en',
  unknown: '–',

  region: (name) => `Live preview: ${name}`,
  camera: 'Camera',
  pill: {
    idle: 'Ready',
    offline: 'Offline',
    connecting: 'Connecting',
    live: 'LIVE',
    'camera-lost': 'Camera lost',
    stalled: 'Frozen',
    paused: 'Paused',
    reconnecting: 'Reconnecting',
    failed: 'No picture',
  },
  pillBlack: 'All black',
  older: 'older than the limit',
  spoken: {
    idle: 'Ready',
    offline: 'Offline: nothing streams',
    connecting: 'Connecting',
    live: 'Live',
    'camera-lost': 'The camera is lost',
    stalled: 'Frozen: no new frames',
    paused: 'Paused while the page is hidden',
    reconnecting: 'Reconnecting',
    failed: 'No picture',
  },

  start: 'Start stream',
  startShort: 'Start',
  stop: 'Stop',
  resolution: 'Resolution',
  frameRate: 'Frame rate',
  mode: 'Resolution and frame rate',
  fps: (rate) => `${rate} fps`,
  pending: (mode) => `Waiting for the first frame of ${mode}`,
  ice: 'ICE',
  connection: 'Connection',
  connectionStates: {
    new: 'new',
    checking: 'checking',
    connecting: 'connecting',
    connected: 'connected',
    completed: 'completed',
    disconnected: 'disconnected',
    failed: 'failed',
    closed: 'closed',
  },
  onlyUpTo: (size, rate) => `The camera delivers ${size} only up to ${rate}`,
  onlyAt: (size, rates) => `The camera delivers ${size} only at ${rates}`,
  more: 'More',

  statistics: 'Statistics',
  partMissing: 'This could not be loaded. Try again when the network is back.',

  nothingStreams: (stream) => (stream ? `Nothing streams as “${stream}”` : 'Nothing streams at this address'),
  noServer: 'The server cannot be reached',
  reachingServer: 'Reaching the server',
  startsByItself: 'Check that the sender runs and streams here: video then starts by itself.',
  startToWait: 'Press Start to see it as soon as the sender comes.',
  trying: {
    server: 'Reaching the server',
    stream: 'Looking for the stream',
    camera: 'Waiting for the camera',
    offer: 'Waiting for the sender to answer',
    network: 'Finding a way through the network',
    secure: 'Securing the connection',
    packets: 'Waiting for data from the camera',
    keyframe: 'Waiting for a whole picture',
    decode: 'Decoding the first picture',
    picture: 'Looking at the picture',
  },
  tryNumber: (attempt) => `try ${attempt}`,
  waitingForFrame: 'Waiting for the next frame',
  reconnecting: (attempt, inSeconds) =>
    `Reconnecting${attempt > 0 ? `, try ${attempt}` : ''}${inSeconds === null ? '' : ` in ${inSeconds} s`}`,
  lastFrame: (time) => `last frame ${time}`,
  atLeast: '≥',
  units: { ms: 'ms', s: 's', min: 'min', h: 'h', fps: 'fps', percent: '%', kbps: 'kbit/s', mbps: 'Mbit/s' },
  noReason: 'There is no picture.',

  noPictureYet: 'There is no picture to save yet.',

  errors: {},
};
