import { html, type TemplateResult } from 'lit';
import type { Words } from '../words.js';
import { crossIcon } from './cross-icon.js';

export { shortcutsStyles as styles } from './shortcuts.styles.js';

/** The sheet of “?”, keys and gestures: a modal dialog, for which the browser itself keeps the focus inside and gives it back. */
export function shortcuts(onClose: () => void, words: Words, hasSound: boolean): TemplateResult {
  const { keys, gestures, keyActions } = words;
  const ofKeys: [pressed: string[], does: string][] = [
    [['K', keys.space], keyActions.startOrStop],
    [['F'], words.fullscreen],
    [['S'], words.statistics],
    [['C'], words.snapshot],
    [['R'], words.record],
    [['P'], words.pictureInPicture],
    ...(hasSound ? [[['M'], words.mute] as [string[], string]] : []),
    [['+'], keyActions.zoomIn],
    [['−'], keyActions.zoomOut],
    [['0'], words.wholePicture],
    [[keys.arrows], keyActions.pan],
    [['?'], words.shortcuts],
    [[keys.escape], keyActions.close],
  ];
  const ofGestures: [made: string, does: string][] = [
    [gestures.wheel, keyActions.zoom],
    [gestures.pinch, keyActions.zoom],
    [gestures.doubleClick, keyActions.enlarge],
    [gestures.drag, keyActions.pan],
  ];
  return html`<dialog part="shortcuts" class="shortcuts" aria-labelledby="shortcuts" @close=${onClose} @click=${onClick}>
    <div class="head">
      <h2 id="shortcuts">${words.shortcuts}</h2>
      <button part="close-button" class="control" type="button" title=${words.close} aria-label=${words.close} @click=${close}>
        ${crossIcon}
      </button>
    </div>
    <dl>
      ${ofKeys.map(([pressed, does]) =>
        row(
          pressed.map((key) => html`<kbd>${key}</kbd> `),
          does,
        ),
      )}
      ${ofGestures.map(([made, does]) => row(made, does))}
    </dl>
  </dialog>`;
}

const row = (name: unknown, does: string): TemplateResult => html`<div><dt>${name}</dt><dd>${does}</dd></div>`;

/** By its own method: only then the browser gives the focus back. */
function close(event: Event): void {
  (event.currentTarget as Element).closest('dialog')?.close();
}

/** A click beside it closes it: the dialog itself is hit only there, all inside it is something else. */
function onClick(event: MouseEvent): void {
  const dialog = event.currentTarget as HTMLDialogElement;
  if (event.target !== dialog) return;
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  const { clientX: x, clientY: y } = event;
  if (x < left || x > right || y < top || y > bottom) dialog.close();
}
