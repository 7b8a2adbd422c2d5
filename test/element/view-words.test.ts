import { expect } from '@esm-bundle/chai';
import { html, LitElement } from 'lit';
import { words as german } from '../../src/element/view/lang/de.js';
import { words as spanish } from '../../src/element/view/lang/es.js';
import { words as french } from '../../src/element/view/lang/fr.js';
import { words as japanese } from '../../src/element/view/lang/ja.js';
import { words as chinese } from '../../src/element/view/lang/zh.js';
import { Localizer, languageOf, learn, watchedTrees } from '../../src/element/view/localize.js';
import { sentencesOf, type Words, type WordsOverride } from '../../src/element/view/words.js';
import { ERRORS, type ErrorCode, errorInfo } from '../../src/protocol/errors.js';
import { english } from './english.js';
import { factsOf } from './fake-core.js';
import { type DrivenPreview, mount, part, parts, textOf } from './fixture.js';
import { until } from './until.js';

const ALL = { de: german, es: spanish, fr: french, ja: japanese, zh: chinese };

describe('the languages', () => {
  /** Every word under its path, the functions called as the element calls them. */
  const flat = (words: object, path = ''): Record<string, string> =>
    Object.fromEntries(
      Object.entries(words).flatMap(([name, word]) => {
        if (name === 'errors') return [];
        if (typeof word === 'function') return [[path + name, (word as (...args: unknown[]) => string)('7', 3)]];
        return typeof word === 'string'
          ? [[path + name, word]]
          : Object.entries(flat(word as object, `${path}${name}.`));
      }),
    );
  const ours = flat(english);

  for (const [language, words] of Object.entries(ALL)) {
    it(`${language} has each word that English has, and no other`, () => {
      const theirs = flat(words);
      expect(Object.keys(theirs).sort()).to.deep.equal(Object.keys(ours).sort());
      for (const [name, word] of Object.entries(theirs)) expect(word.trim(), name).not.to.equal('');
      expect(words.locale).to.equal(language);
    });

    it(`${language} says what it is told`, () => {
      for (const [name, word] of Object.entries(flat(words))) {
        for (const said of ['7', '3']) if (ours[name]?.includes(said)) expect(word, name).to.contain(said);
      }
    });

    it(`${language} is not English with holes in it`, () => {
      const long = Object.entries(flat(words)).filter(([name]) => (ours[name] ?? '').split(' ').length > 2);
      expect(long.length).to.be.greaterThan(30);
      for (const [name, word] of long) expect(word, name).not.to.equal(ours[name]);
      for (const [code, { message, next }] of Object.entries(words.errors)) {
        expect(message, code).not.to.equal(ERRORS[code as ErrorCode].message);
        expect(next, code).not.to.equal(ERRORS[code as ErrorCode].next);
        for (const sentence of [message, next]) expect(sentence, code).to.match(/[.。？?]$/);
      }
    });

    it(`${language} keeps what is to be typed or looked for as it is`, () => {
      for (const [code, said] of Object.entries(words.errors)) {
        const { message, next } = ERRORS[code as ErrorCode];
        const names =
          /docs\/\w+\.md|--[\w-]+|"\w+"|fuser \S+\w|gstreamer[\w.-]+|x264enc|H\.264|VP8|TURN|SDP|WebRTC|\bsrc\b|Redis/g;
        for (const [name] of `${message} ${next}`.matchAll(names)) {
          expect(`${said.message} ${said.next}`, code).to.contain(name.replaceAll('"', ''));
        }
      }
    });
  }

  it('are short where there is little room', () => {
    for (const [language, words] of Object.entries(ALL)) {
      for (const word of Object.values(words.pill)) expect(word.length, `${language} ${word}`).to.be.at.most(14);
      for (const word of Object.values(words.rungs)) expect(word.length, `${language} ${word}`).to.be.at.most(9);
    }
  });

  it('leave an error that they have no words for as it came', () => {
    const info = errorInfo('stream_taken', 'Another one, on Tuesday.');
    expect(sentencesOf(info, german)).to.equal(info);
    expect(sentencesOf(errorInfo('ice_failed'), german).message).to.equal(german.errors.ice_failed.message);
    const told = errorInfo('ice_failed', 'None of 6 pairs.');
    expect(sentencesOf(told, english).message).to.equal('None of 6 pairs.');
  });
});

class Speaker extends LitElement {
  words: WordsOverride | undefined;
  readonly localizer = new Localizer(this);
  renders = 0;

