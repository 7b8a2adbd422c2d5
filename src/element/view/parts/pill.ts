import { html, nothing, type TemplateResult } from 'lit';
import type { Facts, PreviewState } from '../../core/facts.js';
import { duration } from '../format.js';
import type { Words } from '../words.js';

/** What a mark says besides its word: by colour and by shape. */
export type Tone = 'good' | 'busy' | 'bad' | 'none';

const TONES: Record<PreviewState, Tone> = {
  idle: 'none',
  offline: 'none',
  connecting: 'busy',
  live: 'good',
  'camera-lost': 'bad',
  stalled: 'busy',
  reconnecting: 'busy',
  failed: 'bad',
};

/** A dot, a word and one number: what is true of the picture right now. */
export function pill(facts: Facts, now: number, words: Words): TemplateResult {
  const { state } = facts;
  const figure = pillNumber(facts, now, words);
  return html`<div part="pill" class="pill">
    <span class="mark ${TONES[state]}"></span><b>${words.pill[state]}</b>${
      figure === null ? nothing : html` <span class="number">${figure}</span>`
    }
  </div>`;
}

function pillNumber({ state, stats, lastFrameAt }: Facts, now: number, words: Words): string | null {
  if (state === 'live' && stats?.latency) {
    const { totalMs, complete } = stats.latency;
    return `${complete ? '' : `${words.atLeast} `}${Math.max(1, Math.round(totalMs))} ${words.units.ms}`;
  }
  if (state === 'stalled' && lastFrameAt !== null) return duration(now - lastFrameAt, words);
  return null;
}
