import { ADDED_MS, LOST_SHARE, measureHonesty, TOLERANCE_MS, TOLERANCE_SHARE } from '../lib/honesty.js';
import { countOption, type Suite } from '../lib/suite.js';

/** Whether the instruments read what is there. */
const suite: Suite = {
  about: 'adds a known delay and a known loss to the path, and says what the instruments make of them',
  options: {
    blocks: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '4' },
    'loss-seconds': { type: 'string', default: '30' },
  },
  async run(lab, options) {
    const honesty = await measureHonesty(lab, {
      blocks: countOption(options, 'blocks'),
      secondsEach: countOption(options, 'seconds'),
      lossSeconds: countOption(options, 'loss-seconds'),
    });
    const { screenMs, pageMs, browserLoss, emulatorLoss, line, failures, raw } = honesty;
    const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
    return {
      title: 'What is known to be there, and what is read',
      columns: ['', 'there', 'read', 'by'],
      rows: [
        [
          'delay on the way',
          `+${ADDED_MS.toFixed(1)} ms`,
          `${screenMs.toFixed(2)} ms`,
          "the clock in the screen's memory",
        ],
        ['', '', `${pageMs.toFixed(2)} ms`, 'the clock in the page'],
        ['packets lost', percent(LOST_SHARE), percent(browserLoss), "the browser's count"],
        ['', '', percent(emulatorLoss), "the link's own count"],
      ],
      aims: [
        { name: 'delay: wrong by', value: Math.abs(screenMs - ADDED_MS), atMost: TOLERANCE_MS, unit: 'ms', digits: 2 },
        {
          name: 'delay, in the page: wrong by',
          value: Math.abs(pageMs - ADDED_MS),
          atMost: TOLERANCE_MS,
          unit: 'ms',
          digits: 2,
        },
        {
          name: 'loss: wrong by',
          value: Math.abs(browserLoss - LOST_SHARE) * 100,
          atMost: TOLERANCE_SHARE * 100,
          unit: '%',
          digits: 2,
        },
      ],
      notes: [line],
      failures,
      raw: { honesty, raw },
    };
  },
};

export default suite;
