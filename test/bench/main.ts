import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeEnvironment, loadAverages } from './lib/environment.js';
import { Lab } from './lib/lab.js';
import { printReport, saveReport } from './lib/report.js';
import type { Suite, SuiteOptions } from './lib/suite.js';

const suiteFolder = new URL('./suites/', import.meta.url);
const names = readdirSync(suiteFolder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));

const [name, ...words] = process.argv.slice(2);
if (!name || !names.includes(name)) {
  const usage = await Promise.all(names.map(async (each) => `  ${each.padEnd(10)} ${(await load(each)).about}`));
  console.log(`npm run bench -- SUITE [options]\n\n${usage.join('\n')}`);
  process.exit(name ? 2 : 0);
}

const suite = await load(name);
const { values } = parseArgs({ args: words, options: suite.options, strict: true });
const lab = new Lab();
try {
  const environment = await describeEnvironment();
  const loadBefore = loadAverages();
  const result = await suite.run(lab, values as SuiteOptions);
  const report = { suite: name, options: values, environment, loadBefore, loadAfter: loadAverages(), ...result };
  // First of all nothing is left running and nothing is lost: whoever reads the output may go away at any line.
  await lab.close();
  const file = saveReport(report);
  printReport(report);
  console.log(`\nEvery reading: ${file}`);
  if (result.failures.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(`bench ${name}: ${error instanceof Error ? (process.env.DEBUG ? error.stack : error.message) : error}`);
  process.exitCode = 1;
} finally {
  await lab.close();
}

async function load(each: string): Promise<Suite> {
  const module = (await import(new URL(`${each}.ts`, suiteFolder).href)) as { default: Suite };
  return module.default;
}
