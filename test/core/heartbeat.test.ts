import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { every } from '../../src/element/core/heartbeat.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount(), 'a timer that nobody needs').toBe(0);
  vi.useRealTimers();
});

it('calls each about as often as it asked for, on one timer', async () => {
  const calls = { quick: 0, slow: 0 };
  const stopQuick = every(250, () => {
    calls.quick += 1;
  });
  const stopSlow = every(1_000, () => {
    calls.slow += 1;
  });
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(calls).toEqual({ quick: 40, slow: 10 });
  stopQuick();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(calls).toEqual({ quick: 40, slow: 12 });
  stopSlow();
  stopSlow();
});

it('goes on with the others when one fails, and when one ends another', async () => {
  const thrown = vi.fn();
  process.on('uncaughtException', thrown);
  let calls = 0;
  const stops = [
    every(250, () => {
      throw new Error('mine');
    }),
    every(250, () => stops[0]?.()),
    every(250, () => {
      calls += 1;
    }),
  ];
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls).toBe(4);
  for (const stop of stops) stop();
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve));
  expect(thrown).toHaveBeenCalledTimes(1);
  process.off('uncaughtException', thrown);
  vi.useFakeTimers();
});

it('is not late for ever when the clock of the device is set back', async () => {
  let calls = 0;
  const stop = every(1_000, () => {
    calls += 1;
  });
  vi.setSystemTime(Date.now() - 3_600_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(calls).toBe(5);
  stop();
});
