import { errorInfo } from '../../protocol/index.js';
import type { Outcome } from '../messages/questions.js';

export const UNAVAILABLE: Outcome = { answered: false, error: errorInfo('cluster_unavailable') };

/** The questions that this node has put to others, until each is answered, given up, or in vain. */
export class Asked {
  readonly #open = new Map<string, { node: string; settle: (outcome: Outcome) => void }>();
  #count = 0;

  /** @param put sends the question; false: nobody is there to hear it */
  ask(node: string, timeoutMs: number, put: (id: string) => Promise<boolean>): Promise<Outcome> {
    const id = String(++this.#count);
    return new Promise((resolve) => {
      const settle = (outcome: Outcome) => {
        clearTimeout(timer);
        this.#open.delete(id);
        resolve(outcome);
      };
      const timer = setTimeout(() => settle({ answered: false, error: errorInfo('sender_timeout') }), timeoutMs);
      this.#open.set(id, { node, settle });
      void put(id).then((isThere) => {
        if (!isThere) settle(UNAVAILABLE);
      });
    });
  }

  /** Only the node that was asked may answer, once, and in time. */
  answered(node: string, id: string, outcome: Outcome): void {
    const question = this.#open.get(id);
    if (question?.node === node) question.settle(outcome);
  }

  /** What was asked of this node, or of any, will not be answered. */
  abandon(node?: string): void {
    for (const question of [...this.#open.values()]) {
      if (node === undefined || question.node === node) question.settle(UNAVAILABLE);
    }
  }
}
