import { judge } from '../lib/aims.js';
import { HONESTY_SUITE, honestyWords, type Report } from '../lib/report.js';
import type { Aim } from '../lib/suite.js';
import { ROUNDING } from './compact.js';
import { issueAims, otherAims } from './issue-aims.js';
import type { PlotData } from './plot.js';

/* docs/benchmarks.md, from the JSON of a run and from nothing else. */

export interface Section {
  /** Of the chapter and its JSON. */
  name: string;
  report: Report;
  plots: readonly PlotData[];
}

/** Where docs/performance.md speaks of a chapter. */
const PERFORMANCE: Readonly<Record<string, string>> = {
  latency: '#a-frame',
  'latency-minutes': '#a-frame',
  join: '#a-join',
  'join-thousand': '#a-join',
  recover: '#a-recovery',
  viewers: '#a-viewer',
  loss: '#a-bad-link',
  squeeze: '#a-bad-link',
};

/** @param folder of the plots and the JSON, from the page */
export function benchmarksPage(sections: readonly Section[], folder: string): string {
  const [first] = sections;
  if (!first) throw new Error('There is no report to write of.');
  const reports = sections.map(({ report }) => report);
  const commits = [...new Set(reports.map(({ environment }) => environment.commit))];
  const on = first.report.environment;
  const peers = [
    ...new Set(
      reports.flatMap(({ command }) => [...command.matchAll(/--peer[= ](\w[\w-]*)/g)].map(([, name]) => name)),
    ),
  ];
  return `${[
    '# Benchmarks',
    '<!-- Written by `npm run bench -- report` from the JSON files beside it. Change those programs, not this page. -->',
    [
      'What each suite of `npm run bench` measured in one run, with what was asked of it beside. How each one measures, and what its',
      'figures leave out, is in [test/bench/README.md](../test/bench/README.md); where the time goes, what the physical limits are and',
      'what was tried in [performance.md](performance.md).',
    ].join('\n'),
    [
      `- **Machine**: ${on.cores} × ${on.processor}, ${on.system}. Everything runs on it: camera, sender, server, links, browsers.`,
      `- **Versions**: ${versionsOf(reports)}.`,
      `- **Sources**: ${commits.map((commit) => `\`${commit}\``).join(', ')}${commits.length > 1 ? ' (each section says which)' : ''}.`,
      peers.length > 0
        ? `- **Peers**: ${peers.join(', ')}, programs that were there already; each section has their versions.`
        : '- **Peers**: none were given (`--peer NAME=PATH`), so this is us alone.',
      `- **Honesty**: ${honestyWords(newestHonesty(reports)).replace(/^Honesty: /, '')}`,
      '- **Again**: `npm run build && npm run bench` prints all of it, `npm run bench -- SUITE` one section.',
    ].join('\n'),
    '## What was asked',
    aimsTable(sections),
    ...sections.map((section) => sectionOf(section, folder, commits.length > 1)),
    '## Raw readings',
    [
      `Every reading is in [${folder}](${folder}): ${sections.map(({ name }) => `[${name}](${folder}/${name}.json)`).join(', ')}.`,
      `${ROUNDING} Medians and percentiles on this page were taken before.`,
    ].join('\n'),
  ].join('\n\n')}\n`;
}

/** Of any of them: all are of one run. */
const newestHonesty = (reports: readonly Report[]) => reports.find(({ honesty }) => honesty)?.honesty ?? null;

function versionsOf(reports: readonly Report[]): string {
  const each = (pick: (report: Report) => string) => [...new Set(reports.map(pick))].join(' and ');
  return [
    `Node ${each(({ environment }) => environment.node)}`,
    each(({ environment }) => environment.chromium),
    `GStreamer ${each(({ environment }) => environment.gstreamer)}`,
  ].join(', ');
}

function aimsTable(sections: readonly Section[]): string {
  const isThere = (chapter: string) => sections.some(({ name }) => name === chapter);
  const rows = issueAims(sections).map((aim) => {
    const { figure, limit, words, verdict } = judge(aim);
    const chapter = isThere(aim.chapter) ? `[${aim.chapter}](#${aim.chapter})` : aim.chapter;
    const tried =
      verdict === 'missed'
        ? (aim.tried ?? `see [performance.md](performance.md${PERFORMANCE[aim.chapter] ?? ''})`)
        : '';
    return [chapter, aim.name, limit, figure, verdict === 'met' ? words : `**${words}**`, tried];
  });
  const met = rows.filter(([, , , , words]) => words === 'met').length;
  return `${met} of ${rows.length} aims are met.\n\n${table([['', 'aim', 'wanted', 'measured', '', 'tried'], ...rows], 'llrrll')}`;
}

function sectionOf(section: Section, folder: string, isMixed: boolean): string {
  const { name, report, plots } = section;
  const { suite, environment: on } = report;
  const own = otherAims(section);
  return [
    `## ${name}`,
    `${sentence(report.title)}`,
    `\`\`\`sh\n${report.command}\n\`\`\``,
    table([report.columns, ...report.rows]),
    ...(own.length > 0 ? [table([['aim', 'wanted', 'measured', ''], ...own.map(aimRow)])] : []),
    on.builtNow ? '' : '**The build was older than the sources.**',
    ...report.failures.map((failure) => `**Failed**: ${escapeCell(failure)}`),
    ...plots.map(({ name, title }) => `![${title.replaceAll(/[[\]]/g, '')}](${folder}/${name}.svg)`),
    report.notes.map((note) => `- ${note.replaceAll(/\n\s*/g, '; ')}`).join('\n'),
    [
      `${on.at}, load ${report.loadBefore} before and ${report.loadAfter} after, other programs ${report.others.toFixed(0)} % of a core,`,
      `${report.tookSeconds} s${isMixed ? `, sources \`${on.commit}\`` : ''}.`,
      suite === HONESTY_SUITE ? '' : honestyWords(report.honesty),
    ]
      .join(' ')
      .trim(),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function aimRow(aim: Aim): string[] {
  const { figure, limit, words } = judge(aim);
  return [aim.name, limit, figure, words];
}

/** @param align a letter for each column: l or r; names to the left, figures to the right when absent */
export function table(rows: readonly (readonly string[])[], align = ''): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  const sides = head.map((_, column) => ((align[column] ?? (column === 0 ? 'l' : 'r')) === 'l' ? '---' : '---:'));
  return [line(head), `|${sides.join('|')}|`, ...body.map(line)].join('\n');
}

const escapeCell = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
