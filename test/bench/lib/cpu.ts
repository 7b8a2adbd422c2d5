import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: fixed by the kernel's interface, whatever its own tick. */
const TICKS_PER_SECOND = 100;

/** Processor time that a process and everything it started have used so far, in seconds. */
export function cpuSeconds(pid: number): number {
  const processes = readProcesses();
  const family = new Set([pid]);
  // Parents may have larger numbers than their children: repeat until nothing is added.
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const each of processes) if (family.has(each.parent)) family.add(each.pid);
  }
  let seconds = 0;
  for (const each of processes) if (family.has(each.pid)) seconds += each.seconds;
  return seconds;
}

/** The same of a single process, by the names of its threads without their numbers: `queue12:src` is `queue:src`. */
export function threadSeconds(pid: number): Map<string, number> {
  const seconds = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const each = readStat(`/proc/${pid}/task/${thread}/stat`);
    if (each) seconds.set(each.name, (seconds.get(each.name) ?? 0) + each.seconds);
  }
  return seconds;
}

/** Measures over some time: call it, wait, call what it returned. The share of one core, in percent. */
export function startCpuMeter(pid: number | undefined): () => number {
  if (pid === undefined) return () => Number.NaN;
  const begin = performance.now();
  const before = cpuSeconds(pid);
  return () => ((cpuSeconds(pid) - before) / (performance.now() - begin)) * 100_000;
}

/** The same for everything on this machine that the benchmark did not start: whatever it is, it disturbs. */
export function startOthersMeter(): () => number {
  const begin = performance.now();
  const others = () => busySeconds() - cpuSeconds(process.pid);
  const before = others();
  return () => Math.max(0, ((others() - before) / (performance.now() - begin)) * 100_000);
}

/** The same for the whole machine: 100 is one core, so two cores can be at 200. */
export function startMachineMeter(): () => number {
  const begin = performance.now();
  const before = busySeconds();
  return () => ((busySeconds() - before) / (performance.now() - begin)) * 100_000;
}

/** Processor time that was not idle since the machine started, all cores together. */
function busySeconds(): number {
  // proc(5): user, nice, system, idle, iowait, irq, softirq, steal.
  const [, user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split(/\s+/).map(Number);
  return (
    [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) / TICKS_PER_SECOND
  );
}

function readProcesses(): { pid: number; parent: number; seconds: number }[] {
  const processes = [];
  for (const name of readdirSync('/proc')) {
    const each = /^\d+$/.test(name) && readStat(`/proc/${name}/stat`);
    // What its ended children have used is its own: a suite that kills a sender has not become idle by that.
    if (each) processes.push({ pid: Number(name), parent: each.parent, seconds: each.seconds + each.endedSeconds });
  }
  return processes;
}

/** proc(5); undefined for what has ended meanwhile. */
function readStat(file: string): { name: string; parent: number; seconds: number; endedSeconds: number } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  // The second field, in brackets, may hold anything; 4 is the parent, 14 and 15 user and system
  // time, 16 and 17 that of children that have ended.
  const end = text.lastIndexOf(')');
  const name = text.slice(text.indexOf('(') + 1, end).replace(/\d+/g, '');
  const fields = text.slice(end + 2).split(' ');
  const seconds = (at: number) => (Number(fields[at]) + Number(fields[at + 1])) / TICKS_PER_SECOND;
  return { name, parent: Number(fields[1]), seconds: seconds(11), endedSeconds: seconds(13) };
}
