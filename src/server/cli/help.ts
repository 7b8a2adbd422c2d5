import { type Command, durationText, type Option } from './options.js';
import { ALWAYS, COMMANDS } from './table.js';
import { noPaint, type Paint, wrap } from './terminal.js';

const WIDTH = { least: 72, usual: 80, most: 110 };

interface Layout {
  columns: number | undefined;
  paint: Paint;
}

/** What `webrtc-preview --help` says. */
export function overview(version: string, { columns, paint }: Layout = { columns: undefined, paint: noPaint }): string {
  const width = lineWidth(columns);
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  return lines(
    `${paint('bold', 'webrtc-preview')} ${version}: a live camera on any web page.`,
    '',
    `${paint('bold', 'Usage')}  webrtc-preview <command> [options]`,
    '',
    paint('bold', 'Commands'),
    ...rows.flatMap(([name, summary]) => hanging(`  ${name}`, summary, width, paint, 10)),
    '',
    paint('bold', 'To begin'),
    ...hanging('  npx webrtc-preview serve', 'and open the address that it prints', width, paint, 29),
    ...hanging('  npx webrtc-preview doctor', 'when something does not work', width, paint, 29),
    '',
    ...wrap('webrtc-preview <command> --help: its options, their defaults and environment variables, examples', width),
  );
}

/** What `webrtc-preview serve --help` says. */
export function commandHelp(
  name: string,
  command: Command,
  { columns, paint }: Layout = { columns: undefined, paint: noPaint },
): string {
  const width = lineWidth(columns);
  return lines(
    `${paint('bold', 'Usage')}  webrtc-preview ${name} [options]`,
    '',
    ...wrap(command.about, width),
    ...groups(command).flatMap(([group, options]) => [
      '',
      paint('bold', group),
      ...options.flatMap(([name, option]) => optionLines(name, option, width, paint)),
    ]),
    '',
    paint('bold', 'Always'),
    ...ALWAYS.flatMap(([flag, help]) => hanging(`  ${flag}`, help, width, paint)),
    '',
    paint('bold', 'Examples'),
    ...command.examples.flatMap(([line, about]) => [`  ${paint('dim', `# ${about}`)}`, `  ${line}`]),
    '',
    paint('dim', 'A flag wins over its environment variable, that over the default.'),
  );
}

const COLUMN = 27;

/** The flag on the left; on the right its help, and dimmed below what it is when it is not given. */
function optionLines(name: string, option: Option, width: number, paint: Paint): string[] {
  const facts = [
    defaultOf(option) && `default ${defaultOf(option)}`,
    option.env && !isSecret(option) && `$${option.env}`,
  ];
  const more = facts.filter(Boolean).join(' · ');
  return [
    ...hanging(`  ${usageOf(name, option)}`, option.help, width, paint),
    ...(more ? wrap(more, width - COLUMN).map((line) => ' '.repeat(COLUMN) + paint('dim', line)) : []),
  ];
}

/** `left` in its column, or on a line of its own when it is too long for it. */
function hanging(left: string, right: string, width: number, paint: Paint, column = COLUMN): string[] {
  const [first = '', ...rest] = wrap(right, width - column);
  const indent = ' '.repeat(column);
  const fits = left.length < column - 1;
  const head = fits ? [paint('cyan', left.padEnd(column)) + first] : [paint('cyan', left), indent + first];
  return [...head, ...rest.map((line) => indent + line)];
}

/** The options by their headings, both in the table's order. */
function groups(command: Command): [string, [string, Option][]][] {
  const found = new Map<string, [string, Option][]>();
  for (const [name, option] of Object.entries(command.options)) {
    found.set(option.group, [...(found.get(option.group) ?? []), [name, option]]);
  }
  return [...found];
}

/** How it is given: `--port PORT`, or the variable of a secret. */
function usageOf(name: string, option: Option): string {
  if (option.kind === 'switch') return `--${name}`;
  return option.secret ? `${option.env}` : `--${name} ${option.value}`;
}

function isSecret(option: Option): boolean {
  return option.kind === 'value' && option.secret === true;
}

function defaultOf(option: Option): string | undefined {
  if (option.defaultText !== undefined) return option.defaultText;
  if (option.kind === 'switch' || option.default === undefined) return undefined;
  return option.value === 'DURATION' ? durationText(Number(option.default)) : String(option.default);
}

function lineWidth(columns: number | undefined): number {
  return Math.min(WIDTH.most, Math.max(WIDTH.least, columns ?? WIDTH.usual));
}

function lines(...all: string[]): string {
  return `${all.join('\n')}\n`;
}

// ---- docs/cli.md ------------------------------------------------------------------------------------------------

/** The table of a command's options for docs/cli.md, but for those of another one. */
export function optionsTable(command: Command, besides?: Command): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const code = (text: string | undefined) => (text === undefined ? '–' : `\`${cell(text)}\``);
  const own = Object.entries(command.options).filter(([name]) => !besides || !Object.hasOwn(besides.options, name));
  const rows = groups({ ...command, options: Object.fromEntries(own) }).flatMap(([group, options]) => [
    [`**${group}**`, '', '', ''],
    ...options.map(([name, option]) => [
      isSecret(option) ? '–' : code(usageOf(name, option)),
      option.defaultText ?? code(defaultOf(option)),
      code(option.env),
      cell(option.help),
    ]),
  ]);
  return markdownTable([['option', 'default', 'environment', ''], ...rows]);
}

/** The command's examples for docs/cli.md. */
export function examplesBlock(command: Command): string {
  return ['```sh', ...command.examples.map(([line, about]) => `# ${about}\n${line}`), '```'].join('\n');
}

function markdownTable(rows: string[][]): string {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, i) => Math.max(most[i] ?? 3, cell.length)), []);
  const line = (row: string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
