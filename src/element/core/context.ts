import type { CoreSettings, Facts } from './facts.js';

/** What the parts of a core share. */
export interface CoreContext {
  facts(): Facts;
  /** Takes in what has changed, and derives the rest anew. */
  update(changes?: Partial<Facts>): void;
  readonly settings: CoreSettings;
  /** In [0, 1): spreads what many viewers would do at once. */
  random(): number;
  /** Frames a second to expect. */
  fps(): number;
  /** New frames are being shown. */
  flowing(): boolean;
  /** The facts say so: a pause then needs an excuse, and may have one. */
  showing(): boolean;
  /** Tries to reach the server right now. */
  reconnect(): void;
}
