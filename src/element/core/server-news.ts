import type { StreamInfo } from '../../protocol/messages.js';
import { type ErrorInfo, errorInfo } from '../../protocol/viewer-errors.js';
import type { CoreContext } from './context.js';
import type { Facts } from './facts.js';
import type { ModeRequest } from './mode-request.js';
import { deviceOffline } from './page-signs.js';
import type { Picture } from './picture.js';
import type { Tries } from './tries.js';

/** Longer than a server's restart takes under a supervisor. */
const SERVER_DEADLINE_MS = 4_000;
/** A camera that changes over needs a moment. */
export const GRACE_MS = 1_500;

/** Decides what follows from what the server says, and from its silence. */
export class ServerNews {
  readonly #core: CoreContext;
  readonly #picture: Picture;
  readonly #tries: Tries;
  readonly #modeRequest: ModeRequest;
  #error: ErrorInfo | undefined;
  /** The stream was online since the server was reached last. */
  #seenOnline = false;
  /** Since when the signalling is as it is, or was asked to hurry; by `performance.now()`. */
  since = performance.now();

  constructor(core: CoreContext, picture: Picture, tries: Tries, modeRequest: ModeRequest) {
    this.#core = core;
    this.#picture = picture;
    this.#tries = tries;
    this.#modeRequest = modeRequest;
  }

  /** The server is asked anew. A deadline that runs stays where it is: one that is over begins again. */
  renew(): void {
    const now = performance.now();
    if (now - this.since >= SERVER_DEADLINE_MS) this.since = now;
  }

  onSignalling(signalling: Facts['signalling'], error?: ErrorInfo): void {
    const before = this.#core.facts();
    if (signalling !== before.signalling) this.since = performance.now();
    if (signalling !== 'connected') this.#seenOnline = false;
    this.#error = error ?? (signalling === before.signalling ? this.#error : undefined);
    let { problem } = before;
    if (signalling === 'closed') {
      // Refused for good: nothing but another token, address or version changes that.
      this.#tries.abandon();
      problem = { ...(error ?? errorInfo('server_unreachable')), rung: 'server' };
    } else if (signalling === 'connected' && problem?.rung === 'server') {
      problem = null;
    }
    this.#core.update({ signalling, problem });
    if (signalling !== 'connected') return;
    this.#tries.begin();
    this.#tries.suspect();
  }

  onStream(stream: StreamInfo): void {
    const before = this.#core.facts().stream;
    this.#onCamera(stream.camera?.error !== undefined);
    this.#core.update({ stream });
    const saidGoodbye = this.#seenOnline && before?.online && !stream.online && !stream.instance;
    this.#seenOnline ||= stream.online;
    if (!this.#core.facts().started) return;
    if (!stream.online) {
      this.#tries.abandon();
      // Seen to go online and then offline without a trace: the sender said goodbye. After a restart of the server a
      // stream that is not (yet) there says nothing about its media.
      if (saidGoodbye) this.#tries.freeze();
      this.#core.update({ problem: null });
      return;
    }
    const replaced = before?.instance !== undefined && before.instance !== stream.instance;
    const mended = before?.camera?.error !== undefined && stream.camera?.error === undefined;
    if (replaced) this.#tries.replace();
    else if (!before?.online || mended) this.#tries.begin();
  }

  /** Says that the server is away, once that is no hiccup: while frames flow nobody needs to know. */
  check(): void {
    const { signalling, problem } = this.#core.facts();
    if (signalling !== 'connecting' || (problem && problem.rung !== 'server')) return;
    const ms = performance.now() - this.since;
    const offline = deviceOffline();
    if (ms < SERVER_DEADLINE_MS && !offline) return;
    const info = offline ? errorInfo('device_offline') : (this.#error ?? errorInfo('server_unreachable'));
    if (info.code === problem?.code) return;
    // A figure of seconds would be wrong a second later.
    const seen = `Not reached since ${new Date(Date.now() - ms).toTimeString().slice(0, 8)}.`;
    const reached = offline || info.code === 'wrong_server';
    this.#core.update({ problem: { ...info, rung: 'server', ...(!reached && { seen }) } });
  }

  /** The sender changes over between its camera and a picture that says why there is none: a pause, but no stall. */
  #onCamera(lost: boolean): void {
    if (lost === this.#picture.cameraLost) return;
    this.#picture.grace(GRACE_MS, this.#picture.patienceMs(this.#core.fps()));
    this.#picture.cameraLost = lost;
    if (lost) this.#modeRequest.clear();
  }
}
