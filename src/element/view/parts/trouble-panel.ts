import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Facts } from '../../core/facts.js';
import { icon } from '../icons.js';
import { sentencesOf, type Words } from '../words.js';
import { crossIcon } from './cross-icon.js';

export interface TroubleActions {
  retry(): void;
  copyReport(): void;
}

/** What became of the last press of "Copy report"; `null` when that is a while ago. */
export type CopyOutcome = 'copied' | 'failed' | null;

/** In place of the words of "Copy report" where they have no room. */
const COPY_ICONS = {
  none: icon(svg`<rect x="5.5" y="5.5" width="7.5" height="8" rx="1"/><path d="M10.5 3.5v-1h-7v8h1"/>`),
  copied: icon(svg`<path d="m3.5 8.5 3 3 6-7"/>`),
  failed: crossIcon,
};

/** How far a try has come, for the eye alone: the words in the middle say which step it is at. */
export function ladder(rungs: Facts['rungs']): TemplateResult {
  return html`<div class="ladder" aria-hidden="true">${rungs.map(({ status }) => html`<i class=${status}></i>`)}</div>`;
}

/**
 * Why there is no picture: a sentence, what was seen, what to do, how far it came, and a way on.
 *
 * @param now for the time until the next try, where one is planned
 */
export function troublePanel(
  { problem, rungs, retryAt }: Facts,
  copy: CopyOutcome,
  actions: TroubleActions,
  words: Words,
  now = Date.now(),
): TemplateResult {
  const { message, next } = problem ? sentencesOf(problem, words) : { message: words.noReason, next: '' };
  const copyWord = copy === 'copied' ? words.copied : copy === 'failed' ? words.copyFailed : words.copyReport;
  const inSeconds = retryAt !== null && retryAt > now ? Math.ceil((retryAt - now) / 1000) : null;
  return html`<section part="trouble" class="trouble" aria-label=${words.whyNoPicture}>
    <div class="said" tabindex="0">
      <p class="title">${message}</p>
      ${problem?.seen ? html`<p class="seen" lang="en" dir="auto">${problem.seen}</p>` : nothing}
      ${next ? html`<p class="next">${next}</p>` : nothing}
      <slot name="error"></slot>
    </div>
    <ol part="rungs" class="rungs" aria-label=${words.steps}>
      ${rungs.map(
        ({ name, status }) => html`<li class=${status}>
          <i>${status === 'broken' ? crossIcon : nothing}</i>
          <span class="name">${words.rungs[name]}</span><span class="unseen">: ${words.rungStatus[status]}</span>
        </li>`,
      )}
    </ol>
    <div class="ways">
      <button part="retry-button" class="retry" type="button" @click=${actions.retry}>${words.retry}</button>
      <button
        part="report-button" class="report" type="button" title=${copyWord} data-widest=${words.copyReport}
        @click=${actions.copyReport}
      ><span>${copyWord}</span>${COPY_ICONS[copy ?? 'none']}</button>
      ${problem ? html`<code class="code" dir="ltr">${problem.code}</code>` : nothing}
      ${inSeconds === null ? nothing : html`<span class="soon">${words.retryIn(inSeconds)}</span>`}
    </div>
  </section>`;
}
