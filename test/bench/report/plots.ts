import { fitLine, median, percentile, summarise } from '../lib/statistics.js';
import type { LinePlot, PlotData, RangeRow, Series } from './plot.js';

/* The plots of each suite, from what its JSON has under `raw`. Each interface names only what is drawn. */

interface Input {
  suite: string;
  options?: unknown;
  raw: unknown;
}

const PLOTS: Record<string, (raw: never, options: Record<string, unknown>) => PlotData[]> = {
  latency: latencyPlots,
  join: joinPlots,
  recover: recoverPlots,
  loss: lossPlots,
  squeeze: squeezePlots,
  viewers: viewersPlots,
  page: pagePlots,
  growth: growthPlots,
};

/** @throws when a suite's readings are not what is drawn here */
export function plotsOf({ suite, options, raw }: Input): PlotData[] {
  try {
    const plots = PLOTS[suite]?.(raw as never, (options ?? {}) as Record<string, unknown>) ?? [];
    return plots.filter((plot) => plot.kind !== 'lines' || hasSeveralNumbers(plot));
  } catch (error) {
    throw new Error(`The readings of “${suite}” cannot be drawn: ${(error as Error).message}`);
  }
}

/** A line through one point says nothing that the table does not say. */
const hasSeveralNumbers = ({ series }: LinePlot) =>
  new Set(series.flatMap(({ points }) => points.map(({ x }) => x))).size > 1;

// ---- latency ---------------------------------------------------------------------------------------------------------

interface LatencyRound {
  picture: { height: number; fps: number };
  contenders: {
    label: string;
    blocks: ({ summary: { p5: number; p50: number; p95: number; p99: number } } | null)[];
  }[];
}

/** Of a frame, when it was where; the suite's stages in order. */
type Way = Record<string, number>;

const WAY: readonly (readonly [from: string, to: string, label: string])[] = [
  ['born', 'made', 'made'],
  ['made', 'converted', 'converted'],
  ['converted', 'encoded', 'encoded'],
  ['encoded', 'handedOver', 'handed over'],
  ['handedOver', 'packetised', 'packetised'],
  ['packetised', 'encrypted', 'encrypted'],
  ['encrypted', 'received', 'sent and received'],
  ['received', 'presented', 'assembled and decoded'],
  ['presented', 'seen', 'composed and drawn'],
  ['born', 'seen', 'all'],
];

function latencyPlots(raw: LatencyRound[] | { ways: Way[] } | { agesMs: number[] }, options: Record<string, unknown>) {
  if ('ways' in raw) return stagesPlots(raw.ways);
  if ('agesMs' in raw) return minutesPlots(raw.agesMs, Number(options.minutes));
  const rows = raw.flatMap(({ picture: { height, fps }, contenders }) =>
    contenders.map(({ label, blocks: all }): RangeRow => {
      const blocks = all.filter((block) => block !== null);
      const each = (pick: (summary: (typeof blocks)[number]['summary']) => number) =>
        medianOrNull(blocks.map(({ summary }) => pick(summary)));
      return {
        group: `${height}p at ${fps} fps`,
        label,
        low: each(({ p5 }) => p5),
        p50: each(({ p50 }) => p50),
        high: each(({ p95 }) => p95),
        far: each(({ p99 }) => p99),
      };
    }),
  );
  return [
    {
      kind: 'ranges' as const,
      name: 'latency',
      title: 'Frame made → pixels in the screen’s memory',
      axis: 'ms',
      bars: 'Bar: 5th to 95th percentile, line: to the 99th, medians of the blocks',
      rows,
    },
  ];
}

function stagesPlots(ways: readonly Way[]): PlotData[] {
  const rows = WAY.map(([from, to, label]): RangeRow => {
    const values = ways.map((way) => (way[to] ?? Number.NaN) - (way[from] ?? Number.NaN));
    const { p5, p50, p95, p99 } = summarise(values);
    return { label, low: Math.max(0, p5), p50, high: p95, far: p99 };
  });
  return [
    {
      kind: 'ranges',
      name: 'latency-stages',
      title: 'Where the time of a frame goes',
      axis: 'ms',
      bars: 'Bar: 5th to 95th percentile, line: to the 99th',
      rows,
    },
  ];
}

