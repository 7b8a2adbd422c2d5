import {
  html,
  isServer,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { Mode } from '../../protocol/index.js';
import { errorInfo } from '../../protocol/viewer-errors.js';
import { PreviewClient } from '../client.js';
import type { PreviewCore } from '../core/client-interface.js';
import type { CoreSettings, Facts, PreviewState, Stats, TokenSource } from '../core/facts.js';
import { defaultRetryPolicy, type RetryPolicy } from '../core/retry.js';
import { Controls } from './controls.js';
import { CoreHolder, type CoreOptions } from './core-holder.js';
import { type PictureView, Teller, WHOLE_PICTURE } from './events.js';
import { Localizer } from './localize.js';
import { bar } from './parts/bar.js';
import { centre } from './parts/centre.js';
import { announcement, pill } from './parts/pill.js';
import {
  amount,
  type Fit,
  listOf,
  mend,
  PAUSE_WHEN_HIDDEN_S,
  type Rotation,
  secondsOrNever,
  type Transport,
} from './settings.js';
import { dress } from './sheets.js';
import { Countdown, Ticker } from './timers.js';
import { styles } from './webrtc-preview.styles.js';
import type { WordsOverride } from './words.js';

/** A state that lasts shorter is not read aloud. */
const SPEAK_AFTER_MS = 1_000;
/** Said of a picture that is shown, and shows nothing. */
const BLACK = errorInfo('black_picture');
/** How often the time since the last frame is shown anew. */
const TICK_MS = 250;

/**
 * A live camera in one tag: connects to the signalling server at `src`, shows the stream and keeps it alive.
 *
 * With the focus on the picture, after a click into it, keys and the wheel are for it: the wheel zooms (with Ctrl, and as a pinch on a
 * touchpad, always), a double click or tap enlarges and goes back, a drag moves the enlarged picture, two fingers zoom and move it;
 * `?` shows the keys. The wheel scrolls the page again as soon as anything else is used.
 *
 * @summary Shows a live camera over WebRTC, says truthfully how fresh the picture is, and why there is none.
 *
 * @attr {string} [src=the page's origin] - Address of the signalling server (its path, if any, is the plugin's), or of a WHEP endpoint.
 * @attr {string} [stream=camera] - Name under which the sender publishes.
 * @attr {boolean} autostart - Starts when the element comes onto the page.
 * @attr {boolean} stats - The statistics are open; changes with them.
 * @attr {boolean} no-controls - Leaves out the bar, the tools, the keys and the gestures, for a page that brings its own.
 * @attr {'all' | 'relay'} [ice-policy=all] - `relay`: only through a TURN server, to try one or to hide addresses.
 * @attr {string} token - What proves the right to watch. Better set as a property, or as a function that gets one: markup is no place for a secret.
 * @attr {'auto' | 'socket.io' | 'whep'} [transport=auto] - How `src` is spoken to. `auto`: by WHEP where the address looks like it, else by Socket.IO.
 * @attr {string} codecs - Codecs in the order of preference, with spaces between: `h264 vp8`. Others come after. Default: the browser's order.
 * @attr {number} latency-budget - The age in ms from which the picture is marked as too old. Default: none.
 * @attr {string} [pause-when-hidden=5] - After how many seconds in a hidden page nothing is sent any more; `never`: it goes on.
 * @attr {'contain' | 'cover'} [fit=contain] - `cover` fills the frame and cuts off what is too much; changes with the menu.
 * @attr {boolean} mirror - Left and right are swapped; changes with the menu.
 * @attr {0 | 90 | 180 | 270} [rotate=0] - Degrees by which the picture is turned, clockwise; changes with the menu.
 * @attr {boolean} unmuted - Sound is wanted, and plays once the browser allows it; changes with the loudspeaker.
 * @attr {string} lang - Language of the words: the element's own, or that of the nearest element around it that names one.
 *
 * @fires {CustomEvent<{state, previous}>} statechange - The word for what is seen has changed.
 * @fires {CustomEvent<{size}>} firstframe - The first frame since Start is on the screen.
 * @fires {CustomEvent<{problem}>} problem - There is no picture, and this is why.
 * @fires {CustomEvent<{quality}>} qualitychange - What is sent has become smaller or larger, as far as the link carries it.
 * @fires {CustomEvent<{expiresAt}>} tokenexpiring - The token ends at that Unix time in ms. Give `token` a new one: the picture goes on.
 * @fires {CustomEvent<{statistics}>} statistics - Once a second while started: what the statistics show.
 * @fires {CustomEvent<{overBudget}>} budgetchange - The picture has become older than `latency-budget`, or is young enough again.
 * @fires {CustomEvent<{recording, part}>} recordingchange - A recording has begun, ended, or gone on in another file; `part` is the finished file.
 * @fires {CustomEvent<{scale, x, y}>} viewchange - Another part of the picture is seen.
 *
 * @slot poster - Lies on the picture before the first frame, as large as the picture.
 * @slot empty - In the middle while nothing streams, in place of the element's own words.
 * @slot error - In the panel that says why there is no picture, after its sentence.
 * @slot controls - More controls at the end of the bar.
 * @slot tools - More tools at the start of those on the picture; hidden with them below 280 px.
 *
 * @csspart base - Everything: the picture and the bar.
 * @csspart picture - The box of the picture, near-black where there is none.
 * @csspart video - The video element.
 * @csspart pill - The dot, the word and the number at the top.
 * @csspart tools - The row of buttons on the picture.
 * @csspart tool - Each of them; also `stats-button`, `mute-button`, `snapshot-button`, `pip-button` and `fullscreen-button`.
 * @csspart mark - A mark beside the pill; also `recording-mark` and `zoom-mark`. A press ends what it shows.
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
 * @csspart more-button - Opens the menu.
 * @csspart menu - The menu: recording, how the picture is shown, the shortcuts, and the tools where they have no room on the picture.
 * @csspart menu-item - Each line of it; also `record-item`, `fit-item`, `mirror-item`, `rotate-item` and `shortcuts-item`.
 * @csspart shortcuts - The sheet of the keyboard shortcuts.
 * @csspart close-button - Closes the sheet.
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
 * @cssstate paused - The page is hidden, and nothing is sent until it is seen again.
 * @cssstate reconnecting - A new connection is being made.
 * @cssstate failed - Given up; `facts.problem` says why.
 * @cssstate over-budget - The picture is older than `latency-budget`.
 * @cssstate black - Frames are shown, but all of them are black.
 * @cssstate recording - A recording is under way.
 * @cssstate zoomed - Only a part of the picture is seen.
 * @cssstate muted - There is sound, and it is not heard.
 */
export class WebRTCPreviewElement extends LitElement {
  static override styles = styles;
  static override properties: PropertyDeclarations = {
    src: { useDefault: true },
    stream: { useDefault: true },
    autostart: { type: Boolean },
    stats: { type: Boolean, reflect: true },
    noControls: { type: Boolean, attribute: 'no-controls' },
    icePolicy: { attribute: 'ice-policy', useDefault: true },
    token: {},
    transport: { useDefault: true },
    codecs: { useDefault: true },
    latencyBudget: { attribute: 'latency-budget', converter: amount },
    pauseWhenHidden: { attribute: 'pause-when-hidden', converter: secondsOrNever },
    fit: { reflect: true, useDefault: true },
    mirror: { type: Boolean, reflect: true },
    rotate: { type: Number, reflect: true, useDefault: true },
    unmuted: { type: Boolean, reflect: true },
    words: { attribute: false },
    retryPolicy: { attribute: false },
  };

  /** Address of the signalling server, or of a WHEP endpoint. Another one begins a new connection. */
  src = '';
  /** Name under which the sender publishes. Another one begins a new connection. */
  stream = 'camera';
  /** Starts when the element comes onto the page. */
  autostart = false;
  /** The statistics are open. */
  stats = false;
  /** No bar, no tools, no keys and no gestures: the page brings its own. */
  noControls = false;
  /** `relay`: only through a TURN server. Another one begins a new connection. */
  icePolicy: RTCIceTransportPolicy = 'all';
  /**
   * What proves the right to watch, where the server wants proof: a text, or a function that gets one and is asked again when it
   * ends. Another one while connected is brought on the connection that there is; one that is refused changes nothing. Better
   * set as a property than as an attribute: markup is no place for a secret. `null` and an empty text are none.
   */
  token: TokenSource;
  /** How `src` is spoken to. `auto`: by WHEP where the address looks like it, else by Socket.IO. */
  transport: Transport = 'auto';
  /** Codecs in the order of preference, by their short names, with spaces between or as an array; others come after. */
  codecs: string | readonly string[] = '';
  /** The age in ms from which the picture is marked as too old; `null`: never. */
  latencyBudget: number | null = null;
  /** After how many seconds in a hidden page nothing is sent any more; `null` or `Infinity` (attribute: `never`): it goes on. */
  pauseWhenHidden: number | null = PAUSE_WHEN_HIDDEN_S;
  /** `cover` fills the frame and cuts off what is too much. */
  fit: Fit = 'contain';
  /** Left and right are swapped, as in a mirror. The view alone: a snapshot and a recording are the camera's own. */
  mirror = false;
  /** Degrees by which the picture is turned, clockwise. The view alone. */
  rotate: Rotation = 0;
  /** Sound is wanted; it plays once the browser allows it. */
  unmuted = false;
  /** Words of the page's own, in place of some of the element's. */
  words: WordsOverride | undefined;
  /** When to try again, and when to give up. Default: nine tries in about a minute. */
  retryPolicy: RetryPolicy | undefined;

  readonly #internals = isServer ? null : this.attachInternals();
  readonly #localizer = new Localizer(this);
  readonly #holder = new CoreHolder(
    this,
    () => this.createCore(this.#options()),
    (facts, before) => this.#report(facts, before),
  );
  readonly #teller = new Teller(this);
  readonly #controls = new Controls(this, this.#teller, {
    video: () => this.video,
    words: () => this.#localizer.words,
  });
  readonly #speaking = new Countdown(this, SPEAK_AFTER_MS, () => {
    this.#spoken = announcement(this.facts, this.#localizer.words);
  });
  /** What a screen reader is told. */
  #spoken = '';
  /** Where the keyboard goes when this update is done. */
  #focusNext: string | null = null;

  constructor() {
    super();
    new Ticker(this, TICK_MS, () => this.state === 'stalled' || this.facts.retryAt !== null);
    this.addEventListener('fullscreenchange', () => this.requestUpdate());
  }

  private get video(): HTMLVideoElement | null {
    return this.renderRoot?.querySelector('video') ?? null;
  }

  /** All that is known of the stream and the connection; a new object for each change. */
  get facts(): Facts {
    return this.#holder.facts;
  }

  /** What is seen, in one word. */
  get state(): PreviewState {
    return this.facts.state;
  }

  /** What the statistics show: the last second's; `null` before the first. */
  get statistics(): Stats | null {
    return this.facts.stats;
  }

  /** A recording is under way. */
  get recording(): boolean {
    return (this.#controls.deeds?.recording.since ?? null) !== null;
  }

  /** Which part of the picture is seen. */
  get view(): PictureView {
    return this.#controls.deeds?.view ?? WHOLE_PICTURE;
  }

  /** Shows video as soon as there is any, until `stop()`. */
  start(): void {
    this.#holder.start();
  }

  /** Ends the video, and a recording of it. */
  stop(): void {
    this.#holder.stop();
  }

  /** Tries again at once. */
  retry(): void {
    this.#holder.retry();
  }

  /** Gives the keyboard to the picture, for its keys; one that is on a control already stays there. */
  override focus(options?: FocusOptions): void {
    if (!this.shadowRoot?.activeElement) this.shadowRoot?.querySelector<HTMLElement>('.base')?.focus(options);
  }

  /** Asks the camera for another mode. It counts when a frame of it is shown. */
  setMode(mode: Mode): void {
    this.#holder.core?.setMode(mode);
  }

  /**
   * The frame on the screen in its full resolution, as PNG: as the camera gave it, whatever `fit`, `mirror`, `rotate` and the zoom
   * show of it. Rejects with `InvalidStateError` before the first frame, and with `NetworkError` where the part of the element that
   * does this cannot be fetched: serve the folder `parts` beside the script.
   */
  async snapshot(): Promise<Blob> {
    return (await this.#controls.need()).grab();
  }

  /**
   * Begins to record picture and sound, as the camera gives them. Each new connection begins a new file: the event
   * `recordingchange` brings each that is finished. Rejects with `InvalidStateError` before the first frame, and with
   * `NotSupportedError` where the browser cannot record. `NetworkError`: as of `snapshot()`.
   */
  async startRecording(): Promise<void> {
    await (await this.#controls.need()).recording.start(this.#localizer.words);
  }

  /**
   * Ends the recording and gives its last file, as a rule the only one. Empty where nothing was recorded. `NetworkError`: as of
   * `snapshot()`.
   */
  async stopRecording(): Promise<Blob> {
    return (await this.#controls.need()).recording.stop();
  }

  /** Shows the picture in a window of its own. Rejects where the browser does not allow it: it wants a click. */
  async requestPictureInPicture(): Promise<PictureInPictureWindow> {
    if (!this.video) throw new DOMException(this.#localizer.words.noPictureYet, 'InvalidStateError');
    return this.video.requestPictureInPicture();
  }

  /**
   * Enlarges the picture `scale` times (1 to 8) with the point `x`, `y` of it in the middle, from 0 (left, top) to 1; without them the
   * middle stays. Never shows anything beyond its edges.
   */
  zoomTo(scale: number, x = this.view.x, y = this.view.y): void {
    this.#controls.with((deeds) => deeds.zoomTo({ scale, x, y }));
  }

  /** Shows all of the picture again. */
  resetView(): void {
    this.#controls.deeds?.resetView();
  }

  /** A text for a support ticket: states, candidate kinds, statistics, timings; nothing secret. */
  report(): string {
    return this.#holder.core?.report() ?? '';
  }

  /** Makes the core that this element shows. For subclasses that bring another transport, and for tests. */
  protected createCore(options: CoreOptions): PreviewCore {
    return new PreviewClient(options);
  }

  /** Firefox would make the video itself a stop of the Tab key; a click on it is a click into the picture. */
  readonly #passFocus = (): void =>
    this.shadowRoot?.querySelector<HTMLElement>('.base')?.focus({ preventScroll: true });

  /** In another document than the one that loaded the element, its root is made here: sheets do not pass between documents. */
  protected override createRenderRoot(): HTMLElement | DocumentFragment {
    if (isServer || this.ownerDocument === document) return super.createRenderRoot();
    const { shadowRootOptions, elementStyles } = this.constructor as typeof WebRTCPreviewElement;
    const root = this.shadowRoot ?? this.attachShadow(shadowRootOptions);
    dress(root, elementStyles);
    return root;
  }

  /** Another document, as that of an iframe, has dropped the sheets. */
  adoptedCallback(): void {
    if (!this.shadowRoot) return;
    this.shadowRoot.adoptedStyleSheets = [];
    dress(this.shadowRoot, (this.constructor as typeof WebRTCPreviewElement).elementStyles);
    this.requestUpdate();
  }

  /** Its presence lets `moveBefore()` move the element without taking it off the page; another language may be spoken there. */
  connectedMoveCallback(): void {
    this.#localizer.hostDisconnected();
    this.#localizer.hostConnected();
  }

  /** Waits for the parts that are on their way too. */
  protected override async getUpdateComplete(): Promise<boolean> {
    const done = await super.getUpdateComplete();
    const { loading } = this.#controls;
    return loading ? loading.then(() => this.updateComplete) : done;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    mend(this);
    if (isServer || !this.isConnected) return;
    // The button that was pressed may vanish with the state that it ends; the keyboard then goes on at Start and Stop.
    const focused = this.shadowRoot?.activeElement;
    if (focused) this.#focusNext ??= focused.closest('.menu') ? '.more' : '.toggle';
    // A value that `mend` has put back to what it was is none that changed.
    const has = (...names: (keyof WebRTCPreviewElement)[]) =>
      names.some((name) => changed.has(name) && changed.get(name) !== this[name]);
    if (!this.#holder.core || has('src', 'stream', 'icePolicy', 'transport', 'codecs')) {
      this.#holder.open(this.autostart);
      return;
    }
    if (has('token')) this.#holder.core.setToken(this.token);
    if (has('latencyBudget', 'pauseWhenHidden', 'retryPolicy')) this.#holder.core.configure(this.#settings());
    if (changed.has('autostart') && this.autostart) this.start();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (this.video) this.#holder.showIn(this.video);
    this.#holder.wantFramesWhile(this.recording);
    this.#mark('over-budget', this.facts.overBudget === true);
    this.#mark('black', this.facts.black);
    this.#mark('recording', this.recording);
    this.#mark('zoomed', this.view.scale > 1);
    this.#mark('muted', this.facts.audio !== null && !this.#controls.deeds?.hearing.audible);
    if (this.#focusNext && !this.shadowRoot?.activeElement) {
      // Without controls there is only the picture to go to.
      const [next] = [this.#focusNext, '.base'].flatMap(
        (name) => this.renderRoot.querySelector<HTMLElement>(name) ?? [],
      );
      next?.focus();
    }
    this.#focusNext = null;
    this.#controls.follows(changed);
  }

  protected override render(): TemplateResult {
    const { facts } = this;
    const controls = this.#controls;
    const { words } = this.#localizer;
    const now = Date.now();
    const stopped = facts.state === 'idle' || facts.state === 'offline';
    const failed = facts.state === 'failed';
    const trying = (facts.state === 'connecting' || facts.state === 'reconnecting') && facts.retryAt === null;
    const trouble = controls.trouble.part;
    const { note, deeds } = controls;
    const zoomed = this.view.scale > 1;
    return html`<div
      part="base" role="region" tabindex="-1" lang=${words.locale} aria-label=${words.region(facts.stream?.camera?.label ?? this.stream)}
      class="base ${facts.state} ${controls.awake ? 'awake' : ''} ${this.noControls ? '' : 'zooms'} ${zoomed ? 'zoomed' : ''}"
      @pointermove=${controls.wake} @pointerdown=${controls.wake} @focusin=${controls.wake}
      @keydown=${controls.onKey} @focusout=${controls.onFocusOut}
    >
      <div part="picture" class="picture">
        <video part="video" tabindex="-1" @focus=${this.#passFocus} .muted=${true} playsinline autoplay disableremoteplayback aria-label=${words.camera}></video>
        ${facts.lastFrameAt === null ? html`<slot name="poster"></slot>` : nothing}
        ${
          (failed && trouble?.troublePanel(facts, controls.copy, controls.onTrouble, words, now)) ||
          centre(facts, this.stream, now, controls.on.toggle, words)
        }
        ${this.stats && !stopped && !failed ? controls.statistics.part?.statsPanel(facts, words, this.latencyBudget) : nothing}
        <div class="top">
          ${pill(facts, now, words)}
          ${deeds?.marks(now)}
        </div>
        ${trouble?.pictureLine(facts, BLACK, words)} ${trying ? trouble?.ladder(facts.rungs) : nothing}
        ${note === null ? nothing : html`<p part="note" class="note">${note}</p>`}
        ${deeds?.tools()}
      </div>
      ${this.noControls ? nothing : bar(facts, controls.menuOpen, controls.on, words)}
      ${deeds?.overlays()}
      <div class="unseen" role="status">${this.#spoken} ${note}</div>
    </div>`;
  }

  #options(): CoreOptions {
    const { src, stream, token, icePolicy, transport, codecs } = this;
    return {
      src,
      stream,
      token,
      icePolicy,
      transport,
      codecs: listOf(codecs),
      ...this.#settings(),
    };
  }

  #settings(): CoreSettings {
    return {
      latencyBudgetMs: this.latencyBudget,
      pauseWhenHiddenMs: this.pauseWhenHidden === null ? null : this.pauseWhenHidden * 1_000,
      retryPolicy: this.retryPolicy ?? defaultRetryPolicy,
    };
  }

  #mark(name: string, on: boolean): void {
    this.#internals?.states[on ? 'add' : 'delete'](name);
  }

  #report(facts: Facts, before: Facts): void {
    this.#mark(before.state, false);
    this.#mark(facts.state, true);
    const { words } = this.#localizer;
    if (this.isConnected && announcement(facts, words) !== announcement(before, words)) this.#speaking.start();
    this.#controls.follow(facts, before);
    this.#teller.tell(facts, before);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'webrtc-preview': WebRTCPreviewElement;
  }
}
