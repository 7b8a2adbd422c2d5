/* When a measurement proves nothing. All suites that read clocks say so in the same words, and end with 1. */

/** With less of the clock readable, what was not read may have been anything. */
export const LEAST_READABLE = 0.9;
/** Other programs that use more than this share of one core, in percent, are part of every figure. */
export const MOST_OTHERS_PERCENT = 50;

export interface Trustworthiness {
  /** Share of the clocks that could be read, 0 to 1. */
  readable: number;
  /** What other programs used, in percent of a core. */
  others: number;
}

/** Why a measurement proves nothing; nothing when it does. */
export function doubtsOf({ readable, others }: Trustworthiness): string[] {
  const doubts = [];
  if (!(readable >= LEAST_READABLE)) doubts.push(`the clock was readable ${(readable * 100).toFixed(0)} % of the time`);
  if (!(others <= MOST_OTHERS_PERCENT)) doubts.push(`other programs used ${others.toFixed(0)} % of a core meanwhile`);
  return doubts;
}

/** So often is measured what proved nothing before the run is failed for it. */
const MOST_TRIES = 3;

/** Measures again what proves nothing; `onDoubt` hears each time why. The last is given back whatever it is worth. */
export async function untilTrusted<Reading extends Trustworthiness>(
  measure: () => Promise<Reading>,
  onDoubt: (doubts: readonly string[]) => void,
): Promise<Reading> {
  for (let left = MOST_TRIES - 1; ; left -= 1) {
    const reading = await measure();
    const doubts = doubtsOf(reading);
    if (doubts.length === 0 || left === 0) return reading;
    onDoubt(doubts);
  }
}
