import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Facts, Latency, LatencyLegs } from '../../core/facts.js';
import { milliseconds, number } from '../format.js';
import type { Words } from '../words.js';
import { latencyGraph, scale } from './latency-graph.js';
import { isReduced } from './modes.js';
import { qualityLine } from './quality-line.js';
import { statsRows } from './stats-panel-rows.js';

const LEGS = [
  'camera',
  'encode',
  'send',
  'network',
  'buffer',
  'decode',
  'display',
] as const satisfies (keyof LatencyLegs)[];

/** The instrument on the picture: latency and where it goes, its last minute, and the figures of the connection. */
export function statsPanel(facts: Facts, words: Words, budgetMs: number | null = null): TemplateResult {
  // How old the last frame was when it came is no news once it stands still.
  const latency = facts.state === 'live' ? (facts.stats?.latency ?? null) : null;
  return html`<section part="stats" class="stats" aria-label=${words.statistics}>
    ${heading(latency, facts.overBudget === true, words)} ${budgetLine(facts.overBudget, budgetMs, words)}
    ${missingLine(latency, words)}
    ${isReduced(facts.quality) ? qualityLine(facts.quality, facts.stream?.camera?.mode, words) : nothing}
    ${strip(latency)} ${legend(latency, words)}
    <div class="minute">
      ${latencyGraph(facts.latencyHistory, budgetMs, words)}
      <span class="caption" aria-hidden="true">
        <span>${words.lastMinute}</span><bdi>${scale(facts.latencyHistory, budgetMs)} ${words.units.ms}</bdi>
      </span>
    </div>
    <dl class="rows">
      ${statsRows(facts, words).map(
        ({ key, figure }) => html`<div class="row ${key}">
          <dt>${words.stats[key]}</dt>
          <dd><bdi>${figure.value}${figure.unit ? html` <small>${figure.unit}</small>` : nothing}</bdi></dd>
        </div>`,
      )}
    </dl>
  </section>`;
}

/** "Glass" is said only where the camera's own part was measured too. */
function heading(latency: Latency | null, over: boolean, words: Words): TemplateResult {
  const fromGlass = latency?.complete === true && latency.legs.camera !== undefined;
  return html`<p class="heading">
    <b>${fromGlass ? words.glassToScreen : words.captureToScreen}</b>
    <bdi class="total ${over ? 'over' : ''}">
      ${over ? html`<span class="flag" aria-hidden="true">▲</span>` : nothing}
      ${latency && !latency.complete ? html`<abbr title=${words.atLeastLong}>${words.atLeast}</abbr>` : nothing}
      <strong>${latency ? milliseconds(latency.totalMs, words) : words.unknown}</strong>
      <small>${words.units.ms}</small>
    </bdi>
  </p>`;
}

/** There with the budget, not only when it is exceeded: nothing moves when that happens. */
function budgetLine(over: boolean | null, budgetMs: number | null, words: Words): TemplateResult | typeof nothing {
  if (budgetMs === null) return nothing;
  const budget = `${number(budgetMs, 0, words.locale)} ${words.units.ms}`;
  return html`<p class="hint budget ${over ? 'over' : ''}">
    ${over ? words.overBudget(budget) : words.withinBudget(budget)}
  </p>`;
}

/** Why it is "at least". */
function missingLine(latency: Latency | null, words: Words): TemplateResult | typeof nothing {
  if (!latency || latency.complete) return nothing;
  const missing = LEGS.filter((leg) => latency.legs[leg] === undefined).map((leg) => words.legs[leg]);
  const list = new Intl.ListFormat(words.locale, { style: 'narrow' });
  return missing.length === 0
    ? nothing
    : html`<p class="hint missing" title=${words.atLeastLong}>${words.notMeasured(list.format(missing))}</p>`;
}

/** From the camera at the left to the screen at the right. Lengths as attributes: a strict content security policy forbids styles. */
function strip(latency: Latency | null): TemplateResult {
  const measured = LEGS.map((leg) => ({ leg, ms: latency?.legs[leg] ?? 0 })).filter(({ ms }) => ms > 0);
  const totalMs = measured.reduce((sum, { ms }) => sum + ms, 0);
  let at = 0;
  return html`<svg class="strip" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
    ${measured.map(({ leg, ms }) => {
      const x = at;
      at += (100 * ms) / totalMs;
      return svg`<rect class=${leg} x=${x} y="0" width=${Math.max(0, at - x - 0.4)} height="1" />`;
    })}
  </svg>`;
}

/** Some camera of this page has told its own part: its place stays while that is not known. */
let cameraTells = false;

function legend(latency: Latency | null, words: Words): TemplateResult {
  cameraTells ||= latency?.legs.camera !== undefined;
  return html`<dl class="legend">
    ${LEGS.map((leg) => {
      const ms = latency?.legs[leg];
      // Few cameras tell; all others have two even rows without it.
      if (leg === 'camera' && !cameraTells) return nothing;
      return html`<div>
        <dt><i class=${leg}></i>${words.legs[leg]}</dt>
        <dd>${ms === undefined ? words.unknown : milliseconds(ms, words)}</dd>
      </div>`;
    })}
  </dl>`;
}
