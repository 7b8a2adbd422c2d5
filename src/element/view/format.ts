import type { Stats } from '../core/facts.js';
import type { Words } from './words.js';

/** A number and its unit apart: the unit is set smaller. */
export interface Figure {
  value: string;
  unit?: string;
}

const formatters = new Map<string, Intl.NumberFormat>();

/** `value` with exactly `digits` decimals, so that a figure keeps its width while it changes. */
export function number(value: number, digits: number, locale: string): string {
  const key = `${locale}/${digits}`;
  let formatter = formatters.get(key);
  if (!formatter) {
    formatter = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formatters.set(key, formatter);
  }
  return formatter.format(value);
}

/** A tenth of a millisecond says something below 100 ms, nothing above. */
export function milliseconds(value: number, words: Words): string {
  return number(value, value < 99.95 ? 1 : 0, words.locale);
}

/** How long something has lasted: "2.3 s", "34 s", "5 min", "2 h". */
export function duration(ms: number, words: Words): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${number(seconds, seconds < 9.95 ? 1 : 0, words.locale)} ${words.units.s}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} ${words.units.min}`;
  return `${Math.floor(seconds / 3600)} ${words.units.h}`;
}

/** The time of day, to the second: "14:02:31". */
export function clock(at: number, words: Words): string {
  return new Intl.DateTimeFormat(words.locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(at);
}

/** A frame size. The spaces do not break. */
export function size(of: { width: number; height: number }): string {
  return `${of.width}\u00a0×\u00a0${of.height}`;
}

/** A frame rate: whole where it is, two decimals where it is not (29.97). */
export function rate(fps: number): string {
  return String(Math.round(fps * 100) / 100);
}

/** "840 kbit/s", from 1000 on "2.48 Mbit/s". */
export function bitrate(kbps: number, words: Words): Required<Figure> {
  return kbps < 1000
    ? { value: number(kbps, 0, words.locale), unit: words.units.kbps }
    : { value: number(kbps / 1000, 2, words.locale), unit: words.units.mbps };
}

/** The rows of the statistics in the order in which they are read; what is not known is a dash. */
export function statsRows(stats: Stats | null, words: Words): readonly { key: keyof Words['stats']; figure: Figure }[] {
  const dash: Figure = { value: words.unknown };
  const known = (value: number | null | undefined, digits: number, unit?: string): Figure =>
    value === null || value === undefined
      ? dash
      : { value: number(value, digits, words.locale), ...(unit ? { unit } : {}) };
  const path = stats?.path;
  return [
    {
      key: 'bitrate',
      figure: typeof stats?.bitrateKbps === 'number' ? bitrate(stats.bitrateKbps, words) : dash,
    },
    { key: 'rtt', figure: known(stats?.rttMs, 1, words.units.ms) },
    { key: 'shown', figure: known(stats?.shownFps, 1, words.units.fps) },
    { key: 'loss', figure: known(stats?.lossPercent, 1, words.units.percent) },
    { key: 'frames', figure: known(stats?.framesDecoded, 0) },
    { key: 'dropped', figure: known(stats?.framesDropped, 0) },
    { key: 'codec', figure: stats?.codec ? { value: stats.codec } : dash },
    {
      key: 'path',
      figure: path ? { value: `${words.path[path.type]} · ${path.protocol.toUpperCase()}` } : dash,
    },
  ];
}
