import { html, nothing, type SVGTemplateResult, type TemplateResult } from 'lit';
import type { Commands } from '../commands.js';
import type { Words } from '../words.js';
import { toolIcons } from './tool-icons.js';

export interface ToolsView {
  statsOpen: boolean;
  /** There is a frame that could be saved. */
  hasPicture: boolean;
  canPictureInPicture: boolean;
  fullscreen: boolean;
  canFullscreen: boolean;
  /** Sound is heard, or not; `null` where there is none. */
  audible: boolean | null;
}

/** A tool on the picture, or in the menu where there is no room for it. What a browser cannot do is none. */
export interface Tool {
  part: string;
  name: string;
  icon: SVGTemplateResult;
  key: string;
  run: () => void;
  disabled?: boolean;
  /** For those that are on or off. */
  pressed?: boolean;
}

export function toolsOf(view: ToolsView, on: Commands, words: Words): Tool[] {
  const { hasPicture, audible, fullscreen } = view;
  const tools: (Tool | false)[] = [
    {
      part: 'stats-button',
      name: words.statistics,
      icon: toolIcons.statistics,
      key: 's',
      run: on.stats,
      pressed: view.statsOpen,
    },
    audible !== null && {
      part: 'mute-button',
      name: audible ? words.mute : words.unmute,
      icon: audible ? toolIcons.sound : toolIcons.silence,
      key: 'm',
      run: on.mute,
    },
    {
      part: 'snapshot-button',
      name: words.snapshot,
      icon: toolIcons.snapshot,
      key: 'c',
      run: on.snapshot,
      disabled: !hasPicture,
    },
    view.canPictureInPicture && {
      part: 'pip-button',
      name: words.pictureInPicture,
      icon: toolIcons.pictureInPicture,
      key: 'p',
      run: on.pictureInPicture,
      disabled: !hasPicture,
    },
    view.canFullscreen && {
      part: 'fullscreen-button',
      name: fullscreen ? words.leaveFullscreen : words.fullscreen,
      icon: fullscreen ? toolIcons.leaveFullscreen : toolIcons.fullscreen,
      key: 'f',
      run: on.fullscreen,
    },
  ];
  return tools.filter((tool) => tool !== false);
}

/** The buttons on the picture. */
export function toolRow(tools: readonly Tool[]): TemplateResult {
  return html`<div part="tools" class="tools">
    <slot name="tools"></slot>
    ${tools.map(
      ({ part, name, icon, key, run, disabled = false, pressed }) => html`<button
        part="tool ${part}" class="tool" type="button" title=${name} aria-label=${name} aria-keyshortcuts=${key}
        aria-pressed=${pressed ?? nothing} ?disabled=${disabled} @click=${run}
      >${icon}</button>`,
    )}
  </div>`;
}
