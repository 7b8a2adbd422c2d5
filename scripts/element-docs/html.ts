import { type Entry, GROUPS, type Group, type Reference } from './manifest.js';
import { between } from './markdown.js';
import { EXAMPLES, readExample } from './snippets.js';

const GAP = ['\n', '\n          '];
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter);
/** A sentence in which what stands between back-ticks is code. */
const prose = (text: string) => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

/** demo/reference.html with its entries and examples written anew. */
export function referencePage(page: string, reference: Reference): string {
  const withEntries = GROUPS.reduce(
    (text, group) => between(text, group, reference[group].map((entry) => article(group, entry)).join('\n'), GAP),
    page,
  );
  return between(withEntries, 'examples', EXAMPLES.map(example).join('\n'), GAP);
}

/** Ids of two groups may not meet: there is an attribute `stats` and a part of the same name. */
const idOf = (group: Group, name: string) =>
  `${group.replace(/ies$/, 'y').replace(/s$/, '').replace(' ', '-')}-${name.replace(/^--/, '')}`;

function article(group: Group, entry: Entry): string {
  const { name, description, type, parameters = '' } = entry;
  const choices = group === 'attributes' ? choicesOf(type) : undefined;
  const data = [
    ['name', name],
    ['choices', choices?.join(' ')],
    ['type', group === 'attributes' && !choices ? type : undefined],
    ['default', entry.default],
    ['readonly', entry.note === 'read-only' ? '' : undefined],
  ].flatMap(([key, value]) => (value === undefined ? [] : [` data-${key}="${escaped(value as string)}"`]));
  const facts = factsOf(group, entry);
  return `          <article id="${idOf(group, name)}"${data.join('')}>
            <h3><code>${escaped(name + parameters)}</code></h3>${facts && `\n            <p class="facts">${facts}</p>`}
            <p>${prose(description)}</p>
          </article>`;
}

function factsOf(group: Group, { type, default: value, note }: Entry): string {
  const shown = group === 'events' && type ? `{ ${type} }` : type === 'void' ? undefined : type;
  const facts = [
    shown && `<code>${escaped(group === 'methods' ? `→ ${shown}` : shown)}</code>`,
    value && `default ${value.includes(' ') ? escaped(value) : `<code>${escaped(value)}</code>`}`,
    note && prose(note),
  ];
  return facts.filter(Boolean).join(' · ');
}

/** Of `'a' | 'b'` and `0 | 90` the words; of anything else nothing. */
function choicesOf(type = ''): string[] | undefined {
  const words = type.split('|').map((word) => word.trim());
  const literals = words.filter((word) => /^('[^']*'|\d+)$/.test(word));
  return literals.length === words.length ? literals.map((word) => word.replaceAll("'", '')) : undefined;
}

function example({ name, title, files }: (typeof EXAMPLES)[number]): string {
  const shown = files.map(
    (file) => `            <figure class="code">
              <figcaption>${file}</figcaption>
              <button class="copy" type="button" aria-label="Copy ${file}">Copy</button>
              <pre><code>${escaped(readExample(name, file))}</code></pre>
            </figure>`,
  );
  return `          <details class="example" id="example-${name}">
            <summary>${title} <code>demo/examples/${name}</code></summary>
${shown.join('\n')}
          </details>`;
}
