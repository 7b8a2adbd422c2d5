import type { Aim } from './suite.js';

export type Verdict = 'met' | 'missed' | 'not measured';

export interface Judged {
  verdict: Verdict;
  /** "7.4 ms" */
  figure: string;
  /** "≤ 7.5 ms" */
  limit: string;
  /** "met", "missed by 0.4 ms", "not measured" */
  words: string;
}

/** Whether a figure is what we want it to be, and by how much it is not. */
export function judge({ value, atMost, atLeast, unit, digits = 1 }: Aim): Judged {
  const bound = String(Number((atLeast ?? atMost ?? Number.NaN).toFixed(2)));
  const limit = `${atLeast === undefined ? '≤' : '≥'} ${bound} ${unit}`.trim();
  // JSON has no NaN and makes null of it.
  if (value === null || Number.isNaN(value)) {
    return { verdict: 'not measured', figure: '–', limit, words: 'not measured' };
  }
  const over = atLeast === undefined ? value - (atMost ?? Number.NaN) : atLeast - value;
  const figure = `${value.toFixed(digits)} ${unit}`.trim();
  if (over <= 0) return { verdict: 'met', figure, limit, words: 'met' };
  return { verdict: 'missed', figure, limit, words: `missed by ${over.toFixed(digits)} ${unit}`.trim() };
}
