import type { TroubleWords } from '../words.js';

/** English. */
export const troubleWords: TroubleWords = {
  returnsByItself: 'The live picture comes back by itself.',

  whyNoPicture: 'Why is there no picture?',
  rungs: {
    server: 'server',
    stream: 'stream',
    camera: 'camera',
    offer: 'offer',
    network: 'network',
    secure: 'secure',
    packets: 'packets',
    keyframe: 'keyframe',
    decode: 'decode',
    picture: 'picture',
  },
  rungStatus: { done: 'works', active: 'being tried', broken: 'broken', waiting: 'not reached' },
  steps: 'The steps to a picture',
  retry: 'Retry',
  retryIn: (seconds) => `Trying again in ${seconds} s`,
  copyReport: 'Copy report',
  copied: 'Copied',
  copyFailed: 'Not copied',
};
