import type { Quality } from '../../protocol/index.js';
import type { Facts, PreviewState, Problem, Stats } from '../core/facts.js';

/**
 * Which part of the picture is seen: `scale` 1 is all of it, 2 a quarter. `x` and `y` name the point in the middle, from 0 (left,
 * top) to 1, of the picture as it is seen (turned and mirrored).
 */
export interface PictureView {
  scale: number;
  x: number;
  y: number;
}

export const WHOLE_PICTURE: PictureView = { scale: 1, x: 0.5, y: 0.5 };

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
  /** Once a second while started: what the statistics show. */
  statistics: CustomEvent<{ statistics: Stats }>;
  /** The picture has become older than `latency-budget`, or is young enough again. */
  budgetchange: CustomEvent<{ overBudget: boolean }>;
  /**
   * A recording has begun, ended, or gone on in another file: a new connection begins a new one. `part` is the file that is
   * finished, `null` where none is.
   */
  recordingchange: CustomEvent<{ recording: boolean; part: Blob | null }>;
  /** Another part of the picture is seen. */
  viewchange: CustomEvent<PictureView>;
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
    const { state, problem, started, quality, tokenExpiresAt, stats, overBudget } = facts;
    if (state !== before.state) this.send('statechange', { state, previous: before.state });
    if (!started) this.#toldFirstFrame = false;
    else if (state === 'live' && !this.#toldFirstFrame) {
      this.#toldFirstFrame = true;
      this.send('firstframe', { size: facts.shownSize });
    }
    if (problem && (problem.code !== before.problem?.code || problem.rung !== before.problem.rung)) {
      this.send('problem', { problem });
    }
    if (tokenExpiresAt !== null && tokenExpiresAt !== before.tokenExpiresAt) {
      this.send('tokenexpiring', { expiresAt: tokenExpiresAt });
    }
    if (stats && stats !== before.stats) this.send('statistics', { statistics: stats });
    if (Boolean(overBudget) !== Boolean(before.overBudget)) {
      this.send('budgetchange', { overBudget: Boolean(overBudget) });
    }
    if (quality && !sameQuality(quality, this.#toldQuality)) {
      this.#toldQuality = quality;
      this.send('qualitychange', { quality });
    }
  }

  send<Name extends keyof WebRTCPreviewEventMap>(name: Name, detail: WebRTCPreviewEventMap[Name]['detail']): void {
    this.#target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** The bitrates move all the time; what a person sees does not. */
function sameQuality(a: Quality, b: Quality | undefined): boolean {
  return a.level === b?.level && a.width === b.width && a.height === b.height && a.fps === b.fps;
}
