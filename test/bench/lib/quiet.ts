import { startOthersMeter } from './cpu.js';

/** Other programs that use more than this share of one core, in percent, take part in what is measured. */
const QUIET_PERCENT = 15;
const PATIENCE_MS = 15 * 60_000;
/** How often a disturbed measurement is made again. */
const MOST_TRIES = 10;

/** Option of the suites that measure time. */
export const quietOption = { quiet: { type: 'boolean', default: false } } as const;

/**
 * Makes one measurement and says how much of a core other programs used meanwhile.
 *
 * @param quiet waits for a quiet machine first, and measures again what was disturbed. Only the others' processor time
 *   decides, never the reading itself.
 */
export async function measureQuietly<T>(
  quiet: boolean,
  measure: () => Promise<T>,
): Promise<{ value: T; others: number }> {
  for (let attempt = 1; ; attempt += 1) {
    if (quiet) await waitForQuiet(1_000);
    const meter = startOthersMeter();
    const value = await measure();
    const others = meter();
    if (!quiet || others < QUIET_PERCENT || attempt === MOST_TRIES) return { value, others };
  }
}

/** Waits until the other programs were quiet for `lookMs`, which is how long it takes at least. */
export async function waitForQuiet(lookMs: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const meter = startOthersMeter();
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    if (meter() < QUIET_PERCENT) return;
    if (performance.now() > deadline)
      throw new Error('The machine does not become quiet. Without --quiet it is measured as it is.');
  }
}
