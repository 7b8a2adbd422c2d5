import { html, nothing, type TemplateResult } from 'lit';
import { icons } from '../icons.js';
import type { Words } from '../words.js';

export interface ToolsView {
  statsOpen: boolean;
  /** There is a frame that could be saved. */
  hasPicture: boolean;
  canPictureInPicture: boolean;
  fullscreen: boolean;
  canFullscreen: boolean;
}

export interface ToolsActions {
  toggleStats(): void;
  saveSnapshot(): void;
  togglePictureInPicture(): void;
  toggleFullscreen(): void;
}

/** The buttons on the picture. What a browser cannot do has no button. */
export function tools(view: ToolsView, actions: ToolsActions, words: Words): TemplateResult {
  const fullscreenName = view.fullscreen ? words.leaveFullscreen : words.fullscreen;
  return html`<div part="tools" class="tools">
    <button
      part="tool stats-button" class="tool" type="button" title=${words.statistics} aria-label=${words.statistics}
      aria-keyshortcuts="s" aria-pressed=${view.statsOpen} @click=${actions.toggleStats}
    >${icons.statistics}</button>
    <button
      part="tool snapshot-button" class="tool" type="button" title=${words.snapshot} aria-label=${words.snapshot}
      ?disabled=${!view.hasPicture} @click=${actions.saveSnapshot}
    >${icons.snapshot}</button>
    ${
      view.canPictureInPicture
        ? html`<button
            part="tool pip-button" class="tool" type="button" title=${words.pictureInPicture}
            aria-label=${words.pictureInPicture} ?disabled=${!view.hasPicture} @click=${actions.togglePictureInPicture}
          >${icons.pictureInPicture}</button>`
        : nothing
    }
    ${
      view.canFullscreen
        ? html`<button
            part="tool fullscreen-button" class="tool" type="button" title=${fullscreenName}
            aria-label=${fullscreenName} aria-keyshortcuts="f" @click=${actions.toggleFullscreen}
          >${view.fullscreen ? icons.leaveFullscreen : icons.fullscreen}</button>`
        : nothing
    }
  </div>`;
}
