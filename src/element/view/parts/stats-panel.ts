import { html, nothing, type TemplateResult } from 'lit';
import { styleMap } from 'lit/directives/style-map.js';
import type { Facts, Latency, LatencyLegs } from '../../core/facts.js';
import { milliseconds, statsRows } from '../format.js';
import type { Words } from '../words.js';
import { latencyGraph, scale } from './latency-graph.js';

const LEGS = ['camera', 'encode', 'network', 'buffer', 'decode', 'display'] as const satisfies (keyof LatencyLegs)[];

/** The instrument on the picture: latency and where it goes, its last minute, and the figures of the connection. */
export function statsPanel(facts: Facts, words: Words): TemplateResult {
  const latency = facts.stats?.latency ?? null;
  return html`<section part="stats" class="stats" aria-label=${words.statistics}>
    ${heading(latency, words)} ${legs(latency, words)}
    <div class="minute">
      ${latencyGraph(facts.latencyHistory, words)}
      <span class="scale" aria-hidden="true">${scale(facts.latencyHistory)} ${words.units.ms}</span>
    </div>
    <dl class="rows">
      ${statsRows(facts.stats, words).map(
        ({ key, figure }) => html`<div class="row ${key}">
          <dt>${words.stats[key]}</dt>
          <dd>${figure.value}${figure.unit ? html` <small>${figure.unit}</small>` : nothing}</dd>
        </div>`,
      )}
    </dl>
  </section>`;
}

/** "Glass" is said only where the camera's own part was measured too. */
function heading(latency: Latency | null, words: Words): TemplateResult {
  const fromGlass = latency?.complete === true && latency.legs.camera !== undefined;
  return html`<p class="heading">
    <b>${fromGlass ? words.glassToScreen : words.captureToScreen}</b>
    <span class="total">
      ${latency && !latency.complete ? html`<abbr title=${words.atLeastLong}>${words.atLeast}</abbr>` : nothing}
      <strong>${latency ? milliseconds(latency.totalMs, words) : words.unknown}</strong>
      <small>${words.units.ms}</small>
    </span>
  </p>`;
}

function legs(latency: Latency | null, words: Words): TemplateResult {
  return html`<div class="strip" aria-hidden="true">
      ${LEGS.map((leg) => {
        const ms = latency?.legs[leg];
        return ms === undefined ? nothing : html`<i class=${leg} style=${styleMap({ flexGrow: String(ms) })}></i>`;
      })}
    </div>
    <dl class="legend">
      ${LEGS.map((leg) => {
        const ms = latency?.legs[leg];
        return html`<div>
          <dt><i class=${leg}></i>${words.legs[leg]}</dt>
          <dd>${ms === undefined ? words.unknown : milliseconds(ms, words)}</dd>
        </div>`;
      })}
    </dl>`;
}
