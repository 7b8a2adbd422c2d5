import { type SVGTemplateResult, svg } from 'lit';

/* 16 × 16, drawn with the text's colour. Nothing here is read aloud: the control that carries it has a name. */

const icon = (body: SVGTemplateResult): SVGTemplateResult => svg`<svg
  class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"
  fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"
>${body}</svg>`;

export const icons = {
  play: icon(svg`<path d="M4.75 3.2v9.6L12.75 8z" fill="currentColor"/>`),
  stop: icon(svg`<rect x="4" y="4" width="8" height="8" rx="1.5"/>`),
  statistics: icon(svg`<path d="M2.5 13.5h11M4.5 11V8.5M8 11V3M11.5 11V6"/>`),
  snapshot: icon(
    svg`<path d="M2 5.5c0-.6.4-1 1-1h2L6.2 3h3.6L11 4.5h2c.6 0 1 .4 1 1V12c0 .6-.4 1-1 1H3c-.6 0-1-.4-1-1z"/><circle cx="8" cy="8.5" r="2.25"/>`,
  ),
  pictureInPicture: icon(
    svg`<rect x="2" y="3.25" width="12" height="9.5" rx="1.25"/><rect x="8.25" y="7.75" width="3.5" height="2.75" rx=".5" fill="currentColor" stroke-width="1"/>`,
  ),
  fullscreen: icon(svg`<path d="M2.75 6V2.75H6M10 2.75h3.25V6M13.25 10v3.25H10M6 13.25H2.75V10"/>`),
  leaveFullscreen: icon(svg`<path d="M6 2.75V6H2.75M13.25 6H10V2.75M10 13.25V10h3.25M2.75 10H6v3.25"/>`),
  more: icon(
    svg`<g fill="currentColor" stroke="none"><circle cx="3.5" cy="8" r="1.25"/><circle cx="8" cy="8" r="1.25"/><circle cx="12.5" cy="8" r="1.25"/></g>`,
  ),
  down: icon(svg`<path d="M4.75 6.5 8 9.75l3.25-3.25"/>`),
  cross: icon(svg`<path d="m5 5 6 6m0-6-6 6"/>`),
} as const;
