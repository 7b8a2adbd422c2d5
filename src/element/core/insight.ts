/*
 * What measures the picture and explains why there is none: fetched beside the first picture, not before it. Nothing in it has
 * a state of its own, so that it may be here twice.
 */
export { Blackness, brightestSpot } from './blackness.js';
export { LatencyBudget } from './budget.js';
export { diagnose, gather, seenAt, writeReport } from './explain.js';
export { LatencyMeter } from './latency.js';
export { NO_FIGURES, readStats } from './stats.js';
