import type { Commands } from '../commands.js';

/** What each key does while the element has the focus. */
const KEYS: Record<string, (commands: Commands) => void> = {
  k: (on) => on.toggle(),
  ' ': (on) => on.toggle(),
  f: (on) => on.fullscreen(),
  s: (on) => on.stats(),
  c: (on) => on.snapshot(),
  r: (on) => on.record(),
  p: (on) => on.pictureInPicture(),
  m: (on) => on.mute(),
  '+': (on) => on.zoomBy(STEP),
  '=': (on) => on.zoomBy(STEP),
  '-': (on) => on.zoomBy(1 / STEP),
  '0': (on) => on.resetView(),
  '?': (on) => on.shortcuts(),
};
const ARROWS: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
/** Four presses are four times as large. */
const STEP = Math.SQRT2;

/** Does what the key says; a key that means something to the thing that has the focus is left to it. */
export function obey(event: KeyboardEvent, target: HTMLElement, commands: Commands, zoomed: boolean): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.isContentEditable || target.matches('input, textarea, select')) return;
  const arrow = ARROWS[event.key];
  if (arrow && zoomed) commands.pan(...arrow);
  else {
    const command = KEYS[nameOf(event)];
    const repeats = event.key === '+' || event.key === '-';
    if (!command || (event.repeat && !repeats)) return;
    if (event.key === ' ' && target.matches('button, a, summary, [role]:not([role=region])')) return;
    command(commands);
  }
  // The page would scroll, or look for the letter.
  event.preventDefault();
}

/** On a keyboard of another script the letter at the same place. */
function nameOf({ key, code }: KeyboardEvent): string {
  return (key.length === 1 && key > '~' && code.startsWith('Key') ? code.slice(3) : key).toLowerCase();
}
