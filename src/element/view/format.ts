import type { FirstWords } from './words.js';

/** A number and its unit apart: the unit is set smaller. */
export interface Figure {
  value: string;
  unit?: string;
}

const numbers = new Map<string, Intl.NumberFormat>();
const times = new Map<string, Intl.DateTimeFormat>();

/** `value` with exactly `digits` decimals, so that a figure keeps its width while it changes. */
export function number(value: number, digits: number, locale: string): string {
  return kept(numbers, `${locale}/${digits}`, () => {
    return new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }).format(value);
}

/** A tenth of a millisecond says something below 100 ms, nothing above. */
export function milliseconds(value: number, words: FirstWords): string {
  return number(value, value < 99.95 ? 1 : 0, words.locale);
}

/** How long something has lasted: "2.3 s", "34 s", "5 min", "2 h". */
export function duration(ms: number, words: FirstWords): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${number(seconds, seconds < 9.95 ? 1 : 0, words.locale)} ${words.units.s}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} ${words.units.min}`;
  return `${Math.floor(seconds / 3600)} ${words.units.h}`;
}

/** The time of day, to the second: "14:02:31". */
export function clock(at: number, words: FirstWords): string {
  return kept(times, words.locale, () => {
    const two = '2-digit';
    return new Intl.DateTimeFormat(words.locale, { hour: two, minute: two, second: two, hourCycle: 'h23' });
  }).format(at);
}

/** A frame size. The spaces do not break. */
export function size(of: { width: number; height: number }): string {
  return `${of.width}\u00a0×\u00a0${of.height}`;
}

/** Keeps its order among words that run from right to left: without this "1280 × 720" reads "720 × 1280" there. */
export function leftToRight(text: string): string {
  return `\u2066${text}\u2069`;
}

/** A frame rate: whole where it is, two decimals where it is not (29.97). */
export function rate(fps: number): string {
  return String(Math.round(fps * 100) / 100);
}

/** "840 kbit/s", from 1000 on "2.48 Mbit/s". */
export function bitrate(kbps: number, words: FirstWords): Required<Figure> {
  return kbps < 1000
    ? { value: number(kbps, 0, words.locale), unit: words.units.kbps }
    : { value: number(kbps / 1000, 2, words.locale), unit: words.units.mbps };
}

/** A formatter takes longer to make than to use. */
function kept<Formatter>(all: Map<string, Formatter>, key: string, make: () => Formatter): Formatter {
  const formatter = all.get(key) ?? make();
  all.set(key, formatter);
  return formatter;
}
