import type { Mode, Quality } from '../../../protocol/index.js';
import type { Facts } from '../../core/facts.js';
import { rate } from '../format.js';

/* Which modes there are to choose from, and which of them is being seen. Pure. */

type Size = Pick<Mode, 'width' | 'height'>;

export const sameSize = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;
export const sameMode = (a: Mode, b: Mode): boolean => sameSize(a, b) && a.fps === b.fps;

/** The modes that the camera offers, and the seen one among them even when it is none of these (an encoder may scale). */
export function choices(facts: Facts): readonly Mode[] {
  const offered = facts.stream?.camera?.modes ?? [];
  const seen = seenMode(facts);
  return seen && !offered.some((mode) => sameMode(mode, seen)) ? [...offered, seen] : offered;
}

/** A camera that was asked for 30 may say 29.97: that is the same choice. */
const SAME_RATE_WITHIN = 0.5;

/**
 * What is on the screen; before the first frame, what the camera says it will send. `null`: nobody knows.
 *
 * Frames that the link made smaller are still frames of the camera's mode: that is what there is to choose.
 */
export function seenMode(facts: Facts): Mode | null {
  const camera = facts.stream?.camera;
  if (!camera) return null;
  const { width, height } = (isReduced(facts.quality) ? null : facts.shownSize) ?? camera.mode;
  const { fps } = modeOfSize(camera.modes, { width, height }, camera.mode.fps);
  return { width, height, fps: Math.abs(fps - camera.mode.fps) < SAME_RATE_WITHIN ? fps : camera.mode.fps };
}

/** Less is sent than the camera gives. */
export function isReduced(quality: Quality | null): quality is Quality {
  return quality !== null && quality.level > 0;
}

/** Each size once, the largest first. */
export function sizesOf(modes: readonly Mode[]): Size[] {
  const sizes: Size[] = [];
  for (const { width, height } of modes) {
    if (!sizes.some((size) => sameSize(size, { width, height }))) sizes.push({ width, height });
  }
  return sizes.sort((a, b) => b.width * b.height - a.width * a.height);
}

/** The rates at which the camera delivers `size`, the fastest first. */
export function ratesOf(modes: readonly Mode[], size: Size): number[] {
  const rates = new Set(modes.filter((mode) => sameSize(mode, size)).map((mode) => mode.fps));
  return [...rates].sort((a, b) => b - a);
}

/** The rates of other sizes that `size` lacks, the fastest first. */
export function missingRates(modes: readonly Mode[], size: Size): number[] {
  const own = ratesOf(modes, size);
  const all = new Set(modes.map(({ fps }) => fps));
  return [...all].filter((fps) => !own.includes(fps)).sort((a, b) => b - a);
}

/** The mode of another size whose rate is nearest to `fps`. */
export function modeOfSize(modes: readonly Mode[], size: Size, fps: number): Mode {
  const [nearest] = ratesOf(modes, size).sort((a, b) => Math.abs(a - fps) - Math.abs(b - fps));
  return { width: size.width, height: size.height, fps: nearest ?? fps };
}

/** "720p30"; with the width where two sizes share a height. */
export function shortName(mode: Mode, modes: readonly Mode[]): string {
  const twins = sizesOf(modes).filter((size) => size.height === mode.height);
  return `${twins.length > 1 ? `${mode.width}×` : ''}${mode.height}p${rate(mode.fps)}`;
}
