// Makes the CSS and HTML inside css`…`, html`…` and svg`…` as small as the JavaScript around them.
import { transform } from 'esbuild';
import MagicString from 'magic-string';

const TAGS = new Set(['css', 'html', 'svg']);

/** A Rollup plugin. Comes after the one that makes JavaScript of TypeScript. */
export function minifyLiterals() {
  return {
    name: 'minify-literals',
    async transform(code, id) {
      if (!id.endsWith('.ts') || !/\b(css|html|svg)`/.test(code)) return null;
      const text = new MagicString(code);
      for (const { tag, quasi } of taggedTemplates(this.parse(code))) {
        const strings = quasi.quasis.map(({ value }) => value.cooked);
        const small = tag.name === 'css' ? await minifyCss(strings) : minifyHtml(strings);
        quasi.quasis.forEach(({ start, end }, at) => {
          if (start < end) text.update(start, end, escapeTemplate(small[at]));
        });
      }
      return { code: text.toString(), map: text.generateMap({ hires: true }) };
    },
  };
}

function* taggedTemplates(node) {
  if (typeof node?.type !== 'string') return;
  if (node.type === 'TaggedTemplateExpression' && TAGS.has(node.tag.name)) yield node;
  for (const child of Object.values(node)) {
    if (Array.isArray(child)) for (const each of child) yield* taggedTemplates(each);
    else if (child && typeof child === 'object') yield* taggedTemplates(child);
  }
}

const escapeTemplate = (text) => text.replaceAll(/[\\`]|\$(?=\{)/g, '\\$&');

/** A sheet that is put together from pieces is left as it is: what a piece means depends on where it stands. */
async function minifyCss(strings) {
  if (strings.length > 1) return strings;
  const { code } = await transform(strings[0], { loader: 'css', minify: true, target: 'esnext', charset: 'utf8' });
  return [code.trim()];
}

/**
 * Any run of spaces in a text is one: it shows as one anyway. No text node comes or goes, so the page is the same. Inside a tag
 * the spaces that separate nothing go, and the quotes around a single word.
 *
 * @param {readonly string[]} strings what stands between the expressions of one template
 */
export function minifyHtml(strings) {
  let inTag = false;
  let quote = '';
  return strings.map((string) => {
    let small = '';
    let quoteAt = -1;
    for (const [at, char] of [...string].entries()) {
      if (quote) {
        small += char;
        if (char !== quote) continue;
        quote = '';
        const value = small.slice(quoteAt + 1, -1);
        if (quoteAt >= 0 && /^[\w.-]+$/.test(value) && /[\s>]/.test(string[at + 1] ?? '')) {
          small = small.slice(0, quoteAt) + value;
        }
      } else if (/\s/.test(char)) {
        if (!small.endsWith(' ')) small += ' ';
      } else {
        if (inTag && (char === '"' || char === "'")) {
          quote = char;
          quoteAt = small.length;
        } else if (inTag && char === '>') {
          inTag = false;
          small = small.trimEnd();
        } else if (char === '<') inTag = true;
        small += char;
      }
    }
    return small;
  });
}
