import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { logPath } from './lab.js';

/** The first line that a program prints; an error that names its log when it ends without one. */
export async function firstLine(child: ChildProcess, name: string): Promise<string> {
  if (!child.stdout) throw new Error(`${name} has no output`);
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    child.stdout.resume();
    return line.trim();
  }
  throw new Error(`${name} ended at once: see ${logPath(name)}`);
}
