/**
 * Brightest of the luma values (0–255) below which a picture is black, and above which it is not: between the two nothing
 * changes. Video black is 16 in the coded range and 0 here; what is left is the noise of a covered sensor.
 */
const BLACK_BELOW = 28;
const LIT_ABOVE = 40;
/** Many a camera begins with a few dark frames. */
const BLACK_AFTER = 3;

/** Whether the picture is all black, by one look a second at most. */
export class Blackness {
  #dark = 0;

  /** @returns whether it is black, after a look that found this as the brightest spot; `undefined`: nothing could be seen */
  judge(brightest: number | undefined): boolean {
    if (brightest !== undefined) {
      if (brightest < BLACK_BELOW) this.#dark += 1;
      else if (brightest > LIT_ABOVE) this.#dark = 0;
    }
    return this.black;
  }

  get black(): boolean {
    return this.#dark >= BLACK_AFTER;
  }

  /** Dark, or perhaps: worth another look soon. */
  get suspected(): boolean {
    return this.#dark > 0;
  }
}

const WIDTH = 32;
const HEIGHT = 18;
let canvas: CanvasRenderingContext2D | null | undefined;

/** The luma of the brightest spot of what a video shows, averaged over its 576 parts; `undefined` where it cannot be read. */
export function brightestSpot(video: HTMLVideoElement): number | undefined {
  if (!video.videoWidth) return undefined;
  try {
    canvas ??= Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT }).getContext('2d', {
      willReadFrequently: true,
    });
    canvas?.drawImage(video, 0, 0, WIDTH, HEIGHT);
    const data = canvas?.getImageData(0, 0, WIDTH, HEIGHT).data ?? [];
    let brightest: number | undefined;
    for (let at = 0; at < data.length; at += 4) {
      const luma = 0.2126 * Number(data[at]) + 0.7152 * Number(data[at + 1]) + 0.0722 * Number(data[at + 2]);
      brightest = Math.max(brightest ?? 0, luma);
    }
    return brightest;
  } catch {
    // A browser that does not let pages read pictures: then nobody knows.
    return undefined;
  }
}
