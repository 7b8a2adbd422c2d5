import { describe, expect, it } from 'vitest';
import { fitGrowth, fitPower, growthOf, kneeOf, type Step } from './lib/fits.js';

/** The same at each number, three times, a little apart. */
const measured = (numbers: readonly number[], cost: (x: number) => number, noise = 0.01): Step[] =>
  numbers.flatMap((x) => [-noise, 0, noise].map((off) => ({ x, y: cost(x) * (1 + off) })));
const NUMBERS = [1, 2, 4, 8, 16, 32];

describe('the curve of a cost', () => {
  it('is a line where a line will do, also through noise', () => {
    const { curve, shape, knee } = growthOf(measured(NUMBERS, (x) => 12 + 0.7 * x, 0.03));
    expect(curve.power).toBe(1);
    expect(curve.factor).toBeCloseTo(0.7, 1);
    expect(curve.base).toBeCloseTo(12, 0);
    expect([shape, knee]).toEqual(['linear', null]);
    expect(curve.formula).toBe('12 + 0.7·n');
  });

  it('finds the power of what grows faster', () => {
    const { curve, shape } = growthOf(measured(NUMBERS, (x) => 3 + 0.02 * x ** 2));
    expect(curve.power).toBeCloseTo(2, 0);
    expect(shape).toBe('faster than linear');
    expect(curve.at(64)).toBeGreaterThan(70);
  });

  it('says of what does not grow that it is constant', () => {
    expect(growthOf(measured(NUMBERS, () => 40)).shape).toBe('constant');
  });

  it('is not bent by two numbers, through which every line goes', () => {
    expect(
      fitGrowth([
        [1, 5],
        [2, 9],
      ]),
    ).toMatchObject({ power: 1, base: 1, factor: 4, r2: 1 });
  });

  it('says how much of what was measured it accounts for', () => {
    expect(
      fitPower(
        [
          [1, 1],
          [2, 3],
          [3, 2],
          [4, 4],
        ],
        1,
      ).r2,
    ).toBeCloseTo(0.64);
  });
});

describe('the knee', () => {
  it('is where the cost leaves the curve of the smaller numbers', () => {
    const knee = kneeOf(measured(NUMBERS, (x) => (x <= 8 ? 10 + x : 10 + 3 * x)));
    expect(knee).toMatchObject({ at: 8, before: 16 });
    expect(knee?.why).toBe('123 % more than the curve so far');
  });

  it('is where less arrives than is due, whatever that costs', () => {
    const steps = measured(NUMBERS, (x) => 10 + x).map((step) => ({ ...step, share: step.x > 16 ? 0.5 : 1 }));
    expect(kneeOf(steps)).toEqual({ at: 16, before: 32, why: '50 % of what is due arrives' });
  });

  it('is not in what is bent all along', () => {
    const { knee, curve } = growthOf(measured(NUMBERS, (x) => 1 + 0.4 * x ** 1.4));
    expect(knee).toBeNull();
    expect(curve.power).toBeCloseTo(1.4, 1);
  });

  it('is not seen in readings that differ as much at one number', () => {
    expect(kneeOf(measured(NUMBERS, (x) => (x < 32 ? 10 + x : 50), 0.3))).toBeNull();
  });

  it('leaves what lies beyond it out of the curve', () => {
    const { curve } = growthOf(measured(NUMBERS, (x) => (x <= 8 ? 10 + x : 10 + 3 * x)));
    expect(curve.at(8)).toBeCloseTo(18, 0);
    expect(curve.power).toBe(1);
  });
});
