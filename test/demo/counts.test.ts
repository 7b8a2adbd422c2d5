import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { countLines, readCounts, readJUnit, summary } from '../report/counts.mjs';

it('counts one test for each tool of the check', () => {
  expect(countLines('ok   biome\nsrc/a.ts:1 bad\nFAIL tsc (types)\nok   ruff\n')).toEqual({
    passed: 2,
    failed: 1,
    skipped: [],
  });
});

it("reads pytest's report, with the reason of each skip", () => {
  const folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-'));
  const path = join(folder, 'sender.xml');
  writeFileSync(
    path,
    `<testsuites><testsuite name="pytest" tests="4"><testcase classname="a" name="one" time="0.1" />
<testcase classname="a" name="two"><failure message="no">x</failure></testcase>
<testcase classname="a" name="three"><skipped type="pytest.skip" message="no camera &amp; no &quot;vivid&quot;">y</skipped></testcase>
<testcase classname="a" name="four"><system-out>hello</system-out></testcase></testsuite></testsuites>`,
  );
  expect(readJUnit(path)).toEqual({
    passed: 2,
    failed: 1,
    skipped: [{ name: 'three', reason: 'no camera & no "vivid"' }],
  });
  expect(readJUnit(join(folder, 'nothing.xml'))).toBeUndefined();
  expect(readCounts(join(folder, 'nothing.json'))).toBeUndefined();
  rmSync(folder, { recursive: true });
});

it('ends with one line that sums up all suites', () => {
  const lines = summary([
    { name: 'unit', seconds: 1.23, counts: { passed: 10, failed: 0, skipped: [{ name: 'x', reason: 'no Redis' }] } },
    { name: 'e2e', seconds: 20, counts: { passed: 5, failed: 2, skipped: [] } },
  ]);
  expect(lines).toContain('skipped: unit: x: no Redis');
  expect(lines.at(-1)).toBe('15 passed, 2 failed, 1 skipped');
});
