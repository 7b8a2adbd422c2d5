import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import Schema from 'typebox/schema';
import { describe, expect, it } from 'vitest';
import { found, manifest, namesOf, viewSources } from './manifest.js';
import { ROOT } from './support.js';

/** What the class is when it runs, by what Lit and JavaScript say of it. */
interface Reflected {
  attributes: string[];
  properties: string[];
  getters: string[];
  methods: string[];
}

function reflected(): Reflected {
  const source = `
    const { WebRTCPreviewElement: { observedAttributes, elementProperties, prototype } } = await import('webrtc-preview');
    const properties = [...elementProperties].filter(([, { state }]) => !state).map(([name]) => name);
    const own = Object.entries(Object.getOwnPropertyDescriptors(prototype));
    const inherited = Object.getPrototypeOf(prototype);
    const isOwn = ([name]) => name !== 'constructor' && !(name in inherited);
    console.log(JSON.stringify({
      attributes: observedAttributes,
      properties,
      getters: own.filter(([name, { get }]) => get && !elementProperties.has(name) && !(name in inherited)).map(([name]) => name),
      methods: own.filter((each) => typeof each[1].value === 'function' && isOwn(each)).map(([name]) => name),
    }));
  `;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', source], { cwd: ROOT, encoding: 'utf8' }),
  );
}

/** Of the class, but not for pages: what TypeScript keeps to the class and its subclasses, and what browsers call. */
const declared = readFileSync(join(ROOT, 'dist/types/element/view/webrtc-preview.d.ts'), 'utf8');
const internal = new Set([
  'adoptedCallback',
  'connectedMoveCallback',
  ...found(/^ +(?:private|protected)(?: (?:get|readonly|accessor))* (\w+)/gm, [declared]),
]);
/** The class has its own of what every element has. */
const REPLACED = ['focus'];

describe('custom-elements.json', () => {
  const element = manifest();
  const fields = element.members.filter(({ kind }) => kind === 'field');
  const { attributes, properties, getters, methods } = reflected();
  const sorted = (names: readonly string[]) => [...new Set(names)].filter((name) => !internal.has(name)).sort();

  it('keeps the schema', () => {
    const schema = createRequire(import.meta.url)('custom-elements-manifest/schema.json');
    const data = JSON.parse(readFileSync(join(ROOT, 'dist/custom-elements.json'), 'utf8'));
    expect(Schema.Errors(schema, data)).toEqual([true, []]);
  });

  it('says of each thing what it is for', () => {
    const { members, events, slots, cssParts, cssProperties, cssStates } = element;
    const all = [
      ...element.attributes,
      ...members,
      ...events,
      ...(slots ?? []),
      ...cssParts,
      ...cssProperties,
      ...cssStates,
    ];
    expect(all.filter(({ description }) => !description).map(({ name }) => name)).toEqual([]);
  });

  it('has every attribute that is listened to, and no other', () => {
    // `lang` is every element's; what it means here stands in the manifest, too.
    expect(namesOf(element.attributes)).toEqual([...attributes, 'lang'].sort());
  });

  it('has every property, and no other', () => {
    expect(namesOf(fields)).toEqual(sorted([...properties, ...getters]));
    expect(namesOf(fields.filter(({ readonly }) => readonly))).toEqual(sorted(getters));
  });

  it('has every method, and no other', () => {
    const named = element.members.filter(({ kind }) => kind === 'method');
    expect(namesOf(named)).toEqual(sorted([...methods, ...REPLACED]));
  });

  it('has every event, and no other', () => {
    const events = readFileSync(join(ROOT, 'src/element/view/events.ts'), 'utf8');
    const [map = ''] = /interface WebRTCPreviewEventMap \{.*?^\}/ms.exec(events) ?? [];
    expect(namesOf(element.events)).toEqual(found(/^ {2}(\w+): /gm, [map]));
  });

  it('has every slot, and no other', () => {
    expect(namesOf(element.slots)).toEqual(found(/<slot name="([\w-]+)"/g));
  });

  it('has every custom property of CSS, and no other', () => {
    expect(namesOf(element.cssProperties)).toEqual(found(/var\((--webrtc-preview-[\w-]+)/g));
  });

  it('has every custom state, and no other', () => {
    const facts = readFileSync(join(ROOT, 'src/element/core/facts.ts'), 'utf8');
    const [union = ''] = /export type PreviewState =.*?;/s.exec(facts) ?? [];
    const states = found(/'([\w-]+)'/g, [union]);
    const marks = found(/#mark\('([\w-]+)'/g, viewSources());
    expect(namesOf(element.cssStates)).toEqual(sorted([...states, ...marks]));
  });
});
