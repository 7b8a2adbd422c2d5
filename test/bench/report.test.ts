import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { judge } from './lib/aims.js';
import { commandOf, wordsFor } from './lib/command.js';
import { gateLines, gatesOf } from './lib/gates.js';
import { inOrder } from './lib/plan.js';
import { type Report, savedReports } from './lib/report.js';
import { isKnown, isSame } from './lib/whole.js';
import { compact, formatJson, machinePaths, roundNumber } from './report/compact.js';
import { draw } from './report/draw.js';
import { ISSUE_AIMS, issueAims, otherAims } from './report/issue-aims.js';
import { benchmarksPage, table } from './report/markdown.js';
import { plotsOf } from './report/plots.js';
import { newestReports, pagesFrom } from './report/publish.js';
import { scalePage } from './report/scale.js';

const AT = '2026-11-23T16:00:00.000Z';

const report = (more: Partial<Report> = {}): Report => ({
  suite: 'latency',
  command: 'npm run bench -- latency',
  options: {},
  environment: {
    at: AT,
    commit: 'abc1234',
    builtNow: true,
    system: 'Debian 12',
    cores: 2,
    processor: 'EPYC',
    node: 'v20.0.0',
    chromium: 'Chromium 156',
    gstreamer: '1.22.0',
  },
  loadBefore: '0.10 0.10 0.10',
  loadAfter: '0.50 0.20 0.10',
  tookSeconds: 60,
  others: 3.4,
  honesty: null,
  title: 'Frame made → pixels',
  columns: ['', 'p50'],
  rows: [['ours', '7.4']],
  aims: [{ name: '720p30 p50', value: 7.4, atMost: 7.5, unit: 'ms' }],
  notes: [],
  failures: [],
  raw: [],
  ...more,
});

describe('an aim', () => {
  const aim = { name: 'p50', value: 7.4, unit: 'ms' };

  it('is met, or missed by so much', () => {
    expect(judge({ ...aim, atMost: 7.5 })).toMatchObject({ verdict: 'met', figure: '7.4 ms', limit: '≤ 7.5 ms' });
    expect(judge({ ...aim, atMost: 7 }).words).toBe('missed by 0.4 ms');
    expect(judge({ ...aim, value: 2.9, atLeast: 3, unit: '×' })).toMatchObject({
      words: 'missed by 0.1 ×',
      limit: '≥ 3 ×',
    });
  });

  it('is neither where nothing was measured, also after JSON made null of NaN', () => {
    expect(judge({ ...aim, value: Number.NaN, atMost: 7 }).verdict).toBe('not measured');
    expect(judge(JSON.parse(JSON.stringify({ ...aim, value: Number.NaN, atMost: 7 }))).verdict).toBe('not measured');
  });
});

describe('the command in a report', () => {
  it('is what one types, without where a program lies', () => {
    expect(
      commandOf([
        'latency',
        '--blocks',
        '5',
        '--peer',
        'go2rtc=/opt/x/go2rtc',
        '--peer=mediamtx=/y',
        '--peer',
        'janus',
      ]),
    ).toBe('npm run bench -- latency --blocks 5 --peer go2rtc=PATH --peer=mediamtx=PATH --peer janus');
    expect(commandOf([])).toBe('npm run bench');
    expect(commandOf(['join', '--sender', '--fps 15'])).toBe("npm run bench -- join --sender '--fps 15'");
  });

  it('of a whole run hands on what a suite knows', () => {
    const given = { peer: ['a=1', 'b=2'], quiet: true, resume: false };
    expect(wordsFor(given, { peer: {}, quiet: {} })).toEqual(['--peer', 'a=1', '--peer', 'b=2', '--quiet']);
    expect(wordsFor(given, { blocks: {} })).toEqual([]);
  });
});

