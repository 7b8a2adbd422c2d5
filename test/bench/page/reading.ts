import type { Facts } from '../../../src/element/core/facts.js';
import type { JoinReading } from '../lib/readings.js';
import type { FirstFrames } from './read-clock.js';

/** Notes when each of the client's steps is first seen done, in ms since `begin`. Call it with the facts at each change. */
export function recordRungs(begin: number): { steps: Record<string, number>; look: (facts: Facts) => void } {
  const steps: Record<string, number> = {};
  const look = ({ started, rungs }: Facts) => {
    if (!started) return;
    for (const { name, status } of rungs) if (status === 'done') steps[name] ??= performance.now() - begin;
  };
  return { steps, look };
}

/** What is told of a join that began at `begin`. */
export function readingOf(
  { first, fresh }: FirstFrames,
  begin: number,
  steps: Record<string, number>,
  report: () => string,
): JoinReading {
  if (first) steps.picture = first.shownMs - begin;
  const firstAgeMs = first?.ageMs ?? null;
  const beganAt = performance.timeOrigin + begin;
  if (!fresh) return { beganAt, ms: null, firstAgeMs, steps, report: report() };
  return { beganAt, ms: fresh.shownMs - begin, firstAgeMs, steps };
}
