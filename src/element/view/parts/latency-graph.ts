import { nothing, type SVGTemplateResult, svg } from 'lit';
import { milliseconds } from '../format.js';
import type { Words } from '../words.js';

const SECONDS = 60;
const HEIGHT = 32;

type History = readonly (number | null)[];

/**
 * The last minute as a line, newest at the right in every language: time runs as on any instrument. A second without a
 * frame is a gap in it, with a bar at its foot; the budget is a dashed line.
 */
export function latencyGraph(history: History, budgetMs: number | null, words: Words): SVGTemplateResult {
  const top = scale(history, budgetMs);
  const highest = Math.max(0, ...history.filter((ms) => ms !== null));
  const missing = sinceFirst(history).filter((ms) => ms === null).length;
  const label = highest > 0 ? words.graph(milliseconds(highest, words), missing) : words.graphEmpty;
  return svg`<svg
    part="graph" class="graph" viewBox="0 0 ${SECONDS - 1} ${HEIGHT}" preserveAspectRatio="none"
    role="img" aria-label=${label}
  >
    <path class="axis" d="M0 0.5H${SECONDS - 1}M0 ${HEIGHT - 0.5}H${SECONDS - 1}"/>
    <path class="gaps" d=${gapsPath(history)}/>
    ${budgetMs === null ? nothing : svg`<path class="limit" d="M0 ${height(budgetMs, top)}H${SECONDS - 1}"/>`}
    <path class="line" d=${graphPath(history, top)}/>
  </svg>`;
}

/** The upper end of the graph in ms: the next of 10, 20, 50, 100, … that leaves a little room above line and budget. */
export function scale(history: History, budgetMs: number | null = null): number {
  const highest = Math.max(budgetMs ?? 0, ...history.filter((ms) => ms !== null)) * 1.1;
  let top = 10;
  for (let step = 0; top < highest; step++) top *= step % 3 === 1 ? 2.5 : 2;
  return top;
}

/** A lone second between two gaps is drawn as a dot: a line of no length with round ends. */
export function graphPath(history: History, top: number): string {
  let path = '';
  let pen = false;
  forEachSecond(history, (ms, x, next) => {
    if (ms !== null) path += `${pen ? 'L' : 'M'}${x} ${height(ms, top)}${!pen && next === null ? 'h0' : ''}`;
    pen = ms !== null;
  });
  return path;
}

/** The foot of each gap. */
export function gapsPath(history: History): string {
  let path = '';
  forEachSecond(sinceFirst(history), (ms, x) => {
    if (ms === null) path += `M${x - 0.5} ${HEIGHT - 1.5}h1`;
  });
  return path;
}

/** Without the seconds before the first measured frame: none was missing then. */
function sinceFirst(history: History): History {
  if (history.length >= SECONDS) return history;
  const first = history.findIndex((ms) => ms !== null);
  return first < 0 ? [] : history.slice(first);
}

function forEachSecond(history: History, draw: (ms: number | null, x: number, next: number | null) => void): void {
  const recent = history.slice(-SECONDS);
  const first = SECONDS - recent.length;
  recent.forEach((ms, index) => {
    draw(ms, first + index, recent[index + 1] ?? null);
  });
}

const height = (ms: number, top: number): string => (HEIGHT - 1 - (ms / top) * (HEIGHT - 2)).toFixed(2);
