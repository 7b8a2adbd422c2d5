import type { Cost } from '../lib/growth/cost.js';
import { type GrownCost, grown } from '../lib/growth/cost.js';
import { measureElements } from '../lib/growth/elements.js';
import { measureNodes, measureStreams } from '../lib/growth/signalling.js';
import { measureViewers } from '../lib/growth/viewers.js';
import type { Lab } from '../lib/lab.js';
import { quietOption } from '../lib/quiet.js';
import { countOption, type Suite, type SuiteOptions } from '../lib/suite.js';

interface Plan {
  counts: readonly number[];
  blocks: number;
  seconds: number;
  quiet: boolean;
}

/** What there is more and more of; each part measures several costs at once. */
const PARTS: Record<string, { counts: string; measure(lab: Lab, plan: Plan): Promise<Cost[]> }> = {
  viewers: { counts: '1,4,8,16,24,32,48,64', measure: measureViewers },
  elements: { counts: '1,2,4,8,12,16', measure: measureElements },
  streams: { counts: '10,50,100,250,500,1000', measure: (lab, plan) => measureStreams(lab, plan.counts, plan) },
  nodes: { counts: '1,2,3', measure: (lab, plan) => measureNodes(lab, plan.counts, plan) },
};
const NAMES = Object.keys(PARTS);

const suite: Suite = {
  about: 'how processor time and memory grow with viewers, elements on a page, streams and nodes; where the curve ends',
  options: {
    blocks: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '4' },
    parts: { type: 'string', default: NAMES.join() },
    ...Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const, default: PARTS[name]?.counts ?? '' }])),
    ...quietOption,
  },
  async run(lab, options) {
    const blocks = countOption(options, 'blocks');
    const seconds = countOption(options, 'seconds');
    const parts = String(options.parts).split(',');
    const unknown = parts.find((part) => !(part in PARTS));
    if (unknown !== undefined) throw new Error(`--parts knows ${NAMES.join(', ')}; not “${unknown}”`);
    const costs: GrownCost[] = [];
    for (const part of parts) {
      const plan = { counts: countsOption(options, part), blocks, seconds, quiet: options.quiet === true };
      costs.push(...((await PARTS[part]?.measure(lab, plan)) ?? []).map(grown));
    }
    return {
      title:
        `How costs grow with a number n: the curve that lies nearest to ${blocks} blocks of ${seconds} s at each number, and the ` +
        'number up to which it holds',
      columns: ['', 'n', 'measured at', 'curve', 'of the variance', 'grows', 'holds up to', 'because then'],
      rows: costs.map(rowOf),
      aims: [],
      notes: [
        'The curve is base + factor · n^power by least squares; a power other than 1 where Schwarz’s criterion finds it worth ' +
          'one more number. It holds up to the last number before the cost leaves the curve of the smaller ones by 15 %, or less than 95 % of what is due arrives.',
        'Messages are candidates of 200 bytes, 2000 a second. Of several nodes the cameras are on others than the viewers: ' +
          'every message passes Redis, the dearest case.',
      ],
      failures: costs
        .filter(({ steps }) => steps.some(({ y }) => Number.isNaN(y)))
        .map(({ title }) => `${title}: not measured`),
      raw: { costs },
    };
  },
};

export default suite;

function countsOption(options: SuiteOptions, name: string): number[] {
  const counts = String(options[name]).split(',').map(Number);
  const rising = counts.every((count, index) => Number.isInteger(count) && count > (counts[index - 1] ?? 0));
  if (!rising || counts.length < 2) throw new Error(`--${name} wants rising whole numbers, at least two: 1,2,4`);
  return counts;
}

function rowOf({ title, variable, unit, steps, curve, shape, knee }: GrownCost): string[] {
  const numbers = [...new Set(steps.map(({ x }) => x))];
  return [
    `${title}, ${unit}`,
    variable,
    numbers.join(', '),
    curve.formula,
    `${(curve.r2 * 100).toFixed(0)} %`,
    shape,
    knee ? String(knee.at) : `${Math.max(...numbers)}, the most that was tried`,
    knee ? `at ${knee.before}: ${knee.why}` : '',
  ];
}
