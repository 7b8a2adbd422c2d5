import { describe, expect, it } from 'vitest';
import { minifyHtml } from '../../scripts/bundle/minify-literals.mjs';

/** What stands between the expressions, here written as •. */
const minified = (template: string) => minifyHtml(template.split('•')).join('•');

describe('minifyHtml', () => {
  it.each([
    ['a run of spaces is one', '<p>\n  one\n\n  two </p>', '<p> one two </p>'],
    ['a text node stays, and where there is none comes none', '<b>a</b> <i></i><u>\n</u>', '<b>a</b> <i></i><u> </u>'],
    ['spaces that separate nothing go', '<p\n  id="a"\n  hidden\n>x</p\n>', '<p id=a hidden>x</p>'],
    ['a single word needs no quotes', '<p part="a" class="b c" title="">', '<p part=a class="b c" title="">'],
    ['an expression keeps its quotes', '<p part="a •" class="•-b" id=•>', '<p part="a •" class="•-b" id=•>'],
    ['a value does not swallow a slash', '<rect x="1"/><rect x="1" />', '<rect x="1"/><rect x=1 />'],
    ['what stands in quotes stays', '<p title="a  b > c">', '<p title="a  b > c">'],
    ['a tag goes on behind an expression', '<p\n  a=•\n  b=• >\n•</p>', '<p a=• b=•> •</p>'],
    ['quotes in a text are letters', '<p>it\'s  "so"</p>', '<p>it\'s "so"</p>'],
  ])('%s', (_name, before, after) => {
    expect(minified(before)).toBe(after);
  });
});
