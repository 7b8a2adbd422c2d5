import { html, nothing, type TemplateResult } from 'lit';
import type { Mode } from '../../../protocol/index.js';
import type { Facts } from '../../core/facts.js';
import type { BarCommands } from '../commands.js';
import { rate, size } from '../format.js';
import { icons } from '../icons.js';
import type { FirstWords } from '../words.js';
import {
  choices,
  missingRates,
  modeOfSize,
  ratesOf,
  sameMode,
  sameSize,
  seenMode,
  shortName,
  sizesOf,
} from './modes.js';
import type { Tone } from './pill.js';

/** The row below the picture: start and stop, resolution, frame rate, the two connection states, and the menu. */
export function bar(facts: Facts, moreOpen: boolean, on: BarCommands, words: FirstWords): TemplateResult {
  return html`<div part="bar" class="bar">
    ${startStop(facts, on, words)} ${selectors(facts, on, words)}
    <div class="indicators">
      ${indicator('ice', words.ice, facts.ice, facts, words)}
      ${indicator('connection', words.connection, facts.connection, facts, words)}
    </div>
    <slot name="controls"></slot>
    <button
      part="more-button" class="control more" type="button" title=${words.more} aria-label=${words.more}
      aria-haspopup="menu" aria-expanded=${moreOpen} @mousedown=${keepFocus} @click=${on.more}
    >${icons.more}</button>
  </div>`;
}

/** An open menu would close because it lost the focus, and open again with the click that is to close it. */
const keepFocus = (event: Event) => event.preventDefault();

/** An unseen face with the longer word keeps the button's width, so the selectors never move. */
function startStop({ started }: Facts, on: BarCommands, words: FirstWords): TemplateResult {
  const startFace = html`${icons.play}<span class="long">${words.start}</span
    ><span class="short">${words.startShort}</span>`;
  return html`<button
    part="toggle-button" class="control toggle ${started ? '' : 'primary'}" type="button"
    aria-label=${started ? words.stop : words.start} @click=${on.toggle}
  >
    <span class="face ghost" aria-hidden="true">${startFace}</span>
    <span class="face" aria-hidden="true">${started ? html`${icons.stop}<span>${words.stop}</span>` : startFace}</span>
  </button>`;
}

/** The seen mode is the one selected: a choice only asks, and stays marked as pending until its frames are here. */
function selectors(facts: Facts, on: BarCommands, words: FirstWords): TemplateResult {
  const modes = choices(facts);
  const seen = seenMode(facts);
  const pending = facts.pendingMode;
  // A second wish builds on the first, seen or not.
  const wished = pending ?? seen;
  const { notice } = facts.stream?.camera ?? {};
  const fullName = (mode: Mode) => `${size(mode)}, ${words.fps(rate(mode.fps))}`;
  // Nobody could carry a choice out.
  const disabled = facts.stream?.online !== true || modes.length === 0;
  const sizes = sizesOf(modes);
  const lackOf = (of: Size, name: (mode: Mode) => string): Lack => ({
    reason: whyNot(modes, of, words),
    names: missingRates(modes, of).map((fps) => name({ ...of, fps })),
  });
  // What a camera that says nothing of its modes sends all the same.
  const shown = facts.shownSize ? size(facts.shownSize) : words.unknown;
  return html`
    ${selector({
      part: 'resolution',
      name: words.resolution,
      options: sizes.map((of) => ({
        text: size(of),
        selected: seen !== null && sameSize(of, seen),
        choose: () => on.setMode(modeOfSize(modes, of, wished?.fps ?? 30)),
      })),
      none: shown,
      pending: pending && seen && !sameSize(pending, seen) ? words.pending(size(pending)) : null,
      notice,
      disabled,
      words,
    })}
    ${selector({
      part: 'fps',
      name: words.frameRate,
      options: (seen ? ratesOf(modes, seen) : []).map((fps) => ({
        text: words.fps(rate(fps)),
        selected: fps === seen?.fps,
        choose: () => wished && on.setMode({ ...wished, fps }),
      })),
      lacks: seen ? [lackOf(seen, ({ fps }) => words.fps(rate(fps)))] : [],
      pending: pending && seen && pending.fps !== seen.fps ? words.pending(words.fps(rate(pending.fps))) : null,
      notice,
      disabled,
      words,
    })}
    ${selector({
      part: 'mode',
      name: words.mode,
      options: sizes
        .flatMap((of) => ratesOf(modes, of).map((fps) => ({ ...of, fps })))
        .map((mode) => ({
          text: shortName(mode, modes),
          selected: seen !== null && sameMode(mode, seen),
          choose: () => on.setMode(mode),
        })),
      lacks: sizes.map((of) => lackOf(of, (mode) => shortName(mode, modes))),
      none: shown,
      pending: pending ? words.pending(fullName(pending)) : null,
      notice,
      disabled,
      words,
    })}
  `;
}

