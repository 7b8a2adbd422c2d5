import type { Facts, PreviewState, Problem } from '../core/facts.js';

/** What `<webrtc-preview>` tells its page. All of them bubble and cross shadow roots. */
export interface WebRTCPreviewEventMap {
  /** The word for what is seen has changed. */
  statechange: CustomEvent<{ state: PreviewState; previous: PreviewState }>;
  /** The first frame since Start is on the screen. `size` in pixels; `null` where the browser does not say. */
  firstframe: CustomEvent<{ size: { width: number; height: number } | null }>;
  /** There is a reason, worth a person's attention, why there is no picture. */
  problem: CustomEvent<{ problem: Problem }>;
}

declare global {
  // So that `addEventListener` knows them, on the element and on whatever it bubbles through.
  interface HTMLElementEventMap extends WebRTCPreviewEventMap {}
}

/** Turns changes of the facts into events. */
export class Teller {
  readonly #target: EventTarget;
  #toldFirstFrame = false;

  constructor(target: EventTarget) {
    this.#target = target;
  }

  tell(facts: Facts, before: Facts): void {
    const { state, problem, started } = facts;
    if (state !== before.state) this.#send('statechange', { state, previous: before.state });
    if (!started) this.#toldFirstFrame = false;
    else if (state === 'live' && !this.#toldFirstFrame) {
      this.#toldFirstFrame = true;
      this.#send('firstframe', { size: facts.shownSize });
    }
    if (problem && (problem.code !== before.problem?.code || problem.rung !== before.problem.rung)) {
      this.#send('problem', { problem });
    }
  }

  #send<Name extends keyof WebRTCPreviewEventMap>(name: Name, detail: WebRTCPreviewEventMap[Name]['detail']): void {
    this.#target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
