import { html, nothing, type TemplateResult } from 'lit';
import type { Facts } from '../../core/facts.js';
import type { Commands } from '../commands.js';
import type { Words } from '../words.js';
import type { Tool } from './tools.js';

export { menuStyles as styles } from './menu.styles.js';

export interface MenuView {
  recording: boolean;
  facts: Pick<Facts, 'media'>;
  fit: string;
  mirror: boolean;
  rotate: number;
}

/**
 * The menu of “…”: how the picture is shown, recording, and, where they have no room on the picture, the tools. A popover, so that
 * an element of any size has room for it; by hand, because a click on “…” closes it too.
 */
export function menu(
  view: MenuView,
  tools: readonly Tool[],
  on: Commands,
  close: () => void,
  words: Words,
): TemplateResult {
  const onClick = ({ target }: Event) => {
    if ((target as Element).closest('.closes')) close();
  };
  const check = (name: string, checked: boolean, run: () => void, part = '', detail: unknown = nothing, key?: string) =>
    html`<button
      part="menu-item ${part}" class="item" type="button" role="menuitemcheckbox" tabindex="-1"
      aria-checked=${checked} aria-keyshortcuts=${key ?? nothing} @click=${run}
    ><span class="tick"></span><span>${name}</span><kbd>${key ?? detail}</kbd></button>`;
  const item = (name: string, run: () => void, key: string, part = '', disabled = false) => html`<button
      part="menu-item ${part}" class="item closes" type="button" role="menuitem" tabindex="-1"
      aria-keyshortcuts=${key} ?disabled=${disabled} @click=${run}
    ><span class="tick"></span><span>${name}</span><kbd>${key.toUpperCase()}</kbd></button>`;
  return html`<div part="menu" class="menu" popover="manual" role="menu" aria-label=${words.more}
    @keydown=${onKey} @click=${onClick}>
    <div class="narrow" role="group" ?hidden=${tools.length === 0}>
      ${tools.map(({ name, key, run, disabled, pressed }) =>
        pressed === undefined
          ? item(name, run, key, '', disabled)
          : check(name, pressed, run, '', nothing, key.toUpperCase()),
      )}
      <hr />
    </div>
    ${
      typeof MediaRecorder !== 'undefined'
        ? html`${item(
            view.recording ? words.stopRecording : words.record,
            on.record,
            'r',
            'record-item',
            !view.recording && !view.facts.media,
          )}<hr />`
        : nothing
    }
    ${check(words.fill, view.fit === 'cover', on.fit, 'fit-item')}
    ${check(words.mirror, view.mirror, on.mirror, 'mirror-item')}
    <button part="menu-item rotate-item" class="item" type="button" role="menuitem" tabindex="-1" @click=${on.rotate}>
      <span class="tick"></span><span>${words.rotate}</span><kbd>${view.rotate}°</kbd>
    </button>
    <hr />
    ${item(words.shortcuts, on.shortcuts, '?', 'shortcuts-item')}
  </div>`;
}

/** Those that can be gone to: some are there only in a narrow element. */
function items(menu: Element): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLButtonElement>('.item:enabled')].filter((item) => item.offsetParent !== null);
}

function onKey(event: KeyboardEvent): void {
  const all = items(event.currentTarget as Element);
  const at = all.indexOf(event.target as HTMLElement);
  const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
  const next = to[event.key];
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  all.at(next % all.length)?.focus();
}

const GAP_PX = 4;
const EDGE_PX = 8;

/** Shows `menu` below `button`, where it does not cover the picture, or above it where there is more room. Returns the way to forget about it. */
export function open(menu: HTMLElement, button: HTMLElement, close: () => void): () => void {
  menu.showPopover();
  const { top, bottom, left, right } = button.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const { offsetWidth, offsetHeight } = menu;
  const above = top - GAP_PX - EDGE_PX;
  const below = clientHeight - bottom - GAP_PX - EDGE_PX;
  const upward = below < offsetHeight && above > below;
  const height = Math.min(offsetHeight, upward ? above : below);
  const start = getComputedStyle(button).direction === 'rtl' ? left : right - offsetWidth;
  const place = {
    left: Math.max(EDGE_PX, Math.min(start, clientWidth - EDGE_PX - offsetWidth)),
    top: upward ? top - GAP_PX - height : bottom + GAP_PX,
    'max-height': height,
  };
  for (const [name, pixels] of Object.entries(place)) menu.style.setProperty(name, `${pixels}px`);
  items(menu)[0]?.focus();
  // It stays where it is while what it belongs to moves away. What else scrolls, a log on the page, say, is nothing to it.
  const onScroll = () => {
    const now = button.getBoundingClientRect();
    if (now.top !== top || now.left !== left) close();
  };
  window.addEventListener('scroll', onScroll, { capture: true, passive: true });
  window.addEventListener('resize', close);
  return () => {
    window.removeEventListener('scroll', onScroll, { capture: true });
    window.removeEventListener('resize', close);
  };
}
