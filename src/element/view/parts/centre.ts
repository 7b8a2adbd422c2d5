import { html, nothing, type TemplateResult } from 'lit';
import type { Facts } from '../../core/facts.js';
import { clock, rate, size } from '../format.js';
import { icons } from '../icons.js';
import { type FirstWords, sentencesOf } from '../words.js';
import { seenMode } from './modes.js';

/** The middle of the picture: what can be done, or what is being waited for. Empty while it is live. */
export function centre(
  facts: Facts,
  stream: string,
  now: number,
  start: () => void,
  words: FirstWords,
): TemplateResult | typeof nothing {
  const problem = facts.problem && sentencesOf(facts.problem, words);
  switch (facts.state) {
    case 'idle':
      return html`<div part="centre" class="centre">
        ${startButton('', start, words)}
        <p>${cameraLine(facts, words)}</p>
      </div>`;
    case 'offline':
      return html`<div part="centre" class="centre">
        <slot name="empty">
          <p class="title">${offlineTitle(facts, stream, words)}</p>
          <p>${problem?.next ?? (facts.started ? words.startsByItself : words.startToWait)}</p>
        </slot>
        ${facts.started ? nothing : startButton('alone', start, words)}
      </div>`;
    case 'connecting':
      return waiting(
        tryingLine(facts, words),
        facts.attempt > 1 ? words.tryNumber(facts.attempt) : (facts.stream?.camera?.label ?? ''),
      );
    case 'paused':
      return nothing;
    case 'stalled':
    case 'reconnecting':
      return waiting(
        facts.state === 'stalled' && facts.attempt === 0
          ? words.waitingForFrame
          : words.reconnecting(facts.attempt, secondsUntil(facts.retryAt, now)),
        [
          // While a try is under way: which step it is at.
          facts.attempt > 0 && facts.retryAt === null ? tryingLine(facts, words) : '',
          facts.lastFrameAt === null ? '' : words.lastFrame(clock(facts.lastFrameAt, words)),
        ]
          .filter((text) => text !== '')
          .join(' · '),
      );
    case 'failed':
      // Until the panel that says more is here.
      return html`<div part="centre" class="centre">
        <p class="title">${problem?.message ?? words.noReason}</p>
        <p>${problem?.next}</p>
      </div>`;
    default:
      return nothing;
  }
}

const startButton = (kind: string, start: () => void, words: FirstWords): TemplateResult =>
  html`<button part="start-button" class="start ${kind}" type="button" aria-label=${words.start} @click=${start}>
    ${icons.play}<span>${words.start}</span>
  </button>`;

const waiting = (title: string, detail: string): TemplateResult =>
  html`<div part="centre" class="centre waiting">
    <span class="spinner"></span>
    <p class="title">${title}</p>
    <p>${detail}</p>
  </div>`;

function cameraLine(facts: Facts, words: FirstWords): string | TemplateResult {
  const camera = facts.stream?.camera;
  const mode = seenMode(facts);
  if (camera?.error) return sentencesOf(camera.error, words).message;
  if (camera && mode) {
    // In a small picture the line is broken at this dot, and the dot goes.
    return html`${camera.label}<span class="between"> · </span>${size(mode)} · ${words.fps(rate(mode.fps))}`;
  }
  return facts.signalling === 'connecting' ? words.reachingServer : '';
}

function offlineTitle(facts: Facts, stream: string, words: FirstWords): string {
  if (facts.problem) return sentencesOf(facts.problem, words).message;
  if (facts.signalling === 'connected') return words.nothingStreams(facts.stream?.stream ?? stream);
  return facts.signalling === 'connecting' ? words.reachingServer : words.noServer;
}

function tryingLine(facts: Facts, words: FirstWords): string {
  const rung = facts.rungs.find(({ status }) => status === 'active');
  return rung ? words.trying[rung.name] : words.pill.connecting;
}

function secondsUntil(at: number | null, now: number): number | null {
  return at !== null && at > now ? Math.ceil((at - now) / 1000) : null;
}
