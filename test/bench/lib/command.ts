/* What is typed after `npm run bench --`. */

/** `--peer NAME=PATH` names a program of the caller's: where that is, is nobody else's business. */
const PEER = /^(--peer=)?([a-z][\w-]*)=.+$/i;

/** "npm run bench -- latency --blocks 5 --peer go2rtc=PATH" */
export function commandOf(words: readonly string[]): string {
  const shown = words.map((word, index) => {
    const isPeer = word.startsWith('--peer=') || words[index - 1] === '--peer';
    return isPeer ? word.replace(PEER, '$1$2=PATH') : word;
  });
  return ['npm run bench', ...(shown.length > 0 ? ['--', ...shown.map(quoted)] : [])].join(' ');
}

const quoted = (word: string): string => (/^[\w.,:=/@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Takes the words of options apart: those that `known` has, as words to hand on. `given` are the values of `parseArgs`. */
export function wordsFor(
  given: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>,
  known: Readonly<Record<string, unknown>>,
): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (!(name in known) || value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return (Array.isArray(value) ? value : [value]).flatMap((each) => [`--${name}`, String(each)]);
  });
}
