// npm test [-- names of suites]: sets up the machine, runs every suite, and ends with one line that counts.
// One suite may be given options: npm test -- soak --minutes 60
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureApt, ensureNpm, findChrome, isBuilt, nodeProblem, root } from '../scripts/setup.mjs';
import { countLines, readCounts, readJUnit, summary } from './report/counts.mjs';

const OUT = join(root, 'test/out');
const PYTHON = '/usr/bin/python3';
/** No suite takes nearly as long; one that hangs must not take the others with it. */
const SUITE_TIMEOUT_MS = 15 * 60_000;

/** Everything else may lean on these. */
const FIRST = ['check', 'build'];

const node = (...args) => [process.execPath, ...args];
const live = (text) => process.stdout.write(text);
const vitest = (project) =>
  node(
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    project,
    '--reporter=default',
    `--reporter=${VITEST_COUNTS}`,
  );
const VITEST_COUNTS = './test/report/vitest.mjs';
const lines = (_path, output) => countLines(output);

/**
 * In the order in which they run: what is quick to fail comes first. `needs`: what has to be installed. `waits`: most of its time is
 * spent waiting (for credentials to end, leases to lapse, viewers to leave); such suites run one after the other beside the rest.
 * `alone`: it measures, so nothing may run beside it: at the end.
 */
const SUITES = [
  { name: 'check', steps: [node('scripts/check.mjs')], read: lines },
  { name: 'unit', steps: [vitest('unit')], read: readCounts },
  { name: 'build', steps: [node('scripts/build.mjs')] },
  { name: 'element', steps: [node('test/report/element.mjs')], read: readCounts, needs: ['chrome'] },
  {
    name: 'react',
    steps: [node('test/report/element.mjs', '--config', 'test/react/web-test-runner.config.mjs')],
    read: readCounts,
    needs: ['chrome'],
  },
  {
    name: 'sender',
    steps: [[PYTHON, '-m', 'pytest', '-p', 'no:cacheprovider', '--junitxml=$COUNTS', 'test/sender']],
    read: readJUnit,
    needs: ['apt'],
    waits: true,
  },
  {
    name: 'cluster',
    steps: [vitest('cluster')],
    read: readCounts,
    needs: ['apt', 'chrome'],
    after: 'build',
    waits: true,
  },
  { name: 'e2e', steps: [vitest('e2e')], read: readCounts, needs: ['apt', 'chrome'], after: 'build' },
  {
    name: 'package',
    steps: [
      node(
        'node_modules/vitest/vitest.mjs',
        'run',
        '--config',
        'test/package/vitest.config.ts',
        '--reporter=default',
        `--reporter=${VITEST_COUNTS}`,
      ),
    ],
    read: readCounts,
    needs: ['apt', 'chrome'],
    after: 'build',
  },
  { name: 'examples', steps: [vitest('examples')], read: readCounts, needs: ['apt', 'chrome'], after: 'build' },
  {
    name: 'whip',
    steps: [node('test/whip/run.mjs')],
    read: readCounts,
    needs: ['apt', 'chrome'],
    after: 'build',
    waits: true,
  },
  {
    name: 'turn',
    steps: [node('test/turn/run.mjs')],
    read: readCounts,
    needs: ['apt', 'chrome'],
    after: 'build',
    waits: true,
  },
  {
    name: 'faults',
    steps: [node('test/faults/run.mjs')],
    read: readCounts,
    needs: ['apt', 'chrome'],
    after: 'build',
    waits: true,
  },
  {
    name: 'camera',
    steps: [node('test/camera/run.mjs')],
    read: readCounts,
    needs: ['apt', 'chrome'],
    after: 'build',
  },
  {
    name: 'soak',
    steps: [node('test/soak/run.mjs', ...(process.env.CI ? ['--minutes', '2'] : []))],
    read: lines,
    needs: ['apt', 'chrome'],
    after: 'build',
    // Minutes of nothing else: by name, or where nobody waits for it.
    only: () => Boolean(process.env.CI),
    waits: true,
  },
  {
    name: 'bench',
    steps: [node('test/bench/run.mjs', '--short')],
    read: lines,
    needs: ['apt', 'chrome'],
    after: 'build',
    // It fails on a machine that is busy with something else, as one that is worked on may be.
    only: () => Boolean(process.env.CI),
    alone: true,
  },
];

const words = process.argv.slice(2);
const firstOption = words.findIndex((word) => word.startsWith('-'));
const wanted = firstOption < 0 ? words : words.slice(0, firstOption);
const given = firstOption < 0 ? [] : words.slice(firstOption);
if (given.length > 0 && wanted.length !== 1) {
  console.error(`Options (${given.join(' ')}) are for one suite: name it first.`);
  process.exit(2);
}
const unknown = wanted.filter((word) => !SUITES.some(({ name }) => name === word));
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(', ')}. There are: ${SUITES.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}
// What a suite builds on is built when it is not there.
const also = SUITES.filter(({ name, after }) => after && wanted.includes(name) && !isBuilt()).map(({ after }) => after);
const suites = SUITES.filter(({ name, only }) =>
  wanted.length === 0 ? (only?.() ?? true) : wanted.includes(name) || also.includes(name),
);

