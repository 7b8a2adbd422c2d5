import { html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Mode } from '../../../protocol/index.js';
import type { Facts } from '../../core/facts.js';
import { rate, size } from '../format.js';
import { icons } from '../icons.js';
import type { Words } from '../words.js';
import { choices, modeOfSize, ratesOf, sameMode, sameSize, seenMode, shortName, sizesOf } from './modes.js';
import type { Tone } from './pill.js';

export interface BarActions {
  start(): void;
  stop(): void;
  setMode(mode: Mode): void;
  toggleMore(): void;
}

/** The row below the picture: start and stop, resolution, frame rate, and the two connection states. */
export function bar(
  facts: Facts,
  more: { open: boolean; disabled: boolean },
  actions: BarActions,
  words: Words,
): TemplateResult {
  return html`<div part="bar" class="bar">
    ${startStop(facts, actions, words)} ${selectors(facts, actions, words)}
    <div class="indicators">
      ${indicator('ice', words.ice, facts.ice, facts, words)}
      ${indicator('connection', words.connection, facts.connection, facts, words)}
    </div>
    <button
      part="more-button" class="control more" type="button" title=${words.more} aria-label=${words.more}
      aria-expanded=${more.open} ?disabled=${more.disabled} @click=${actions.toggleMore}
    >${icons.more}</button>
  </div>`;
}

/** An unseen face with the longer word keeps the button's width, so the selectors never move. */
function startStop(facts: Facts, actions: BarActions, words: Words): TemplateResult {
  const { started } = facts;
  const startFace = html`${icons.play}<span class="long">${words.start}</span
    ><span class="short">${words.startShort}</span>`;
  return html`<button
    part="toggle-button" class="control toggle ${started ? '' : 'primary'}" type="button"
    aria-label=${started ? words.stop : words.start} @click=${started ? actions.stop : actions.start}
  >
    <span class="face ghost" aria-hidden="true">${startFace}</span>
    <span class="face" aria-hidden="true">${started ? html`${icons.stop}<span>${words.stop}</span>` : startFace}</span>
  </button>`;
}

/** The seen mode is the one selected: a choice only asks, and stays marked as pending until its frames are here. */
function selectors(facts: Facts, actions: BarActions, words: Words): TemplateResult {
  const modes = choices(facts);
  const seen = seenMode(facts);
  const pending = facts.pendingMode;
  // A second wish builds on the first, seen or not.
  const wished = pending ?? seen;
  const { notice } = facts.stream?.camera ?? {};
  const fullName = (mode: Mode) => `${size(mode)}, ${words.fps(rate(mode.fps))}`;
  // Nobody could carry a choice out.
  const disabled = facts.stream?.online !== true || modes.length === 0;
  return html`
    ${selector({
      part: 'resolution',
      name: words.resolution,
      options: sizesOf(modes).map((of) => ({
        text: size(of),
        selected: seen !== null && sameSize(of, seen),
        choose: () => actions.setMode(modeOfSize(modes, of, wished?.fps ?? 30)),
      })),
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
        choose: () => wished && actions.setMode({ ...wished, fps }),
      })),
      pending: pending && seen && pending.fps !== seen.fps ? words.pending(words.fps(rate(pending.fps))) : null,
      notice,
      disabled,
      words,
    })}
    ${selector({
      part: 'mode',
      name: words.mode,
      options: sizesOf(modes)
        .flatMap((of) => ratesOf(modes, of).map((fps) => ({ ...of, fps })))
        .map((mode) => ({
          text: shortName(mode, modes),
          selected: seen !== null && sameMode(mode, seen),
          choose: () => actions.setMode(mode),
        })),
      pending: pending ? words.pending(fullName(pending)) : null,
      notice,
      disabled,
      words,
    })}
  `;
}

interface Selector {
  part: 'resolution' | 'fps' | 'mode';
  name: string;
  options: readonly { text: string; selected: boolean; choose(): void }[];
  /** What is being waited for, in words; `null` when nothing is. */
  pending: string | null;
  /** Why it is not what was asked for. */
  notice: string | undefined;
  disabled: boolean;
  words: Words;
}

function selector({ part, name, options, pending, notice, disabled, words }: Selector): TemplateResult {
  const choose = (event: Event) => options[(event.target as HTMLSelectElement).selectedIndex]?.choose();
  return html`<label class="selector ${part}" title=${pending ?? notice ?? name}>
    <select
      part="select ${part}-select" class="control" aria-label=${name} aria-busy=${pending !== null}
      ?disabled=${disabled} @change=${choose}
    >
      ${
        options.length === 0
          ? html`<option>${words.unknown}</option>`
          : options.map(({ text, selected }) => html`<option .selected=${live(selected)}>${text}</option>`)
      }
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
  words: Words,
): TemplateResult {
  const own = (said && INDICATOR_TONES[said]) ?? 'none';
  const silent = state === 'idle' || state === 'offline' || (state === 'failed' && own === 'good');
  const word = (silent ? null : said) ?? words.unknown;
  const tone = silent ? 'none' : own;
  return html`<span part="indicator ${part}-indicator" class="indicator" title="${label} ${word}">
    <span class="mark ${tone}"></span><span class="label">${label}</span> <b class="word">${word}</b>
  </span>`;
}
