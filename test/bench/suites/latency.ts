import { measureMinutes } from '../lib/latency/minutes.js';
import {
  blocksOf,
  COLUMNS,
  leadOverBest,
  legsOf,
  nameOf,
  playRound,
  type Round,
  rowsOf,
  timesOurs,
} from '../lib/latency/round.js';
import { measureStages } from '../lib/latency/stages.js';
import { chosenPeers, peerOption } from '../lib/peers/options.js';
import type { PeerPicture } from '../lib/peers/peer.js';
import { quietOption } from '../lib/quiet.js';
import { startServer } from '../lib/server.js';
import { median, medianAndRange } from '../lib/statistics.js';
import { type Aim, countOption, type Suite, type SuiteOptions } from '../lib/suite.js';

/** Rates that are no divisor of the screen's 60 Hz, so that the phase between the two passes through every value. */
const PICTURES: Record<string, PeerPicture> = {
  '720p30': { width: 1_280, height: 720, fps: 29.3 },
  '720p60': { width: 1_280, height: 720, fps: 59.1 },
  '1080p30': { width: 1_920, height: 1_080, fps: 29.3 },
  '1080p60': { width: 1_920, height: 1_080, fps: 59.1 },
};
/** The one that the aims are for. */
const MAIN = '720p30';

const suite: Suite = {
  about: 'frame made → pixels on the screen: ours, and every peer that --peer names',
  options: {
    blocks: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    sizes: { type: 'string', default: MAIN },
    grainy: { type: 'boolean', default: false },
    stages: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    ...peerOption,
    ...quietOption,
  },
  async run(lab, options) {
    const peers = chosenPeers(options);
    const pictures = chosenPictures(options);
    const blocks = countOption(options, 'blocks');
    const seconds = countOption(options, 'seconds');
    const quiet = options.quiet === true;
    const server = await startServer(lab);
    if (options.stages) return measureStages(lab, { server, blocks, seconds, picture: pictures[0] as PeerPicture });
    if (options.minutes) {
      return measureMinutes(lab, {
        server,
        minutes: countOption(options, 'minutes'),
        picture: pictures[0] as PeerPicture,
      });
    }
    const rounds: Round[] = [];
    for (const picture of pictures) {
      rounds.push(await playRound(lab, { server, picture, peers, blocks, seconds, quiet }));
    }
    const main = rounds.find(({ picture }) => nameOf(picture).startsWith(MAIN));
    return {
      title:
        `Frame made → pixels in the screen's memory, ${pictures.map(nameOf).join(', ')} (at 29.3 and 59.1 fps), ` +
        `loopback, ${blocks} interleaved blocks of ${seconds} s: median of blocks (lowest–highest), ms`,
      columns: COLUMNS,
      rows: rounds.flatMap(rowsOf),
      aims: main ? aimsFor(main, peers.length > 0) : [],
      notes: [...rounds.flatMap((round) => notesOn(round)), ...REMARKS, ...remarksOnPeers(rounds, peers.length)],
      failures: rounds.flatMap(({ failures }) => failures),
      raw: rounds.map(({ picture, contenders }) => ({
        picture,
        contenders: contenders.map(({ label, blocks }) => ({ label, blocks: blocks.map(withoutFrames) })),
      })),
    };
  },
};

export default suite;

const REMARKS = [
  'From the stamp at the birth of the test picture: the exposure of a camera and the scan-out of a display come on top.',
];

function chosenPictures(options: SuiteOptions): PeerPicture[] {
  return String(options.sizes)
    .split(',')
    .map((name) => {
      const picture = PICTURES[name];
      if (!picture) throw new Error(`--sizes ${name}: there are ${Object.keys(PICTURES).join(', ')}.`);
      return { ...picture, grainy: options.grainy === true };
    });
}

function aimsFor(round: Round, withPeers: boolean): Aim[] {
  const ours = blocksOf(round, 'ours');
  const name = nameOf(round.picture);
  const missed = ours.reduce((sum, { reading }) => sum + reading.missed, 0);
  const aims: Aim[] = [
    { name: `${name} p50`, value: median(ours.map(({ summary }) => summary.p50)), atMost: 7.5, unit: 'ms' },
    { name: `${name} p95`, value: median(ours.map(({ summary }) => summary.p95)), atMost: 11, unit: 'ms' },
    { name: `${name} p99`, value: median(ours.map(({ summary }) => summary.p99)), atMost: 14, unit: 'ms' },
    { name: `${name} missed`, value: missed, atMost: 0, unit: 'frames', digits: 0 },
  ];
  if (!withPeers) return aims;
  return [
    ...aims,
    {
      name: `${name} p50 under the best peer's`,
      value: median(leadOverBest(round, ({ summary }) => summary.p50)),
      atLeast: 3,
      unit: 'times',
      digits: 2,
    },
    {
      name: `${name} p95 under the best peer's`,
      value: median(leadOverBest(round, ({ summary }) => summary.p95)),
      atLeast: 3,
      unit: 'times',
      digits: 2,
    },
  ];
}

function notesOn(round: Round): string[] {
  const name = nameOf(round.picture);
  const times = round.contenders
    .filter(({ kind }) => kind !== 'ours')
    .map(({ label }) => {
      const [p50, p95] = [
        timesOurs(round, label, ({ summary }) => summary.p50),
        timesOurs(round, label, ({ summary }) => summary.p95),
      ];
      return `${label} ${medianAndRange(p50, 2)} at p50, ${medianAndRange(p95, 2)} at p95`;
    });
  return [
    `${name}, times as long as ours, within each block:\n  ${times.join('\n  ')}`,
    `${name}, where ours goes, in the element's own words: ${legsOf(blocksOf(round, 'ours'))}.`,
  ];
}

function remarksOnPeers(rounds: readonly Round[], count: number): string[] {
  if (count === 0) return ['No peer was named (--peer go2rtc=PROGRAM …): this is us alone.'];
  const versions = new Set(
    rounds.flatMap(({ contenders }) =>
      contenders.flatMap(({ label, kind, blocks }) => {
        const about = blocks.find((block) => block?.about)?.about;
        return about && kind === 'peer' ? [`${label.split(',')[0]}: ${about.version}`] : [];
      }),
    ),
  );
  return [
    `Peers: ${[...versions].join('; ')}. What each was told is in the readings (about.config).`,
    "Each peer's page is as shipped, but its video is moved to the corner, pixel for pixel and on top, by a style sheet.",
  ];
}

/** The single frames of a block are only for the stages. */
function withoutFrames(block: Round['contenders'][number]['blocks'][number]): unknown {
  return block && { ...block, reading: { ...block.reading, frames: undefined } };
}
