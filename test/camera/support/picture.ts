import type { Page } from 'puppeteer-core';

/** What a frame shows: vivid's colour bars, the sender's "Camera lost" picture, or something else. */
export type Shows = 'bars' | 'slate' | 'other';

/** A frame that the page has shown. */
export interface Shown {
  /** When, in Unix ms. */
  at: number;
  width: number;
  height: number;
  shows: Shows;
  /** Changes with the picture's upper left corner, where vivid writes time and number of each frame. */
  mark: number;
}

declare const shown: Shown[];

/** From now on the page writes down every frame that it shows. Once per page. */
export async function recordPicture(page: Page): Promise<void> {
  await page.evaluate(() => {
    const frames: Shown[] = [];
    Object.assign(globalThis, { shown: frames });
    const video = document.querySelector('webrtc-preview')?.shadowRoot?.querySelector('video');
    const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 90 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!video || !context) throw new Error('the element has no video');

    // 75 % colour bars, as EBU Tech 3325 has them; the sender's slate is dark blue all over.
    const high = 0.75 * 255;
    const bars = [7, 6, 3, 2, 5, 4, 1, 0].map((bits) => [bits & 4, bits & 2, bits & 1].map((bit) => (bit ? high : 0)));
    const slate = Array.from({ length: bars.length }, () => [20, 26, 43]);
    const near = (colours: number[][], wanted: number[][], slack: number) =>
      colours.every((colour, bar) =>
        colour.every((value, channel) => Math.abs(value - (wanted[bar]?.[channel] ?? 0)) < slack),
      );

    const onFrame = () => {
      video.requestVideoFrameCallback(onFrame);
      const at = performance.timeOrigin + performance.now();
      const { videoWidth: width, videoHeight: height } = video;
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const colours = bars.map((_, bar) => [...context.getImageData(10 + 20 * bar, 87, 1, 1).data.slice(0, 3)]);
      const shows = near(colours, bars, 40) ? 'bars' : near(colours, slate, 20) ? 'slate' : 'other';
      const corner = context.getImageData(0, 0, 80, 45).data;
      frames.push({ at, width, height, shows, mark: corner.reduce((sum, value) => (sum * 31 + value) >>> 0, 0) });
    };
    video.requestVideoFrameCallback(onFrame);
  });
}

/** The frames that were shown after `since` (Unix ms). */
export function shownSince(page: Page, since: number): Promise<Shown[]> {
  return page.evaluate((after) => shown.filter(({ at }) => at > after), since);
}

/** Resolves with the first frame after `since` (Unix ms) that fits; rejects with what was shown when none comes. */
export async function waitForFrame(
  page: Page,
  since: number,
  fits: (frame: Shown) => boolean,
  timeoutMs: number,
): Promise<Shown> {
  const [frame] = await waitForRun(page, since, 1, fits, timeoutMs);
  return frame as Shown;
}

/** Resolves with the first `count` frames in a row after `since` (Unix ms) that all fit; rejects when they never come. */
export async function waitForRun(
  page: Page,
  since: number,
  count: number,
  fits: (frame: Shown) => boolean,
  timeoutMs: number,
): Promise<Shown[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const frames = await shownSince(page, since);
    let run: Shown[] = [];
    for (const frame of frames) {
      run = fits(frame) ? [...run, frame] : [];
      if (run.length === count) return run;
    }
    if (Date.now() > deadline) {
      const last = JSON.stringify(frames.slice(-3));
      throw new Error(`never ${count} frame(s) in a row that fit ${fits}; ${frames.length} came, the last: ${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The longest time without a new frame among `frames`, in ms. */
export function longestGapMs(frames: Shown[]): number {
  return Math.max(0, ...frames.slice(1).map(({ at }, index) => at - (frames[index]?.at ?? at)));
}
