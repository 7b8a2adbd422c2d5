import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { commandOf, wordsFor } from './lib/command.js';
import { startOthersMeter } from './lib/cpu.js';
import { describeEnvironment, loadAverages } from './lib/environment.js';
import { Lab } from './lib/lab.js';
import { type Entry, inOrder, SHORT, wholePlan } from './lib/plan.js';
import { HONESTY_SUITE, knownHonesty, printReport, type Report, saveReport } from './lib/report.js';
import type { Suite, SuiteOptions } from './lib/suite.js';
import { runWhole } from './lib/whole.js';

const USAGE = `npm run bench -- [--peer NAME=PATH]… [--resume] [--quiet]   everything, then a report in test/out/bench/report/; --only A,B: of it A and B
npm run bench -- SUITE [options]                          one suite
npm run bench -- --short                                  ratios within one run of under three minutes, as in CI
npm run bench -- report [--to FOLDER] [--mixed] [--any]   docs/benchmarks.md and its plots from the newest JSON of one commit;
                                                          --mixed: of several; --any: trials, too, where there is nothing else
npm run bench -- list                                     the suites
`;

const suiteFolder = new URL('./suites/', import.meta.url);
const names = inOrder(
  readdirSync(suiteFolder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3)),
);

try {
  const [first = '', ...rest] = process.argv.slice(2);
  if (names.includes(first)) await one(first, rest);
  else if (first === 'list') await list();
  else if (first === 'report') await report(rest);
  else if (first === '' || first.startsWith('--')) await several(process.argv.slice(2));
  else throw new Error(`There is no suite “${first}”.\n\n${USAGE}`);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? (process.env.DEBUG ? error.stack : error.message) : error}`);
  process.exitCode = 1;
}

async function list(): Promise<void> {
  const lines = await Promise.all(names.map(async (name) => `  ${name.padEnd(10)} ${(await load(name)).about}`));
  console.log(`${USAGE}\nSuites, in the order of the whole run\n${lines.join('\n')}`);
}

async function one(name: string, words: string[]): Promise<void> {
  const suite = await load(name);
  const { values } = parseArgs({ args: words, options: suite.options, strict: true });
  const lab = new Lab();
  try {
    const environment = await describeEnvironment();
    const loadBefore = loadAverages();
    const begun = performance.now();
    const others = startOthersMeter();
    const result = await suite.run(lab, values as SuiteOptions);
    const report: Report = {
      suite: name,
      command: commandOf([name, ...words]),
      options: values,
      environment,
      loadBefore,
      loadAfter: loadAverages(),
      tookSeconds: Math.round((performance.now() - begun) / 1_000),
      others: others(),
      honesty: name === HONESTY_SUITE ? null : knownHonesty(environment.commit),
      ...result,
    };
    // First of all nothing is left running and nothing is lost: whoever reads the output may go away at any line.
    await lab.close();
    const file = saveReport(report);
    printReport(report);
    console.log(`\nEvery reading: ${file}`);
    if (result.failures.length > 0) process.exitCode = 1;
  } finally {
    await lab.close();
  }
}

/** Everything, or the short run. */
async function several(words: string[]): Promise<void> {
  const { values } = parseArgs({
    args: words,
    strict: true,
    options: {
      peer: { type: 'string', multiple: true },
      quiet: { type: 'boolean' },
      only: { type: 'string' },
      resume: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
    },
  });
  const { only, resume, short, ...handedOn } = values;
  if (short) {
    const { runShort } = await import('./lib/short.js');
    process.exitCode = (await runShort(SHORT)) ? 0 : 1;
    return;
  }
  if (!values.peer) console.log('No --peer NAME=PATH: we are measured alone, beside nobody else.');
  const entries: Entry[] = [];
  for (const { words: own, ...entry } of wholePlan(names)) {
    entries.push({ ...entry, words: [...own, ...wordsFor(handedOn, (await load(entry.suite)).options)] });
  }
  const failed = await runWhole(chosen(entries, only), resume);
  const { publish } = await import('./report/publish.js');
  const { commit } = await describeEnvironment();
  publish({ to: new URL('../out/bench/report/', import.meta.url), commit });
  if (failed.length > 0) {
    console.error(`\nFAILED: ${failed.join(', ')}. What is good stays: ${commandOf([...words, '--resume'])}`);
    process.exitCode = 1;
  }
}

function chosen(entries: readonly Entry[], only: string | undefined): Entry[] {
  const wanted = only?.split(',') ?? entries.map(({ name }) => name);
  const unknown = wanted.find((name) => !entries.some((entry) => entry.name === name));
  if (unknown === undefined) return entries.filter(({ name }) => wanted.includes(name));
  throw new Error(`--only ${unknown}: a whole run has ${entries.map(({ name }) => name).join(', ')}.`);
}

async function report(words: string[]): Promise<void> {
  const { values } = parseArgs({
    args: words,
    strict: true,
    options: {
      to: { type: 'string' },
      mixed: { type: 'boolean', default: false },
      any: { type: 'boolean', default: false },
    },
  });
  const { publish } = await import('./report/publish.js');
  const to =
    values.to === undefined
      ? new URL('../../docs/', import.meta.url)
      : new URL(`file://${process.cwd()}/${values.to}/`);
  publish({ to, mixed: values.mixed, any: values.any });
}

async function load(name: string): Promise<Suite> {
  const module = (await import(new URL(`${name}.ts`, suiteFolder).href)) as { default: Suite };
  return module.default;
}
