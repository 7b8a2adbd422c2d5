import { type ExecFileException, execFile } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Lab } from './lab.js';

const run = promisify(execFile);

const PATIENCE_MS = 5_000;

/** A network of its own: what runs in it sees nothing of the machine's. */
export interface Namespace {
  /** A file that stands for it. */
  path: string;
  /** Words to put before a command for it to run there. */
  enter: readonly string[];
}

/**
 * A network namespace without a name, kept by a process that ends with its standard input: nothing is left of it,
 * whatever becomes of us.
 *
 * @throws without root, or where the kernel has no such things
 */
export async function makeNamespace(lab: Lab, name: string): Promise<Namespace> {
  if (process.getuid?.() !== 0) throw new Error('This makes network namespaces, and only root may.');
  const keeper = await lab.start(`namespace-${name}`, 'unshare', ['--net', 'cat'], { stdin: 'pipe', stdout: 'log' });
  const path = `/proc/${keeper.pid}/ns/net`;
  const deadline = performance.now() + PATIENCE_MS;
  while (readlinkSync(path) === readlinkSync('/proc/self/ns/net')) {
    if (performance.now() > deadline) throw new Error(`No network namespace: see test/out/bench/namespace-${name}.log`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // The whole path: puppeteer looks for a file.
  const enter = ['/usr/bin/nsenter', `--net=${path}`];
  await inside(enter, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6');
  await inside(enter, 'ip', 'link', 'set', 'lo', 'up');
  return { path, enter };
}

/** Runs a command in a namespace; resolves with its output, or throws with what it complained of. */
export async function inside(enter: readonly string[], ...command: string[]): Promise<string> {
  const [program = '', ...words] = [...enter, ...command];
  try {
    return (await run(program, words)).stdout;
  } catch (error) {
    const { stderr, message } = error as ExecFileException & { stderr?: string };
    throw new Error(`${command.join(' ')}: ${stderr?.trim() || message}`);
  }
}
