import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Facts } from '../../core/facts.js';
import type { Lazy } from '../lazy.js';
import type { Sound } from './sound.js';

interface Host extends ReactiveControllerHost {
  readonly facts: Facts;
  unmuted: boolean;
}

/** Whether there is anything to hear, and whether it is heard. */
export class Hearing implements ReactiveController {
  readonly #host: Host;
  readonly #part: Lazy<typeof import('./sound.js')>;
  readonly #onChange: (refused: boolean) => void;
  #sound: Sound | undefined;
  #asked = false;

  /** @param onChange called with `true` when the browser allows sound only after a click */
  constructor(host: Host, part: Lazy<typeof import('./sound.js')>, onChange: (refused: boolean) => void) {
    this.#host = host;
    this.#part = part;
    this.#onChange = onChange;
    host.addController(this);
  }

  /** `null` where there is no sound. */
  get audible(): boolean | null {
    return this.#host.facts.audio && (this.#sound?.audible ?? false);
  }

  toggle(): void {
    if (this.audible === null) return;
    // Asked for and refused: this is the click that was missing. Some browsers take it only at once, not in the next update.
    if (!this.audible) this.#sound?.again(this.#host.facts.audio);
    this.#host.unmuted = !this.audible;
  }

  hostUpdate(): void {
    const { facts, unmuted } = this.#host;
    if (this.#sound) this.#sound.play(unmuted ? facts.audio : null);
    else if (facts.audio && !this.#asked) {
      this.#asked = true;
      // Without it the picture goes on, in silence.
      this.#part.need().catch(() => {});
    } else if (facts.audio && this.#part.part) {
      this.#sound = new this.#part.part.Sound(this.#onChange);
      this.hostUpdate();
    }
  }
}
