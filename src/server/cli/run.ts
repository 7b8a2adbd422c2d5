import { packageVersion } from '../package.js';
import { commandHelp, overview } from './help.js';
import { EXIT, Problem, usage } from './problem.js';
import { nearest } from './read.js';
import { COMMANDS, type CommandName } from './table.js';
import type { Terminal } from './terminal.js';

type Run = (args: readonly string[], terminal: Terminal) => Promise<number>;

/** Each loads what it needs, and `--help` nothing. */
const RUN: Record<CommandName, () => Promise<Run>> = {
  serve: async () => (await import('./serve.js')).serve,
  token: async () => (await import('./token.js')).token,
  doctor: async () => (await import('./doctor/doctor.js')).doctor,
};

/** The whole program: what it was called with, in; its exit code, out. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    return complain(error, terminal);
  }
}

async function dispatch([first, ...rest]: readonly string[], terminal: Terminal): Promise<number> {
  const { out, err } = terminal;
  if (first === undefined) {
    err.write(overview(packageVersion(), err));
    return EXIT.usage;
  }
  if (first === '--version' || first === '-V') {
    out.write(`${packageVersion()}\n`);
    return EXIT.ok;
  }
  const asksHelp = ['--help', '-h', 'help'].includes(first);
  const name = asksHelp ? rest[0] : first;
  if (name === undefined) {
    out.write(overview(packageVersion(), out));
    return EXIT.ok;
  }
  if (!isCommand(name)) throw unknownCommand(name);
  if (asksHelp || rest.includes('--help') || rest.includes('-h')) {
    out.write(commandHelp(name, COMMANDS[name], out));
    return EXIT.ok;
  }
  const command = await RUN[name]();
  return command(rest, terminal);
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function unknownCommand(name: string): Problem {
  const names = Object.keys(COMMANDS);
  const near = nearest(name, names);
  return usage(
    `webrtc-preview has no command ${name}.`,
    `${near ? `Did you mean ${near}? ` : ''}There are ${names.join(', ')}: webrtc-preview --help`,
  );
}

/** One sentence on what happened, one on what to do. */
function complain(error: unknown, { err }: Terminal): number {
  if (error instanceof Problem) {
    err.write(`${err.paint('red', 'webrtc-preview:')} ${error.message}\n`);
    if (error.next) err.write(`  ${error.next}\n`);
    return error.exitCode;
  }
  err.write(`${err.paint('red', 'webrtc-preview:')} ${(error as Error)?.stack ?? String(error)}\n`);
  err.write('  This is a mistake in webrtc-preview: please report it, with these lines.\n');
  return EXIT.failed;
}
