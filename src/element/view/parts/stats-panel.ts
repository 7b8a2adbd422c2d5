import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Facts, Latency, LatencyLegs } from '../../core/facts.js';
import { milliseconds, statsRows } from '../format.js';
import type { Words } from '../words.js';
import { latencyGraph, scale } from './latency-graph.js';
import { isReduced } from './modes.js';
import { qualityLine } from './quality-line.js';

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
export function statsPanel(facts: Facts, words: Words): TemplateResult {
  const latency = facts.stats?.latency ?? null;
  return html`<section part="stats" class="stats" aria-label=${words.statistics}>
    ${heading(latency, words)}
    ${isReduced(facts.quality) ? qualityLine(facts.quality, facts.stream?.camera?.mode, words) : nothing}
    ${legs(latency, words)}
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

/** Lengths as attributes, not as styles: a strict content security policy forbids the latter. */
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

function legs(latency: Latency | null, words: Words): TemplateResult {
  return html`${strip(latency)}
    <dl class="legend">
      ${LEGS.map((leg) => {
        const ms = latency?.legs[leg];
        // Few cameras tell; all others have two even rows without it.
        if (leg === 'camera' && ms === undefined) return nothing;
        return html`<div>
          <dt><i class=${leg}></i>${words.legs[leg]}</dt>
          <dd>${ms === undefined ? words.unknown : milliseconds(ms, words)}</dd>
        </div>`;
      })}
    </dl>`;
}
