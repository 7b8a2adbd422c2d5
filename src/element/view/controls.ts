import type { PropertyValues } from 'lit';
import type { Facts } from '../core/facts.js';
import type { BarCommands } from './commands.js';
import type { Teller } from './events.js';
import { Lazy } from './lazy.js';
import type { Deeds, Means } from './parts/deeds.js';
import type { CopyOutcome } from './parts/trouble-panel.js';
import { Countdown, Ticker } from './timers.js';
import type { WebRTCPreviewElement } from './webrtc-preview.js';
import { type FirstWords, sentencesOf, type Words } from './words.js';

/** The tools leave the picture when nobody has moved for this long. */
const TOOLS_STAY_MS = 2_500;
const COPIED_STAYS_MS = 2_000;
/** Long enough to read a sentence; then the picture is clear again. */
const NOTE_STAYS_MS = 8_000;
const SECOND_MS = 1_000;

/** What the controls may see of the element beyond what everybody may. */
export interface Inside {
  video(): HTMLVideoElement | null;
  words(): Words;
}

/** What is there of the controls from the first moment, and when the rest is fetched. */
export class Controls {
  readonly #host: WebRTCPreviewElement;
  readonly #inside: Inside;
  readonly #means: Means;
  readonly #onPicture: Lazy<typeof import('./parts/on-picture.js')>;
  readonly trouble: Lazy<typeof import('./parts/trouble.js')>;
  readonly statistics: Lazy<typeof import('./parts/statistics.js')>;
  readonly #awake: Countdown;
  readonly #noteStays: Countdown;
  readonly #copied: Countdown;
  #deeds: Deeds | undefined;
  #note: string | null = null;
  copy: CopyOutcome = null;

  constructor(host: WebRTCPreviewElement, teller: Teller, inside: Inside) {
    this.#host = host;
    this.#inside = inside;
    this.#onPicture = new Lazy(host, () => import('./parts/on-picture.js'));
    this.trouble = new Lazy(host, () => import('./parts/trouble.js'));
    this.statistics = new Lazy(host, () => import('./parts/statistics.js'));
    this.#means = {
      get video() {
        return inside.video();
      },
      get words() {
        return inside.words();
      },
      menu: new Lazy(host, () => import('./parts/menu.js')),
      shortcuts: new Lazy(host, () => import('./parts/shortcuts.js')),
      recorder: new Lazy(host, () => import('./parts/recorder.js')),
      sound: new Lazy(host, () => import('./parts/sound.js')),
      say: (note) => this.#say(note),
      send: (name, detail) => teller.send(name, detail),
    };
    this.#awake = new Countdown(host, TOOLS_STAY_MS);
    this.#noteStays = new Countdown(host, NOTE_STAYS_MS);
    this.#copied = new Countdown(host, COPIED_STAYS_MS, () => {
      this.copy = null;
    });
    new Ticker(host, SECOND_MS, () => host.recording);
  }

  /** Once they are here. */
  get deeds(): Deeds | undefined {
    const { part } = this.#onPicture;
    if (part) this.#deeds ??= new part.Deeds(this.#host, this.#means);
    return this.#deeds;
  }

  async need(): Promise<Deeds> {
    await this.#onPicture.need();
    return this.deeds as Deeds;
  }

  /** At once where that is possible. Where it is not possible at all, the person hears why nothing happens. */
  with(act: (deeds: Deeds) => void): void {
    if (this.deeds) act(this.deeds);
    else this.#tell(this.need().then(act));
  }

  /** Somebody is using the element, or was a moment ago. */
  get awake(): boolean {
    return this.#awake.running || this.menuOpen;
  }

  get menuOpen(): boolean {
    return this.#deeds?.menu.isOpen ?? false;
  }

  /** A short message on the picture: the element's own, or the last one of the facts. */
  get note(): string | null {
    return this.#noteStays.running ? (this.#note ?? noteOf(this.#host.facts, this.#inside.words())) : null;
  }

  /** Settles with the parts that are on their way; `undefined` when none is. */
  get loading(): Promise<unknown> | undefined {
    const { menu, shortcuts, recorder, sound } = this.#means;
    const parts = [this.#onPicture, this.trouble, this.statistics, menu, shortcuts, recorder, sound];
    const loading = parts.flatMap((part) => part.loading ?? []);
    return loading.length === 0 ? undefined : Promise.allSettled(loading);
  }

  readonly on: BarCommands = {
    toggle: () => (this.#host.facts.started ? this.#host.stop() : this.#host.start()),
    setMode: (mode) => this.#host.setMode(mode),
    more: () => this.with((deeds) => deeds.more()),
  };

  readonly onTrouble = {
    retry: () => this.#host.retry(),
    copyReport: () => {
      const copying = this.trouble.need().then(({ copyText }) => copyText(this.#host.report()));
      this.#tell(
        copying.then((copied) => {
          this.copy = copied ? 'copied' : 'failed';
          this.#copied.start();
        }),
      );
    },
  };

  /** What changes with the facts. */
  follow(facts: Facts, before: Facts): void {
    const words = this.#inside.words();
    const note = noteOf(facts, words);
    if (note !== null && note !== noteOf(before, words)) {
      this.#note = null;
      this.#noteStays.start();
    }
    // Fetched ahead, once there is a picture to come: when there is trouble, the server may be what cannot be reached. It may
    // come before any start, too, and stay through each.
    const { started, state } = facts;
    if ((started || state === 'failed') && (state !== before.state || started !== before.started)) {
      this.trouble.need().catch(() => {});
      if (started && !this.#host.noControls) this.need().catch(() => {});
    }
    if (facts.audio && !before.audio) this.need().catch(() => {});
  }

  follows(changed: PropertyValues<WebRTCPreviewElement>): void {
    if (changed.has('stats') && this.#host.stats) this.#tell(this.statistics.need());
    if (changed.has('fit') || changed.has('rotate')) this.#deeds?.zoomTo(this.#deeds.view);
  }

  readonly wake = (): void => {
    if (!this.awake && !this.#host.noControls) this.need().catch(() => {});
    this.#awake.start();
  };

  readonly onKey = (event: KeyboardEvent): void => {
    this.wake();
    if (this.#host.noControls) return;
    // Nobody knows the target any more when the part has been fetched.
    const target = event.composedPath()[0] as HTMLElement;
    this.with((deeds) => deeds.onKey(event, target));
  };

  readonly onFocusOut = ({ relatedTarget }: FocusEvent): void => {
    if (!(relatedTarget as Element | null)?.closest?.('.menu, .more')) this.#deeds?.menu.close();
  };

  #say(note: string): void {
    this.#note = note;
    this.#noteStays.start();
  }

  #tell(deed: Promise<unknown>): void {
    deed.catch(() => this.#say(this.#inside.words().partMissing));
  }
}

/** What there is to say about the last wish for another mode, or the last new token. */
function noteOf({ tokenProblem, modeProblem, modeNotice }: Facts, words: FirstWords): string | null {
  const problem = tokenProblem ?? modeProblem;
  return problem ? sentencesOf(problem, words).message : modeNotice;
}
