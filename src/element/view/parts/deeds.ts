import { nothing, type ReactiveController, type TemplateResult } from 'lit';
import {
  canFullscreen,
  canPictureInPicture,
  fileName,
  grabFrame,
  saveFile,
  toggleFullscreen,
  togglePictureInPicture,
} from '../abilities.js';
import type { Commands } from '../commands.js';
import { type PictureView, type WebRTCPreviewEventMap, WHOLE_PICTURE } from '../events.js';
import type { Lazy } from '../lazy.js';
import type { Rotation } from '../settings.js';
import type { WebRTCPreviewElement } from '../webrtc-preview.js';
import type { Words } from '../words.js';
import { Hearing } from './hearing.js';
import { obey } from './keys.js';
import { marks } from './marks.js';
import { MoreMenu } from './more-menu.js';
import { Recording } from './recording.js';
import { type Tool, toolRow, toolsOf } from './tools.js';
import { Zoom } from './zoom.js';

/** What the deeds are given of the element beyond what everybody has. */
export interface Means {
  readonly video: HTMLVideoElement | null;
  readonly words: Words;
  readonly menu: Lazy<typeof import('./menu.js')>;
  readonly shortcuts: Lazy<typeof import('./shortcuts.js')>;
  readonly recorder: Lazy<typeof import('./recorder.js')>;
  readonly sound: Lazy<typeof import('./sound.js')>;
  /** Shows a sentence for a while. */
  say(note: string): void;
  send<Name extends keyof WebRTCPreviewEventMap>(name: Name, detail: WebRTCPreviewEventMap[Name]['detail']): void;
}

/** What the tools, the menu, the keys and the gestures do, and what they look like. */
export class Deeds implements Commands, ReactiveController {
  readonly #host: WebRTCPreviewElement;
  readonly #means: Means;
  readonly menu: MoreMenu;
  readonly recording: Recording;
  readonly hearing: Hearing;
  #zoom: Zoom | undefined;
  #sheetOpen = false;
  /** How the files of a recording are called that a person began; `null` for one that the page began. */
  #files: { name: string; count: number } | null = null;

