import { pause, SETTLE_MS } from './settle.js';
import type { SrtpViewers } from './srtp-viewers.js';

export interface Storm {
  /** Keyframes that somebody who watched all the time was sent meanwhile. */
  keyframes: number;
  /** From the request to the first whole frame, in ms. */
  joinMs: number[];
}

/** So many join within a second, evenly, while one watches. */
export async function measureStorm(viewers: SrtpViewers, endpoint: string, count: number): Promise<Storm> {
  await viewers.join(endpoint);
  await pause(SETTLE_MS);
  const keyframes = async () => (await viewers.read()).receivers[0]?.keyframes ?? Number.NaN;
  const before = await keyframes();
  const joinMs = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      await pause((index * 1_000) / count);
      const begun = performance.now();
      await viewers.join(endpoint);
      return performance.now() - begun;
    }),
  );
  // A keyframe that somebody asked for a moment ago has been made by then.
  await pause(1_000);
  const storm = { keyframes: (await keyframes()) - before, joinMs };
  await viewers.leave();
  return storm;
}
