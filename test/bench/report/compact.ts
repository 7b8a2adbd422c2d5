/* Raw JSON for a repository: fewer digits, no paths of the machine. */

const DIGITS = 4;
/** In long lists, of which percentiles are taken. */
const LIST_DIGITS = 3;
const LONG_LIST = 100;
/** Larger numbers are moments, in Unix ms. */
const MOMENT = 1e12;

/** Whole numbers stay, and of moments hundredths. Others keep some digits that mean something, from 1000 on none after the point. */
export function roundNumber(value: number, digits = DIGITS): number {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value;
  if (Math.abs(value) >= MOMENT) return Math.round(value * 100) / 100;
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(digits));
}

export const ROUNDING =
  `Whole numbers are as they were read; others are rounded to ${DIGITS} significant digits (in lists of more than ${LONG_LIST} to ` +
  `${LIST_DIGITS}), from 1000 on to whole ones, and moments to 0.01 ms.`;

/** @param paths to replace, the longest first by itself: where something lies, and what to say instead */
export function compact<T>(value: T, paths: Readonly<Record<string, string>> = {}): T {
  const from = Object.keys(paths).sort((a, b) => b.length - a.length);
  const scrub = (text: string) => from.reduce((left, path) => left.replaceAll(path, paths[path] ?? ''), text);
  const walk = (each: unknown): unknown => {
    if (typeof each === 'number') return roundNumber(each);
    if (typeof each === 'string') return scrub(each);
    if (Array.isArray(each)) {
      const digits = each.length > LONG_LIST ? LIST_DIGITS : DIGITS;
      return each.map((inner) => (typeof inner === 'number' ? roundNumber(inner, digits) : walk(inner)));
    }
    if (each === null || typeof each !== 'object') return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [scrub(key), walk(inner)]));
  };
  return walk(value) as T;
}

/** One line for each thing at the top, and for each reading of a list at the top of `raw`: as small as can be compared. */
export function formatJson(report: object): string {
  const lines = Object.entries(report).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** The paths in a report that are of the machine that made it. */
export function machinePaths(options: unknown, projectFolder: string): Record<string, string> {
  const paths: Record<string, string> = { [projectFolder]: '' };
  const words = Object.values((options ?? {}) as object).flat();
  for (const word of words) {
    const [, name, path] = (typeof word === 'string' && /^([a-z][\w-]*)=(.*\/.*)$/i.exec(word)) || [];
    if (name && path) paths[path] = `PATH of ${name}`;
  }
  return paths;
}
