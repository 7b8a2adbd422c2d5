import { DATA_CHANNEL_LABEL } from '../../protocol/constants.js';
import type { FromViewer, Quality } from '../../protocol/data-channel.js';
import { ClockSync } from './clock-sync.js';
import { readFromSender } from './from-sender.js';

/** The first pings find the clock offset quickly; the later ones follow its drift. */
const FIRST_PINGS = 8;
const FIRST_PING_INTERVAL_MS = 60;
const PING_INTERVAL_MS = 3_000;
/** A sender that has answered none of so many is not ours, and is not asked any more. */
const UNANSWERED_PINGS = 12;
/** Longer than any round trip over which a picture is worth watching. */
const PAUSE_ANSWER_MS = 1_000;

/** What viewer and sender say to each other directly. A sender that is not ours opens the channel, as all do, and says nothing. */
export class SenderChannel {
  readonly sync = new ClockSync();
  readonly #channel: RTCDataChannel;
  readonly #onChange: () => void;
  #quality: Quality | null = null;
  /** It has said something that only ours say. */
  #known = false;
  #gone = false;
  #closed = false;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  /** Ends the wait for an answer to `pause`; without one, unheard. */
  #onPaused: ((paused?: boolean) => void) | undefined;
  #pausing: Promise<unknown> = Promise.resolve();

  constructor(peer: RTCPeerConnection, onChange: () => void) {
    this.#onChange = onChange;
    this.#channel = peer.createDataChannel(DATA_CHANNEL_LABEL, { ordered: false });
    this.#channel.addEventListener('open', () => this.#ping(1));
    this.#channel.addEventListener('message', ({ data }) => this.#onMessage(data, wallClock()));
    this.#channel.addEventListener('close', () => this.#onClose());
  }

  /** What the sender says that it sends here; `null` while it has not said. */
  get quality(): Quality | null {
    return this.#quality;
  }

  /** The sender has closed the channel: it ends, or ends this session. */
  get gone(): boolean {
    return this.#gone;
  }

  /**
   * Asks the sender to send nothing for now, or again. False where it does not say that it does: there is no channel, it is older,
   * or not ours.
   */
  pause(paused: boolean): Promise<boolean> {
    // The channel is not ordered: a wish that is overtaken by the next one would be the last.
    const asked = this.#pausing.then(() => this.#pause(paused));
    this.#pausing = asked;
    return asked;
  }

  /** Says nothing more, and hears nothing more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#pingTimer);
    this.#onPaused?.();
  }

  #pause(paused: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const answer = (acknowledged: boolean) => {
        clearTimeout(timer);
        this.#onPaused = undefined;
        resolve(acknowledged);
      };
      const timer = setTimeout(() => answer(false), PAUSE_ANSWER_MS);
      this.#onPaused = (said) => {
        if (said === undefined || said === paused) answer(said === paused);
      };
      if (!this.#send({ type: 'pause', paused })) answer(false);
    });
  }

  #send(message: FromViewer): boolean {
    if (this.#closed || this.#channel.readyState !== 'open') return false;
    this.#channel.send(JSON.stringify(message));
    return true;
  }

  #ping(count: number): void {
    if (count > UNANSWERED_PINGS && this.sync.roundTripMs === undefined) return;
    if (!this.#send({ type: 'ping', t: wallClock() })) return;
    const interval = count < FIRST_PINGS ? FIRST_PING_INTERVAL_MS : PING_INTERVAL_MS;
    this.#pingTimer = setTimeout(() => this.#ping(count + 1), interval);
  }

  #onMessage(data: unknown, now: number): void {
    const message = readFromSender(data);
    if (!message) return;
    this.#known = true;
    if (message.type === 'pong') this.sync.addPong(message, now);
    else if (message.type === 'clock') this.sync.setClock(message);
    else if (message.type === 'paused') this.#onPaused?.(message.paused);
    else if (!this.#closed) {
      this.#quality = message;
      this.#onChange();
    }
  }

  /** One that never was ours may close what it does not want, and send on. */
  #onClose(): void {
    if (this.#closed || !this.#known) return;
    this.#gone = true;
    this.#onChange();
  }
}

/** Unix ms with a fraction: the scale on which frames are presented, and steadier than `Date.now()`. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