  protected override render() {
    this.renders++;
    return html`${this.localizer.words.start}`;
  }

  get said(): string {
    return textOf(this.renderRoot as unknown as Element);
  }
}
customElements.define('test-speaker', Speaker);

describe('the language of an element', () => {
  let holder: HTMLElement;
  let speaker: Speaker;

  beforeEach(async () => {
    holder = document.createElement('div');
    document.body.append(holder);
    speaker = new Speaker();
    holder.append(speaker);
    await speaker.updateComplete;
  });

  afterEach(() => {
    holder.remove();
    document.documentElement.removeAttribute('lang');
    expect(watchedTrees()).to.equal(0);
  });

  const says = (words: Words) => until(() => speaker.said === words.start);

  it('is that of the nearest lang, and follows it', async () => {
    document.documentElement.lang = 'de';
    await says(german);
    holder.lang = 'fr-CA';
    await says(french);
    expect(speaker.localizer.words.locale).to.equal('fr-CA');
    speaker.lang = 'ja';
    await says(japanese);
    speaker.lang = '';
    speaker.removeAttribute('lang');
    await says(french);
    holder.removeAttribute('lang');
    await says(german);
  });

  it('comes through shadow roots, and changes in any of them', async () => {
    const outer = document.createElement('div');
    outer.lang = 'es';
    const inner = document.createElement('div');
    outer.attachShadow({ mode: 'open' }).append(inner);
    inner.attachShadow({ mode: 'closed' }).append(speaker);
    holder.append(outer);
    await says(spanish);
    inner.lang = 'zh-Hans';
    await says(chinese);
    inner.removeAttribute('lang');
    outer.lang = 'de';
    await says(german);
    expect(watchedTrees()).to.equal(3);
  });

  it('is English where we have no words for the page’s, whatever the browser likes', async () => {
    document.documentElement.lang = 'pt-BR';
    expect(languageOf(speaker)).to.equal('pt-BR');
    await says(english);
    expect(speaker.localizer.words.locale).to.equal('en');
    for (const odd of ['constructor', '__proto__', 'de_DE', '*']) {
      holder.lang = odd;
      await Promise.resolve();
      expect(() => new Intl.NumberFormat(speaker.localizer.words.locale), odd).not.to.throw();
    }
  });

  it('learns the English words of a part with that part; the page’s own stay in their place', () => {
    speaker.words = { close: 'Away' };
    const { retry } = english;
    learn({ retry, close: english.close });
    expect(speaker.localizer.words.retry).to.equal(retry);
    expect(speaker.localizer.words.close).to.equal('Away');
    expect(speaker.localizer.words.start).to.equal(english.start);
  });

  it('is the person’s own where the page names none', () => {
    const own = Object.getOwnPropertyDescriptor(Navigator.prototype, 'languages') as PropertyDescriptor;
    Object.defineProperty(navigator, 'languages', { configurable: true, value: ['pt', 'es-MX', 'de'] });
    expect(languageOf(speaker)).to.equal('es-MX');
    Object.defineProperty(navigator, 'languages', { configurable: true, value: ['pt'] });
    expect(languageOf(speaker)).to.equal('en');
    Object.defineProperty(navigator, 'languages', own);
  });

  it('watches a tree once, however many elements there are, and not at all without', async () => {
    const many = Array.from({ length: 50 }, () => new Speaker());
    holder.append(...many);
    expect(watchedTrees()).to.equal(1);
    for (const one of many) one.remove();
    expect(watchedTrees()).to.equal(1);
    speaker.remove();
    expect(watchedTrees()).to.equal(0);
    document.documentElement.lang = 'de';
    holder.append(speaker);
    await says(german);
  });

  it('renders nobody again whose language stays', async () => {
    document.documentElement.lang = 'de';
    await says(german);
    const { renders } = speaker;
    holder.lang = 'de';
    document.documentElement.lang = 'fr';
    await new Promise(requestAnimationFrame);
    expect(speaker.renders).to.equal(renders);
  });

  it('has the page’s own words in place of any, and of a group any as well', async () => {
    holder.lang = 'de';
    await says(german);
    speaker.words = { start: 'Nochmal', pill: { live: 'AUF SENDUNG' }, fps: (rate) => `${rate} B/s` };
    const { words } = speaker.localizer;
    expect([words.start, words.pill.live, words.pill.stalled, words.fps('30'), words.stop]).to.deep.equal([
      'Nochmal',
      'AUF SENDUNG',
      'Eingefroren',
      '30 B/s',
      'Stopp',
    ]);
    expect(speaker.localizer.words).to.equal(words);
    speaker.words = undefined;
    expect(speaker.localizer.words.start).to.equal(german.start);
    expect(german.pill.live).to.equal('LIVE');
  });
});

