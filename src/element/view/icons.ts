import { type SVGTemplateResult, svg } from 'lit';

/* 16 × 16, drawn with the text's colour. Nothing here is read aloud: the control that carries it has a name. */

export const icon = (body: SVGTemplateResult): SVGTemplateResult => svg`<svg
  class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"
  fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"
>${body}</svg>`;

export const icons = {
  play: icon(svg`<path d="M4.75 3.2v9.6L12.75 8z" fill="currentColor"/>`),
  stop: icon(svg`<rect x="4" y="4" width="8" height="8" rx="1.5"/>`),
  more: icon(
    svg`<g fill="currentColor" stroke="none"><circle cx="3.5" cy="8" r="1.25"/><circle cx="8" cy="8" r="1.25"/><circle cx="12.5" cy="8" r="1.25"/></g>`,
  ),
  down: icon(svg`<path d="M4.75 6.5 8 9.75l3.25-3.25"/>`),
} as const;
