/* What a whole run measures, in which order, and what the short one does. */

/** A suite, and the words that it is given. */
export interface Entry {
  /** Of its chapter and its JSON; a suite may be asked several things. */
  name: string;
  suite: string;
  words: readonly string[];
}

function entry(suite: string, words: string, name = suite): Entry {
  return { name, suite, words: words.split(' ') };
}

/**
 * First what the others are read with, and what is over soonest: what is wrong shows before hours are spent. Words stand where
 * the whole run asks for more than a suite does by itself.
 */
const PLAN: readonly (string | Entry)[] = [
  'probe',
  'honesty',
  'size',
  'page',
  'signaling',
  entry('latency', '--sizes 720p30,720p60,1080p30,1080p60'),
  entry('latency', '--stages', 'latency-stages'),
  entry('join', '--joins 20'),
  // Whether any of them fails: that is rare.
  entry('join', '--joins 1000 --rtts 0 --modes running --pause 20', 'join-thousand'),
  'loss',
  'squeeze',
  'viewers',
  'growth',
  entry('recover', '--faults all --repeats 20 --viewers 4'),
  entry('latency', '--minutes 10', 'latency-minutes'),
];

/** When one of these fails, nothing that follows would mean anything. */
export const INSTRUMENTS: readonly string[] = ['probe', 'honesty'];

/** The plan as far as there are such suites; a new one takes part without being named here, as the last. */
export function wholePlan(suites: readonly string[]): Entry[] {
  const planned = PLAN.map((each) => (typeof each === 'string' ? { name: each, suite: each, words: [] } : each));
  const isPlanned = (suite: string) => planned.some((entry) => entry.suite === suite);
  const others = suites.filter((suite) => !isPlanned(suite)).map((suite) => ({ name: suite, suite, words: [] }));
  return [...planned.filter(({ suite }) => suites.includes(suite)), ...others];
}

/** Names in the order of the plan, what is not in it at the end. */
export function inOrder(names: readonly string[]): string[] {
  const order = PLAN.map((each) => (typeof each === 'string' ? each : each.name));
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...names].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}

/** Two minutes and a half on two cores: enough for ratios within the run (gates.ts), not for figures. */
export const SHORT: readonly Entry[] = [
  ['honesty', '--blocks 2 --seconds 2 --loss-seconds 10'],
  ['latency', '--blocks 2 --seconds 3'],
  ['join', '--joins 8 --rtts 0 --modes running,cold'],
  ['viewers', '--parts slopes,each --blocks 1 --seconds 2 --counts 1,16 --counts-each 1,3'],
  ['page', '--variants frames,element --blocks 1 --seconds 3 --counts 4'],
].map(([suite = '', words = '']) => entry(suite, words));