function minutesPlots(ages: readonly number[], minutes: number): PlotData[] {
  const perMinute = Array.from({ length: minutes }, (_, minute) =>
    ages.slice(Math.round((ages.length * minute) / minutes), Math.round((ages.length * (minute + 1)) / minutes)),
  );
  const series = [50, 95, 99, 100].map(
    (percent): Series => ({
      label: percent === 100 ? 'the oldest' : `${percent}th percentile`,
      points: perMinute.map((each, minute) => ({ x: minute + 1, y: percentile(each, percent) })),
    }),
  );
  return [
    {
      kind: 'lines',
      name: 'latency-minutes',
      title: 'Frame made → pixels in the screen’s memory, minute by minute',
      xAxis: 'minute',
      yAxis: 'ms',
      series,
    },
  ];
}

// ---- join ------------------------------------------------------------------------------------------------------------

interface JoinCell {
  rtt: number;
  mode: string;
  readings: { ms: number | null }[];
}

const JOIN_MODES: Record<string, string> = {
  running: 'warm page, camera running',
  first: 'a page’s first start',
  second: 'second element',
  cold: 'fresh page',
  off: 'camera off',
};

function joinPlots(cells: JoinCell[]): PlotData[] {
  const modes = [...new Set(cells.map(({ mode }) => mode))].filter((mode) => mode in JOIN_MODES);
  const timesOf = (cell: JoinCell) => cell.readings.map(({ ms }) => ms).filter((ms) => ms !== null);
  const series = modes.map((mode): Series => {
    const of = cells.filter((cell) => cell.mode === mode && timesOf(cell).length > 0);
    const points = of.map((cell) => {
      const { p5, p50, p95 } = summarise(timesOf(cell));
      return { x: cell.rtt, y: p50, low: p5, high: p95 };
    });
    return { label: JOIN_MODES[mode] ?? mode, points, ...lineThrough(points) };
  });
  // Peers have their own page and no link.
  const fresh = cells.filter(({ mode, rtt }) => rtt === 0 && (mode === 'cold' || !(mode in JOIN_MODES)));
  return [
    ...(fresh.length > 1 ? [joinsBeside(fresh)] : []),
    {
      kind: 'lines',
      name: 'join',
      title: 'To the first fresh frame, by the round trip time of the link',
      xAxis: 'round trip time, ms',
      yAxis: 'ms: median, and 5th to 95th percentile',
      series,
    },
  ];
}

function joinsBeside(cells: readonly JoinCell[]): PlotData {
  const rows = cells.map(({ mode, readings }): RangeRow => {
    const times = readings.map(({ ms }) => ms).filter((ms) => ms !== null);
    return { label: mode === 'cold' ? 'ours' : mode, ...rangeOf(times) };
  });
  return {
    kind: 'ranges',
    name: 'join-peers',
    title: 'A fresh page: from its navigation to the first fresh frame',
    axis: 'ms',
    bars: 'Bar: 5th to 95th percentile, line: to the longest',
    rows,
  };
}

// ---- recover ---------------------------------------------------------------------------------------------------------

type RecoverRaw = Record<string, { backMs: number | null }[]>;

/** What must not even interrupt a picture has no recovery. */
const UNINTERRUPTED = /^(server|signalling)/;

function recoverPlots(raw: RecoverRaw): PlotData[] {
  const rows = Object.entries(raw)
    .filter(([name]) => !UNINTERRUPTED.test(name))
    .map(([name, readings]): RangeRow => {
      const times = readings.map(({ backMs }) => backMs).filter((ms) => ms !== null);
      return { label: `${name.startsWith('blackout-') ? `${name.replace('-', ' of ')} s` : name}`, ...rangeOf(times) };
    });
  return [
    {
      kind: 'ranges',
      name: 'recover',
      title: 'From the end of the trouble to the first fresh frame',
      axis: 'ms',
      bars: 'Bar: 5th to 95th percentile, line: to the longest',
      rows,
    },
  ];
}

// ---- loss and squeeze ------------------------------------------------------------------------------------------------

interface LossReading {
  frozenMs: number;
  seconds: number;
  ages: { p5: number; p50: number; p95: number; p99: number };
}

interface LossRaw {
  cells: { name: string; loss: number; burst: number }[];
  readings: Record<string, LossReading[][]>;
}

const LOSS_VARIANTS: Record<string, string> = {
  ours: 'ours',
  before: 'ours without loss protection',
  fixed: 'ours without any adaptation',
};

