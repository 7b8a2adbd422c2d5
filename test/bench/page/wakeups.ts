/** What a page has asked its browser to wake it up for. */
export interface Wakeups {
  /** Timers and animation frames that have run. */
  ran: number;
  /** Timers that are still to come, in ms as they were asked for. */
  pending: number[];
}

/** Counts from now on; call it before whatever is to be counted is loaded. */
export function countWakeups(): () => Wakeups {
  const waiting = new Map<unknown, number>();
  let ran = 0;
  const { setTimeout, setInterval, clearTimeout, requestAnimationFrame } = globalThis;
  const run = (listener: (...words: unknown[]) => void, words: unknown[]) => {
    ran += 1;
    listener(...words);
  };
  // One list of numbers for both kinds of timers (HTML, 8.6): either may clear the other's.
  const clear = (id?: number) => {
    waiting.delete(id);
    clearTimeout(id);
  };
  Object.assign(globalThis, {
    setTimeout: (listener: (...words: unknown[]) => void, ms = 0, ...words: unknown[]) => {
      const id = setTimeout(() => {
        waiting.delete(id);
        run(listener, words);
      }, ms);
      waiting.set(id, ms);
      return id;
    },
    setInterval: (listener: (...words: unknown[]) => void, ms = 0, ...words: unknown[]) => {
      const id = setInterval(() => run(listener, words), ms);
      waiting.set(id, ms);
      return id;
    },
    clearTimeout: clear,
    clearInterval: clear,
    requestAnimationFrame: (listener: FrameRequestCallback) =>
      requestAnimationFrame((now) => {
        ran += 1;
        listener(now);
      }),
  });
  return () => ({ ran, pending: [...waiting.values()] });
}
