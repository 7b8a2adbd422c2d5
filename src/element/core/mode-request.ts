import type { Quality } from '../../protocol/data-channel.js';
import type { Mode } from '../../protocol/messages.js';
import { type ErrorInfo, errorInfo, toErrorInfo } from '../../protocol/viewer-errors.js';
import type { SignallingChannel } from '../signalling/signalling.js';

/** A camera that has not changed by then will not. */
const DEADLINE_MS = 6_000;

interface Size {
  width: number;
  height: number;
}

/** One wish for another mode at a time: asked, chosen by the sender, and granted only when it is seen. */
export class ModeRequest {
  pending: Mode | null = null;
  problem: ErrorInfo | null = null;
  /** Why the sender chose another mode than the one asked for. */
  notice: string | null = null;
  readonly #onChange: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  send(mode: Mode, channel: SignallingChannel): void {
    this.#set(mode, null);
    channel.setMode(mode).then(
      // A later wish has replaced this one when `pending` is no longer the same object.
      ({ mode: chosen, notice }) => this.pending === mode && this.#set(chosen, null, notice),
      (error: unknown) => {
        if (this.pending !== mode) return;
        this.#set(null, toErrorInfo(error));
      },
    );
  }

  /**
   * @param shown size of the frames on the screen; `null` when there are none: then the camera's word must do
   * @param quality what the sender sends here: where that is less than the mode, frames of its size are what there is to see
   */
  seen(shown: Size | null, camera: Mode | undefined, quality: Quality | null): void {
    const { pending } = this;
    if (!pending || !camera) return;
    const sizeSeen = !shown || sameSize(shown, pending) || (isLess(quality, pending) && sameSize(shown, quality));
    const cameraAgrees = sameSize(camera, pending) && Math.abs(camera.fps - pending.fps) < 0.5;
    if (sizeSeen && cameraAgrees) this.#set(null, null, this.notice);
  }

  clear(): void {
    if (this.pending || this.problem || this.notice) this.#set(null, null);
  }

  #set(pending: Mode | null, problem: ErrorInfo | null, notice: string | null = null): void {
    clearTimeout(this.#timer);
    this.pending = pending;
    this.problem = problem;
    this.notice = notice;
    if (pending) {
      this.#timer = setTimeout(
        () => this.#set(null, errorInfo('no_such_mode', 'The camera did not change its mode.')),
        DEADLINE_MS,
      );
    }
    this.#onChange();
  }
}

function sameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

/** A larger size belongs to the former mode: the sender has not changed over yet. */
function isLess(quality: Quality | null, mode: Mode): quality is Quality {
  return quality !== null && quality.level > 0 && quality.width <= mode.width && quality.height <= mode.height;
}
