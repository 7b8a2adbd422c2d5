import { type PictureView, WHOLE_PICTURE } from '../events.js';

interface Point {
  x: number;
  y: number;
}

/** In CSS pixels: the box that shows the picture, and how large the picture is in it at scale 1. */
export interface Room {
  box: Point;
  picture: Point;
}

export const MAX_SCALE = 8;

/** The room of a video of `video` pixels, as it is fitted and turned. What is cut off at scale 1 stays cut off. */
export function roomOf(box: Point, video: Point, fit: string, turned: boolean): Room {
  const [width, height] = turned ? [video.y, video.x] : [video.x, video.y];
  if (!(width > 0 && height > 0)) return { box, picture: box };
  const ratios = [box.x / width, box.y / height] as const;
  const ratio = fit === 'cover' ? Math.max(...ratios) : Math.min(...ratios);
  return { box, picture: { x: Math.min(box.x, width * ratio), y: Math.min(box.y, height * ratio) } };
}

/** The nearest view that shows nothing beyond the edges of the picture. */
export function settle(view: PictureView, { box, picture }: Room): PictureView {
  const scale = between(1, Number.isFinite(view.scale) ? view.scale : 1, MAX_SCALE);
  if (scale < 1.01) return WHOLE_PICTURE;
  const along = (centre: number, axis: 'x' | 'y') => {
    // From the middle of the picture, as far as its edge comes to the edge of the box.
    const limit = Math.max(0, 0.5 - box[axis] / (2 * scale * picture[axis]));
    return between(0.5 - limit, Number.isFinite(centre) ? centre : 0.5, 0.5 + limit);
  };
  return { scale, x: along(view.x, 'x'), y: along(view.y, 'y') };
}

/** Another scale, with what lies at `from` (pixels from the middle of the box) brought to `to`. */
export function scaleAbout(view: PictureView, scale: number, { picture }: Room, from: Point, to = from): PictureView {
  const along = (axis: 'x' | 'y') => view[axis] + (from[axis] / view.scale - to[axis] / scale) / picture[axis];
  return { scale, x: along('x'), y: along('y') };
}

const between = (low: number, value: number, high: number) => Math.min(high, Math.max(low, value));

/** Fingers are not steady: less is a tap. */
const STILL_WITHIN_PX = 6;
const DOUBLE_TAP_MS = 350;
const DOUBLE_TAP_WITHIN_PX = 30;
const DOUBLE_TAP_SCALE = 2.5;
/** A line of a wheel that counts in lines. */
const LINE_PX = 16;

export interface ZoomHost extends HTMLElement {
  readonly fit: string;
  readonly rotate: number;
  readonly noControls: boolean;
}

/**
 * Digital zoom: turns wheel, fingers, mouse and calls into a view of the picture, and the view into two style properties set
 * from script (a style attribute would break a strict content security policy).
 *
 * A page is scrolled by the wheel as ever until the picture itself has the focus, by a click into it or visibly, or is fullscreen:
 * who has used a control scrolls on. A pinch on a touchpad comes as a wheel with Ctrl and always zooms. One finger scrolls the page until the picture is enlarged, then it moves the picture.
 */
export class Zoom {
  view = WHOLE_PICTURE;
  readonly #host: ZoomHost;
  readonly #video: HTMLVideoElement;
  readonly #onChange: () => void;
  /** Where each finger is, or the pressed mouse. */
  readonly #points = new Map<number, Point>();
  /** How it was when the number of fingers changed last. */
  #grip: { view: PictureView; middle: Point; spread: number; still: boolean } | undefined;
  /** The last press was on the picture, and it has had the focus since. */
  #pressed = false;
  #lastTap: { at: number; point: Point } | undefined;
  readonly #resize = new ResizeObserver(() => this.to(this.view));

