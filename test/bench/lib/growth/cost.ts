import { type Growth, growthOf, type Step } from '../fits.js';

/** Something that costs more the more of something there is. */
export interface Cost {
  /** Of its plot's file. */
  name: string;
  /** "Processor time of the sender" */
  title: string;
  /** What there is more and more of: "viewers". */
  variable: string;
  unit: string;
  steps: Step[];
}

export interface GrownCost extends Cost, Growth {}

export const grown = (cost: Cost): GrownCost => ({ ...cost, ...growthOf(cost.steps) });
