import type { StatisticsWords } from '../words.js';

/** English. */
export const statisticsWords: StatisticsWords = {
  glassToScreen: 'Glass to screen',
  captureToScreen: 'Capture to screen',
  atLeastLong: 'At least this: a part of the way was not measured',
  notMeasured: (legs) => `Not measured: ${legs}`,
  withinBudget: (budget) => `Limit ${budget}`,
  overBudget: (budget) => `Over the limit of ${budget}`,
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
  lastMinute: 'Last minute',
  graph: (highest, missing) =>
    `Latency in the last minute: highest ${highest} ms${missing > 0 ? `, ${missing} s without a frame` : ''}`,
  graphEmpty: 'Latency in the last minute: not known yet',
  stats: {
    bitrate: 'Bitrate',
    shown: 'Shown',
    size: 'Size',
    codec: 'Codec',
    rtt: 'RTT',
    loss: 'Loss',
    jitter: 'Jitter',
    buffer: 'Buffer',
    frames: 'Frames',
    dropped: 'Dropped',
    keyframes: 'Keyframes',
    freezes: 'Freezes',
    path: 'Path',
  },
  path: { direct: 'direct', relay: 'relay' },
};