describe('a whole run', () => {
  it('begins with the instruments, and ends with what nobody has placed', () => {
    expect(inOrder(['growth', 'new', 'latency', 'honesty', 'probe'])).toEqual([
      'probe',
      'honesty',
      'latency',
      'growth',
      'new',
    ]);
  });

  it('goes on with what was measured well, of the same sources and in the same way', () => {
    const is = (more: Partial<Report>, command = 'npm run bench -- latency') =>
      isSame(report(more), 'abc1234', command);
    expect(is({})).toBe(true);
    expect(is({}, 'npm run bench -- latency --blocks 1')).toBe(false);
    expect(is({ failures: ['nothing to see'] })).toBe(false);
    expect(isSame(report(), 'def', 'npm run bench -- latency')).toBe(false);
    expect(isKnown('abc1234-dirty')).toBe(false);
  });

  it('publishes of each suite the newest that proves something', () => {
    const at = (time: string, failures: string[] = []) =>
      report({
        suite: 'page',
        command: 'npm run bench -- page',
        failures,
        environment: { ...report().environment, at: time },
      });
    const times = (...reports: Report[]) =>
      newestReports(reports).map(({ name, report }) => `${name} ${report.environment.at}`);
    expect(times(at('1'), at('2'), at('3', ['busy']))).toEqual(['page 2']);
    expect(times(at('1', ['busy']))).toEqual(['page 1']);
  });

  it('publishes what the plan asked before a trial that is newer, whoever was measured beside', () => {
    const asked = (command: string, at: string) =>
      report({ command: `npm run bench -- latency ${command}`, environment: { ...report().environment, at } });
    const found = newestReports([
      asked('--sizes 720p30,720p60,1080p30,1080p60 --peer go2rtc=PATH --peer janus --quiet', '1'),
      asked('--blocks 1', '2'),
      asked('--stages', '3'),
    ]);
    expect(found.map(({ name, report }) => [name, report.environment.at])).toEqual([
      ['latency', '1'],
      ['latency-stages', '3'],
    ]);
    expect(newestReports([asked('--blocks 1', '2')])).toEqual([]);
    expect(newestReports([asked('--blocks 1', '2')], true)).toHaveLength(1);
  });
});

describe('raw readings in the repository', () => {
  it('have four digits that mean something', () => {
    expect([7.123456, 0.00012346, 123456.7, 1795449028267, 12345].map((value) => roundNumber(value))).toEqual([
      7.123, 0.0001235, 123457, 1795449028267, 12345,
    ]);
  });

  it('name no folder of the machine', () => {
    const options = { peer: ['go2rtc=/opt/go/go2rtc', 'janus'], seconds: '5' };
    const paths = machinePaths(options, '/home/me/project/');
    const text = formatJson(compact({ options, failures: ['see /home/me/project/test/out/x.log'] }, paths));
    expect(text).not.toContain('/opt');
    expect(text).not.toContain('/home');
    expect(JSON.parse(text)).toEqual({
      options: { peer: ['go2rtc=PATH of go2rtc', 'janus'], seconds: '5' },
      failures: ['see test/out/x.log'],
    });
  });
});

describe('the page', () => {
  it('tells every aim that was asked for, measured or not', () => {
    const page = benchmarksPage([{ name: 'latency', report: report(), plots: [] }], 'benchmarks');
    expect(page).toContain('| [latency](#latency) | 720p30 p50 | ≤ 7.5 ms | 7.4 ms | met |  |');
    expect(page).toContain('**not measured**');
    expect(page.match(/^\| .*(met|not measured)/gm)).toHaveLength(issueAims([]).length);
  });

  it('takes the limit from what was asked and not from the suite', () => {
    const aims = [{ name: '720p30 p99', value: 15, atMost: 16, unit: 'ms' }];
    expect(issueAims([{ name: 'latency', report: { aims } }]).find(({ name }) => name === '720p30 p99')).toMatchObject({
      value: 15,
      atMost: 14,
    });
    expect(
      otherAims({ name: 'latency', report: { aims: [...aims, { name: 'own', value: 1, atMost: 2, unit: '' }] } }).map(
        ({ name }) => name,
      ),
    ).toEqual(['own']);
  });

  it('has the command, the load, the honesty and what failed beside the figures', () => {
    const honesty = {
      at: AT,
      aims: [{ name: '20 ms added read wrong by', value: 0.12, atMost: 1, unit: 'ms', digits: 2 }],
    };
    const page = benchmarksPage(
      [{ name: 'latency', report: report({ honesty, failures: ['3 joins | none'] }), plots: [] }],
      'benchmarks',
    );
    expect(page).toContain('```sh\nnpm run bench -- latency\n```');
    expect(page).toContain('other programs 3 % of a core');
    expect(page).toContain('20 ms added read wrong by: 0.12 ms');
    expect(page).toContain('**Failed**: 3 joins \\| none');
  });

  it('keeps a cell in its column', () => {
    expect(
      table([
        ['', 'a|b'],
        ['x', '1\n2'],
      ]),
    ).toBe('|  | a\\|b |\n|---|---:|\n| x | 1 2 |');
  });
});

