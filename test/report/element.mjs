// Runs @web/test-runner with web-test-runner.config.mjs, or what --config names, and writes down what test/run.mjs sums up.
import { writeFileSync } from 'node:fs';
import { startTestRunner } from '@web/test-runner';
import { BROWSERS, whyNoBrowser } from '../support/browser.mjs';

const runner = await startTestRunner({ autoExitProcess: false, argv: process.argv.slice(2) });
// It prints why it could not start, and ends the process by itself.
if (!runner) await new Promise(() => {});

const passed = await new Promise((resolve) => runner.on('stopped', resolve));
const counts = { passed: 0, failed: 0, skipped: [] };
for (const session of runner.sessions.all()) {
  const browser = session.browser.name;
  const tests = session.testResults ? allTests(session.testResults) : [];
  for (const { name, passed, skipped } of tests) {
    if (skipped) counts.skipped.push({ name: `${browser}: ${name}`, reason: reasonOf(name) });
    else counts[passed ? 'passed' : 'failed'] += 1;
  }
  // A file that cannot be loaded has no tests and yet has failed.
  if (!session.passed && tests.every((test) => test.passed || test.skipped)) counts.failed += 1;
}
for (const browser of BROWSERS) {
  const reason = whyNoBrowser(browser);
  if (reason) counts.skipped.push({ name: `${browser}: all of it`, reason });
}
if (process.env.TEST_COUNTS) writeFileSync(process.env.TEST_COUNTS, JSON.stringify(counts));
process.exit(passed ? 0 : 1);

function allTests({ tests, suites, name }) {
  return [...tests, ...suites.flatMap(allTests)].map((test) => ({ ...test, name: `${name} ${test.name}`.trim() }));
}

/** Mocha has no word for the reason: a test that a browser cannot run carries it in its name, after “needs”. */
function reasonOf(name) {
  return /\(needs .*\)$/.exec(name)?.[0].slice(1, -1) ?? 'marked as skipped';
}
