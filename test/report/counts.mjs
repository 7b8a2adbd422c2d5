// What a suite says of itself, in one form: { passed, failed, skipped: [{ name, reason }] }.
import { existsSync, readFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped: { name: string, reason: string }[] }} Counts */

/** scripts/check.mjs and its like print one line for each tool. @returns {Counts} */
export function countLines(output) {
  return {
    passed: (output.match(/^ok {3}\S/gm) ?? []).length,
    failed: (output.match(/^FAIL \S/gm) ?? []).length,
    skipped: [],
  };
}

/** What the reporters beside this file wrote, or `undefined`. @returns {Counts | undefined} */
export function readCounts(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** pytest's `--junitxml`. @returns {Counts | undefined} */
export function readJUnit(path) {
  if (!existsSync(path)) return undefined;
  const counts = { passed: 0, failed: 0, skipped: [] };
  // One <testcase> for each test, empty when it passed (pytest's xunit2 schema).
  for (const [, attributes, body = ''] of readFileSync(path, 'utf8').matchAll(
    /<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs,
  )) {
    const skip = /<skipped\b[^>]*\bmessage="([^"]*)"/.exec(body);
    if (/<(?:failure|error)\b/.test(body)) counts.failed += 1;
    else if (skip) counts.skipped.push({ name: attribute(attributes, 'name'), reason: unescapeXml(skip[1]) });
    else counts.passed += 1;
  }
  return counts;
}

function attribute(attributes, name) {
  return unescapeXml(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '?');
}

const ENTITIES = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text) {
  return text
    .replace(/&#(x?)([0-9a-f]+);/gi, (_, hex, digits) => String.fromCodePoint(Number.parseInt(digits, hex ? 16 : 10)))
    .replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => ENTITIES[name]);
}

/**
 * The closing lines: a table of the suites, why any test was skipped, and the sum in one line.
 *
 * @param {{ name: string, seconds: number, counts: Counts }[]} results
 */
export function summary(results) {
  const cells = results.map(({ name, seconds, counts: { passed, failed, skipped } }) => [
    name,
    `${passed} passed`,
    failed ? `${failed} FAILED` : '',
    skipped.length > 0 ? `${skipped.length} skipped` : '',
    `${seconds.toFixed(1)} s`,
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...cells.map((row) => row[column].length)));
  const table = cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
  );
  const skips = results.flatMap(({ name, counts }) =>
    counts.skipped.map((skip) => `skipped: ${name}: ${skip.name}: ${skip.reason}`),
  );
  const sum = (key) => results.reduce((total, { counts }) => total + counts[key], 0);
  const skipped = results.reduce((total, { counts }) => total + counts.skipped.length, 0);
  return [...table, ...skips, `${sum('passed')} passed, ${sum('failed')} failed, ${skipped} skipped`];
}