  constructor(host: ZoomHost, video: HTMLVideoElement, onChange: () => void) {
    this.#host = host;
    this.#video = video;
    this.#onChange = onChange;
    const base = this.#base;
    base.addEventListener('pointerdown', ({ target }) => {
      this.#pressed = target === video;
    });
    base.addEventListener('focusout', ({ target }) => {
      if (target === base) this.#pressed = false;
    });
    video.addEventListener('wheel', this.#onWheel, { passive: false });
    video.addEventListener('touchstart', this.#onTouch, { passive: false });
    video.addEventListener('resize', () => this.to(this.view));
    video.addEventListener('pointerdown', this.#onDown);
    video.addEventListener('pointermove', this.#onMove);
    video.addEventListener('pointerup', this.#onUp);
    video.addEventListener('pointercancel', this.#onUp);
  }

  to(wish: PictureView): void {
    const room = this.#room();
    const view = settle(wish, room);
    const { style } = this.#video;
    if (view.scale === 1) {
      style.removeProperty('scale');
      style.removeProperty('translate');
      this.#resize.disconnect();
    } else {
      // Parts of the box, not pixels: right in the next frame too when the box changes its size.
      const offset = (axis: 'x' | 'y') => ((0.5 - view[axis]) * view.scale * 100 * room.picture[axis]) / room.box[axis];
      style.setProperty('scale', String(view.scale));
      style.setProperty('translate', `${offset('x')}cqw ${offset('y')}cqh`);
      if (this.view.scale === 1) this.#resize.observe(this.#video.parentElement as HTMLElement);
    }
    const { scale, x, y } = this.view;
    this.view = view;
    if (view.scale !== scale || view.x !== x || view.y !== y) this.#onChange();
  }

  by(factor: number, at: Point = { x: 0, y: 0 }): void {
    this.to(scaleAbout(this.view, between(1, this.view.scale * factor, MAX_SCALE), this.#room(), at));
  }

  /** By a quarter of what is seen. */
  pan(x: number, y: number): void {
    const step = 0.25 / this.view.scale;
    this.to({ ...this.view, x: this.view.x + x * step, y: this.view.y + y * step });
  }

  get #base(): HTMLElement {
    return this.#video.closest('.base') as HTMLElement;
  }

  /** The wheel is meant for the picture, not for the page. Safari gives no focus to a button that is pressed. */
  get #hasWheel(): boolean {
    if (this.#host.matches(':fullscreen')) return true;
    const base = this.#base;
    return base.matches(':focus-visible') || (this.#pressed && base.matches(':focus'));
  }

  #room(): Room {
    const { clientWidth, clientHeight } = this.#video.parentElement as HTMLElement;
    const { videoWidth, videoHeight } = this.#video;
    const turned = this.#host.rotate % 180 !== 0;
    return roomOf({ x: clientWidth, y: clientHeight }, { x: videoWidth, y: videoHeight }, this.#host.fit, turned);
  }

  /** From the middle of the box, in pixels. */
  #point({ clientX, clientY }: MouseEvent): Point {
    const { left, top, width, height } = (this.#video.parentElement as HTMLElement).getBoundingClientRect();
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 };
  }

  readonly #onWheel = (event: WheelEvent) => {
    const { ctrlKey, deltaMode, deltaY } = event;
    if (this.#host.noControls || !(ctrlKey || this.#hasWheel)) return;
    const pixels = deltaMode === WheelEvent.DOM_DELTA_LINE ? deltaY * LINE_PX : deltaY;
    const before = this.view.scale;
    // A touchpad counts a pinch in small steps.
    this.by(Math.exp(-pixels * (ctrlKey ? 0.01 : 0.002)), this.#point(event));
    // At the end of the scale the page may scroll on; but it is never enlarged itself.
    if (ctrlKey || this.view.scale !== before) event.preventDefault();
  };

  /** Two fingers on the picture are meant for it: without this a browser may take them for scrolling. */
  readonly #onTouch = (event: TouchEvent) => {
    if (event.touches.length > 1 && !this.#host.noControls) event.preventDefault();
  };

  readonly #onDown = (event: PointerEvent) => {
    if (this.#host.noControls || event.button !== 0) return;
    this.#points.set(event.pointerId, this.#point(event));
    this.#takeHold(this.#points.size === 1);
  };

  readonly #onMove = (event: PointerEvent) => {
    const grip = this.#grip;
    if (!grip || !this.#points.has(event.pointerId)) return;
    this.#points.set(event.pointerId, this.#point(event));
    const { middle, spread } = this.#hand();
    if (distance(middle, grip.middle) > STILL_WITHIN_PX) grip.still = false;
    const pinching = this.#points.size > 1;
    if (!pinching && (grip.still || grip.view.scale === 1)) return;
    if (!this.#video.hasPointerCapture(event.pointerId)) this.#video.setPointerCapture(event.pointerId);
    const scale = between(1, grip.view.scale * (pinching ? spread / grip.spread : 1), MAX_SCALE);
    this.to(scaleAbout(grip.view, scale, this.#room(), grip.middle, middle));
  };

  readonly #onUp = (event: PointerEvent) => {
    const point = this.#points.get(event.pointerId);
    if (!point || !this.#grip) return;
    const tapped = event.type === 'pointerup' && this.#points.size === 1 && this.#grip.still;
    this.#points.delete(event.pointerId);
    this.#takeHold(false);
    if (!tapped) return;
    const last = this.#lastTap;
    const twice =
      last && event.timeStamp - last.at < DOUBLE_TAP_MS && distance(last.point, point) < DOUBLE_TAP_WITHIN_PX;
    this.#lastTap = twice ? undefined : { at: event.timeStamp, point };
    if (!twice) return;
    if (this.view.scale > 1) this.to(WHOLE_PICTURE);
    else this.by(DOUBLE_TAP_SCALE, point);
  };

  #takeHold(still: boolean): void {
    this.#grip = this.#points.size === 0 ? undefined : { view: this.view, still, ...this.#hand() };
  }

  /** The middle of two fingers and how far they are apart; of one, where it is. */
  #hand(): { middle: Point; spread: number } {
    const [one = { x: 0, y: 0 }, two = one] = this.#points.values();
    return { middle: { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 }, spread: Math.max(1, distance(one, two)) };
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
