import type { Facts } from '../../core/facts.js';
import { bitrate, duration, type Figure, number, size } from '../format.js';
import type { StatsRow, Words } from '../words.js';

export interface Row {
  key: StatsRow;
  figure: Figure;
}

/** What this page's browser has given so far: it belongs to the browser, so it outlasts a connection and an element. */
export interface Given {
  readonly rows: Set<StatsRow>;
  /** It has had time enough to give all that it has. */
  settled: boolean;
}

const onThisPage: Given = { rows: new Set(), settled: false };

/** Round-trip and path come a reading or two after the rest. */
const SETTLED_AFTER_S = 5;

/**
 * The figures in the order in which they are read: where there is little room, the last go first.
 *
 * A figure that this browser does not give is left out. One that it has given before, on this connection or another, is a dash
 * while it is not known: no row moves to another place because a neighbour came or went.
 */
export function statsRows(
  { stats, shownSize, latencyHistory }: Facts,
  words: Words,
  given = onThisPage,
): readonly Row[] {
  const { units, locale } = words;
  const figure = (value: number | null | undefined, digits: number, unit?: string): Figure | null =>
    typeof value === 'number' ? { value: number(value, digits, locale), ...(unit ? { unit } : {}) } : null;
  const dash: Figure = { value: words.unknown };
  const rows: [StatsRow, Figure | null][] = [
    ['bitrate', typeof stats?.bitrateKbps === 'number' ? bitrate(stats.bitrateKbps, words) : dash],
    ['shown', figure(stats?.shownFps, 1, units.fps) ?? dash],
    ['rtt', figure(stats?.rttMs, 1, units.ms)],
    ['loss', figure(stats?.lossPercent, 1, units.percent) ?? dash],
    ['size', shownSize && { value: size(shownSize) }],
    ['path', stats?.path ? { value: `${words.path[stats.path.type]} · ${stats.path.protocol.toUpperCase()}` } : null],
    ['dropped', figure(stats?.framesDropped, 0)],
    ['codec', stats?.codec ? { value: stats.codec } : null],
    ['jitter', figure(stats?.jitterMs, 1, units.ms)],
    ['buffer', figure(stats?.jitterBufferMs, 1, units.ms) ?? dash],
    ['freezes', freezes(stats, words)],
    ['frames', figure(stats?.framesDecoded, 0)],
    ['keyframes', figure(stats?.keyframes, 0)],
  ];
  given.settled ||= latencyHistory.length >= SETTLED_AFTER_S;
  return rows.flatMap(([key, known]): Row[] => {
    if (known) given.rows.add(key);
    else if (given.settled && !given.rows.has(key)) return [];
    return [{ key, figure: known ?? dash }];
  });
}

/** How many, and how long in all. */
function freezes(stats: Facts['stats'], words: Words): Figure | null {
  if (typeof stats?.freezes !== 'number') return null;
  const value = number(stats.freezes, 0, words.locale);
  return stats.freezes > 0 ? { value, unit: `· ${duration(stats.freezesMs, words)}` } : { value };
}
