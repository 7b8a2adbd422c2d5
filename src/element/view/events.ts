import type { Quality } from '../../protocol/index.js';
import type { Facts, PreviewState, Problem } from '../core/facts.js';

/** What `<webrtc-preview>` tells its page. All of them bubble and cross shadow roots. */
export interface WebRTCPreviewEventMap {
  /** The word for what is seen has changed. */
  statechange: CustomEvent<{ state: PreviewState; previous: PreviewState }>;
  /** The first frame since Start is on the screen. `size` in pixels; `null` where the browser does not say. */
  firstframe: CustomEvent<{ size: { width: number; height: number } | null }>;
  /** There is a reason, worth a person's attention, why there is no picture. */
  problem: CustomEvent<{ problem: Problem }>;
  /** The token ends at `expiresAt` (Unix ms): a new one in `token` keeps the picture. */
  tokenexpiring: CustomEvent<{ expiresAt: number }>;
  /** The sender sends this viewer another size or rate than before. */
  qualitychange: CustomEvent<{ quality: Quality }>;
}

declare global {
  // So that `addEventListener` knows them, on the element and on whatever it bubbles through.
  interface HTMLElementEventMap extends WebRTCPreviewEventMap {}
}

/** Turns changes of the facts into events. */
export class Teller {
  readonly #target: EventTarget;
  #toldFirstFrame = false;
  #toldQuality: Quality | undefined;

  constructor(target: EventTarget) {
    this.#target = target;
  }

  tell(facts: Facts, before: Facts): void {
    const { state, problem, started, quality, tokenExpiresAt } = facts;
    if (state !== before.state) this.#send('statechange', { state, previous: before.state });
    if (!started) this.#toldFirstFrame = false;
    else if (state === 'live' && !this.#toldFirstFrame) {
      this.#toldFirstFrame = true;
      this.#send('firstframe', { size: facts.shownSize });
    }
    if (problem && (problem.code !== before.problem?.code || problem.rung !== before.problem.rung)) {
      this.#send('problem', { problem });
    }
    if (tokenExpiresAt !== null && tokenExpiresAt !== before.tokenExpiresAt) {
      this.#send('tokenexpiring', { expiresAt: tokenExpiresAt });
    }
    if (quality && !sameQuality(quality, this.#toldQuality)) {
      this.#toldQuality = quality;
      this.#send('qualitychange', { quality });
    }
  }

  #send<Name extends keyof WebRTCPreviewEventMap>(name: Name, detail: WebRTCPreviewEventMap[Name]['detail']): void {
    this.#target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** The bitrates move all the time; what a person sees does not. */
function sameQuality(a: Quality, b: Quality | undefined): boolean {
  return a.level === b?.level && a.width === b.width && a.height === b.height && a.fps === b.fps;
}
