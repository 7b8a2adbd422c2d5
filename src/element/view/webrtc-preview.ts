import { html, isServer, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { classMap } from 'lit/directives/class-map.js';
import { PreviewClient } from '../client.js';
import type { PreviewCore } from '../core/client-interface.js';
import type { Facts, PreviewState } from '../core/facts.js';
import {
  canFullscreen,
  canPictureInPicture,
  copyText,
  grabFrame,
  saveFrame,
  toggleFullscreen,
  togglePictureInPicture,
} from './abilities.js';
import { CoreHolder, type CoreOptions } from './core-holder.js';
import { Teller } from './events.js';
import { bar } from './parts/bar.js';
import { centre } from './parts/centre.js';
import { lostLine } from './parts/lost-line.js';
import { pill } from './parts/pill.js';
import { statsPanel } from './parts/stats-panel.js';
import { tools } from './parts/tools.js';
import { type CopyOutcome, troublePanel } from './parts/trouble-panel.js';
import { Countdown, Ticker } from './timers.js';
import { styles } from './webrtc-preview.styles.js';
import { english } from './words.js';

/** The tools leave the picture when nobody has moved for this long. */
const TOOLS_STAY_MS = 2_500;
/** A state that lasts shorter is not read aloud. */
const SPEAK_AFTER_MS = 1_000;
const COPIED_STAYS_MS = 2_000;
/** Long enough to read a sentence; then the picture is clear again. */
const NOTE_STAYS_MS = 8_000;
/** The time since the last frame is shown in tenths of a second. */
const TICK_MS = 100;

/**
 * A live camera in one tag: connects to the signalling server at `src`, shows the stream and keeps it alive.
 *
 * @summary Shows a live camera over WebRTC, says truthfully how fresh the picture is, and why there is none.
 *
 * @attr {string} src - Address of the signalling server; its path, if any, is the plugin's. Default: the page's origin.
 * @attr {string} stream - Name under which the sender publishes. Default: `camera`.
 * @attr {boolean} autostart - Starts when the element comes onto the page.
 * @attr {boolean} stats - The statistics are open; changes with them.
 * @attr {'all' | 'relay'} ice-policy - `relay`: only through a TURN server, to try one or to hide addresses. Default: `all`.
 * @attr {boolean} no-controls - Leaves out the bar and the tools, for a page that brings its own.
 *
 * @fires {CustomEvent<{state, previous}>} statechange - The word for what is seen has changed.
 * @fires {CustomEvent<{size}>} firstframe - The first frame since Start is on the screen.
 * @fires {CustomEvent<{problem}>} problem - There is no picture, and this is why.
 * @fires {CustomEvent<{quality}>} qualitychange - What is sent has become smaller or larger, as far as the link carries it.
 * @fires {CustomEvent<{expiresAt}>} tokenexpiring - The token ends at that Unix time in ms. Give `token` a new one: the picture goes on.
 *
 * @csspart base - Everything: the picture and the bar.
 * @csspart picture - The box of the picture, near-black where there is none.
 * @csspart video - The video element.
 * @csspart pill - The dot, the word and the number at the top.
 * @csspart tools - The row of buttons on the picture.
 * @csspart tool - Each of them; also `stats-button`, `snapshot-button`, `pip-button` and `fullscreen-button`.
 * @csspart centre - What stands in the middle while there is no live picture.
 * @csspart start-button - The large Start in the middle.
 * @csspart stats - The panel of statistics.
 * @csspart graph - The line of the last minute in it.
 * @csspart trouble - The panel that says why there is no picture.
 * @csspart rungs - The steps to a picture in it.
 * @csspart retry-button - Retry in it.
 * @csspart report-button - Copy report in it.
 * @csspart lost - Why the camera is lost, on the picture that the sender shows meanwhile.
 * @csspart note - A short message about a mode or a token that was refused, or a mode other than the one asked for.
 * @csspart bar - The row below the picture.
 * @csspart toggle-button - Start and Stop in the bar.
 * @csspart select - Each selector; also `resolution-select`, `fps-select` and `mode-select` (the two in one, when narrow).
 * @csspart indicator - Each connection state; also `ice-indicator` and `connection-indicator`.
 * @csspart more-button - Opens the tools when they have no room on the picture.
 *
 * @cssproperty [--webrtc-preview-aspect-ratio=16 / 9] - Shape of the picture's box.
 * @cssproperty [--webrtc-preview-accent] - Colour of the button that starts, and of focus.
 * @cssproperty [--webrtc-preview-font=system-ui] - Font family.
 * @cssproperty [--webrtc-preview-radius=12px] - Corners of the element.
 * @cssproperty [--webrtc-preview-control-radius=8px] - Corners of what is inside it.
 * @cssproperty [--webrtc-preview-control-size=32px] - Height of a control; 44px on touch screens.
 * @cssproperty [--webrtc-preview-unit=4px] - The grid on which everything lies.
 * @cssproperty [--webrtc-preview-ground=#0a0c10] - The letterbox.
 * @cssproperty [--webrtc-preview-glass] - What lies behind text on the picture.
 * @cssproperty [--webrtc-preview-bar] - Background of the bar.
 * @cssproperty [--webrtc-preview-ink] - Text in the bar.
 * @cssproperty [--webrtc-preview-quiet] - Less important text.
 * @cssproperty [--webrtc-preview-control] - Background of a control.
 * @cssproperty [--webrtc-preview-line] - The hairline around the element.
 * @cssproperty [--webrtc-preview-good] - Marks what works.
 * @cssproperty [--webrtc-preview-busy] - Marks what is being tried, or has stopped.
 * @cssproperty [--webrtc-preview-bad] - Marks what failed.
 *
 * @cssstate idle - Not started; the camera is there.
 * @cssstate offline - Nothing streams under this name.
 * @cssstate connecting - Started, no frame yet.
 * @cssstate live - New frames are being shown.
 * @cssstate camera-lost - The sender shows a picture that says that its camera is lost.
 * @cssstate stalled - Frames have stopped; the last one is still there, greyed.
 * @cssstate reconnecting - A new connection is being made.
 * @cssstate failed - Given up; `facts.problem` says why.
 */
export class WebRTCPreviewElement extends LitElement {
  static override styles = styles;

  @property() src = '';
  @property() stream = 'camera';
  @property({ type: Boolean }) autostart = false;
  @property({ type: Boolean, reflect: true }) stats = false;
  @property({ type: Boolean, attribute: 'no-controls' }) noControls = false;
  /** Only `relay` is not `all`. */
  @property({ attribute: 'ice-policy' }) icePolicy: RTCIceTransportPolicy = 'all';
  /**
   * What proves the right to watch, where the server wants proof. Another one while connected is brought on the connection
   * that there is; one that is refused changes nothing. A property only: a secret has no place in markup.
   */
  @property({ attribute: false }) token: string | undefined;

  @state() private moreOpen = false;
  @state() private copy: CopyOutcome = null;
  @state() private spoken = '';
  @query('video') private video!: HTMLVideoElement;

  readonly #internals = isServer ? null : this.attachInternals();
  readonly #holder = new CoreHolder(
    this,
    () => this.createCore({ src: this.src, stream: this.stream, token: this.token, icePolicy: this.icePolicy }),
    (facts, before) => this.#report(facts, before),
  );
  readonly #awake = new Countdown(this, TOOLS_STAY_MS);
  readonly #note = new Countdown(this, NOTE_STAYS_MS);
  readonly #copied = new Countdown(this, COPIED_STAYS_MS, () => {
    this.copy = null;
  });
  readonly #speaking = new Countdown(this, SPEAK_AFTER_MS, () => {
    this.spoken = english.spoken[this.state];
  });
  readonly #teller = new Teller(this);
  /** Where the keyboard goes when this update is done. */
  #focusNext: string | null = null;

  constructor() {
    super();
    new Ticker(this, TICK_MS, () => this.state === 'stalled' || this.facts.retryAt !== null);
    this.addEventListener('fullscreenchange', () => this.requestUpdate());
  }

  /** All that is known of the stream and the connection; a new object for each change. */
  get facts(): Facts {
    return this.#holder.facts;
  }

  /** What is seen, in one word. */
  get state(): PreviewState {
    return this.facts.state;
  }

  /** Shows video as soon as there is any, until `stop()`. */
  start(): void {
    this.#holder.start();
  }

  /** Ends the video. */
  stop(): void {
    this.#holder.stop();
  }

  /** Tries again at once. */
  retry(): void {
    this.#holder.resume();
    this.#holder.core?.retry();
  }

  /** Gives the keyboard to the picture, for its keys; one that is on a control already stays there. */
  override focus(options?: FocusOptions): void {
    if (!this.shadowRoot?.activeElement) this.shadowRoot?.querySelector<HTMLElement>('.base')?.focus(options);
  }

  /** The frame on the screen in its full resolution, as PNG. Rejects with `InvalidStateError` before the first frame. */
  async snapshot(): Promise<Blob> {
    const frame = this.video ? await grabFrame(this.video) : null;
    if (!frame) throw new DOMException(english.noPictureYet, 'InvalidStateError');
    return frame;
  }

  /** Makes the core that this element shows. For subclasses that bring another transport, and for tests. */
  protected createCore(options: CoreOptions): PreviewCore {
    return new PreviewClient(options);
  }

  /** Its presence alone lets `moveBefore()` move the element without taking it off the page. */
  connectedMoveCallback(): void {}

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (isServer || !this.isConnected) return;
    // The button that was pressed may vanish with the state that it ends; the keyboard then goes on at Start and Stop.
    if (this.shadowRoot?.activeElement) this.#focusNext ??= '.toggle';
    const elsewhere = changed.has('src') || changed.has('stream') || changed.has('icePolicy');
    if (elsewhere || !this.#holder.core) {
      this.#holder.open(this.autostart);
      return;
    }
    if (changed.has('token')) this.#holder.core.setToken(this.token);
    if (changed.has('autostart') && this.autostart) this.start();
  }

  protected override updated(): void {
    this.#holder.showIn(this.video);
    const vanished = this.#focusNext === '.tool' || !this.shadowRoot?.activeElement;
    if (this.#focusNext && vanished) this.renderRoot.querySelector<HTMLElement>(this.#focusNext)?.focus();
    this.#focusNext = null;
  }

  protected override render(): TemplateResult {
    const { facts } = this;
    const now = Date.now();
    const stopped = facts.state === 'idle' || facts.state === 'offline';
    const fullscreen = this.isConnected && this.matches(':fullscreen');
    const lost = facts.state === 'camera-lost' ? facts.stream?.camera?.error : undefined;
    const note = this.#note.running ? noteOf(facts) : null;
    const hasTools = !this.noControls && (!stopped || fullscreen);
    return html`<div
      part="base" role="region" tabindex="-1" aria-label=${english.region(facts.stream?.camera?.label ?? this.stream)}
      class=${classMap({ base: true, [facts.state]: true, awake: this.#awake.running, 'more-open': this.moreOpen })}
      @pointermove=${this.#wake} @pointerdown=${this.#wake} @focusin=${this.#wake} @keydown=${this.#onKey}
      @focusout=${this.#onFocusOut}
    >
      <div part="picture" class="picture">
        <video part="video" .muted=${true} playsinline autoplay disableremoteplayback aria-label=${english.camera}></video>
        ${facts.state === 'failed' ? troublePanel(facts, this.copy, this.#troubleActions, english) : centre(facts, this.stream, now, this.#start, english)}
        ${this.stats && !stopped && facts.state !== 'failed' ? statsPanel(facts, english) : nothing}
        ${pill(facts, now, english)}
        ${lost ? lostLine(lost, english) : nothing}
        ${note === null ? nothing : html`<p part="note" class="note">${note}</p>`}
        ${hasTools ? this.#tools(fullscreen) : nothing}
      </div>
      ${this.noControls ? nothing : bar(facts, { open: this.moreOpen, disabled: !hasTools }, this.#barActions, english)}
      <div class="unseen" role="status">${this.spoken} ${note ?? ''}</div>
    </div>`;
  }

  #tools(fullscreen: boolean): TemplateResult {
    return tools(
      {
        statsOpen: this.stats,
        hasPicture: this.facts.lastFrameAt !== null,
        canPictureInPicture: canPictureInPicture(),
        fullscreen,
        canFullscreen: canFullscreen(this.video),
      },
      this.#toolsActions,
      english,
    );
  }

  readonly #start = () => this.start();

  readonly #barActions = {
    start: this.#start,
    stop: () => this.stop(),
    setMode: (mode: Parameters<PreviewCore['setMode']>[0]) => {
      this.#holder.core?.setMode(mode);
      // Puts the selector back to what is seen, whatever comes of the wish.
      this.requestUpdate();
    },
    toggleMore: () => {
      this.moreOpen = !this.moreOpen;
      if (this.moreOpen) this.#focusNext = '.tool';
    },
  };

  readonly #troubleActions = { retry: () => this.retry(), copyReport: () => void this.#copyReport() };

  readonly #toolsActions = {
    toggleStats: () => this.toggleAttribute('stats'),
    saveSnapshot: () => void saveFrame(this.video, this.stream),
    // A browser that refuses says so itself, or the person has just closed the window.
    togglePictureInPicture: () => void togglePictureInPicture(this.video).catch(() => {}),
    toggleFullscreen: () => void toggleFullscreen(this, this.video).catch(() => {}),
  };

  async #copyReport(): Promise<void> {
    const report = this.#holder.core?.report();
    if (report === undefined) return;
    this.copy = (await copyText(report)) ? 'copied' : 'failed';
    this.#copied.start();
  }

  readonly #wake = () => this.#awake.start();

  readonly #onKey = (event: KeyboardEvent) => {
    this.#wake();
    if (event.key === 'Escape' && this.moreOpen) this.moreOpen = false;
    // In a selector a letter looks for an option.
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
    if (this.noControls || !plain || event.target instanceof HTMLSelectElement) return;
    if (event.key === 'f') this.#toolsActions.toggleFullscreen();
    if (event.key === 's') this.#toolsActions.toggleStats();
  };

  readonly #onFocusOut = ({ relatedTarget, currentTarget }: FocusEvent) => {
    const onControl = relatedTarget !== currentTarget && this.renderRoot.contains(relatedTarget as Node | null);
    if (!onControl) this.moreOpen = false;
  };

  #report(facts: Facts, before: Facts): void {
    const { state } = facts;
    const note = noteOf(facts);
    this.#internals?.states.delete(before.state);
    this.#internals?.states.add(state);
    if (state !== before.state && this.isConnected) this.#speaking.start();
    if (note !== null && note !== noteOf(before)) this.#note.start();
    this.#teller.tell(facts, before);
  }
}

/** What there is to say about the last wish for another mode, or the last new token. */
function noteOf({ tokenProblem, modeProblem, modeNotice }: Facts): string | null {
  return tokenProblem?.message ?? modeProblem?.message ?? modeNotice;
}

declare global {
  interface HTMLElementTagNameMap {
    'webrtc-preview': WebRTCPreviewElement;
  }
}
