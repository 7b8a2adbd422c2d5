import { startOthersMeter } from '../cpu.js';
import { buildProbe } from '../framebuffer-probe.js';
import type { Lab } from '../lab.js';
import type { PeerPicture } from '../peers/peer.js';
import { startScreen } from '../screen.js';
import { percentile, summarise } from '../statistics.js';
import type { SuiteResult } from '../suite.js';
import { doubtsOf } from '../trust.js';
import { openOnScreen } from '../viewing.js';
import { ourselves } from './contenders.js';

const MINUTE_MS = 60_000;
const SETTLE_MS = 3_000;

/** One viewer for so many minutes: what is rare, and what drifts. */
export async function measureMinutes(
  lab: Lab,
  { server, minutes, picture }: { server: string; minutes: number; picture: PeerPicture },
): Promise<SuiteResult> {
  const screen = await startScreen(lab, picture);
  const probe = await buildProbe(lab);
  const contender = await ourselves({ lab, server, picture }, 'ours', 'ours');
  const { page } = await openOnScreen(lab, screen);
  await contender.show(page);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const others = startOthersMeter();
  const reading = await probe(screen, minutes * 60, picture.width);
  const busy = others();
  const began = reading.frames[0]?.seenMs ?? 0;
  const byMinute = Array.from({ length: minutes }, (_, minute) => {
    const inside = reading.frames.filter(({ seenMs }) => Math.floor((seenMs - began) / MINUTE_MS) === minute);
    return inside.map(({ ageMs }) => ageMs);
  });
  const [first = [], last = []] = [byMinute[0], byMinute.at(-1)];
  const drift = percentile(last, 50) - percentile(first, 50);
  const row = (name: string, ages: readonly number[]) => {
    const { count, p50, p95, p99, max } = summarise(ages);
    const figures = [p50, p95, p99, percentile(ages, 99.9), max].map((value) => value.toFixed(1));
    return [name, ...figures, String(count)];
  };
  return {
    title: `Frame made → pixels in the screen's memory, ${picture.height}p at ${picture.fps} fps, ${minutes} minutes on end, ms`,
    columns: ['', 'p50', 'p95', 'p99', 'p99.9', 'max', 'frames'],
    rows: [row('all', reading.agesMs), ...byMinute.map((ages, minute) => row(`minute ${minute + 1}`, ages))],
    aims: [
      { name: 'p99.9', value: percentile(reading.agesMs, 99.9), atMost: 40, unit: 'ms' },
      { name: 'drift, last minute − first, p50', value: Math.abs(drift), atMost: 1, unit: 'ms', digits: 2 },
      { name: 'missed', value: reading.missed, atMost: 0, unit: 'frames', digits: 0 },
    ],
    notes: [
      `Drift ${drift.toFixed(2)} ms. Other programs used ${busy.toFixed(0)} % of a core.`,
      'From the stamp at the birth of the test picture: the exposure of a camera and the scan-out of a display come on top.',
    ],
    failures: doubtsOf({ readable: reading.readable, others: busy }),
    raw: { ...reading, frames: undefined },
  };
}
