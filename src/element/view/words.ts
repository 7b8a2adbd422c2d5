import type { PreviewState, RungName } from '../core/facts.js';

/** Every word that the element shows or says. Another language is another object of this type. */
export interface Words {
  /** BCP 47 tag for numbers and times. */
  locale: string;
  unknown: string;

  region(name: string): string;
  camera: string;
  pill: Record<PreviewState, string>;
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
  more: string;

  statistics: string;
  snapshot: string;
  pictureInPicture: string;
  fullscreen: string;
  leaveFullscreen: string;

  nothingStreams(stream: string): string;
  /** Below the sender's reason why its camera is lost. */
  returnsByItself: string;
  noServer: string;
  reachingServer: string;
  startsByItself: string;
  startToWait: string;
  trying: Record<RungName, string>;
  tryNumber(attempt: number): string;
  waitingForFrame: string;
  reconnecting(attempt: number, inSeconds: number | null): string;
  lastFrame(time: string): string;

  glassToScreen: string;
  captureToScreen: string;
  atLeast: string;
  atLeastLong: string;
  legs: Record<'camera' | 'encode' | 'send' | 'network' | 'buffer' | 'decode' | 'display', string>;
  lessOf(sent: string, full: string): string;
  lessDetail: string;
  /** @param bitrate what the link carries, with its unit; `undefined` where that is not known */
  linkCarries(bitrate: string | undefined): string;
  graph(highest: string, missing: number): string;
  graphEmpty: string;
  stats: Record<'bitrate' | 'rtt' | 'shown' | 'loss' | 'frames' | 'dropped' | 'codec' | 'path', string>;
  units: Record<'ms' | 's' | 'min' | 'h' | 'fps' | 'percent' | 'kbps' | 'mbps', string>;
  path: Record<'direct' | 'relay', string>;

  rungs: Record<RungName, string>;
  rungStatus: Record<'done' | 'active' | 'broken' | 'waiting', string>;
  steps: string;
  noReason: string;
  retry: string;
  copyReport: string;
  copied: string;
  copyFailed: string;

  noPictureYet: string;
}

export const english: Words = {
  locale: 'en',
  unknown: '–',

  region: (name) => `Live preview: ${name}`,
  camera: 'Camera',
  pill: {
    idle: 'Offline',
    offline: 'Offline',
    connecting: 'Connecting',
    live: 'LIVE',
    'camera-lost': 'Camera lost',
    stalled: 'Frozen',
    reconnecting: 'Reconnecting',
    failed: 'No picture',
  },
  spoken: {
    idle: 'Stopped',
    offline: 'Offline: nothing streams',
    connecting: 'Connecting',
    live: 'Live',
    'camera-lost': 'The camera is lost',
    stalled: 'Frozen: no new frames',
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
  more: 'More',

  statistics: 'Statistics',
  snapshot: 'Save a snapshot',
  pictureInPicture: 'Picture in picture',
  fullscreen: 'Fullscreen',
  leaveFullscreen: 'Leave fullscreen',

  nothingStreams: (stream) => `Nothing streams as “${stream}”`,
  returnsByItself: 'The live picture comes back by itself.',
  noServer: 'The server cannot be reached',
  reachingServer: 'Reaching the server',
  startsByItself: 'Video starts by itself when the sender comes back.',
  startToWait: 'Press Start to see it as soon as the sender comes.',
  trying: {
    server: 'Reaching the server',
    camera: 'Asking for the camera',
    offer: 'Waiting for the sender to answer',
    network: 'Finding a way through the network',
    secure: 'Securing the connection',
    packets: 'Waiting for data from the camera',
    decode: 'Waiting for the first picture',
  },
  tryNumber: (attempt) => `try ${attempt}`,
  waitingForFrame: 'Waiting for the next frame',
  reconnecting: (attempt, inSeconds) =>
    `Reconnecting${attempt > 0 ? `, try ${attempt}` : ''}${inSeconds === null ? '' : ` in ${inSeconds} s`}`,
  lastFrame: (time) => `last frame ${time}`,

  glassToScreen: 'Glass to screen',
  captureToScreen: 'Capture to screen',
  atLeast: '≥',
  atLeastLong: 'At least this: a part of the way was not measured',
  legs: {
    camera: 'camera',
    encode: 'encode',
    send: 'send',
    network: 'network',
    buffer: 'buffer',
    decode: 'decode',
    display: 'display',
  },
  lessOf: (sent, full) => `${sent} of ${full}`,
  lessDetail: 'Less detail',
  linkCarries: (bitrate) => `Your link carries ${bitrate ?? 'no more'}`,
  graph: (highest, missing) =>
    `Latency in the last minute: highest ${highest} ms${missing > 0 ? `, ${missing} s without a frame` : ''}`,
  graphEmpty: 'Latency in the last minute: not known yet',
  stats: {
    bitrate: 'Bitrate',
    rtt: 'RTT',
    shown: 'Shown',
    loss: 'Loss',
    frames: 'Frames',
    dropped: 'Dropped',
    codec: 'Codec',
    path: 'Path',
  },
  units: { ms: 'ms', s: 's', min: 'min', h: 'h', fps: 'fps', percent: '%', kbps: 'kbit/s', mbps: 'Mbit/s' },
  path: { direct: 'direct', relay: 'relay' },

  rungs: {
    server: 'server',
    camera: 'camera',
    offer: 'offer',
    network: 'network',
    secure: 'secure',
    packets: 'packets',
    decode: 'decode',
  },
  rungStatus: { done: 'works', active: 'being tried', broken: 'broken', waiting: 'not reached' },
  steps: 'The steps to a picture',
  noReason: 'There is no picture.',
  retry: 'Retry',
  copyReport: 'Copy report',
  copied: 'Copied',
  copyFailed: 'Not copied',

  noPictureYet: 'There is no picture to save yet.',
};
