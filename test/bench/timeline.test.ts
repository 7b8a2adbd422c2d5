import { describe, expect, it } from 'vitest';
import { fitLine } from './lib/statistics.js';
import { findFreezes, readableShare, viewPhase } from './lib/timeline.js';

/** Frames at these moments, each as wide as said. */
const frames = (...pairs: [atMs: number, width: number][]) => pairs.map(([atMs, width]) => ({ atMs, width }));

describe('what a viewer saw of a phase', () => {
  it('counts its frames, and the longest time without one', () => {
    const seen = { frames: frames([900, 640], [1_100, 640], [1_500, 640], [1_900, 640], [2_050, 640]), ages: [] };
    expect(viewPhase(seen, 1_000, 2_000, 640)).toMatchObject({ fps: 3, longestGapMs: 400 });
  });

  it('is one long gap without any frame', () => {
    const view = viewPhase({ frames: frames([900, 640]), ages: [] }, 1_000, 3_000, 640);
    expect(view).toMatchObject({ fps: 0, longestGapMs: 2_000 });
    expect(view.ageP95Ms).toBeNaN();
  });

  it('says which sizes were shown when, and since when the full one', () => {
    const seen = { frames: frames([900, 320], [1_500, 640], [2_000, 1_280], [2_500, 1_280]), ages: [] };
    const { sizes, fullAfterS } = viewPhase(seen, 1_000, 3_000, 1_280);
    expect(sizes).toEqual([
      { atS: 0, width: 320 },
      { atS: 0.5, width: 640 },
      { atS: 1, width: 1_280 },
    ]);
    expect(fullAfterS).toBe(1);
    expect(viewPhase(seen, 1_000, 1_900, 1_280).fullAfterS).toBe(Number.POSITIVE_INFINITY);
  });

  it('leaves out the black picture of 2×2 that stands for nothing', () => {
    expect(viewPhase({ frames: frames([1_500, 2]), ages: [] }, 1_000, 2_000, 640).fps).toBe(0);
  });

  it('looks at ages only once the phase has settled', () => {
    const ages = [
      { atMs: 2_000, ageMs: 900 },
      { atMs: 7_000, ageMs: 20 },
    ];
    expect(viewPhase({ frames: [], ages }, 1_000, 9_000, 640).ageP95Ms).toBe(20);
  });
});

describe('what stood still', () => {
  /** Moments with these gaps between them. */
  const after = (...gaps: number[]) => {
    let at = 0;
    return [at, ...gaps.map((gap) => (at += gap))];
  };
  const usual = Array(30).fill(33);

  it('is a gap of 150 ms more than usual, and all of it counts', () => {
    expect(findFreezes(after(...usual, 182, ...usual))).toEqual({ count: 0, frozenMs: 0 });
    expect(findFreezes(after(...usual, 184, ...usual))).toEqual({ count: 1, frozenMs: 184 });
  });

  it('is three times the usual where frames are rare', () => {
    const rare = Array(30).fill(100);
    expect(findFreezes(after(...rare, 290)).count).toBe(0);
    expect(findFreezes(after(...rare, 310)).count).toBe(1);
  });
});

describe('readable', () => {
  it('is the share of the frames whose age is known; what is no frame does not count', () => {
    const ages = [{ atMs: 0, ageMs: 20 }];
    expect(readableShare({ frames: frames([0, 640], [33, 640], [66, 2]), ages })).toBe(0.5);
    expect(readableShare({ frames: [], ages: [] })).toBeNaN();
  });
});

describe('the nearest line', () => {
  it('goes through points that lie on one', () => {
    const { base, slope } = fitLine([
      [1, 10],
      [2, 12],
      [4, 16],
    ]);
    expect(base).toBeCloseTo(8);
    expect(slope).toBeCloseTo(2);
  });
});