  constructor(host: WebRTCPreviewElement, means: Means) {
    this.#host = host;
    this.#means = means;
    this.menu = new MoreMenu(host, means.menu);
    this.recording = new Recording(host, means.recorder, (part, last) => this.#onRecording(part, last));
    this.hearing = new Hearing(host, means.sound, (refused) => {
      if (refused) means.say(means.words.soundRefused);
      host.requestUpdate();
    });
    host.addController(this);
  }

  get view(): PictureView {
    return this.#zoom?.view ?? WHOLE_PICTURE;
  }

  readonly toggle = (): void => (this.#host.facts.started ? this.#host.stop() : this.#host.start());

  readonly stats = (): void => {
    // Where nothing streams there is no panel: it would open unseen, and come as a surprise later.
    if (!this.#host.stats && this.#isStopped) return;
    this.#host.stats = !this.#host.stats;
  };

  readonly snapshot = (): void => {
    this.#try(this.grab().then((frame) => saveFile(frame, `${fileName(this.#host.stream)}.png`)));
  };

  /** Of a person: who ends it is given the files. */
  readonly record = (): void => {
    if (this.#host.recording) void this.recording.stop();
    else if (this.#host.facts.media) {
      this.#files = { name: fileName(this.#host.stream), count: 0 };
      this.#try(this.recording.start(this.#means.words));
    } else this.#means.say(this.#means.words.noPictureToRecord);
  };

  readonly mute = (): void => this.hearing.toggle();

  // A browser that refuses says so itself, or the person has just closed the window.
  readonly pictureInPicture = (): void => {
    const { video } = this.#means;
    if (video) togglePictureInPicture(video).catch(() => {});
  };

  readonly fullscreen = (): void => {
    const { video } = this.#means;
    if (video) toggleFullscreen(this.#host, video).catch(() => {});
  };

  readonly fit = (): void => {
    this.#host.fit = this.#host.fit === 'cover' ? 'contain' : 'cover';
  };

  readonly mirror = (): void => {
    this.#host.mirror = !this.#host.mirror;
  };

  readonly rotate = (): void => {
    this.#host.rotate = ((this.#host.rotate + 90) % 360) as Rotation;
  };

  readonly zoomTo = (view: PictureView): void => this.#zooming()?.to(view);
  readonly zoomBy = (factor: number): void => this.#zooming()?.by(factor);
  readonly pan = (x: number, y: number): void => this.#zoom?.pan(x, y);
  readonly resetView = (): void => this.#zoom?.to(WHOLE_PICTURE);

  readonly more = (): void => {
    if (!this.menu.close()) this.#try(this.menu.open());
  };

  readonly shortcuts = (): void => this.#try(this.#means.shortcuts.need().then(() => this.#showSheet(true)));

  async grab(): Promise<Blob> {
    const { video, words } = this.#means;
    const frame = video && (await grabFrame(video));
    if (!frame) throw new DOMException(words.noPictureYet, 'InvalidStateError');
    return frame;
  }

  onKey(event: KeyboardEvent, target: HTMLElement): void {
    if (this.#sheetOpen) return;
    if (event.key === 'Escape') {
      if (!this.menu.close()) this.#host.stats = false;
    } else obey(event, target, this, this.view.scale > 1);
  }

  marks(now: number): TemplateResult {
    const { words } = this.#means;
    return marks({ recordingSince: this.recording.since, scale: this.view.scale }, now, this, words);
  }

  /** The tools on the picture, while there is one. */
  tools(): TemplateResult | typeof nothing {
    const tools = this.#tools();
    return tools.length === 0 ? nothing : toolRow(tools);
  }

  /** What is open above all else. */
  overlays(): unknown {
    const { words, shortcuts } = this.#means;
    return [
      this.#host.noControls ? nothing : this.menu.render(this.#host, this.#tools(), this, words),
      this.#sheetOpen
        ? shortcuts.part?.shortcuts(() => this.#showSheet(false), words, this.hearing.audible !== null)
        : nothing,
    ];
  }

  /** What can be done only once the element has rendered. */
  hostUpdated(): void {
    // The gestures come with the tools.
    if (!this.#host.noControls) this.#zooming();
    const sheet = this.#host.renderRoot.querySelector('dialog');
    if (sheet && !sheet.open && this.#host.isConnected) sheet.showModal();
  }

  /** Whatever leaves the page leaves the top layer. */
  hostDisconnected(): void {
    this.#showSheet(false);
  }

  get #isStopped(): boolean {
    const { state } = this.#host.facts;
    return state === 'idle' || state === 'offline';
  }

  #tools(): Tool[] {
    const host = this.#host;
    const { facts } = host;
    const fullscreen = host.isConnected && host.matches(':fullscreen');
    if (host.noControls || (!fullscreen && this.#isStopped)) return [];
    const view = {
      statsOpen: host.stats,
      hasPicture: facts.lastFrameAt !== null,
      canPictureInPicture: canPictureInPicture(),
      fullscreen,
      canFullscreen: canFullscreen(this.#means.video),
      audible: this.hearing.audible,
    };
    return toolsOf(view, this, this.#means.words);
  }

  #zooming(): Zoom | undefined {
    const { video } = this.#means;
    if (video) {
      this.#zoom ??= new Zoom(this.#host, video, () => {
        this.#host.requestUpdate();
        this.#means.send('viewchange', this.view);
      });
    }
    return this.#zoom;
  }

  #showSheet(open: boolean): void {
    this.#sheetOpen = open;
    this.#host.requestUpdate();
  }

  #onRecording(part: Blob | null, last: boolean): void {
    const files = this.#files;
    if (part && files) {
      files.count += 1;
      // One file has no number; of several each has.
      const number = last && files.count === 1 ? '' : `-${files.count}`;
      saveFile(part, `${files.name}${number}.${part.type.includes('mp4') ? 'mp4' : 'webm'}`);
    }
    if (last) this.#files = null;
    this.#host.requestUpdate();
    this.#means.send('recordingchange', { recording: this.#host.recording, part });
  }

  /** Where it does not work, the person hears why. */
  #try(deed: Promise<unknown>): void {
    deed.catch((error: unknown) => {
      const ours = error instanceof DOMException && error.name !== 'NetworkError';
      this.#means.say(ours ? error.message : this.#means.words.partMissing);
    });
  }
}
