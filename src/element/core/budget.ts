import type { Latency } from './facts.js';

/** Two seconds of the same opinion, and a tenth of room on the way back: a picture at the edge does not flicker. */
const READINGS = 2;
const BACK_BELOW = 0.9;

/** Says whether the picture is too old, one reading a second. */
export class LatencyBudget {
  #over = false;
  #readings = 0;

  /** @returns `null` without a budget, or while the age is not known: a lower bound below the budget proves nothing. */
  judge(latency: Latency | null, budgetMs: number | null): boolean | null {
    if (latency === null || budgetMs === null) {
      this.#over = false;
      this.#readings = 0;
      return null;
    }
    const over = latency.totalMs > budgetMs * (this.#over ? BACK_BELOW : 1);
    this.#readings = over === this.#over ? 0 : this.#readings + 1;
    if (this.#readings >= READINGS) {
      this.#over = over;
      this.#readings = 0;
    }
    return this.#over || latency.complete ? this.#over : null;
  }
}
