import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const SOURCE = 'src/element/view/webrtc-preview.ts';
/** Where types that the element's properties have by name are written out. */
const TYPES = [SOURCE, 'src/element/view/settings.ts', 'src/element/view/events.ts', 'src/element/core/facts.ts'];
/** Its library, not its program: that one writes into package.json. It has no types for either. */
const ANALYZER: string = '@custom-elements-manifest/analyzer';
/** Browsers call it, not pages. */
const LIFECYCLE = ['connectedMoveCallback'];

/** One thing of the element that a page may use. */
export interface Entry {
  name: string;
  description: string;
  /** As TypeScript writes it; of an event what is in its `detail`, of a method what it returns. */
  type?: string | undefined;
  default?: string | undefined;
  /** What tells it apart in a few words: its property, whether it is read-only, … */
  note?: string | undefined;
  /** Of a method: `(scale, x?, y?)`. */
  parameters?: string | undefined;
}

export const GROUPS = [
  'attributes',
  'properties',
  'methods',
  'events',
  'slots',
  'parts',
  'custom properties',
  'states',
] as const;
export type Group = (typeof GROUPS)[number];
export type Reference = Record<Group, Entry[]>;

/** What the analyzer writes, as far as it is looked at here (custom-elements.json, schema 1.0.0). */
interface Declared {
  name: string;
  description?: string;
  type?: { text: string };
  default?: string;
  kind?: string;
  privacy?: string;
  static?: boolean;
  readonly?: boolean;
  attribute?: string;
  fieldName?: string;
  parameters?: { name: string; optional?: boolean; default?: string }[];
  return?: { type: { text: string } };
}
interface Manifest {
  modules: {
    declarations: (Partial<
      Record<'attributes' | 'members' | 'events' | 'slots' | 'cssParts' | 'cssProperties' | 'cssStates', Declared[]>
    > & { customElement?: boolean })[];
  }[];
}

interface TypeScript {
  ScriptTarget: { ES2015: number };
  createSourceFile(path: string, source: string, target: number, withParents: boolean): object;
}

/** Reads all of it from the element's class and the comment above it, by the analyzer that makes custom-elements.json. */
export async function readReference(): Promise<Reference> {
  const { create, ts } = (await import(ANALYZER)) as { create(options: object): Manifest; ts: TypeScript };
  const { litPlugin } = (await import(`${ANALYZER}/src/features/framework-plugins/lit/lit.js`)) as {
    litPlugin(): object[];
  };
  const source = readFileSync(root + SOURCE, 'utf8');
  const file = ts.createSourceFile(SOURCE, source, ts.ScriptTarget.ES2015, true);
  const { modules } = create({ modules: [file], plugins: litPlugin() });
  const element = modules[0]?.declarations.find(({ customElement }) => customElement);
  if (!element) throw new Error(`no custom element in ${SOURCE}`);

  const tags = attributeTags(source);
  const types = namedTypes();
  const fields = (element.members ?? []).filter(({ kind }) => kind === 'field');
  const open = (member: Declared) =>
    !member.privacy && !member.static && !member.name.startsWith('#') && !LIFECYCLE.includes(member.name);
  const plain = ({ name, description = '', default: value }: Declared): Entry => ({
    name,
    description: flat(description),
    default: value,
  });

  return {
    attributes: (element.attributes ?? []).map(({ name, type, default: value, description = '', fieldName }) => {
      const tag = tags.get(name);
      return {
        name,
        description: flat(tag?.description ?? description),
        type: spelledOut(tag?.type ?? type?.text, types),
        default: tag?.default ?? defaultOf(value),
        note: fieldName && fieldName !== name ? `property \`${fieldName}\`` : undefined,
      };
    }),
    properties: fields
      .filter((field) => open(field) && !field.attribute)
      .map((field) => ({
        name: field.name,
        description: flat(field.description ?? ''),
        type: field.type?.text,
        note: field.readonly ? 'read-only' : undefined,
      })),
    methods: (element.members ?? [])
      .filter((member) => member.kind === 'method' && open(member))
      .map((method) => ({
        name: method.name,
        description: flat(method.description ?? ''),
        type: method.return?.type.text,
        parameters: `(${(method.parameters ?? []).map(parameterOf).join(', ')})`,
      })),
    events: (element.events ?? []).map(({ name, description = '', type }) => ({
      name,
      description: flat(description),
      type: /^CustomEvent<\{(.*)\}>$/.exec(type?.text ?? '')?.[1],
    })),
    slots: (element.slots ?? []).map(plain),
    parts: (element.cssParts ?? []).map(plain),
    'custom properties': (element.cssProperties ?? []).map(plain),
    states: (element.cssStates ?? []).map(plain),
  };
}

interface AttributeTag {
  type: string;
  default: string | undefined;
  description: string;
}

/** The analyzer prefers a property's comment and type to the `@attr` above the class, which was written for attributes. */
function attributeTags(source: string): Map<string, AttributeTag> {
  const tags = source.matchAll(/^ \* @attr \{(.+?)\} (?:\[([\w-]+)=([^\]]*)\]|([\w-]+)) - (.+(?:\n \* {3,}.+)*)/gm);
  return new Map(
    [...tags].map(([, type = '', named, value, bare, description = '']) => [
      named ?? bare ?? '',
      { type, default: value, description: description.replaceAll('\n * ', ' ') },
    ]),
  );
}

function namedTypes(): Map<string, string> {
  const types = new Map([['RTCIceTransportPolicy', "'all' | 'relay'"]]);
  for (const path of TYPES) {
    let source = '';
    try {
      source = readFileSync(root + path, 'utf8');
    } catch {
      continue;
    }
    for (const [, name = '', text = ''] of source.matchAll(/^export type (\w+) = ([^;{}]+);/gm))
      types.set(name, flat(text));
  }
  return types;
}

const spelledOut = (type: string | undefined, types: Map<string, string>) => (type && types.get(type)) ?? type;
const flat = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
const parameterOf = ({ name, optional, default: value }: { name: string; optional?: boolean; default?: string }) =>
  optional || value !== undefined ? `${name}?` : name;

/** What a person writes: no quotes, and nothing where nothing holds. */
function defaultOf(value: string | undefined): string | undefined {
  const text = value?.replace(/^'(.*)'$/, '$1');
  return text === '' || text === 'false' || text === 'null' || text === 'undefined' ? undefined : text;
}
