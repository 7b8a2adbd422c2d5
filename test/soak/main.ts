import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { type Footprint, footprint, footprintAtRest, threadNames } from '../bench/lib/footprint.js';
import { Lab, logPath, stopProcess } from '../bench/lib/lab.js';
import { Receivers } from '../bench/lib/receivers.js';
import { startSender } from '../bench/lib/sender.js';
import { startServer } from '../bench/lib/server.js';
import { Guests } from './guests.js';
import { readMetric, untilMetric } from './metrics.js';
import { plan } from './plan.js';
import { judge } from './sender-log.js';

/*
 * Viewers come and go at random for as long as --minutes says, one in five killed without a goodbye. Then: does the
 * sender hold anything that it did not hold before, and what has it logged? Prints a line for each answer, and the sum.
 */

const STREAM = 'soak';
/** Small and slow: it is the coming and going that is tested, and the machine has more to do. */
const PICTURE = ['--width', '640', '--height', '360', '--fps', '15', '--bitrate', '600'];
/** What is made once is made by then: first these at once, so that no pool of threads grows later, then some visits. */
const CROWD = 16;
const WARM_UP_VISITS = 12;
/** Dead viewers are given up after 8 s; this is how long we wait before we say that one is not. */
const EMPTY_PATIENCE_MS = 30_000;
/**
 * At rest. A heap with many threads fills its gaps first: measured over an hour, 31 MB more after 960 visits and 33 after 1660 while
 * viewers were there, 20 once they had gone. Twenty kilobytes lost with each visit would be above this.
 */
const mostGrowthMb = (forMinutes: number) => 12 + forMinutes / 4;
const TELL_EVERY_MS = 30_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('--minutes wants a number above 0, --seed a whole number');
  process.exit(2);
}

const results: boolean[] = [];
function check(passed: boolean, text: string, details: readonly string[] = []): void {
  results.push(passed);
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${text}`);
  if (!passed) for (const line of details.slice(0, 20)) console.log(`       ${line}`);
}

console.log(`Viewers come and go for ${minutes} minutes. To see the same again: --seed ${seed}`);
const lab = new Lab();
try {
  await soak();
} catch (error) {
  check(false, `the soak itself: ${error instanceof Error ? error.stack : error}`);
} finally {
  await lab.close();
}
const failed = results.filter((passed) => !passed).length;
console.log(`\n${results.length - failed} passed, ${failed} failed, 0 skipped`);
process.exit(failed > 0 ? 1 : 0);

async function soak(): Promise<void> {
  const server = await startServer(lab);
  const port = await freePort();
  const words = [...PICTURE, '--max-viewers', '32', '--log-format', 'json', '--metrics', String(port)];
  const sender = await startSender(lab, { server, stream: STREAM, words });
  const pid = sender.pid ?? 0;
  const guests = new Guests({ lab, server, stream: STREAM });
  const visits = plan(seed);

  await comeAsCrowd(server);
  await guests.receive(visits, (visit) => visit.number <= WARM_UP_VISITS);
  const before = await atRest(port, pid);
  console.log(`Warm after ${guests.came} visits: ${tell(before)}`);

  const endsAt = performance.now() + minutes * 60_000;
  const teller = setInterval(() => {
    const left = ((endsAt - performance.now()) / 60_000).toFixed(1);
    void readMetric(port, 'viewers').then(
      (viewers) =>
        console.log(`${left} minutes left, ${guests.came} visits, ${viewers} viewers: ${tell(footprint(pid))}`),
      () => {},
    );
  }, TELL_EVERY_MS);
  await guests.receive(visits, () => performance.now() < endsAt && sender.exitCode === null);
  clearInterval(teller);

  check(sender.exitCode === null && sender.signalCode === null, 'the sender still runs');
  check(guests.complaints.length === 0, guests.summary(), guests.complaints);
  await leavesNothing(port, pid, before);
  await stopProcess(sender);
  check(
    sender.exitCode === 0,
    `asked to end, the sender ends with exit code 0: ${sender.exitCode ?? sender.signalCode}`,
  );
  saysNothingWrong(guests.killed);
}

async function comeAsCrowd(server: string): Promise<void> {
  const receivers = await Receivers.start(lab, 'soak-crowd', server, STREAM);
  await receivers.join(CROWD);
  await receivers.leave();
  await receivers.stop();
}

async function leavesNothing(port: number, pid: number, before: Footprint): Promise<void> {
  try {
    const ms = await untilMetric(port, 'viewers', 0, EMPTY_PATIENCE_MS);
    await untilMetric(port, 'camera_running', 0, EMPTY_PATIENCE_MS);
    check(
      true,
      `nobody is counted any more ${(ms / 1_000).toFixed(1)} s after the last one went, and the camera is off`,
    );
  } catch (error) {
    check(
      false,
      `nobody is counted any more, and the camera is off: ${error instanceof Error ? error.message : error}`,
    );
  }
  const after = await atRest(port, pid, before).catch(() => footprint(pid));
  check(after.files <= before.files, `open files: ${before.files} before, ${after.files} after`);
  check(after.threads <= before.threads, `threads: ${before.threads} before, ${after.threads} after`, [
    threadNames(pid).join(', '),
  ]);
  const grown = after.rssMb - before.rssMb;
  const memory = `${before.rssMb.toFixed(1)} MB before, ${after.rssMb.toFixed(1)} MB after`;
  check(grown <= mostGrowthMb(minutes), `memory: ${memory} (at most ${mostGrowthMb(minutes)} more)`);
}

function saysNothingWrong(killed: number): void {
  const path = logPath(`sender-${STREAM}`);
  const { errors, explained, unexplained, foreign, lost } = judge(readFileSync(path, 'utf8'), killed);
  check(errors.length === 0, `errors logged: ${errors.length}`, errors);
  check(
    unexplained.length === 0,
    `warnings that no kill explains: ${unexplained.length}, others: ${explained}`,
    unexplained,
  );
  check(foreign.length === 0, `lines of libraries: ${foreign.length}`, foreign);
  check(lost <= killed, `viewers that ended without a goodbye: ${lost}, of ${killed} killed`);
}

/** Nobody watches, the camera is off, and what was kept for a moment is gone. */
async function atRest(port: number, pid: number, like?: Footprint): Promise<Footprint> {
  await untilMetric(port, 'viewers', 0, EMPTY_PATIENCE_MS);
  await untilMetric(port, 'camera_running', 0, EMPTY_PATIENCE_MS);
  return footprintAtRest(pid, like);
}

function tell({ rssMb, files, threads }: Footprint): string {
  return `${rssMb.toFixed(1)} MB, ${files} files, ${threads} threads`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