const started = Date.now();
const problem = nodeProblem() ?? ensureNpm();
if (problem) {
  console.error(problem);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
const groups = ['sender', 'test', ...(suites.some(({ name }) => name === 'bench') ? ['bench'] : [])];
const apt = suites.some(({ needs }) => needs) ? await ensureApt(groups, { yes: true }) : undefined;
if (apt) console.log([apt.reason, apt.command].filter(Boolean).join('\n  '));
console.log(`Set up in ${seconds(started).toFixed(1)} s.`);

mkdirSync(OUT, { recursive: true });
const results = [];
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of running) killGroup(child);
    process.exit(1);
  });
}
const first = suites.filter(({ name }) => FIRST.includes(name));
const last = suites.filter(({ alone }) => alone);
const others = suites.filter((suite) => !first.includes(suite) && !last.includes(suite));
for (const suite of first) await runSuite(suite, live);
await Promise.all([
  inTurn(
    others.filter(({ waits }) => !waits),
    () => live,
  ),
  inTurn(
    others.filter(({ waits }) => waits),
    // Whole, when it has ended: two at once cannot be read.
    () => (others.every(({ waits }) => waits) ? live : keeping()),
  ),
]);
await inTurn(last, () => live);
results.sort(
  (a, b) => suites.findIndex(({ name }) => name === a.name) - suites.findIndex(({ name }) => name === b.name),
);

const failed = results.some(({ counts }) => counts.failed > 0);
console.log(`\n${summary(results).join('\n')}`);
process.exit(failed ? 1 : 0);

async function inTurn(suites, printerFor) {
  for (const suite of suites) await runSuite(suite, printerFor());
}

/** @returns {(text: string) => void} prints nothing until it is told that there is no more */
function keeping() {
  let kept = '';
  return Object.assign(
    (text) => {
      kept += text;
    },
    { end: () => process.stdout.write(kept) },
  );
}

async function runSuite({ name, steps, read, needs = [], after }, print) {
  const begun = Date.now();
  print(`\n── ${name} ${'─'.repeat(Math.max(0, 60 - name.length))}\n`);
  const done = (counts) => {
    print.end?.();
    results.push({ name, seconds: seconds(begun), counts });
  };

  const missing = whyNot(needs, after);
  if (missing) {
    print(`${missing}\n`);
    // On a machine of one's own a suite may not be able to run; CI has to run them all.
    return done(
      process.env.CI
        ? { passed: 0, failed: 1, skipped: [] }
        : { passed: 0, failed: 0, skipped: [{ name: 'the whole suite', reason: missing }] },
    );
  }
  const path = join(OUT, `${name}.counts`);
  rmSync(path, { force: true });
  let output = '';
  let why;
  for (const step of steps) {
    const ended = await runStep(wanted[0] === name ? [...step, ...given] : step, path, print);
    output += ended.output;
    why = ended.why;
    if (why) break;
  }
  if (why) print(`${name} ${why}\n`);
  const counts = read ? read(path, output) : { passed: why ? 0 : 1, failed: why ? 1 : 0, skipped: [] };
  if (!counts || counts.passed + counts.failed + counts.skipped.length === 0) {
    print(`${name} ran no test.\n`);
    return done({ passed: 0, failed: 1, skipped: [] });
  }
  // Whoever ends with an error has failed, whatever it counted.
  if (why && counts.failed === 0) counts.failed = 1;
  return done(counts);
}

function whyNot(needs, after) {
  if (needs.includes('apt') && apt) return apt.reason;
  if (needs.includes('chrome') && !findChrome()) return 'No Chrome or Chromium: install one, or set CHROME_PATH.';
  const before = results.find(({ name }) => name === after);
  return before && before.counts.failed > 0 ? `${after} failed.` : undefined;
}

/** @returns {Promise<{ output: string, why?: string }>} `why` it failed; `output` only where it is wanted */
function runStep(command, countsPath, print) {
  const [program, ...args] = command.map((word) => word.replace('$COUNTS', countsPath));
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      // A group of its own, so that nothing that a suite started outlives it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        TEST_COUNTS: countsPath,
        PYTHONDONTWRITEBYTECODE: '1',
        ...(findChrome() ? { CHROME_PATH: findChrome() } : {}),
      },
    });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        print(text);
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child);
    }, SUITE_TIMEOUT_MS);
    const end = (why) => {
      clearTimeout(timer);
      killGroup(child);
      running.delete(child);
      resolve(why ? { output, why } : { output });
    };
    child.on('error', (error) => end(`could not be started: ${error.message}`));
    child.on('close', (code, signal) => {
      if (late) end(`took longer than ${SUITE_TIMEOUT_MS / 60_000} minutes and was ended.`);
      else end(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}.`);
    });
  });
}

function killGroup({ pid }) {
  try {
    if (pid) process.kill(-pid, 'SIGKILL');
  } catch {}
}

function seconds(since) {
  return (Date.now() - since) / 1_000;
}
