import type { ParseArgsConfig } from 'node:util';
import type { Lab } from './lab.js';

/** One benchmark: `suites/<name>.ts` exports it as default. */
export interface Suite {
  /** One line for the list of suites. */
  about: string;
  options: NonNullable<ParseArgsConfig['options']>;
  run(lab: Lab, options: SuiteOptions): Promise<SuiteResult>;
}

/** As `parseArgs` of node:util gives them. */
export type SuiteOptions = Record<string, string | boolean | readonly (string | boolean)[] | undefined>;

export interface SuiteResult {
  /** What was measured, for the reader. */
  title: string;
  columns: readonly string[];
  /** The first cell names the row. */
  rows: readonly (readonly string[])[];
  aims: readonly Aim[];
  /** Remarks under the table. */
  notes: readonly string[];
  /** Why this run proves nothing, or what must never happen and did: the program then ends with 1. */
  failures: readonly string[];
  /** Every reading, for the JSON file. */
  raw: unknown;
}

/** What we want a figure to be. */
export interface Aim {
  name: string;
  value: number;
  /** One of these two. */
  atMost?: number;
  atLeast?: number;
  unit: string;
  /** Decimal places to print; 1 when absent. */
  digits?: number;
}

/** A whole number of at least 1 from the command line. */
export function countOption(options: SuiteOptions, name: string): number {
  const count = Number(options[name]);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} wants a whole number above 0`);
  return count;
}
