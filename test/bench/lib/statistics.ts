/** The value below which `percent` of the readings lie, between the two nearest ones; NaN for no readings. */
export function percentile(readings: readonly number[], percent: number): number {
  const sorted = [...readings].sort((a, b) => a - b);
  const place = ((sorted.length - 1) * percent) / 100;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

export const median = (readings: readonly number[]): number => percentile(readings, 50);

export interface Summary {
  count: number;
  p5: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

export function summarise(readings: readonly number[]): Summary {
  return {
    count: readings.length,
    p5: percentile(readings, 5),
    p50: percentile(readings, 50),
    p95: percentile(readings, 95),
    p99: percentile(readings, 99),
    max: percentile(readings, 100),
  };
}

/** "8.4 (8.0–8.8)": median of the blocks, and the lowest and highest block. "–" where there is nothing to measure. */
export function medianAndRange(blocks: readonly number[], digits = 1): string {
  if (blocks.every(Number.isNaN)) return '–';
  const [low, middle, high] = [0, 50, 100].map((percent) => percentile(blocks, percent).toFixed(digits));
  return `${middle} (${low}–${high})`;
}

/** The line y = `base` + `slope` · x that lies nearest to the points, by least squares. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): { base: number; slope: number } {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  let covariance = 0;
  let variance = 0;
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  const slope = covariance / variance;
  return { base: meanY - slope * meanX, slope };
}
