import { html, nothing, type TemplateResult } from 'lit';
import type { ErrorInfo } from '../../../protocol/viewer-errors.js';
import type { Facts } from '../../core/facts.js';
import { sentencesOf, type Words } from '../words.js';

/**
 * What there is to say about a picture that is shown, and is not what one came for. Nothing to press.
 *
 * @param allBlack what there is to say of a black one
 */
export function pictureLine(
  { state, stream, black }: Facts,
  allBlack: ErrorInfo,
  words: Words,
): TemplateResult | typeof nothing {
  const lost = stream?.camera?.error;
  if (state === 'camera-lost' && lost) return lostLine(lost, words);
  return state === 'live' && black ? line(allBlack, words) : nothing;
}

/** Why the camera is lost, in words below the picture that the sender shows instead. It returns by itself. */
function lostLine(error: ErrorInfo, words: Words): TemplateResult {
  return line(error, words, words.returnsByItself);
}

function line(error: ErrorInfo, words: Words, after?: string): TemplateResult {
  const { message, next } = sentencesOf(error, words);
  return html`<div part="lost" class="lost">
    <p><b>${message}</b> <span class="next">${next}</span></p>
    ${after ? html`<p class="returns">${after}</p>` : nothing}
  </div>`;
}
