import type { Aim } from '../lib/suite.js';

/**
 * What was asked of each suite before it was built, in the order of the report. A suite tells its figure as an aim of that
 * name; the limit is the one that is written here.
 */
export interface IssueAim {
  /** Of the chapter: the suite's, or one of several things that it is asked (lib/plan.ts). */
  chapter: string;
  /** As the suite names it. */
  aim: string;
  atMost?: number;
  atLeast?: number;
  unit: string;
  /** Where it is missed: what was tried. Longer in docs/performance.md. */
  tried?: string;
}

const BLACKOUTS = [1, 3, 8, 20, 60];

export const ISSUE_AIMS: readonly IssueAim[] = [
  { chapter: 'latency', aim: '720p30 p50', atMost: 7.5, unit: 'ms' },
  { chapter: 'latency', aim: '720p30 p95', atMost: 11, unit: 'ms' },
  { chapter: 'latency', aim: '720p30 p99', atMost: 14, unit: 'ms' },
  { chapter: 'latency', aim: '720p30 missed', atMost: 0, unit: 'frames' },
  { chapter: 'latency', aim: "720p30 p50 under the best peer's", atLeast: 3, unit: 'times' },
  { chapter: 'latency', aim: "720p30 p95 under the best peer's", atLeast: 3, unit: 'times' },
  { chapter: 'latency-minutes', aim: 'p99.9', atMost: 40, unit: 'ms' },
  { chapter: 'latency-minutes', aim: 'drift, last minute − first, p50', atMost: 1, unit: 'ms' },
  { chapter: 'join', aim: 'running, RTT 0, p50', atMost: 120, unit: 'ms' },
  { chapter: 'join', aim: 'running, RTT 20, p50', atMost: 220, unit: 'ms' },
  { chapter: 'join', aim: 'running, RTT 50, p50', atMost: 340, unit: 'ms' },
  { chapter: 'join', aim: 'running, RTT 100, p50', atMost: 540, unit: 'ms' },
  { chapter: 'join', aim: 'second, RTT 0, p50', atMost: 90, unit: 'ms' },
  { chapter: 'join', aim: 'off, RTT 0, p50', atMost: 400, unit: 'ms' },
  { chapter: 'join-thousand', aim: 'joins without a picture', atMost: 0, unit: 'joins' },
  ...BLACKOUTS.flatMap((seconds) => [
    { chapter: 'recover', aim: `blackout-${seconds} p50`, atMost: 150, unit: 'ms' },
    { chapter: 'recover', aim: `blackout-${seconds} p95`, atMost: 400, unit: 'ms' },
  ]),
  { chapter: 'recover', aim: 'address p50', atMost: 400, unit: 'ms' },
  { chapter: 'recover', aim: 'address p95', atMost: 900, unit: 'ms' },
  { chapter: 'recover', aim: 'sender p50', atMost: 900, unit: 'ms' },
  { chapter: 'recover', aim: 'sender p95', atMost: 1_500, unit: 'ms' },
  { chapter: 'recover', aim: 'server: frames lost', atMost: 0, unit: 'frames' },
  { chapter: 'loss', aim: '10 %: freezes', atMost: 2, unit: 'a minute' },
  { chapter: 'loss', aim: '10 %: age p95', atMost: 110, unit: 'ms' },
  { chapter: 'loss', aim: '20 %: frozen', atMost: 5, unit: '%' },
  { chapter: 'squeeze', aim: 'squeezed: longest gap', atMost: 1_000, unit: 'ms' },
  { chapter: 'viewers', aim: 'added viewer', atMost: 0.9, unit: '% of a core' },
  { chapter: 'viewers', aim: "added viewer, of go2rtc's", atMost: 100, unit: '%' },
  { chapter: 'viewers', aim: "added viewer, of mediamtx's", atMost: 100, unit: '%' },
  { chapter: 'viewers', aim: 'a viewer, of what one with an encode of its own takes', atMost: 100 / 12, unit: '%' },
  { chapter: 'viewers', aim: "others' p95 age while one loses 20 %", atMost: 1, unit: 'ms more' },
  { chapter: 'viewers', aim: '16 joins within a second', atMost: 1, unit: 'keyframes' },
  { chapter: 'honesty', aim: 'delay: wrong by', atMost: 1, unit: 'ms' },
  { chapter: 'honesty', aim: 'loss: wrong by', atMost: 1, unit: '%' },
];

export interface FoundAim extends Aim {
  chapter: string;
  tried?: string;
}

interface Chapter {
  name: string;
  report: { aims: readonly Aim[] };
}

/** Each with its figure; NaN where the suite does not tell it. */
export function issueAims(chapters: readonly Chapter[]): FoundAim[] {
  return ISSUE_AIMS.map(({ chapter, aim, ...rest }) => {
    const found = chapters.find(({ name }) => name === chapter)?.report.aims.find(({ name }) => name === aim);
    const { value = Number.NaN, digits = 1 } = found ?? {};
    return { chapter, name: aim, value, digits, ...rest };
  });
}

/** What a suite wants besides. */
export function otherAims({ name: chapter, report: { aims } }: Chapter): Aim[] {
  return aims.filter(({ name }) => !ISSUE_AIMS.some((each) => each.chapter === chapter && each.aim === name));
}
