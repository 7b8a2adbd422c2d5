import { html, nothing, type TemplateResult } from 'lit';
import type { Facts, PreviewState } from '../../core/facts.js';
import { duration } from '../format.js';
import { type FirstWords, sentencesOf } from '../words.js';

/** What a mark says besides its word: by colour and by shape. */
export type Tone = 'good' | 'busy' | 'bad' | 'none';

const TONES: Record<PreviewState, Tone> = {
  idle: 'none',
  offline: 'none',
  connecting: 'busy',
  live: 'good',
  'camera-lost': 'bad',
  stalled: 'busy',
  paused: 'none',
  reconnecting: 'busy',
  failed: 'bad',
};

/** A dot, a word and one number: what is true of the picture right now. Green only for a new picture that shows something. */
export function pill(facts: Facts, now: number, words: FirstWords): TemplateResult {
  const { state, overBudget, black } = facts;
  const live = state === 'live';
  // Before anything is known of the stream, nothing is ready.
  const shown = state === 'idle' && !facts.stream ? 'offline' : state;
  const late = live && overBudget === true;
  const tone = late || (live && black) ? 'busy' : TONES[state];
  const figure = pillNumber(facts, now, words);
  return html`<div part="pill" class="pill ${late ? 'late' : ''}">
    <span class="mark ${tone}"></span><b>${live && black ? words.pillBlack : words.pill[shown]}</b>${
      figure === null ? nothing : html` <bdi class="number">${figure}</bdi>`
    }${late ? html`<span class="flag" aria-hidden="true">▲</span><span class="unseen">, ${words.older}</span>` : nothing}
  </div>`;
}

function pillNumber({ state, stats, lastFrameAt }: Facts, now: number, words: FirstWords): string | null {
  if (state === 'live' && stats?.latency) {
    const { totalMs, complete } = stats.latency;
    return `${complete ? '' : `${words.atLeast} `}${Math.max(1, Math.round(totalMs))} ${words.units.ms}`;
  }
  if (state === 'stalled' && lastFrameAt !== null) return duration(now - lastFrameAt, words);
  return null;
}

/**
 * What a screen reader is told once this has lasted. Nothing in it counts or measures: the same text again is not read again,
 * so neither a retry nor a figure makes it talk.
 */
export function announcement({ state, overBudget, black, problem, stream }: Facts, words: FirstWords): string {
  const error = state === 'failed' ? problem : state === 'camera-lost' ? stream?.camera?.error : undefined;
  if (error) return `${words.spoken[state]}: ${sentencesOf(error, words).message}`;
  if (state !== 'live') return words.spoken[state];
  if (black) return `${words.spoken.live}: ${words.pillBlack}`;
  return overBudget ? `${words.spoken.live}: ${words.older}` : words.spoken.live;
}
