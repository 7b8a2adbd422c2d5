import type { Visit } from './plan.js';
import { Browsers, type Place, pay } from './visitors.js';

const MOST_AT_ONCE = 8;

/** Everyone who comes, and what went wrong for those who had a right to a picture. */
export class Guests {
  came = 0;
  killed = 0;
  readonly complaints: string[] = [];
  readonly #place: Place;
  readonly #browsers: Browsers;
  readonly #slots = new Set<number>();
  #browserVisits = 0;

  constructor(place: Place) {
    this.#place = place;
    this.#browsers = new Browsers(place.lab);
  }

  /** Lets them in for as long as `wanted` says; resolves when the last one is gone. */
  async receive(visits: Iterator<Visit>, wanted: (visit: Visit) => boolean): Promise<void> {
    const present = new Set<Promise<void>>();
    for (;;) {
      const { value: visit } = visits.next() as { value: Visit };
      if (!wanted(visit)) break;
      await new Promise((resolve) => setTimeout(resolve, visit.pauseMs));
      while (present.size >= MOST_AT_ONCE) await Promise.race(present);
      const stay = this.#receiveOne(visit).finally(() => present.delete(stay));
      present.add(stay);
    }
    await Promise.all(present);
  }

  summary(): string {
    return `${this.came} came, ${this.#browserVisits} of them browsers; ${this.killed} were killed, every other one saw the picture`;
  }

  async #receiveOne(planned: Visit): Promise<void> {
    // A browser that is killed must not take another guest along.
    const visit =
      planned.kind === 'browser' && !this.#browsers.isFree ? { ...planned, kind: 'receiver' as const } : planned;
    const slot = this.#takeSlot();
    this.came += 1;
    if (visit.kind === 'browser') this.#browserVisits += 1;
    if (visit.end === 'killed') this.killed += 1;
    try {
      await pay(visit, this.#place, slot, this.#browsers);
    } catch (error) {
      this.complaints.push(`visit ${visit.number} (${visit.kind}): ${error instanceof Error ? error.message : error}`);
    } finally {
      this.#slots.delete(slot);
    }
  }

  /** A number that nobody present has: there are as many logs as guests at once, not as guests. */
  #takeSlot(): number {
    let slot = 0;
    while (this.#slots.has(slot)) slot += 1;
    this.#slots.add(slot);
    return slot;
  }
}
