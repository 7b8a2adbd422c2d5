import { type ErrorInfo, errorInfo, PreviewError } from '../../protocol/errors.js';
import type { Mode } from '../../protocol/messages.js';
import type { SignallingChannel } from '../signalling/signalling.js';

/** A camera that has not changed by then will not. */
const DEADLINE_MS = 6_000;

/** One wish for another mode at a time: asked, chosen by the sender, and granted only when it is seen. */
export class ModeRequest {
  pending: Mode | null = null;
  problem: ErrorInfo | null = null;
  readonly #onChange: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  send(mode: Mode, channel: SignallingChannel): void {
    this.#set(mode, null);
    channel.setMode(mode).then(
      // A later wish has replaced this one when `pending` is no longer the same object.
      (chosen) => this.pending === mode && this.#set(chosen, null),
      (error: unknown) => {
        if (this.pending !== mode) return;
        this.#set(null, error instanceof PreviewError ? error.info : errorInfo('internal', String(error)));
      },
    );
  }

  /** @param shown size of the frames on the screen; `null` when there are none: then the camera's word must do */
  seen(shown: { width: number; height: number } | null, camera: Mode | undefined): void {
    const { pending } = this;
    if (!pending || !camera) return;
    const sizeSeen = !shown || (shown.width === pending.width && shown.height === pending.height);
    const cameraAgrees = camera.width === pending.width && camera.height === pending.height;
    if (sizeSeen && cameraAgrees && Math.abs(camera.fps - pending.fps) < 0.5) this.#set(null, null);
  }

  clear(): void {
    if (this.pending || this.problem) this.#set(null, null);
  }

  #set(pending: Mode | null, problem: ErrorInfo | null): void {
    clearTimeout(this.#timer);
    this.pending = pending;
    this.problem = problem;
    if (pending) {
      this.#timer = setTimeout(
        () => this.#set(null, errorInfo('no_such_mode', 'The camera did not change its mode.')),
        DEADLINE_MS,
      );
    }
    this.#onChange();
  }
}