describe('<webrtc-preview> in other languages', () => {
  let element: DrivenPreview;

  afterEach(() => {
    element.remove();
    document.documentElement.removeAttribute('dir');
  });

  it('says everything in that of the page, errors and figures too, and names it to whoever reads aloud', async () => {
    element = await mount({ width: 800, attributes: { lang: 'de-AT' } });
    element.fake.tell(factsOf('failed'));
    const panel = await until(() => parts(element, 'trouble')[0]);
    await until(() => textOf(panel).includes(german.errors.ice_failed.message));
    expect(part(element, 'base').lang).to.equal('de-AT');
    element.stats = true;
    element.fake.tell(factsOf('live'));
    await until(() => parts(element, 'stats').length > 0);
    expect(textOf(part(element, 'stats')))
      .to.contain('8,2 ms')
      .and.to.contain('2,48 Mbit/s');
    element.removeAttribute('lang');
    await until(() => textOf(part(element, 'stats')).includes('8.2 ms'));
  });

  it('follows the element to where another language is spoken, also when it is moved without leaving the page', async () => {
    const there = document.createElement('div');
    there.lang = 'es';
    document.body.append(there);
    element = await mount({ attributes: {} });
    expect(textOf(part(element, 'start-button'))).to.equal(english.start);
    const move = 'moveBefore' in there ? 'moveBefore' : 'insertBefore';
    (there as unknown as Record<string, (node: Node, before: null) => void>)[move]?.(element, null);
    await until(() => textOf(part(element, 'start-button')) === spanish.start);
    there.remove();
  });

  it('marks as English what only the core says', async () => {
    element = await mount({ attributes: { lang: 'ja' } });
    element.fake.tell({
      ...factsOf('failed'),
      problem: { ...errorInfo('ice_failed'), rung: 'network', seen: 'None of 6 pairs worked.' },
    });
    const panel = await until(() => parts(element, 'trouble')[0]);
    expect(panel.querySelector('.seen')?.getAttribute('lang')).to.equal('en');
  });

  it('lies the other way round from right to left, except for time', async () => {
    document.documentElement.dir = 'rtl';
    element = await mount({ width: 800 });
    element.words = { stats: { size: 'الحجم' }, units: { ms: 'م.ث' }, lessOf: (sent, full) => `${sent} من ${full}` };
    element.stats = true;
    element.fake.tell({ ...factsOf('live'), latencyHistory: [5, 9] });
    const panel = await until(() => parts(element, 'stats')[0]);
    const picture = part(element, 'picture').getBoundingClientRect();
    const middle = picture.left + picture.width / 2;
    expect(part(element, 'pill').getBoundingClientRect().left).to.be.greaterThan(middle);
    expect(panel.getBoundingClientRect().left).to.be.greaterThan(middle);
    // The newest second is at the right in every language, and the camera at the left.
    const line = panel.querySelector<SVGPathElement>('.graph .line')?.getBoundingClientRect() as DOMRect;
    expect(line.left).to.be.greaterThan(panel.getBoundingClientRect().left + panel.clientWidth / 2);
    const strip = panel.querySelector<SVGSVGElement>('.strip');
    expect([...(strip?.children ?? [])].map((leg) => leg.getAttribute('class'))[0]).to.equal('encode');
    expect(strip?.getScreenCTM()?.a).to.be.greaterThan(0);
    // A size is not turned round.
    const value = [...(panel.querySelector('.row.size bdi')?.childNodes ?? [])].find(
      (node) => node instanceof Text && node.data.includes('×'),
    ) as Text;
    const at = (offset: number) => {
      const range = document.createRange();
      range.setStart(value, offset);
      range.setEnd(value, offset + 1);
      return range.getBoundingClientRect().left;
    };
    expect(at(0)).to.be.lessThan(at(value.length - 1));
  });
});

describe('a stream that only its address names', () => {
  it('is not called by a name that nobody gave it', () => {
    expect(english.nothingStreams('')).to.equal('Nothing streams at this address');
    expect(english.nothingStreams('door')).to.equal('Nothing streams as “door”');
  });
});