describe('a plot', () => {
  const picture = { height: 720, fps: 29.3 };
  const blocks = [{ summary: { p5: 5, p50: 7, p95: 10, p99: 13 } }, { summary: { p5: 6, p50: 8, p95: 11, p99: 14 } }];

  it('is made from the readings of its suite', () => {
    const [plot] = plotsOf({
      suite: 'latency',
      raw: [
        {
          picture,
          contenders: [
            { label: 'ours', blocks: [...blocks, null] },
            { label: 'a & b', blocks: [null] },
          ],
        },
      ],
    });
    const svg = draw(plot as never);
    expect(plot).toMatchObject({ rows: [{ low: 5.5, p50: 7.5, high: 10.5, far: 13.5 }, { p50: null }] });
    expect(svg).toContain('<title id="t">Frame made');
    expect(svg).toContain('a &amp; b');
    expect(svg).toContain('not measured');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('is the same each time, so that a page can be compared', () => {
    const [plot] = plotsOf({ suite: 'latency', raw: [{ picture, contenders: [{ label: 'ours', blocks }] }] });
    expect(draw(plot as never)).toBe(draw(plot as never));
  });

  it('says whose readings cannot be drawn', () => {
    expect(() => plotsOf({ suite: 'latency', raw: 7 })).toThrow('readings of “latency”');
    expect(plotsOf({ suite: 'probe', raw: {} })).toEqual([]);
  });
});

describe('the short run', () => {
  const latency = (ours: number, plain: number) => {
    const block = (p50: number) => ({ summary: { p50, count: 100 }, reading: { missed: 0, readable: 1 } });
    const contenders = [
      { label: 'ours', blocks: [block(ours), block(ours)] },
      { label: 'ours without playout-delay', blocks: [block(plain), block(plain)] },
    ];
    return [{ contenders }];
  };

  it('judges ratios, and prints lines that can be counted', () => {
    expect(gateLines('latency', gatesOf(report({ raw: latency(7, 28) })))[0]).toMatch(/^ok {3}latency: .*4\.00 × ours/);
    expect(gateLines('latency', gatesOf(report({ raw: latency(20, 21) })))[0]).toMatch(/^FAIL latency/);
  });

  it('lets nothing through that it cannot read', () => {
    expect(gateLines('latency', gatesOf(report({ raw: null }))).every((line) => line.startsWith('FAIL'))).toBe(true);
  });
});

describe('what is committed', () => {
  const folder = new URL('../../docs/benchmarks/', import.meta.url);

  it('is what its JSON gives', () => {
    const pages = pagesFrom(folder);
    for (const [name, text] of Object.entries(pages)) {
      expect(readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8'), name).toBe(text);
    }
    const plots = readdirSync(folder).filter((file) => file.endsWith('.svg'));
    expect(plots.filter((plot) => !(`benchmarks/${plot}` in pages))).toEqual([]);
  });
});

describe('the arithmetic to a million', () => {
  const chapter = (name: string, raw: unknown) => ({ name, report: report({ raw }), plots: [] });
  const curve = { base: 20, factor: 0.8, power: 1, formula: '20 + 0.8·n' };
  const growth = chapter('growth', {
    costs: [
      {
        name: 'viewers-cpu',
        steps: [
          { x: 1, y: 21 },
          { x: 64, y: 71 },
        ],
        curve,
        knee: null,
      },
      {
        name: 'nodes-redis',
        steps: [
          { x: 1, y: 1 },
          { x: 2, y: 20 },
        ],
        curve,
        knee: null,
      },
    ],
  });
  const signaling = chapter('signaling', {
    sessions: [{ perSecond: 1_000 }],
    idle: [
      { server: 'plugin', nextRssKb: 20 },
      { server: 'ws', nextRssKb: 5 },
    ],
    held: [{ sockets: 10_000, cpuPercent: 5 }],
  });

  it('goes from what was measured', () => {
    const page = scalePage([growth, signaling]) ?? '';
    expect(page).toContain('| 100 | one core of the sender, which is full at 20 + 0.8·n = 100 %');
    expect(page).toContain('1,000,000 sockets × 20 kB');
    expect(page).toContain('one core passes 50,000');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('says nothing where too little was measured', () => {
    expect(scalePage([signaling])).toBeNull();
  });
});

describe('the aims that were asked for', () => {
  it('have the names that the suites give them', () => {
    const folder = new URL('../../docs/benchmarks/', import.meta.url);
    const chapters = readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => ({ name: file.slice(0, -'.json'.length), report: readReport(new URL(file, folder)) }));
    // Without peers there is nothing to compare with.
    const isBesidePeers = (name: string) => / peer's$|^added viewer, of /.test(name);
    const nameless = ISSUE_AIMS.filter(({ chapter, aim }) => {
      const measured = chapters.find(({ name }) => name === chapter)?.report;
      return measured && !measured.aims.some(({ name }) => name === aim) && !isBesidePeers(aim);
    });
    expect(nameless).toEqual([]);
  });
});

const readReport = (file: URL) => JSON.parse(readFileSync(file, 'utf8')) as Report;

describe('saved reports', () => {
  it('are none where there is no folder', () => {
    expect(savedReports(undefined, '/nowhere/at/all')).toEqual([]);
  });
});
