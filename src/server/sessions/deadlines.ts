/**
 * Things that have all the same time to happen. Because it is the same for all, they fall due in the order in which they were
 * started, and the next one is the first: nothing is searched or sorted.
 */
export class Deadlines<T> {
  readonly #durationMs: number;
  readonly #due = new Map<T, number>();

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  /** Starts the time of `item`, anew if it ran already. `nowMs` never goes back. */
  start(item: T, nowMs: number): void {
    this.#due.delete(item);
    this.#due.set(item, nowMs + this.#durationMs);
  }

  /** It has happened, or does not matter any more. */
  stop(item: T): void {
    this.#due.delete(item);
  }

  has(item: T): boolean {
    return this.#due.has(item);
  }

  get size(): number {
    return this.#due.size;
  }

  /** When the first falls due; `undefined` when nothing is waited for. */
  get nextMs(): number | undefined {
    for (const dueMs of this.#due.values()) return dueMs;
    return undefined;
  }

  /** Takes out what is due. */
  takeDue(nowMs: number): T[] {
    const taken: T[] = [];
    for (const [item, dueMs] of this.#due) {
      if (dueMs > nowMs) break;
      this.#due.delete(item);
      taken.push(item);
    }
    return taken;
  }
}