function lossPlots({ cells, readings }: LossRaw): PlotData[] {
  const variants = Object.keys(readings).map((key) => ({ label: LOSS_VARIANTS[key] ?? key, of: readings[key] ?? [] }));
  const ages = cells.flatMap(({ name }, index) =>
    variants.map(({ label, of }): RangeRow => {
      const each = (pick: (reading: LossReading) => number) => medianOrNull((of[index] ?? []).map(pick));
      return {
        group: `${name} lost`,
        label,
        low: each(({ ages }) => ages.p5),
        p50: each(({ ages }) => ages.p50),
        high: each(({ ages }) => ages.p95),
        far: each(({ ages }) => ages.p99),
      };
    }),
  );
  const frozen = variants.map(
    ({ label, of }): Series => ({
      label,
      points: cells.flatMap(({ loss, burst }, index) => {
        const all = of[index] ?? [];
        if (burst > 1 || all.length === 0) return [];
        const shares = all.map(({ frozenMs, seconds }) => frozenMs / seconds / 10);
        return [{ x: loss * 100, y: median(shares), low: Math.min(...shares), high: Math.max(...shares) }];
      }),
    }),
  );
  return [
    {
      kind: 'ranges',
      name: 'loss-age',
      title: 'Age of the shown frames on a link that loses packets',
      axis: 'ms',
      bars: 'Bar: 5th to 95th percentile, line: to the 99th, medians of the blocks',
      rows: ages,
    },
    {
      kind: 'lines',
      name: 'loss-frozen',
      title: 'Time that the picture stands still, by how much the link loses',
      xAxis: 'packets lost, %',
      yAxis: '% of the time: median, lowest and highest block',
      series: frozen,
    },
  ];
}

interface SqueezeRaw {
  phases: { name: string; kbps: number | null; seconds: number }[];
  variants: {
    label: string;
    blocks: {
      phases: { begin: number; end: number }[];
      views: { longestGapMs: number; ageP95Ms: number | null; sizes: { atS: number; width: number }[] }[][];
    }[];
  }[];
}

function squeezePlots({ phases, variants }: SqueezeRaw): PlotData[] {
  const begins = phases.map((_, index) => phases.slice(0, index).reduce((sum, { seconds }) => sum + seconds, 0));
  const bands = phases.map(({ kbps, seconds }, index) => {
    const from = begins[index] ?? 0;
    return { from, to: from + seconds, label: kbps === null ? 'free' : `${kbps / 1_000} Mbit/s` };
  });
  const end = bands.at(-1)?.to ?? 0;
  const widths = variants.map(({ label, blocks }): Series => {
    const steps = (blocks[0]?.views[0] ?? []).flatMap(({ sizes }, index) =>
      sizes.map(({ atS, width }) => ({ x: (begins[index] ?? 0) + atS, y: width })),
    );
    // A size stays until the next one: corners instead of slopes.
    const corners = steps.flatMap((point, index) => {
      const before = steps[index - 1];
      return before ? [{ x: point.x, y: before.y }, point] : [point];
    });
    const last = corners.at(-1);
    return {
      label: `${label}, first block`,
      points: last ? [...corners, { x: end, y: last.y }] : corners,
      dense: true,
    };
  });
  const gaps = variants.flatMap(({ label, blocks }) =>
    phases.map(({ name }, index): RangeRow => {
      const values = blocks.flatMap(({ views }) => views[0]?.[index]?.longestGapMs ?? []);
      const at = (percent: number) => (values.length > 0 ? percentile(values, percent) : null);
      const group = `${index + 1}. ${name === 'free' ? 'free' : `${Number(name) / 1_000} Mbit/s`}`;
      return { group, label, low: at(0), p50: at(50), high: at(100), aim: 1_000 };
    }),
  );
  return [
    {
      kind: 'lines',
      name: 'squeeze',
      title: 'Width of the picture while its link becomes narrow and wide again',
      xAxis: 'seconds',
      yAxis: 'pixels',
      series: widths,
      bands,
    },
    {
      kind: 'ranges',
      name: 'squeeze-gaps',
      title: 'Longest time without a new frame, in each phase of the link',
      axis: 'ms',
      bars: 'Bar: lowest to highest block',
      rows: gaps.sort((a, b) => Number.parseInt(a.group ?? '', 10) - Number.parseInt(b.group ?? '', 10)),
    },
  ];
}

