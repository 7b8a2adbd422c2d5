import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Lab, logPath, stopProcess } from './lab.js';
import { projectFolder } from './paths.js';

/* A program of the benchmark that is told what to do: a line of JSON in, a line of JSON out. */

/** Far more than any single command takes. */
const PATIENCE_MS = 120_000;

/** The other side: answers each line by what the handler of its `do` returns. */
export async function obey(handlers: Record<string, (command: never) => unknown>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line) as { do: string };
    try {
      const handle = handlers[command.do];
      if (!handle) throw new Error(`there is no command “${command.do}”`);
      say({ value: (await handle(command as never)) ?? null });
    } catch (error) {
      say({ error: error instanceof Error ? error.message : String(error) });
    }
  }
}

export const say = (answer: object): boolean => process.stdout.write(`${JSON.stringify(answer)}\n`);

/** A TypeScript program in a process of its own, on one core when the machine has several. */
export class Program {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #name: string;

  /** @param core number of the core that it may use; `undefined` for any */
  static async start(
    lab: Lab,
    name: string,
    { file, words = [], core }: { file: URL; words?: readonly string[]; core: number | undefined },
  ): Promise<Program> {
    const node = [process.execPath, '--expose-gc', '--import', 'tsx', file.pathname, ...words];
    const [command = '', ...rest] = core === undefined ? node : ['taskset', '--cpu-list', String(core), ...node];
    return new Program(name, await lab.start(name, command, rest, { stdin: 'pipe', cwd: projectFolder }));
  }

  private constructor(name: string, child: ChildProcess) {
    if (!child.stdout || child.pid === undefined) throw new Error(`${name} has no output`);
    this.#name = name;
    this.#child = child;
    this.pid = child.pid;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async ask<T>(command: { do: string } & Record<string, unknown>): Promise<T> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    return this.answer<T>(command.do);
  }

  /** What it says next, of its own accord or asked. */
  async answer<T>(to = 'start'): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`does not answer “${to}”`)), PATIENCE_MS);
    });
    try {
      const { value, done } = await Promise.race([this.#answers.next(), late]);
      if (done) throw new Error(`has ended at “${to}”`);
      const said = JSON.parse(value) as { value: T; error?: string };
      if (said.error !== undefined) throw new Error(`“${to}”: ${said.error}`);
      return said.value;
    } catch (error) {
      throw new Error(`${this.#name}: ${(error as Error).message}. See ${logPath(this.#name)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    await stopProcess(this.#child);
  }
}
