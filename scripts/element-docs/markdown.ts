import type { Entry, Group, Reference } from './manifest.js';

const code = (text: string | undefined) => (text ? `\`${text.replaceAll('|', '\\|')}\`` : '');

/** The columns of each table: their heads, and how a cell is made. */
const COLUMNS: Record<Group, [head: string, cell: (entry: Entry) => string][]> = {
  attributes: [
    ['attribute', ({ name }) => code(name)],
    ['type', ({ type }) => code(type)],
    ['default', (entry) => inWords(entry)],
    ['meaning', ({ description, note }) => (note ? `${description} (${note})` : description)],
  ],
  properties: [
    ['property', ({ name }) => code(name)],
    ['type', ({ type }) => code(type)],
    ['meaning', ({ description, note }) => (note ? `${description} (${note})` : description)],
  ],
  methods: [
    ['method', ({ name, parameters }) => code(name + parameters)],
    ['returns', ({ type }) => (type === 'void' ? '' : code(type))],
    ['meaning', ({ description }) => description],
  ],
  events: [
    ['event', ({ name }) => code(name)],
    ['`detail`', ({ type }) => code(type && `{ ${type} }`)],
    ['when', ({ description }) => description],
  ],
  slots: plain('slot', 'what it is for'),
  parts: plain('part', 'what it is'),
  'custom properties': [
    ['custom property', ({ name }) => code(name)],
    ['default', ({ default: value }) => code(value)],
    ['what it is', ({ description }) => description],
  ],
  states: plain('state', 'when'),
};

function plain(head: string, meaning: string): [string, (entry: Entry) => string][] {
  return [
    [head, ({ name }) => code(name)],
    [meaning, ({ description }) => description],
  ];
}

/** A default that is a sentence is no code. */
function inWords({ default: value = '', type = '' }: Entry): string {
  if (value === '') return type === 'boolean' ? 'off' : '';
  return value.includes(' ') ? value : code(value);
}

/** docs/element.md with its tables written anew. */
export function elementPage(page: string, reference: Reference): string {
  return (Object.keys(COLUMNS) as Group[]).reduce(
    (text, group) => between(text, group, table(COLUMNS[group], reference[group])),
    page,
  );
}

function table(columns: [string, (entry: Entry) => string][], entries: Entry[]): string {
  const rows = entries.map((entry) => columns.map(([, cell]) => cell(entry)));
  const heads = columns.map(([head]) => head);
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** `page` with what stands between `<!-- marker -->` and `<!-- /marker -->` replaced; `gap` keeps the two apart from it. */
export function between(page: string, marker: string, content: string, gap = ['\n\n', '\n\n']): string {
  const [start, end] = [`<!-- ${marker} -->`, `<!-- /${marker} -->`];
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no ${start} … ${end}`);
  return page.slice(0, from + start.length) + gap[0] + content + gap[1] + page.slice(to);
}
