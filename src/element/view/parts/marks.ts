import { html, nothing, type TemplateResult } from 'lit';
import type { Commands } from '../commands.js';
import { number } from '../format.js';
import type { Words } from '../words.js';

export interface MarksView {
  /** When the recording began, in Unix ms; `null` while nothing is recorded. */
  recordingSince: number | null;
  scale: number;
}

/** What else is true of the picture, beside the pill; a press ends it. */
export function marks({ recordingSince, scale }: MarksView, now: number, on: Commands, words: Words): TemplateResult {
  return html`${
    recordingSince === null
      ? nothing
      : html`<button
          part="mark recording-mark" class="chip" type="button" title=${words.stopRecording}
          aria-label=${words.stopRecording} @click=${on.record}
        ><span class="rec"></span><span class="number">${elapsed(now - recordingSince)}</span></button>`
  }${
    scale === 1
      ? nothing
      : html`<button
          part="mark zoom-mark" class="chip" type="button" title=${words.wholePicture}
          aria-label=${words.wholePicture} @click=${on.resetView}
        ><span class="number">${number(scale, 1, words.locale)}\u00a0×</span></button>`
  }`;
}

/** "0:07", "12:34", "1:02:03". */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}
