import { type SVGTemplateResult, svg } from 'lit';
import { milliseconds } from '../format.js';
import type { Words } from '../words.js';

const SECONDS = 60;
const HEIGHT = 32;

/** The last minute as a line, newest at the right; a second without a frame is a gap in it. */
export function latencyGraph(history: readonly (number | null)[], words: Words): SVGTemplateResult {
  const top = scale(history);
  const highest = Math.max(0, ...history.filter((ms) => ms !== null));
  const missing = history.filter((ms) => ms === null).length;
  const label = highest > 0 ? words.graph(milliseconds(highest, words), missing) : words.graphEmpty;
  return svg`<svg
    part="graph" class="graph" viewBox="0 0 ${SECONDS - 1} ${HEIGHT}" preserveAspectRatio="none"
    role="img" aria-label=${label}
  >
    <path class="axis" d="M0 0.5H${SECONDS - 1}M0 ${HEIGHT - 0.5}H${SECONDS - 1}"/>
    <path class="line" d=${graphPath(history, top)}/>
  </svg>`;
}

/** The upper end of the graph in ms: the next of 10, 20, 50, 100, … that leaves a little room above the line. */
export function scale(history: readonly (number | null)[]): number {
  const highest = Math.max(0, ...history.filter((ms) => ms !== null)) * 1.1;
  let top = 10;
  for (let step = 0; top < highest; step++) top *= step % 3 === 1 ? 2.5 : 2;
  return top;
}

/** A lone second between two gaps is drawn as a dot: a line of no length with round ends. */
export function graphPath(history: readonly (number | null)[], top: number): string {
  const recent = history.slice(-SECONDS);
  const first = SECONDS - recent.length;
  let path = '';
  let pen = false;
  recent.forEach((ms, index) => {
    if (ms === null) {
      pen = false;
      return;
    }
    const point = `${first + index} ${(HEIGHT - 1 - (ms / top) * (HEIGHT - 2)).toFixed(2)}`;
    const alone = !pen && (recent[index + 1] ?? null) === null;
    path += `${pen ? 'L' : 'M'}${point}${alone ? 'h0' : ''}`;
    pen = true;
  });
  return path;
}
