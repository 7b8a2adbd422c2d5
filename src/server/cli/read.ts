import { parseArgs } from 'node:util';
import type { Option, Options, ValueOption, Values } from './options.js';
import { reasonOf, usage } from './problem.js';

/** Where a value came from: what was typed wins over what the environment says. */
export type Source = 'flag' | 'env' | 'default';

export interface Reading<T extends Options> {
  values: Values<T>;
  source: (name: keyof T & string) => Source;
}

/**
 * Reads a command's arguments and environment: flag, else environment variable, else default.
 *
 * @throws {Problem} with exit code 2
 */
export function readOptions<T extends Options>(
  command: string,
  options: T,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Reading<T> {
  const typed = readFlags(command, options, args);
  const values: Record<string, unknown> = {};
  const sources = new Map<string, Source>();
  for (const [name, option] of Object.entries(options)) {
    const flags = typed.get(name);
    const variable = flags || option.env === undefined ? undefined : readText(option, env[option.env]);
    if (flags) values[name] = option.kind === 'switch' ? true : readFlagValues(name, option, flags);
    else if (variable !== undefined) values[name] = readVariable(option, variable);
    else values[name] = absent(option);
    sources.set(name, flags ? 'flag' : variable !== undefined ? 'env' : 'default');
  }
  return { values: values as Values<T>, source: (name) => sources.get(name) ?? 'default' };
}

/** Each flag that was typed, with what was typed behind it. */
function readFlags(command: string, options: Options, args: readonly string[]): Map<string, string[]> {
  const known = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [
      name,
      option.kind === 'switch'
        ? { type: 'boolean' as const, ...(option.short && { short: option.short }) }
        : { type: 'string' as const },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const found = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      throw usage(`“${token.value}” is not understood.`, `webrtc-preview ${command} takes options only: --name value.`);
    }
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) throw unknownFlag(command, rawName, options);
    if (option.kind === 'switch') {
      if (value !== undefined) throw usage(`${rawName} takes no value.`, `Leave “=${value}” away.`);
    } else if (option.secret) {
      const file = Object.hasOwn(options, `${name}-file`) ? `, or its file by --${name}-file` : '';
      throw usage(
        `${rawName} would show the secret to everyone on this machine: command lines are public.`,
        `Give it by the environment variable ${option.env}${file}.`,
      );
      // Without "=", parseArgs takes the next option for the value.
    } else if (value === undefined || (!inlineValue && /^-./.test(value))) {
      throw usage(`${rawName} needs a value.`, `Write ${rawName} ${option.value}.`);
    } else if (found.has(name) && !option.many) {
      throw usage(`${rawName} was given twice.`, 'Leave one of them away.');
    }
    found.set(name, [...(found.get(name) ?? []), ...(value === undefined ? [] : [value])]);
  }
  return found;
}

/** A variable that is empty is as good as none; but where a secret was to be, something is missing. */
function readText(option: Option, text: string | undefined): string | undefined {
  if (text?.trim()) return text.trim();
  if (text !== undefined && option.kind === 'value' && option.secret) {
    throw usage(`${option.env} is set, but empty.`, 'Set it to the secret, or not at all.');
  }
  return undefined;
}

function readFlagValues(name: string, option: ValueOption<unknown>, texts: readonly string[]): unknown {
  const values = texts.map((text) => readValue(`--${name} ${text}`, option, text));
  return option.many ? values : values[0];
}

function readVariable(option: Option, text: string): unknown {
  if (option.kind === 'switch') {
    if (/^(1|true|yes|on)$/i.test(text)) return true;
    if (/^(0|false|no|off)$/i.test(text)) return false;
    throw usage(`${option.env}=${text} is neither on nor off.`, 'Write 1 or 0.');
  }
  const shown = option.secret ? `${option.env}` : `${option.env}=${text}`;
  if (!option.many) return readValue(shown, option, text);
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => readValue(shown, option, part));
}

function readValue(shown: string, option: ValueOption<unknown>, text: string): unknown {
  try {
    return option.read(text);
  } catch (error) {
    const [first = '', ...rest] = option.help;
    throw usage(`${shown} ${reasonOf(error)}.`, `${first.toUpperCase()}${rest.join('')}.`);
  }
}

function absent(option: Option): unknown {
  if (option.kind === 'switch') return false;
  return option.default ?? (option.many ? [] : undefined);
}

function unknownFlag(command: string, flag: string, options: Options) {
  const flags = Object.entries(options)
    .filter(([, option]) => option.kind === 'switch' || !option.secret)
    .map(([name]) => `--${name}`);
  const near = nearest(flag, flags);
  return usage(
    `webrtc-preview ${command} has no option ${flag}.`,
    `${near ? `Did you mean ${near}? ` : ''}All of them: webrtc-preview ${command} --help`,
  );
}

/** The name that was probably meant, if one is near enough. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const bare = (name: string) => name.replace(/^-+/, '');
  const ranked = names
    .map((name) => ({ name, distance: distance(bare(typed), bare(name)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best && best.distance <= Math.max(2, bare(best.name).length / 3) ? best.name : undefined;
}

/** How many letters must be put in, taken away or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const change = (row[j] ?? 0) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
