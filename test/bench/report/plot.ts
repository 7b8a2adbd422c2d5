/* What can be drawn: data only, so that a plot is made from the JSON of a run and by nothing else. */

/** Rows of bars from one percentile to another, with a mark at the median. */
export interface RangePlot {
  kind: 'ranges';
  /** Of the file. */
  name: string;
  title: string;
  /** With its unit. */
  axis: string;
  log?: boolean;
  /** What the bar and the thin line are: "bar: p5 to p95, line: to p99". */
  bars: string;
  rows: readonly RangeRow[];
}

export interface RangeRow {
  /** Rows of one group stand together under its name. */
  group?: string;
  label: string;
  /** Any of these may be `null`: nothing was measured. */
  low: number | null;
  p50: number | null;
  high: number | null;
  /** Further out, as a thin line: p99, or the worst. */
  far?: number | null;
  aim?: number;
}

/** Points over numbers, each series with the curve that was fitted to it, or joined by lines. */
export interface LinePlot {
  kind: 'lines';
  name: string;
  title: string;
  xAxis: string;
  yAxis: string;
  series: readonly Series[];
  aims?: readonly { label: string; y: number }[];
  /** Stretches of the x axis that mean something: the phases of a link. */
  bands?: readonly { from: number; to: number; label: string }[];
  /** y ends here; what is higher is cut off, and the axis says so. */
  yMost?: number;
}

export interface Series {
  label: string;
  points: readonly LinePoint[];
  /** Points of a curve, drawn as a dashed line; the measured ones then stand alone. */
  curve?: readonly (readonly [x: number, y: number])[];
  /** Without marks at the points: for hundreds of them. */
  dense?: boolean;
}

export interface LinePoint {
  x: number;
  /** `null`: the line is interrupted. */
  y: number | null;
  low?: number;
  high?: number;
}

export type PlotData = RangePlot | LinePlot;
