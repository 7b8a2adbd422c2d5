import { isIP } from 'node:net';

/** Reads the text of an option; throws an `Error` whose message completes “--port 99999 …”. */
type Read<T> = (text: string) => T;

interface Described {
  /** Heading under which the help lists it. */
  group: string;
  /** What it is for, in a line or two. */
  help: string;
  /** Environment variable that gives it where the command line does not. */
  env?: string;
  /** What the help says instead of the default's own text. */
  defaultText?: string;
}

/** An option with a value. */
export interface ValueOption<T> extends Described {
  kind: 'value';
  /** Stands for the value in the help: `PORT`. */
  value: string;
  read: Read<T>;
  default?: T;
  /** May be given several times; in the environment, commas or spaces part the values. */
  many?: boolean;
  /** A secret: from the environment only, because everyone on a machine sees its command lines. */
  secret?: boolean;
}

/** An option that is there or not. */
export interface Switch extends Described {
  kind: 'switch';
  short?: string;
}

export type Option = ValueOption<unknown> | Switch;
export type Options = Readonly<Record<string, Option>>;

/** One command: the only table from which help, docs/cli.md and the reading of arguments are made. */
export interface Command<T extends Options = Options> {
  /** What it does, in a few words for the list of commands. */
  summary: string;
  /** What it does, in a paragraph. */
  about: string;
  options: T;
  /** Command line and what it is an example of. */
  examples: readonly (readonly [line: string, about: string])[];
}

type ValueOf<O> = O extends Switch
  ? boolean
  : O extends ValueOption<infer T>
    ? O extends { many: true }
      ? readonly T[]
      : O extends { default: unknown }
        ? T
        : T | undefined
    : never;

/** What is known after reading: lists are empty and switches off where nothing was given. */
export type Values<T extends Options> = { readonly [K in keyof T]: ValueOf<T[K]> };

/** Keeps the types of a table exact. */
export function value<T, const O extends Omit<ValueOption<T>, 'kind' | 'read'>>(
  read: Read<T>,
  option: O,
): O & { kind: 'value'; read: Read<T> } {
  return { ...option, kind: 'value', read };
}

export function onOff<const O extends Omit<Switch, 'kind'>>(option: O): O & { kind: 'switch' } {
  return { ...option, kind: 'switch' };
}

// ---- kinds of values --------------------------------------------------------------------------------------------

export const text: Read<string> = (text) => {
  if (text.trim() === '') throw new Error('is empty');
  return text;
};

export function oneOf<const T extends string>(...names: readonly T[]): Read<T> {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined) throw new Error(`is not one of ${names.join(', ')}`);
    return found;
  };
}

export function whole(min: number, max: number): Read<number> {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < min || number > max) {
      throw new Error(`is not a whole number from ${min} to ${max}`);
    }
    return number;
  };
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** `90s`, `15m`, `12h`, `30d`, or a number of seconds. In seconds. */
export const duration: Read<number> = (text) => {
  const [, count, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  if (!count || Number(count) === 0) throw new Error('is not a duration: write 90s, 15m, 12h or 30d');
  return Number(count) * SECONDS[unit as keyof typeof SECONDS];
};

/** The shortest exact form that {@link duration} reads. */
export function durationText(seconds: number): string {
  const [unit, size] = Object.entries(SECONDS)
    .reverse()
    .find(([, size]) => seconds % size === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}

export function address(...protocols: readonly string[]): Read<string> {
  const forms = protocols.map((name) => `${name}://`).join(' or ');
  return (text) => {
    if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol.slice(0, -1))) {
      throw new Error(`is not an address that begins with ${forms}`);
    }
    return text;
  };
}

/** An IP address, or a network as in `10.0.0.0/8`. */
export const network: Read<string> = (text) => {
  const [, host = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(host);
  if (family === 0 || Number(bits ?? 0) > (family === 4 ? 32 : 128)) {
    throw new Error('is neither an IP address nor a network, as in 10.0.0.0/8');
  }
  return text;
};

/** As browsers write it in `Origin`; `*` is any. */
export const origin: Read<string> = (text) => {
  if (text === '*') return text;
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new Error("is not a page's origin: write its scheme, host and port, as in https://cameras.example.org");
  }
  const exact = new URL(text).origin;
  if (text !== exact && text !== `${exact}/`) throw new Error(`has more than scheme, host and port: write ${exact}`);
  return exact;
};
