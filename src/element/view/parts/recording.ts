import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Facts } from '../../core/facts.js';
import type { Lazy } from '../lazy.js';
import type { Words } from '../words.js';
import type { Recorder } from './recorder.js';

interface Host extends ReactiveControllerHost {
  readonly facts: Facts;
}

/** A part of a recording that is finished; `null` where only its beginning or end is told. */
type OnChange = (part: Blob | null, last: boolean) => void;

/** Records what the element shows, for as long as it shows anything. */
export class Recording implements ReactiveController {
  readonly #host: Host;
  readonly #part: Lazy<typeof import('./recorder.js')>;
  readonly #onChange: OnChange;
  #recorder: Recorder | null = null;
  #ending: Promise<Blob> | undefined;
  /** One deed waits for another: a stop for the start whose part is still being fetched. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(host: Host, part: Lazy<typeof import('./recorder.js')>, onChange: OnChange) {
    this.#host = host;
    this.#part = part;
    this.#onChange = onChange;
    host.addController(this);
  }

  /** When it began, in Unix ms; `null` while nothing is recorded. */
  get since(): number | null {
    return this.#recorder?.since ?? null;
  }

  start(words: Words): Promise<void> {
    this.#ending = undefined;
    return this.#next(() => this.#start(words));
  }

  async #start(words: Words): Promise<void> {
    const { Recorder, canRecord } = await this.#part.need();
    if (this.#recorder) return;
    if (!canRecord()) throw new DOMException(words.cannotRecord, 'NotSupportedError');
    if (!this.#host.facts.media) throw new DOMException(words.noPictureToRecord, 'InvalidStateError');
    const recorder = new Recorder((part, last) => {
      if (last) this.#recorder = null;
      this.#onChange(part, last);
    });
    recorder.follow(this.#host.facts);
    this.#recorder = recorder;
    this.#onChange(null, false);
  }

  /** The last file of the recording; empty where none was running. Two that end the same one are given the same. */
  stop(): Promise<Blob> {
    if (this.#ending) return this.#ending;
    const ending = this.#next(() => this.#stop()).finally(() => {
      if (this.#ending === ending) this.#ending = undefined;
    });
    this.#ending = ending;
    return ending;
  }

  #next<Outcome>(deed: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = this.#turn.then(deed);
    this.#turn = outcome.catch(() => {});
    return outcome;
  }

  async #stop(): Promise<Blob> {
    const recorder = this.#recorder;
    if (!recorder) return new Blob();
    const part = await recorder.stop();
    // Nothing was written since the last part: nobody has been told of the end.
    if (this.#recorder) {
      this.#recorder = null;
      this.#onChange(null, true);
    }
    return part;
  }

  hostUpdate(): void {
    const { facts } = this.#host;
    if (!this.#recorder) return;
    if (facts.media) this.#recorder.follow(facts);
    else void this.stop();
  }
}
