import { median } from './statistics.js';

/* How a cost grows: which curve lies nearest to what was measured, and from where on none does any more. */

export type Point = readonly [x: number, y: number];

export interface Curve {
  /** "12.1 + 0.71·n", or with a power: "3.0 + 0.02·n^1.9". */
  formula: string;
  base: number;
  /** What each one more costs, where the power is 1. */
  factor: number;
  power: number;
  at(x: number): number;
  /** Of the variance of what was measured, the share that the curve accounts for. */
  r2: number;
}

export interface Growth {
  curve: Curve;
  /** In words: "linear", "faster than linear", "slower than linear", "constant". */
  shape: string;
  /** The largest number up to which the curve of the smaller numbers holds; `null` when it held to the end. */
  knee: Knee | null;
}

export interface Knee {
  /** It held up to here… */
  at: number;
  /** …and not here. */
  before: number;
  why: string;
}

export interface Step {
  x: number;
  y: number;
  /** Of what was due, how much arrived: 0 … 1. Below {@link LEAST_SHARE} it is no use to know what it cost. */
  share?: number;
}

const LEAST_SHARE = 0.95;
/** A knee is where the cost is further from the line of the numbers before than this share of it… */
const KNEE_SHARE = 0.15;
/** …and than so many times what the readings at one number differ. */
const KNEE_SPREADS = 3;
/** A line goes through any two points: with one more it can be wrong. */
const LEAST_FOR_LINE = 3;
/** Within this, a power is called 1. */
const LINEAR_WITHIN = 0.1;
const POWERS = { least: 0.2, most: 4, step: 0.01 };

/** y = base + factor · x^power, with the power given; by least squares. */
export function fitPower(points: readonly Point[], power: number): Curve {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const xs = points.map(([x]) => x ** power);
  const ys = points.map(([, y]) => y);
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, index) => (x - meanX) * ((ys[index] ?? 0) - meanY)));
  const variance = mean(xs.map((x) => (x - meanX) ** 2));
  const factor = variance === 0 ? 0 : covariance / variance;
  const base = meanY - factor * meanX;
  const at = (x: number) => base + factor * x ** power;
  const spread = mean(ys.map((y) => (y - meanY) ** 2));
  const r2 = spread === 0 ? 1 : 1 - mean(points.map(([x, y]) => (y - at(x)) ** 2)) / spread;
  return { base, factor, power, at, r2, formula: formulaOf(base, factor, power) };
}

/**
 * A line, or a curve with a power of its own where that is worth one more number to choose: by Schwarz's criterion, so that
 * noise alone does not bend a line.
 */
export function fitGrowth(points: readonly Point[]): Curve {
  const line = fitPower(points, 1);
  if (new Set(points.map(([x]) => x)).size <= LEAST_FOR_LINE) return line;
  let bent = line;
  for (let power = POWERS.least; power <= POWERS.most; power += POWERS.step) {
    const curve = fitPower(points, Number(power.toFixed(2)));
    if (curve.r2 > bent.r2) bent = curve;
  }
  return criterion(points, bent, 3) < criterion(points, line, 2) ? bent : line;
}

/** The smaller the better: how far the curve is from the points, and how much it was free to choose. */
function criterion(points: readonly Point[], curve: Curve, parameters: number): number {
  const squares = points.reduce((sum, [x, y]) => sum + (y - curve.at(x)) ** 2, 0);
  // What lies exactly on a curve is as near as numbers are exact.
  const exact = points.reduce((sum, [, y]) => sum + y ** 2, 0) * 1e-12;
  return points.length * Math.log(Math.max(squares, exact) / points.length) + parameters * Math.log(points.length);
}

/** @param steps several for each number, when it was measured several times */
export function growthOf(steps: readonly Step[]): Growth {
  const knee = kneeOf(steps);
  const held = steps.filter(({ x }) => knee === null || x <= knee.at);
  const curve = fitGrowth(held.map(({ x, y }) => [x, y] as const));
  return { curve, shape: shapeOf(curve, held), knee };
}

export function kneeOf(steps: readonly Step[]): Knee | null {
  const numbers = [...new Set(steps.map(({ x }) => x))].sort((a, b) => a - b);
  const at = (x: number) => steps.filter((step) => step.x === x);
  const middle = (x: number) => median(at(x).map(({ y }) => y));
  const isFar = (x: number, curve: Curve) => Math.abs(middle(x) - curve.at(x)) > KNEE_SHARE * Math.abs(curve.at(x));
  // What one curve goes through from the first number to the last has none, however bent it is.
  const whole = fitGrowth(steps.map(({ x, y }) => [x, y] as const));
  const isBroken = numbers.some((x) => isFar(x, whole));
  for (const [index, x] of numbers.entries()) {
    const before = numbers[index - 1];
    if (before === undefined) continue;
    const share = median(at(x).map(({ share = 1 }) => share));
    if (share < LEAST_SHARE)
      return { at: before, before: x, why: `${(share * 100).toFixed(0)} % of what is due arrives` };
    if (index < LEAST_FOR_LINE || !isBroken) continue;
    const line = fitGrowth(numbers.slice(0, index).flatMap((each) => at(each).map(({ y }) => [each, y] as const)));
    const off = middle(x) - line.at(x);
    if (isFar(x, line) && Math.abs(off) > KNEE_SPREADS * spreadOf(steps, numbers)) {
      const [more, percent] = [off > 0 ? 'more' : 'less', Math.abs((off / line.at(x)) * 100).toFixed(0)];
      return { at: before, before: x, why: `${percent} % ${more} than the curve so far` };
    }
  }
  return null;
}

/** How much readings at one number differ, in the median over the numbers. */
function spreadOf(steps: readonly Step[], numbers: readonly number[]): number {
  return median(
    numbers.map((x) => {
      const values = steps.filter((step) => step.x === x).map(({ y }) => y);
      const middle = median(values);
      return median(values.map((value) => Math.abs(value - middle)));
    }),
  );
}

function shapeOf(curve: Curve, steps: readonly Step[]): string {
  const xs = steps.map(({ x }) => x);
  const [first, last] = [curve.at(Math.min(...xs)), curve.at(Math.max(...xs))];
  // From the smallest number to the largest it changes by less than the knee's tolerance.
  if (Math.abs(last - first) <= KNEE_SHARE * Math.max(Math.abs(first), Math.abs(last))) return 'constant';
  if (Math.abs(curve.power - 1) <= LINEAR_WITHIN) return 'linear';
  return curve.power > 1 ? 'faster than linear' : 'slower than linear';
}

function formulaOf(base: number, factor: number, power: number): string {
  const variable = power === 1 ? 'n' : `n^${power.toFixed(2)}`;
  return `${short(base)} ${factor < 0 ? '−' : '+'} ${short(Math.abs(factor))}·${variable}`;
}

/** Three digits that mean something. */
function short(value: number): string {
  const text = Number(value.toPrecision(3)).toString().replace('-', '−');
  return text.includes('e') ? value.toFixed(4) : text;
}
