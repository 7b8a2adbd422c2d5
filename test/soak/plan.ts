/** How one viewer comes and goes. */
export interface Visit {
  number: number;
  /** Since the visit before it began, in ms. */
  pauseMs: number;
  /** A connection that decodes nothing, or the element on a page. */
  kind: 'receiver' | 'browser';
  /** In ms, from its first step. */
  staysMs: number;
  /** `killed`: SIGKILL of its process, without a goodbye; half of those before they have a picture. */
  end: 'goodbye' | 'killed';
}

const KILLED = 1 / 5;
/** A browser costs as much as twenty receivers: few of them, so that the machine has room. */
const BROWSERS = 1 / 12;
const MEAN_PAUSE_MS = 2_000;
const SHORT_STAY_MS = [0, 1_000] as const;
const STAY_MS = [2_000, 20_000] as const;

/**
 * Endless, and the same for the same seed. The first is a browser that stays: its addresses are names (mDNS), and GLib makes a thread
 * for those, once.
 */
export function* plan(seed: number): Generator<Visit, never> {
  const chance = randomNumbers(seed);
  for (let number = 1; ; number += 1) {
    const isFirst = number === 1;
    const end = chance() < KILLED && !isFirst ? 'killed' : 'goodbye';
    const [shortest, longest] = end === 'killed' && chance() < 1 / 2 ? SHORT_STAY_MS : STAY_MS;
    yield {
      number,
      // As people who know nothing of each other come: now and then two at once, now and then nobody for a while.
      pauseMs: -Math.log(1 - chance()) * MEAN_PAUSE_MS,
      kind: chance() < BROWSERS || isFirst ? 'browser' : 'receiver',
      staysMs: shortest + chance() * (longest - shortest),
      end,
    };
  }
}

/** From 0 to 1, by a linear congruential generator: chance enough for guests, and the same everywhere. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}
