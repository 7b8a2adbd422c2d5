import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { LinePlot, PlotData, RangePlot, Series } from './plot.js';

/* Plots as SVG files: on a card of their own, light or dark as the reader's system is, so that they can be read on any page. */

const WIDTH = 760;
/** Of one character of the plots' 12 px, on average and generously. */
const CHARACTER = 6.6;
const HEAD = 44;
const LEGEND_LINE = 20;
const ROW = 26;
const PADDING = 16;
/** Of the axis, between two ticks. */
const LEAST_TICK_SHARE = 0.04;
/** Each can be read on white and on almost black. */
const COLORS = ['#2f81f7', '#d9822b', '#2da44e', '#8957e5', '#e5534b', '#1b9e9e', '#b8860b', '#808a94', '#c2558c'];
const AIM = '#e5534b';
const STYLE =
  '.card{fill:#fff;stroke:#d0d7de}svg{color:#1f2328}' +
  '@media(prefers-color-scheme:dark){.card{fill:#0d1117;stroke:#30363d}svg{color:#e6edf3}}';

export function draw(plot: PlotData): string {
  return plot.kind === 'ranges' ? drawRanges(plot) : drawLines(plot);
}

function drawRanges({ title, axis, log = false, bars, rows }: RangePlot): string {
  const groups = [...new Set(rows.map(({ group = '' }) => group))];
  const labels = (group: string) => rows.filter((row) => (row.group ?? '') === group).map(({ label }) => label);
  // Rows of different groups may have the same label: the number keeps them apart.
  const data = rows.map((row, index) => ({ ...row, group: row.group ?? '', key: String(index) }));
  // A line of its own for the name of each group.
  const domain = groups.flatMap((group) => [
    ...(group === '' ? [] : [`group ${group}`]),
    ...data.filter((row) => row.group === group).map(({ key }) => key),
  ]);
  const nameOf = (key: string) => (/^\d+$/.test(key) ? (data[Number(key)]?.label ?? '') : '');
  const most = Math.max(...data.flatMap(({ p50, high, far, aim }) => [p50 ?? 0, high ?? 0, far ?? 0, aim ?? 0]));
  const measured = data.filter(({ p50 }) => p50 !== null);
  const missing = data.filter(({ p50 }) => p50 === null);
  const height = domain.length * ROW + 50;
  const left = Math.max(...groups.flatMap(labels).map(({ length }) => length)) * CHARACTER + 24;
  const colors = new Map([...new Set(rows.map(({ label }) => label))].map((label) => [label, colorOf(label, rows)]));
  const color = ({ label }: { label: string }) => colors.get(label) ?? '';
  const end = ({ p50, high, far }: RangePlot['rows'][number]) => far ?? high ?? p50;
  const svg = Plot.plot({
    document: parseHTML('<html></html>').document as unknown as Document,
    width: WIDTH,
    height,
    marginLeft: Math.min(left, WIDTH * 0.45),
    marginRight: 60,
    marginTop: 6,
    marginBottom: 40,
    style: { fontSize: '12px' },
    x: { label: axis, grid: true, ...(log ? { type: 'log' as const, nice: true } : { domain: [0, most * 1.04] }) },
    y: { domain, label: null, tickFormat: nameOf, tickSize: 0 },
    marks: [
      Plot.text(
        groups.filter((group) => group !== '').map((group) => ({ group, y: `group ${group}` })),
        { y: 'y', text: 'group', frameAnchor: 'left', fontWeight: 'bold', fontSize: 12, dy: 3 },
      ),
      Plot.ruleY(measured, { x1: 'p50', x2: end, y: 'key', stroke: color, strokeWidth: 1.5 }),
      Plot.ruleY(measured, { x1: 'low', x2: 'high', y: 'key', stroke: color, strokeWidth: 11, strokeOpacity: 0.45 }),
      Plot.dot(measured, { x: 'p50', y: 'key', fill: color, r: 5 }),
      Plot.tickX(
        data.filter(({ aim }) => aim !== undefined),
        { x: 'aim', y: 'key', stroke: AIM, strokeWidth: 2, strokeDasharray: '4 2' },
      ),
      Plot.text(measured, { x: end, y: 'key', text: ({ p50 }) => digits(p50), textAnchor: 'start', dx: 8 }),
      Plot.text(missing, { y: 'key', text: () => 'not measured', frameAnchor: 'left', dx: 8, fillOpacity: 0.7 }),
    ],
  });
  const key = `${bars}; dot and number: median${data.some(({ aim }) => aim !== undefined) ? '; dashed red: aim' : ''}`;
  return card(title, key, [], svg, height);
}

