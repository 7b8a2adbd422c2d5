import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLOCK_COLUMNS,
  CLOCK_PERIOD_MICROS,
  CLOCK_ROWS,
  clockBlockSize,
  decodePictureClock,
  encodePictureClock,
  pictureClockAgeMs,
} from '../../src/protocol/index.js';

/** A luma plane with the clock in its corner, as an encoder would leave it: not quite black and white. */
function draw(bits: boolean[], pictureWidth: number, stride: number, noise: number): Uint8Array {
  const block = clockBlockSize(pictureWidth);
  const luma = new Uint8Array(stride * block * CLOCK_ROWS).fill(90);
  for (let y = 0; y < block * CLOCK_ROWS; y += 1) {
    for (let x = 0; x < block * CLOCK_COLUMNS; x += 1) {
      const bit = bits[Math.floor(y / block) * CLOCK_COLUMNS + Math.floor(x / block)];
      luma[y * stride + x] = bit ? 235 - noise : 16 + noise;
    }
  }
  return luma;
}

const clock = fc.record({
  micros: fc.integer({ min: 0, max: CLOCK_PERIOD_MICROS - 1 }),
  sequence: fc.integer({ min: 0, max: 0xffff }),
});
const width = fc.constantFrom(256, 320, 511, 512, 640, 1_920);

describe('the picture clock', () => {
  it('is read as it was drawn, at every size, stride and noise', () => {
    fc.assert(
      fc.property(clock, width, fc.nat(64), fc.nat(100), (value, pictureWidth, padding, noise) => {
        const stride = pictureWidth + padding;
        const luma = draw(encodePictureClock(value), pictureWidth, stride, noise);
        expect(decodePictureClock(luma, stride, pictureWidth)).toEqual(value);
      }),
    );
  });

  it('with any one bit wrong is not a clock', () => {
    fc.assert(
      fc.property(clock, fc.nat(63), (value, wrong) => {
        const bits = encodePictureClock(value).map((bit, index) => (index === wrong ? !bit : bit));
        expect(decodePictureClock(draw(bits, 640, 640, 0), 640, 640)).toBeUndefined();
      }),
    );
  });

  it('is not found in a black, a white or a missing picture', () => {
    for (const luma of [new Uint8Array(640 * 32), new Uint8Array(640 * 32).fill(255), new Uint8Array(0)]) {
      expect(decodePictureClock(luma, 640, 640)).toBeUndefined();
    }
  });

  it('has these bits: the example that the other programs are checked with', () => {
    const bits = encodePictureClock({ micros: 0x12_3456_789a, sequence: 0xbcde });
    const hex = bits
      .map(Number)
      .join('')
      .match(/.{4}/g)
      ?.map((four) => Number.parseInt(four, 2).toString(16))
      .join('');
    const sum = (0x12 + 0x34 + 0x56 + 0x78 + 0x9a + 0xbc + 0xde) & 0xff;
    expect(hex).toBe(`123456789abcde${(sum ^ 0x5a).toString(16).padStart(2, '0')}`);
  });

  it('tells the age of a frame also where it wraps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 42 }), fc.integer({ min: -60_000, max: 3_600_000 }), (atMs, ageMs) => {
        const micros = (atMs * 1_000) % CLOCK_PERIOD_MICROS;
        expect(pictureClockAgeMs({ micros, sequence: 0 }, atMs + ageMs)).toBeCloseTo(ageMs, 3);
      }),
    );
  });
});
