import { run } from '../../../src/server/cli/run.js';
import { noPaint, type Terminal } from '../../../src/server/cli/terminal.js';

/** What the program did with these arguments. */
export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** The program in this process, with nothing in its environment but `env`. */
export async function cli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const ran = { code: 0, out: '', err: '' };
  const output = (name: 'out' | 'err') => ({
    write: (text: string) => {
      ran[name] += text;
    },
    columns: undefined,
    paint: noPaint,
  });
  const terminal: Terminal = { env, out: output('out'), err: output('err') };
  ran.code = await run(args, terminal);
  return ran;
}
