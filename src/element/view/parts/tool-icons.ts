import { svg } from 'lit';
import { icon } from '../icons.js';

/** Those of the tools: they come with them. */
export const toolIcons = {
  statistics: icon(svg`<path d="M2.5 13.5h11M4.5 11V8.5M8 11V3M11.5 11V6"/>`),
  snapshot: icon(
    svg`<path d="M2 5.5c0-.6.4-1 1-1h2L6.2 3h3.6L11 4.5h2c.6 0 1 .4 1 1V12c0 .6-.4 1-1 1H3c-.6 0-1-.4-1-1z"/><circle cx="8" cy="8.5" r="2.25"/>`,
  ),
  pictureInPicture: icon(
    svg`<rect x="2" y="3.25" width="12" height="9.5" rx="1.25"/><rect x="8.25" y="7.75" width="3.5" height="2.75" rx=".5" fill="currentColor" stroke-width="1"/>`,
  ),
  fullscreen: icon(svg`<path d="M2.75 6V2.75H6M10 2.75h3.25V6M13.25 10v3.25H10M6 13.25H2.75V10"/>`),
  leaveFullscreen: icon(svg`<path d="M6 2.75V6H2.75M13.25 6H10V2.75M10 13.25V10h3.25M2.75 10H6v3.25"/>`),
  sound: icon(
    svg`<path d="M2.5 6.25v3.5h2.25L8 12.5v-9L4.75 6.25zM10.5 6a2.8 2.8 0 0 1 0 4M12.25 4.25a5.3 5.3 0 0 1 0 7.5"/>`,
  ),
  silence: icon(svg`<path d="M2.5 6.25v3.5h2.25L8 12.5v-9L4.75 6.25zM10.75 6.25l3.5 3.5m0-3.5-3.5 3.5"/>`),
} as const;
