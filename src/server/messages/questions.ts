import { type ErrorInfo, errorInfo } from '../../protocol/index.js';

/** What became of a question to a sender. */
export type Outcome = { answered: true; ack: unknown } | { answered: false; error: ErrorInfo };

/**
 * The questions that one socket has yet to answer. Unlike Socket.IO's `timeout().emitWithAck()`, they end at once when
 * the socket is lost, and leave no timer behind.
 */
export class Questions {
  readonly #open = new Set<(outcome: Outcome) => void>();

  /** @param put sends the question; its argument is for the acknowledgement */
  ask(put: (acknowledge: (ack: unknown) => void) => void, timeoutMs: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const settle = (outcome: Outcome) => {
        clearTimeout(timer);
        this.#open.delete(settle);
        resolve(outcome);
      };
      const timer = setTimeout(() => settle({ answered: false, error: errorInfo('sender_timeout') }), timeoutMs);
      this.#open.add(settle);
      put((ack) => settle({ answered: true, ack }));
    });
  }

  /** The socket is gone: nothing will be answered any more. */
  abandon(): void {
    for (const settle of [...this.#open]) settle({ answered: false, error: errorInfo('stream_offline') });
  }
}
