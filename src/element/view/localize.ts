import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { shown, warnOnce } from './settings.js';
import { english, type Words, type WordsOverride } from './words.js';

/** Each is a file of its own, fetched when a page first speaks it. Spelled out, so that bundlers see them. */
const LANGUAGES = new Map<string, () => Promise<{ words: Words }>>([
  ['de', () => import('./lang/de.js')],
  ['es', () => import('./lang/es.js')],
  ['fr', () => import('./lang/fr.js')],
  ['ja', () => import('./lang/ja.js')],
  ['zh', () => import('./lang/zh.js')],
]);

/** What has been fetched, for all elements of the page. Of English, what the parts that are here need. */
const fetched = new Map<string, Words>([['en', english as Words]]);

/** Takes in the English words that came with a part of the element. */
export function learn(words: Partial<Words> = {}): void {
  fetched.set('en', { ...inEnglish(), ...words });
}

const inEnglish = () => fetched.get('en') as Words;

export interface LocalizedHost extends ReactiveControllerHost, HTMLElement {
  /** The page's own words, in place of some of ours. */
  words?: WordsOverride | undefined;
}

/**
 * The words for an element: in the language of the page around it, English until that is here or where we have none.
 *
 * The nearest `lang`, on the element or above it, through shadow roots, decides. Only where a page names no language
 * at all do the person's own settings. The host renders again when another language is here.
 */
export class Localizer implements ReactiveController {
  readonly #host: LocalizedHost;
  #tag = 'en';
  #roots: Node[] = [];
  #merged: { table: Words; tag: string; override: WordsOverride | undefined; words: Words } | undefined;

  constructor(host: LocalizedHost) {
    this.#host = host;
    host.addController(this);
  }

  get words(): Words {
    const table = fetched.get(primary(this.#tag)) ?? inEnglish();
    const { words: override } = this.#host;
    const [tag, before] = [this.#tag, this.#merged];
    if (before?.table !== table || before.tag !== tag || before.override !== override) {
      this.#merged = { table, tag, override, words: merge(table, tag, override) };
    }
    return (this.#merged as { words: Words }).words;
  }

  hostConnected(): void {
    this.#roots = rootsAbove(this.#host);
    for (const root of this.#roots) watch(root, this.#look);
    this.#look();
  }

  hostDisconnected(): void {
    for (const root of this.#roots) unwatch(root, this.#look);
    this.#roots = [];
  }

  readonly #look = (): void => {
    const tag = languageOf(this.#host);
    if (tag === this.#tag) return;
    this.#tag = tag;
    this.#host.requestUpdate();
    const name = primary(tag);
    if (fetched.has(name)) return;
    // Where it cannot be fetched, English stays; the next element, or change of language, tries again.
    LANGUAGES.get(name)?.().then(
      ({ words }) => {
        fetched.set(name, words);
        this.#host.requestUpdate();
      },
      () => {},
    );
  };
}

/** "de" of "de-AT". */
function primary(tag: string): string {
  return (tag.split('-')[0] as string).toLowerCase();
}

/** BCP 47 tag of the language in which to speak; exported for tests. */
export function languageOf(element: Element): string {
  for (let at: Element | undefined = element; at; at = hostOf(at.getRootNode())) {
    const tag = at.closest('[lang]')?.getAttribute('lang');
    if (tag) return tag;
  }
  const known = (tag: string) => fetched.has(primary(tag)) || LANGUAGES.has(primary(tag));
  return navigator.languages.find(known) ?? 'en';
}

function hostOf(root: Node): Element | undefined {
  return root instanceof ShadowRoot ? root.host : undefined;
}

/** The trees in which a `lang` could change what `element` speaks: its own, and each around that. */
function rootsAbove(element: Element): Node[] {
  const roots: Node[] = [];
  for (let at: Element | undefined = element; at; at = hostOf(roots.at(-1) as Node)) roots.push(at.getRootNode());
  return roots;
}

/** One observer for each tree, however many elements there are in it; gone with the last of them. */
const watches = new Map<Node, { observer: MutationObserver; looks: Set<() => void> }>();

function watch(root: Node, look: () => void): void {
  let watched = watches.get(root);
  if (!watched) {
    const looks = new Set<() => void>();
    const observer = new MutationObserver(() => {
      for (const each of looks) each();
    });
    observer.observe(root, { subtree: true, attributeFilter: ['lang'] });
    watched = { observer, looks };
    watches.set(root, watched);
  }
  watched.looks.add(look);
}

function unwatch(root: Node, look: () => void): void {
  const watched = watches.get(root);
  watched?.looks.delete(look);
  if (watched?.looks.size !== 0) return;
  watched.observer.disconnect();
  watches.delete(root);
}

/** How many trees are being watched; for tests that look for leaks. */
export function watchedTrees(): number {
  return watches.size;
}

/** Numbers are written as in the page's region, where the words are of its language. */
function merge(table: Words, tag: string, override: WordsOverride | undefined): Words {
  const words: Record<string, unknown> = { ...table };
  if (primary(tag) === table.locale && isLocale(tag)) words.locale = tag;
  replaceAll(words, override ?? {}, 'words');
  if (!isLocale(words.locale as string)) {
    warnOnce(`words.locale cannot be ${words.locale}.`);
    words.locale = table.locale;
  }
  return words as unknown as Words;
}

/** Puts the page's own words in the place of ours; one that cannot even be read is none. */
function replaceAll(words: Record<string, unknown>, theirs: object, path: string): void {
  for (const name of Object.keys(theirs)) {
    const at = `${path}.${name}`;
    try {
      words[name] = inPlaceOf(words[name], (theirs as typeof words)[name], at);
    } catch (error) {
      warnOnce(`${at} has thrown ${shown(error)}.`);
    }
  }
}

/** The page's own word, where it is of the kind of ours and does what it should; a mistake in it must not take the view along. */
function inPlaceOf(ours: unknown, theirs: unknown, path: string): unknown {
  if (theirs === undefined || theirs === null) return ours;
  if (ours !== undefined && typeof ours !== typeof theirs) {
    warnOnce(`${path} must be a ${typeof ours}.`);
    return ours;
  }
  if (isGroup(ours)) {
    const words: Record<string, unknown> = { ...ours };
    replaceAll(words, theirs, path);
    return words;
  }
  if (typeof theirs !== 'function' || typeof ours !== 'function') return theirs;
  return (...args: unknown[]) => {
    try {
      const said = theirs(...args);
      if (typeof said === 'string') return said;
      warnOnce(`${path} must return a text.`);
    } catch (error) {
      warnOnce(`${path} has thrown ${shown(error)}.`);
    }
    return ours(...args);
  };
}

function isGroup(word: unknown): word is object {
  return typeof word === 'object' && word !== null;
}

/** `lang` is whatever a page says; Intl throws at "de_DE". */
function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}
