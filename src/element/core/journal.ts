import type { Facts } from './facts.js';

const LONGEST = 40;

/** The last changes of state, for a report. */
export class Journal {
  readonly #since = Date.now();
  /** Each with the ms since the beginning. */
  readonly changes: string[] = [];

  /** Notes what has changed between two facts. */
  note(before: Facts, now: Facts): void {
    const changes = (['signalling', 'connection', 'ice', 'state'] as const)
      .filter((name) => before[name] !== now[name])
      .map((name) => `${name} ${now[name]}`);
    if (before.problem?.code !== now.problem?.code) changes.push(`problem ${now.problem?.code ?? 'none'}`);
    if (changes.length > 0) this.changes.push(`+${Date.now() - this.#since} ${changes.join(', ')}`);
    if (this.changes.length > LONGEST) this.changes.shift();
  }
}
