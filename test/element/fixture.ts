import { type CoreOptions, WebRTCPreviewElement } from '../../src/element/index.js';
import { FakeCore } from './fake-core.js';

/** The element with cores that a test can drive. */
export class DrivenPreview extends WebRTCPreviewElement {
  readonly cores: FakeCore[] = [];
  readonly options: CoreOptions[] = [];

  get videoElement(): HTMLVideoElement {
    return this.renderRoot.querySelector('video') as HTMLVideoElement;
  }

  /** From here until `restore()` no timer of the page runs by itself: the test runs each when it likes. */
  holdTimers(): { timers: HeldTimer[]; restore: () => void } {
    const { setTimeout, clearTimeout } = window;
    const timers: HeldTimer[] = [];
    window.setTimeout = ((callback: () => void, ms = 0) => {
      const timer: HeldTimer = {
        ms,
        cleared: false,
        ran: false,
        run: () => {
          if (timer.cleared || timer.ran) return;
          timer.ran = true;
          callback();
        },
      };
      timers.push(timer);
      return -timers.length;
    }) as typeof window.setTimeout;
    window.clearTimeout = (id) => {
      const timer = typeof id === 'number' ? timers[-id - 1] : undefined;
      if (timer) timer.cleared = true;
      else clearTimeout(id);
    };
    return { timers, restore: () => Object.assign(window, { setTimeout, clearTimeout }) };
  }

  get fake(): FakeCore {
    const core = this.cores.at(-1);
    if (!core) throw new Error('The element has not made a core yet.');
    return core;
  }

  protected override createCore(options: CoreOptions): FakeCore {
    this.options.push(options);
    const core = new FakeCore();
    this.cores.push(core);
    return core;
  }
}

customElements.define('driven-preview', DrivenPreview);

declare global {
  interface HTMLElementTagNameMap {
    'driven-preview': DrivenPreview;
  }
}

export interface HeldTimer {
  ms: number;
  cleared: boolean;
  ran: boolean;
  run(): void;
}

/** An element on the page, rendered once. */
export async function mount(
  options: { width?: number; attributes?: Record<string, string> } = {},
): Promise<DrivenPreview> {
  const element = document.createElement('driven-preview');
  element.style.width = `${options.width ?? 640}px`;
  for (const [name, value] of Object.entries(options.attributes ?? {})) element.setAttribute(name, value);
  document.body.append(element);
  await element.updateComplete;
  await element.updateComplete;
  return element;
}

/** All that carry a CSS part of this name. */
export function parts(element: DrivenPreview, name: string): HTMLElement[] {
  return [...element.renderRoot.querySelectorAll<HTMLElement>(`[part~='${name}']`)];
}

export function part(element: DrivenPreview, name: string): HTMLElement {
  const [first] = parts(element, name);
  if (!first) throw new Error(`Nothing here has the part ${name}.`);
  return first;
}

/** Its words as a person reads them: any run of spaces is one. */
export function textOf(node: Element | null): string {
  return (node?.textContent ?? '').replaceAll(/\s+/g, ' ').replaceAll(' :', ':').trim();
}

/** The name of the next file that is given to the person; it is not saved. */
export function nextDownload(): Promise<string> {
  return new Promise((resolve) => {
    const { click } = HTMLAnchorElement.prototype;
    HTMLAnchorElement.prototype.click = function () {
      HTMLAnchorElement.prototype.click = click;
      resolve(this.download);
    };
  });
}

/** Resolves as soon as `fits`, looked at once a frame. */
export async function soon(fits: () => boolean): Promise<void> {
  while (!fits()) await new Promise((resolve) => requestAnimationFrame(resolve));
}

/** A picture that moves: a low sun over mountains, with a small mark that wanders. */
export function sunset(width = 1280, height = 720): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  const draw = (step: number) => {
    const sun = { x: width * 0.7, y: height * 0.22 };
    const sky = pen.createRadialGradient(sun.x, sun.y, 10, sun.x, sun.y, width * 0.75);
    for (const [at, colour] of [
      [0, '#ffd9a0'],
      [0.06, '#f5a25a'],
      [0.2, '#b5685a'],
      [0.45, '#5b4560'],
      [0.7, '#2c3552'],
      [1, '#1a2038'],
    ] as const) {
      sky.addColorStop(at, colour);
    }
    pen.fillStyle = sky;
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = '#171d30';
    pen.beginPath();
    for (const [x, y] of [
      [0, 0.86],
      [0.16, 0.66],
      [0.24, 0.74],
      [0.41, 0.58],
      [0.58, 0.72],
      [0.72, 0.63],
      [0.88, 0.74],
      [1, 0.66],
      [1, 1],
      [0, 1],
    ] as const) {
      pen.lineTo(x * width, y * height);
    }
    pen.fill();
    pen.fillStyle = '#fff3';
    pen.fillRect((step * 7) % width, height - 6, 12, 6);
  };
  let step = 0;
  draw(step);
  const timer = setInterval(() => draw(++step), 50);
  const media = canvas.captureStream(20);
  media.getVideoTracks()[0]?.addEventListener('ended', () => clearInterval(timer));
  return media;
}
