import { type Candidate, LIMITS } from '../../protocol/index.js';

/** How long to wait for a sender's candidates once its answer is there, in ms. */
export interface Patience {
  /** Without another one, after the first. */
  quietMs: number;
  /** In all. */
  longestMs: number;
}

/** Collects what the sender finds, before or after its answer, until there is no more to expect. */
export class Gathering {
  readonly #candidates: Candidate[] = [];
  #complete = false;
  #waiting: { quietMs: number; done: () => void } | undefined;
  #quiet: NodeJS.Timeout | undefined;

  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  add(candidate: Candidate): void {
    if (this.#candidates.length >= LIMITS.candidatesPerNegotiation) return;
    this.#candidates.push(candidate);
    if (candidate.candidate === '') this.#complete = true;
    this.#consider();
  }

  /** Resolves when the sender has said that there are no more, or `patience` is at its end. */
  finished({ quietMs, longestMs }: Patience): Promise<void> {
    return new Promise((resolve) => {
      const longest = setTimeout(() => this.stop(), longestMs);
      this.#waiting = {
        quietMs,
        done: () => {
          clearTimeout(longest);
          clearTimeout(this.#quiet);
          this.#waiting = undefined;
          resolve();
        },
      };
      this.#consider();
    });
  }

  /** Nobody waits any longer. */
  stop(): void {
    this.#complete = true;
    this.#waiting?.done();
  }

  #consider(): void {
    if (!this.#waiting) return;
    if (this.#complete) {
      this.#waiting.done();
      return;
    }
    if (this.#candidates.length === 0) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.stop(), this.#waiting.quietMs);
  }
}
