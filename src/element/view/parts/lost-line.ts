import { html, type TemplateResult } from 'lit';
import type { ErrorInfo } from '../../../protocol/errors.js';
import type { Words } from '../words.js';

/** Why the camera is lost, in words below the picture that the sender shows instead. Nothing to press: it returns by itself. */
export function lostLine({ message, next }: ErrorInfo, words: Words): TemplateResult {
  return html`<div part="lost" class="lost">
    <p><b>${message}</b> <span class="next">${next}</span></p>
    <p class="returns">${words.returnsByItself}</p>
  </div>`;
}
