// Runs @web/test-runner with web-test-runner.config.mjs, and writes down what test/run.mjs sums up.
import { writeFileSync } from 'node:fs';
import { startTestRunner } from '@web/test-runner';

const runner = await startTestRunner({ autoExitProcess: false, argv: [] });
// It prints why it could not start, and ends the process by itself.
if (!runner) await new Promise(() => {});

const passed = await new Promise((resolve) => runner.on('stopped', resolve));
const counts = { passed: 0, failed: 0, skipped: [] };
for (const session of runner.sessions.all()) {
  const tests = session.testResults ? allTests(session.testResults) : [];
  for (const { name, passed, skipped } of tests) {
    if (skipped) counts.skipped.push({ name, reason: 'marked as skipped' });
    else counts[passed ? 'passed' : 'failed'] += 1;
  }
  // A file that cannot be loaded has no tests and yet has failed.
  if (!session.passed && tests.every((test) => test.passed || test.skipped)) counts.failed += 1;
}
writeFileSync(process.env.TEST_COUNTS, JSON.stringify(counts));
process.exit(passed ? 0 : 1);

function allTests({ tests, suites, name }) {
  return [...tests, ...suites.flatMap(allTests)].map((test) => ({ ...test, name: `${name} ${test.name}`.trim() }));
}
