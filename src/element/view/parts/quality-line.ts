import { html, type TemplateResult } from 'lit';
import type { Mode, Quality } from '../../../protocol/index.js';
import { bitrate, leftToRight, rate, size } from '../format.js';
import type { Words } from '../words.js';
import { sameSize } from './modes.js';

/**
 * That less is sent than the camera gives, how much less, and why. Each phrase runs as its own words do: among words of the other
 * direction "640 of 1280" would read "1280 of 640".
 */
export function qualityLine(quality: Quality, camera: Mode | undefined, words: Words): TemplateResult {
  const link = quality.linkKbps === undefined ? undefined : bitrate(quality.linkKbps, words);
  return html`<p class="quality">
    <b><bdi>${less(quality, camera, words)}</bdi></b>
    <span class="link"><bdi>${words.linkCarries(link && `${link.value} ${link.unit}`)}</bdi></span>
  </p>`;
}

/** The size where it is smaller, else the rate, else only that it is less. */
function less(quality: Quality, camera: Mode | undefined, words: Words): string {
  if (!camera) return size(quality);
  if (!sameSize(quality, camera)) return words.lessOf(leftToRight(size(quality)), leftToRight(size(camera)));
  if (Math.round(quality.fps) < Math.round(camera.fps)) {
    return words.lessOf(rate(Math.round(quality.fps)), words.fps(rate(camera.fps)));
  }
  return words.lessDetail;
}