// ---- viewers and page ------------------------------------------------------------------------------------------------

interface ViewersRaw {
  variants: { label: string; blocks: { viewers: number; cpu: number; rssMb: number }[][] }[];
}

function viewersPlots({ variants }: ViewersRaw): PlotData[] {
  const series = variants.map(({ label, blocks }): Series => {
    const points = byNumber(blocks.flat().map(({ viewers, cpu }) => ({ x: viewers, y: cpu })));
    return { label, points, ...lineThrough(points) };
  });
  return [
    {
      kind: 'lines',
      name: 'viewers',
      title: 'Processor time of the sending processes, by the number of viewers',
      xAxis: 'viewers',
      yAxis: '% of a core: median, lowest and highest block',
      series,
    },
  ];
}

interface PageRaw {
  steps: { label: string; count: number; main: number; renderer: number }[];
}

function pagePlots({ steps }: PageRaw): PlotData[] {
  const labels = [...new Set(steps.map(({ label }) => label))];
  const plot = (name: string, title: string, pick: (step: PageRaw['steps'][number]) => number): LinePlot => ({
    kind: 'lines',
    name,
    title,
    xAxis: 'pictures on the page',
    yAxis: '% of a core: median, lowest and highest block',
    series: labels.map((label) => ({
      label,
      points: byNumber(steps.filter((step) => step.label === label).map((step) => ({ x: step.count, y: pick(step) }))),
    })),
  });
  return [
    plot('page-main', 'Main thread of a page, by the number of its pictures', ({ main }) => main),
    plot('page-renderer', 'Renderer process of a page, by the number of its pictures', ({ renderer }) => renderer),
  ];
}

// ---- growth ----------------------------------------------------------------------------------------------------------

interface GrowthRaw {
  costs: {
    name: string;
    title: string;
    variable: string;
    unit: string;
    steps: { x: number; y: number }[];
    curve: { base: number; factor: number; power: number; formula: string };
    knee: { at: number } | null;
  }[];
}

function growthPlots({ costs }: GrowthRaw): PlotData[] {
  return costs.map(({ name, title, variable, unit, steps, curve, knee }): LinePlot => {
    const xs = steps.map(({ x }) => x);
    const [first, last] = [Math.min(...xs), Math.max(...xs)];
    const at = (x: number) => curve.base + curve.factor * x ** curve.power;
    const along = Array.from({ length: 41 }, (_, index) => first + ((last - first) * index) / 40);
    return {
      kind: 'lines',
      name: `growth-${name}`,
      title: `${title}: ${curve.formula}${knee ? `, up to ${knee.at}` : ''}`,
      xAxis: variable,
      yAxis: unit,
      series: [{ label: title, points: byNumber(steps), curve: along.map((x) => [x, at(x)] as const) }],
      ...(knee ? { bands: [{ from: knee.at, to: last, label: 'beyond the knee' }] } : {}),
    };
  });
}

// ---- for all ---------------------------------------------------------------------------------------------------------

/** Median, lowest and highest for each number. */
function byNumber(
  readings: readonly { x: number; y: number }[],
): { x: number; y: number; low: number; high: number }[] {
  return [...new Set(readings.map(({ x }) => x))]
    .sort((a, b) => a - b)
    .map((x) => {
      const values = readings.filter((reading) => reading.x === x).map(({ y }) => y);
      return { x, y: median(values), low: Math.min(...values), high: Math.max(...values) };
    });
}

/** The fitted line from the first point to the last; none through fewer than two. */
function lineThrough(points: readonly { x: number; y: number }[]): Pick<Series, 'curve'> {
  const xs = points.map(({ x }) => x);
  if (new Set(xs).size < 2) return {};
  const { base, slope } = fitLine(points.map(({ x, y }) => [x, y] as const));
  const ends = [Math.min(...xs), Math.max(...xs)];
  return { curve: ends.map((x) => [x, base + slope * x] as const) };
}

/** Nothing was measured of nobody. */
function rangeOf(times: readonly number[]): Pick<RangeRow, 'low' | 'p50' | 'high' | 'far'> {
  if (times.length === 0) return { low: null, p50: null, high: null };
  const { p5, p50, p95, max } = summarise(times);
  return { low: p5, p50, high: p95, far: max };
}

const medianOrNull = (values: readonly number[]): number | null => (values.length > 0 ? median(values) : null);
