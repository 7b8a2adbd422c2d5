import { percentile } from '../statistics.js';
import { pause } from './settle.js';
import type { SrtpViewers } from './srtp-viewers.js';

/** Long enough for the viewer with the bad link to have been moved, before and after. */
const MOVE_MS = 3_000;

export interface BadLinkPhase {
  isBad: boolean;
  p50: number;
  p95: number;
  p99: number;
  fps: number;
}

/**
 * What the others see while one viewer loses packets: good and bad in turn, with the same viewers. The last one to join
 * loses, and is counted in neither.
 */
export async function measureBadLink(
  viewers: SrtpViewers,
  {
    endpoint,
    count,
    lose,
    seconds,
    pairs,
  }: { endpoint: string; count: number; lose: number; seconds: number; pairs: number },
): Promise<BadLinkPhase[]> {
  await viewers.join(endpoint, count);
  const phases: BadLinkPhase[] = [];
  for (let phase = 0; phase < 2 * pairs; phase += 1) {
    const isBad = phase % 2 === 1;
    viewers.lose(isBad ? lose : 0);
    await pause(MOVE_MS);
    await viewers.read();
    await pause(seconds * 1_000);
    const { receivers } = await viewers.read();
    const ages = receivers.slice(0, -1).flatMap((receiver) => receiver.ages);
    const fps = ages.length / (count - 1) / seconds;
    phases.push({ isBad, p50: percentile(ages, 50), p95: percentile(ages, 95), p99: percentile(ages, 99), fps });
  }
  await viewers.leave();
  return phases;
}