function drawLines({ title, xAxis, yAxis, series, aims = [], bands = [], yMost }: LinePlot): string {
  const values = series.flatMap(({ points, curve = [] }) => [
    ...points.flatMap(({ y, high }) => [y ?? 0, high ?? 0]),
    ...curve.map(([, y]) => y),
  ]);
  const top = yMost ?? Math.max(...values, ...aims.map(({ y }) => y)) * 1.06;
  const height = 340;
  const colors = series.map((_, index) => COLORS[index % COLORS.length] ?? '');
  const marks: Plot.Markish[] = [
    ...bands.map(({ from, to }, index) =>
      Plot.rectX([{ from, to }], {
        x1: 'from',
        x2: 'to',
        fill: 'currentColor',
        fillOpacity: index % 2 || bands.length === 1 ? 0.07 : 0.02,
      }),
    ),
    Plot.text(bands, { x: ({ from }) => from, text: 'label', frameAnchor: 'top', textAnchor: 'start', dx: 3, dy: 3 }),
    Plot.ruleY([0]),
    ...aims.flatMap((aim) => [
      Plot.ruleY([aim.y], { stroke: AIM, strokeWidth: 1.5, strokeDasharray: '6 3' }),
      Plot.text([aim], { y: 'y', text: 'label', frameAnchor: 'right', dy: -7, fill: AIM, textAnchor: 'end' }),
    ]),
    ...series.flatMap(({ points, curve, dense }, index) => {
      const stroke = colors[index] ?? '';
      const shown = points.map((point) => ({ ...point, y: point.y === null ? null : Math.min(point.y, top) }));
      const ranged = points.filter(({ low, high }) => low !== undefined && high !== undefined);
      return [
        curve
          ? Plot.line(curve as [number, number][], { stroke, strokeWidth: 1.5, strokeDasharray: '5 3' })
          : Plot.line(shown, { x: 'x', y: 'y', stroke, strokeWidth: dense ? 1.2 : 2 }),
        Plot.ruleX(ranged, { x: 'x', y1: 'low', y2: 'high', stroke, strokeWidth: 2, strokeOpacity: 0.6 }),
        ...(dense ? [] : [Plot.dot(shown, { x: 'x', y: 'y', fill: stroke, r: 3.5 })]),
      ];
    }),
  ];
  const svg = Plot.plot({
    document: parseHTML('<html></html>').document as unknown as Document,
    width: WIDTH,
    height,
    marginLeft: 56,
    marginRight: 24,
    marginTop: 24,
    marginBottom: 42,
    style: { fontSize: '12px' },
    x: { label: xAxis, nice: false, ...ticksAt(series) },
    y: { label: yMost === undefined ? yAxis : `${yAxis}, cut off at ${yMost}`, grid: true, domain: [0, top] },
    marks,
  });
  return card(
    title,
    series.some(({ curve }) => curve) ? 'dashed: the fitted curve' : '',
    legend(series, colors),
    svg,
    height,
  );
}

/** Where only some numbers were measured, and there is room for each, these are the numbers to read. */
function ticksAt(series: readonly Series[]): { ticks?: number[]; tickFormat?: string } {
  if (series.some(({ dense }) => dense)) return {};
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const range = (xs.at(-1) ?? 0) - (xs[0] ?? 0);
  const isRoomy = xs.slice(1).every((x, index) => x - (xs[index] ?? x) >= range * LEAST_TICK_SHARE);
  return isRoomy ? { ticks: xs, tickFormat: ',' } : {};
}

interface Swatch {
  label: string;
  color: string;
}

const legend = (series: readonly Series[], colors: readonly string[]): Swatch[] =>
  series.length < 2 ? [] : series.map(({ label }, index) => ({ label, color: colors[index] ?? '' }));

/** The plot with its title, its legend and what a screen reader says. */
function card(title: string, key: string, swatches: readonly Swatch[], plot: Element, height: number): string {
  let [x, line] = [PADDING, 0];
  const placed = swatches.map(({ label, color }) => {
    const width = label.length * CHARACTER + 30;
    if (x > PADDING && x + width > WIDTH) [x, line] = [PADDING, line + 1];
    const y = HEAD + line * LEGEND_LINE;
    const text =
      `<rect x="${round(x)}" y="${y - 8}" width="12" height="12" rx="2" fill="${color}"/>` +
      `<text x="${round(x + 17)}" y="${y + 2}">${escapeXml(label)}</text>`;
    x += width;
    return text;
  });
  const head = HEAD + (swatches.length > 0 ? (line + 1) * LEGEND_LINE - 8 : -6) + (key === '' ? 0 : LEGEND_LINE);
  const inner = plot
    .toString()
    // Two systems need not draw the same hundredths of a pixel, and a committed file should be small.
    .replace(/<[^>]*>/g, (tag) => tag.replace(/-?\d+\.\d{2,}/g, (number) => String(round(Number(number)))))
    .replace(/ class="plot-[0-9a-f]+"/, '')
    .replace(/<style>.*?<\/style>/s, '')
    .replace('<svg ', `<svg x="${PADDING / 2}" y="${head}" `);
  const size = `width="${WIDTH + PADDING}" height="${height + head + PADDING / 2}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${WIDTH + PADDING} ${height + head + PADDING / 2}" ` +
    `role="img" aria-labelledby="t" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">` +
    `<title id="t">${escapeXml(title)}</title><style>${STYLE}</style>` +
    `<rect class="card" x="0.5" y="0.5" width="${WIDTH + PADDING - 1}" height="${height + head + PADDING / 2 - 1}" rx="6"/>` +
    `<text x="${PADDING}" y="24" font-size="15" font-weight="600">${escapeXml(title)}</text>${placed.join('')}` +
    (key === '' ? '' : `<text x="${PADDING}" y="${head - 6}" fill-opacity="0.75">${escapeXml(key)}</text>`) +
    `${inner}</svg>\n`
  );
}

/** Ours is always the same colour; others have their own where they come back in several groups. */
function colorOf(label: string, rows: RangePlot['rows']): string {
  const labels = [...new Set(rows.map((row) => row.label))];
  const ours = labels.findIndex((each) => each.startsWith('ours'));
  const [first = '', second = ''] = COLORS;
  if (labels.length === rows.length) return ours < 0 || label === 'ours' ? first : second;
  const order = ours > 0 ? [labels[ours] as string, ...labels.filter((_, index) => index !== ours)] : labels;
  return COLORS[order.indexOf(label) % COLORS.length] ?? '';
}

const digits = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(3))));

const round = (value: number): number => Math.round(value * 10) / 10;

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
