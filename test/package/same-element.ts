// Runs on a page: each state of the element from the sources, and from the minified build, side by side.

import type { Facts, PreviewState } from '../../src/element/index.js';
import * as source from '../../src/element/index.js';
import { FakeCore, factsOf } from '../element/fake-core.js';

const STATES: PreviewState[] = [
  'idle',
  'offline',
  'connecting',
  'live',
  'camera-lost',
  'stalled',
  'paused',
  'reconnecting',
  'failed',
];
const WIDTHS = [180, 640];
/** All that CSS can say of an element, but the custom properties: those are text, and what they do is seen in the others. */
const PROPERTIES = [...getComputedStyle(document.documentElement)].filter((name) => !name.startsWith('--'));

type Build = Pick<typeof source, 'WebRTCPreviewElement'>;

/** Defines the tag of a build, with cores that a test drives. */
function define(tag: string, { WebRTCPreviewElement }: Build): void {
  customElements.define(
    tag,
    class extends WebRTCPreviewElement {
      core = new FakeCore();
      protected override createCore(): FakeCore {
        return this.core;
      }
    },
  );
}

/** All that is seen of it: the tree without what Lit notes there for itself, and each element's computed style. */
function describe(root: ShadowRoot): string[] {
  const lines: string[] = [];
  const walk = (node: Node, depth: number) => {
    const indent = ' '.repeat(depth);
    if (node instanceof Text) lines.push(`${indent}${JSON.stringify(node.data.replaceAll(/\s+/g, ' '))}`);
    if (!(node instanceof Element)) return;
    const attributes = [...node.attributes].map(({ name, value }) => `${name}=${value.replaceAll(/\s+/g, ' ').trim()}`);
    const style = getComputedStyle(node);
    const styles = PROPERTIES.map((name) => `${name}: ${style.getPropertyValue(name)}`);
    lines.push(`${indent}<${[node.localName, ...attributes.sort()].join(' ')}>;${styles.join(';')}`);
    for (const child of node.childNodes) walk(child, depth + 1);
  };
  for (const child of root.childNodes) walk(child, 0);
  return lines;
}

/** What of one line the other has not: of styles only those that differ. */
function missing(line = '', other = ''): string {
  const others = new Set(other.split(';'));
  const pieces = line.split(';');
  return [pieces[0]?.slice(0, 120), ...pieces.slice(1).filter((piece) => !others.has(piece))].join(';');
}

async function seen(tag: string, facts: Facts, width: number, stats: boolean): Promise<string[]> {
  const element = document.createElement(tag) as source.WebRTCPreviewElement & { core: FakeCore };
  element.style.width = `${width}px`;
  element.stats = stats;
  document.body.append(element);
  element.core.tell(facts);
  // What is loaded when it is first needed is here soon, and renders again.
  for (let calm = 0; calm < 2; calm += 1) {
    await element.updateComplete;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const animation of element.shadowRoot?.getAnimations() ?? []) animation.cancel();
  const lines = describe(element.shadowRoot as ShadowRoot);
  element.remove();
  return lines;
}

/** @returns the first differences of each state, width and panel; and how many lines were compared */
export async function compare(built: Build): Promise<{ differences: string[]; lines: number; parts: string[] }> {
  define('source-preview', source);
  define('built-preview', built);
  // Times are told against the clock: it stands.
  const now = Date.now();
  Date.now = () => now;
  const differences: string[] = [];
  const parts = new Set<string>();
  let lines = 0;
  for (const state of STATES) {
    const facts = factsOf(state, now);
    for (const width of WIDTHS) {
      for (const stats of state === 'live' || state === 'stalled' ? [false, true] : [false]) {
        const expected = await seen('source-preview', facts, width, stats);
        const actual = await seen('built-preview', facts, width, stats);
        lines += expected.length;
        for (const line of expected) {
          const [, names = ''] = / part=(.*?)(?: \w[\w-]*=|>;)/.exec(line) ?? [];
          for (const name of names.split(' ').filter(Boolean)) parts.add(name);
        }
        const at = expected.findIndex((line, index) => line !== actual[index]);
        if (at >= 0 || expected.length !== actual.length) {
          differences.push(
            `${state}, ${width} px, stats ${stats}:\n- ${missing(expected[at], actual[at])}\n+ ${missing(actual[at], expected[at])}`,
          );
        }
      }
    }
  }
  return { differences, lines, parts: [...parts].sort() };
}