/** Why the camera has no more rates of this size than it has. */
function whyNot(modes: readonly Mode[], of: Size, words: FirstWords): string {
  const rates = ratesOf(modes, of);
  const name = (fps: number) => words.fps(rate(fps));
  const fastest = rates[0] ?? 0;
  return missingRates(modes, of).every((fps) => fps > fastest)
    ? words.onlyUpTo(size(of), name(fastest))
    : words.onlyAt(size(of), rates.map(name).join(', '));
}

type Size = Pick<Mode, 'width' | 'height'>;

/** What cannot be chosen, and why. */
interface Lack {
  reason: string;
  names: readonly string[];
}

interface Selector {
  part: 'resolution' | 'fps' | 'mode';
  name: string;
  options: readonly { text: string; selected: boolean; choose(): void }[];
  lacks?: readonly Lack[];
  /** Stands there where there is no option. */
  none?: string;
  /** What is being waited for, in words; `null` when nothing is. */
  pending: string | null;
  /** Why it is not what was asked for. */
  notice: string | undefined;
  disabled: boolean;
  words: FirstWords;
}

function selector({
  part,
  name,
  options,
  lacks = [],
  none,
  pending,
  notice,
  disabled,
  words,
}: Selector): TemplateResult {
  const choose = ({ target }: Event) => {
    const select = target as HTMLSelectElement;
    const chosen = options[select.selectedIndex];
    // Back to what is seen, whatever comes of the wish.
    select.selectedIndex = Math.max(
      0,
      options.findIndex(({ selected }) => selected),
    );
    chosen?.choose();
  };
  return html`<label class="selector ${part}" title=${pending ?? notice ?? name}>
    <select
      part="select ${part}-select" class="control" aria-label=${name} aria-busy=${pending !== null}
      ?disabled=${disabled} @change=${choose}
    >
      ${
        options.length === 0
          ? html`<option>${none ?? words.unknown}</option>`
          : options.map(({ text, selected }) => html`<option .selected=${selected}>${text}</option>`)
      }
      ${lacks.map(({ reason, names }) =>
        names.length === 0
          ? nothing
          : html`<optgroup label=${reason} disabled>${names.map((text) => html`<option>${text}</option>`)}</optgroup>`,
      )}
    </select>
    ${pending === null ? icons.down : html`<span class="busy-mark"></span><span class="unseen">${pending}</span>`}
  </label>`;
}

const INDICATOR_TONES: Partial<Record<RTCPeerConnectionState | RTCIceConnectionState, Tone>> = {
  checking: 'busy',
  connecting: 'busy',
  disconnected: 'busy',
  connected: 'good',
  completed: 'good',
  failed: 'bad',
};

/**
 * A peer connection goes on calling itself connected for seconds after the other side has died. Where nothing streams it is
 * not asked, and where there is no picture only for what is wrong.
 */
function indicator(
  part: 'ice' | 'connection',
  label: string,
  said: RTCPeerConnectionState | RTCIceConnectionState | null,
  { state }: Facts,
  words: FirstWords,
): TemplateResult {
  const own = (said && INDICATOR_TONES[said]) ?? 'none';
  const silent = state === 'idle' || state === 'offline' || (state === 'failed' && own === 'good');
  const word = silent || !said ? words.unknown : words.connectionStates[said];
  const tone = silent ? 'none' : own;
  return html`<span part="indicator ${part}-indicator" class="indicator" title="${label} ${word}">
    <span class="mark ${tone}"></span><span class="label">${label}</span> <b class="word">${word}</b>
  </span>`;
}
