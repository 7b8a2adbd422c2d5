import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { LatencyLegs } from '../../../src/element/core/facts.js';
import { RTP_CLOCK_RATE } from '../../../src/protocol/constants.js';
import { CLOCK_PERIOD_MICROS } from '../../../src/protocol/picture-clock.js';
import type { LatencyReadings } from './latency-page.js';
import { ROOT, Sender } from './stack.js';

/** Where the extra time is put into the sender's path; see latency-sender.py. */
export type LatePlace = 'encode' | 'send';

export function startLateSender(server: string, place: LatePlace, lateMs: number): Sender {
  const program = join(ROOT, 'test/e2e/support/latency-sender.py');
  return new Sender(server, {
    start: (python, [, ...options]) =>
      spawn(python, [program, place, String(lateMs), ...options], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] }),
  });
}

/**
 * A script for a page of the test's server, in any browser: puts an element on it and reads. It is the built element, whose
 * modules can be listened at because they are bundled here, and not in the file for script tags.
 */
export async function latencyScript(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      resolveDir: ROOT,
      contents: `
        import { LatencyMeter } from './dist/element/core/latency.js';
        import { ClockSync } from './dist/element/core/clock-sync.js';
        import { listen, readClocks } from './test/e2e/support/latency-page.ts';
        import './dist/element/define.js';
        const readings = globalThis.readings = listen({ LatencyMeter, ClockSync });
        const element = document.createElement('webrtc-preview');
        Object.assign(element, { stream: 'camera', autostart: true, stats: true });
        document.body.replaceChildren(element);
        element.updateComplete.then(() => readClocks(element.shadowRoot.querySelector('video'), readings));
      `,
    },
    bundle: true,
    format: 'iife',
    target: 'es2022',
    write: false,
    // The package says of its parts that they can be left out; that some are is no news here.
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

export interface Ages {
  /** By the clock in the picture, when the frame was handed to the compositor. */
  clockMs: number;
  /** By the clock in the picture, when the page could read it. */
  readableMs: number;
  /** What the element has used. */
  shownMs: number;
}

/** What is known of the frames whose clock could be read. Browsers that grab another frame than they speak of are found out. */
export function framesOf({ clocks, shown }: LatencyReadings): Ages[] {
  const shownBy = new Map(shown);
  // Clock and RTP time run alike, so that their distance is the same for all frames; of one that was mixed up it is not.
  const distances = clocks.map(
    ({ micros, rtpTimestamp }) => micros / 1_000 - ((rtpTimestamp ?? 0) * 1_000) / RTP_CLOCK_RATE,
  );
  const usual = percentile(distances, 0.5);
  return clocks.flatMap(({ presentedAt, clockMs, readableMs }, index) => {
    const shownMs = shownBy.get(presentedAt);
    const apart = Math.abs((distances[index] ?? Number.NaN) - usual) % (CLOCK_PERIOD_MICROS / 1_000);
    return shownMs === undefined || !(apart < 5) ? [] : [{ clockMs, readableMs, shownMs }];
  });
}

/** For each second: what the element shows, and the same made of the clocks. */
export function secondsOf({ clocks, seconds }: LatencyReadings): { shownMs: number; clockMs: number }[] {
  const clockBy = new Map(clocks.map(({ presentedAt, clockMs }) => [presentedAt, clockMs]));
  return seconds.flatMap(({ totalMs, frames }) => {
    const ages = frames.flatMap((presentedAt) => clockBy.get(presentedAt) ?? []);
    return ages.length > 0 ? [{ shownMs: totalMs, clockMs: percentile(ages, 0.5) }] : [];
  });
}

/** The median of each leg over the seconds that have it. */
export function legsOf({ seconds }: LatencyReadings): LatencyLegs {
  const names = [...new Set(seconds.flatMap(({ legs }) => Object.keys(legs)))] as (keyof LatencyLegs)[];
  const median = (name: keyof LatencyLegs) =>
    percentile(
      seconds.flatMap(({ legs }) => legs[name] ?? []),
      0.5,
    );
  return Object.fromEntries(names.map((name) => [name, median(name)]));
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
