import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds of the machine. */
export interface Footprint {
  rssMb: number;
  threads: number;
  /** Open file descriptors. */
  files: number;
}

/** @throws when there is no such process */
export function footprint(pid: number): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return { rssMb: field('VmRSS') / 1_024, threads: field('Threads'), files: readdirSync(`/proc/${pid}/fd`).length };
}

/** By name, as the threads were called by whoever made them. */
export function threadNames(pid: number): string[] {
  const names = readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim(),
  );
  return names.sort();
}

/** Threads end by themselves, and what a viewer left is kept for a moment (`rest.py`). */
const REST_PATIENCE_MS = 20_000;
const REST_LOOK_MS = 2_000;

/** Waits until nothing becomes less any more, or it is as little as in `like`; for a while at most. */
export async function footprintAtRest(pid: number, like?: Footprint): Promise<Footprint> {
  const deadline = performance.now() + REST_PATIENCE_MS;
  for (let now = footprint(pid); ; ) {
    await new Promise((resolve) => setTimeout(resolve, REST_LOOK_MS));
    const then = like ?? now;
    now = footprint(pid);
    const holdsNoMore = now.files <= then.files && now.threads <= then.threads;
    const holdsNoLess = now.files >= then.files && now.threads >= then.threads;
    if ((like ? holdsNoMore : holdsNoLess) || performance.now() > deadline) return now;
  }
}
