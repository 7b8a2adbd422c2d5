/** One timer for everything on the page that must look now and then: it exists only while somebody needs it. */

/** How often it ticks; a task comes due at the first tick after its time, and up to half of this early. */
const STEP_MS = 250;

interface Task {
  ms: number;
  ranAt: number;
  run: () => void;
}

const tasks = new Set<Task>();
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Calls `run` about every `ms`; in a hidden page as often as the browser lets it, which may be once a second.
 *
 * @returns the way to stop that
 */
export function every(ms: number, run: () => void): () => void {
  const task = { ms, ranAt: performance.now(), run };
  tasks.add(task);
  timer ??= setInterval(beat, STEP_MS);
  return () => {
    tasks.delete(task);
    if (tasks.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function beat(): void {
  const now = performance.now();
  for (const task of tasks) {
    if (now - task.ranAt < task.ms - STEP_MS / 2) continue;
    task.ranAt = now;
    try {
      task.run();
    } catch (error) {
      // The others go on; the page hears of it as of any error that nobody caught.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
