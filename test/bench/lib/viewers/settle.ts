/**
 * After the last join, before measuring: keyframes for newcomers, the extensions of their first two seconds, and ICE, which
 * goes on looking at its timers for five (libnice: idle-timeout).
 */
export const SETTLE_MS = 6_500;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
