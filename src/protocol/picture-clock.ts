/**
 * The clock that the sender's test pattern burns into the picture, so that a program can read from a shown frame when it was made.
 *
 * 64 bits as two rows of 32 square blocks in the top left corner, most significant bit first; a light block is 1.
 * A block is 16 pixels wide in pictures at least 512 wide, otherwise 8.
 *
 *     bits 63…24   microseconds since the Unix epoch, modulo 2^40 (12.7 days), when the frame was made
 *     bits 23…8    frame number, modulo 2^16
 *     bits  7…0    sum of the seven bytes before it, modulo 256, xor 0x5a
 */
export interface PictureClock {
  /** Microseconds since the Unix epoch, modulo 2^40. */
  micros: number;
  /** Frame number, modulo 2^16. */
  sequence: number;
}

export const CLOCK_COLUMNS = 32;
export const CLOCK_ROWS = 2;
export const CLOCK_PERIOD_MICROS = 2 ** 40;

/** Edge of one block, in pixels, in a picture of this width. */
export function clockBlockSize(pictureWidth: number): number {
  return pictureWidth >= 512 ? 16 : 8;
}

/** The 64 bits of `clock`, most significant first. */
export function encodePictureClock({ micros, sequence }: PictureClock): boolean[] {
  const bytes = new Uint8Array(8);
  let rest = Math.floor(micros) % CLOCK_PERIOD_MICROS;
  for (let index = 4; index >= 0; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[5] = (sequence >> 8) & 0xff;
  bytes[6] = sequence & 0xff;
  bytes[7] = checksum(bytes);
  return Array.from({ length: 64 }, (_, bit) => (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1);
}

/**
 * Reads the clock from the luma plane of a picture; `undefined` when the checksum does not fit.
 *
 * @param luma brightness of each pixel, row after row, from the picture's top left corner
 * @param stride bytes from one row to the next
 * @param pictureWidth width of the whole picture, in pixels
 */
export function decodePictureClock(luma: Uint8Array, stride: number, pictureWidth: number): PictureClock | undefined {
  const block = clockBlockSize(pictureWidth);
  const bytes = new Uint8Array(8);
  for (let bit = 0; bit < 64; bit += 1) {
    const x = (bit % CLOCK_COLUMNS) * block + block / 2;
    const y = Math.floor(bit / CLOCK_COLUMNS) * block + block / 2;
    if ((luma[y * stride + x] ?? 0) > 127) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  }
  if (bytes[7] !== checksum(bytes)) return undefined;
  let micros = 0;
  for (let index = 0; index < 5; index += 1) micros = micros * 256 + (bytes[index] ?? 0);
  return { micros, sequence: ((bytes[5] ?? 0) << 8) | (bytes[6] ?? 0) };
}

/** How old the frame is at `nowMs` (Unix ms, with a fraction), in ms. */
export function pictureClockAgeMs(clock: PictureClock, nowMs: number): number {
  const age = (nowMs * 1_000 - clock.micros) % CLOCK_PERIOD_MICROS;
  const wrapped = age < 0 ? age + CLOCK_PERIOD_MICROS : age;
  return (wrapped > CLOCK_PERIOD_MICROS / 2 ? wrapped - CLOCK_PERIOD_MICROS : wrapped) / 1_000;
}

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < 7; index += 1) sum += bytes[index] ?? 0;
  return (sum & 0xff) ^ 0x5a;
}
