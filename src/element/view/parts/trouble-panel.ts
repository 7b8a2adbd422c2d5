import { html, nothing, type TemplateResult } from 'lit';
import type { Facts } from '../../core/facts.js';
import { icons } from '../icons.js';
import type { Words } from '../words.js';

export interface TroubleActions {
  retry(): void;
  copyReport(): void;
}

/** What became of the last press of "Copy report"; `null` when that is a while ago. */
export type CopyOutcome = 'copied' | 'failed' | null;

/** Why there is no picture: a sentence, what to do, how far it came, and a way on. */
export function troublePanel(facts: Facts, copy: CopyOutcome, actions: TroubleActions, words: Words): TemplateResult {
  const { problem } = facts;
  const copyWord = copy === 'copied' ? words.copied : copy === 'failed' ? words.copyFailed : words.copyReport;
  return html`<section part="trouble" class="trouble" aria-label=${words.pill.failed}>
    <div class="said" tabindex="0">
      <p class="title">${problem?.message ?? words.noReason}</p>
      ${problem?.next ? html`<p class="next">${problem.next}</p>` : nothing}
    </div>
    <ol part="rungs" class="rungs" aria-label=${words.steps}>
      ${facts.rungs.map(
        ({ name, status }) => html`<li class=${status}>
          <i>${status === 'broken' ? icons.cross : nothing}</i>
          <span class="name">${words.rungs[name]}</span><span class="unseen">: ${words.rungStatus[status]}</span>
        </li>`,
      )}
    </ol>
    <div class="ways">
      <button part="retry-button" class="retry" type="button" @click=${actions.retry}>${words.retry}</button>
      <button part="report-button" class="report" type="button" @click=${actions.copyReport}>${copyWord}</button>
    </div>
  </section>`;
}
