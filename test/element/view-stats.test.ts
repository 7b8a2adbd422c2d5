import { expect } from '@esm-bundle/chai';
import { gapsPath, graphPath, scale } from '../../src/element/view/parts/latency-graph.js';
import { type Given, statsRows } from '../../src/element/view/parts/stats-panel-rows.js';
import type { Quality } from '../../src/protocol/index.js';
import { english } from './english.js';
import { factsOf, REDUCED, STATS } from './fake-core.js';
import { type DrivenPreview, mount, part, parts, textOf } from './fixture.js';
import { until } from './until.js';

/** Each size keeps its order among words from right to left. */
const SMALLER = '\u2066640 × 360\u2069 of \u20661280 × 720\u2069';
const PARTLY = { totalMs: 22.2, complete: false, legs: { buffer: 22.2 } };

describe('the statistics', () => {
  let element: DrivenPreview;

  const open = async (width: number) => {
    element = await mount({ width });
    element.stats = true;
    element.fake.tell(factsOf('live'));
    await until(() => parts(element, 'stats').length > 0);
  };

  beforeEach(() => open(800));
  afterEach(() => element.remove());

  const show = async (changes: Parameters<DrivenPreview['fake']['tell']>[0]) => {
    element.fake.tell(changes);
    await element.updateComplete;
    return textOf(part(element, 'stats'));
  };

  const rows = () =>
    Object.fromEntries(
      [...part(element, 'stats').querySelectorAll('.row')].map((row) => [
        textOf(row.querySelector('dt')),
        textOf(row.querySelector('dd')),
      ]),
    );

  it('shows every figure with its unit', () => {
    expect(rows()).to.deep.equal({
      Bitrate: '2.48 Mbit/s',
      Shown: '29.3 fps',
      RTT: '1.3 ms',
      Loss: '0.0 %',
      Size: '1280 × 720',
      Path: 'direct · UDP',
      Dropped: '0',
      Codec: 'H.264',
      Jitter: '0.4 ms',
      Buffer: '0.6 ms',
      Freezes: '0',
      Frames: '12,408',
      Keyframes: '12',
    });
  });

  it('has a row for everything before the first reading, so that nothing moves when it comes', async () => {
    const before = Object.keys(rows());
    await show({ stats: null, latencyHistory: [], shownSize: null });
    expect(Object.keys(rows())).to.deep.equal(before);
    expect(new Set(Object.values(rows()))).to.deep.equal(new Set(['–']));
    expect(textOf(part(element, 'stats'))).to.contain('Capture to screen – ms');
  });

  it('keeps the place of every row when a new connection has not measured it yet', async () => {
    const places = () =>
      [...part(element, 'stats').querySelectorAll<HTMLElement>('.row')].map((row) => [
        row.className,
        row.offsetLeft,
        row.offsetTop,
      ]);
    const before = places();
    await show({ stats: { ...STATS, rttMs: null, jitterMs: null, codec: null, path: null } });
    expect(rows()).to.deep.include({ RTT: '–', Jitter: '–', Codec: '–', Path: '–', Frames: '12,408' });
    expect(places()).to.deep.equal(before);
  });

  it('keeps a row for a rate that is only not known yet', async () => {
    await show({ stats: { ...STATS, bitrateKbps: null, shownFps: null, lossPercent: null } });
    expect(rows()).to.deep.include({ Bitrate: '–', Shown: '–', Loss: '–' });
  });

  it('says how often the picture froze, and for how long in all', async () => {
    await show({ stats: { ...STATS, freezes: 3, freezesMs: 4_240 } });
    expect(rows().Freezes).to.equal('3 · 4.2 s');
  });

  it('says "Glass" only when the camera was measured too', async () => {
    expect(textOf(part(element, 'stats'))).to.contain('Capture to screen 8.2 ms');
    const legs = { ...STATS.latency?.legs, camera: 0.6 };
    const said = await show({ stats: { ...STATS, latency: { totalMs: 8.8, complete: true, legs } } });
    expect(said).to.contain('Glass to screen 8.8 ms');
    expect(said).to.contain('camera 0.6');
  });

  it('marks a lower bound with ≥, and says which parts of the way it lacks', async () => {
    const said = await show({ stats: { ...STATS, latency: PARTLY } });
    expect(said).to.contain('Capture to screen ≥ 22.2 ms');
    expect(said).to.contain('Not measured: camera, encode, send, network, decode, display');
    expect(said).to.contain('encode – send – network – buffer 22.2');
    const whole = await show({ stats: STATS });
    expect(whole).not.to.contain('Not measured');
  });

  it('shows no age for a picture that stands still', async () => {
    for (const state of ['stalled', 'paused', 'reconnecting'] as const) {
      expect(await show(factsOf(state)), state).to.contain('Capture to screen – ms');
    }
  });

  it('says in words that the picture is over its budget, and moves nothing for it', async () => {
    expect(textOf(part(element, 'stats'))).not.to.contain('imit');
    element.latencyBudget = 200;
    expect(await show({ overBudget: false })).to.contain('Limit 200 ms');
    expect(parts(element, 'stats')[0]?.querySelectorAll('.graph .limit')).to.have.length(1);
    const box = () => JSON.stringify(part(element, 'stats').getBoundingClientRect());
    const before = box();
    const said = await show({ overBudget: true, stats: { ...STATS, latency: { ...PARTLY, totalMs: 240 } } });
    expect(said).to.contain('Over the limit of 200 ms');
    expect(said).to.contain('▲');
    await show({ stats: STATS });
    expect(box()).to.equal(before);
  });

  it('gives each leg its share of the strip', () => {
    const strip = part(element, 'stats').querySelectorAll<SVGRectElement>('.strip rect');
    const widths = [...strip].map((leg) => Number(leg.getAttribute('width')));
    const legs = [4.4, 0.3, 0.8, 0.6, 1.2, 0.9];
    expect(widths).to.have.length(legs.length);
    for (const [index, ms] of legs.entries()) {
      // Of 8.2 ms in all; 0.4 % of the strip stay free between two legs.
      expect(widths[index]).to.be.closeTo((100 * ms) / 8.2 - 0.4, 0.01);
    }
  });

  it('says in words that less is sent than the camera gives, and why', async () => {
    expect(textOf(part(element, 'stats'))).not.to.contain('link');
    const said = async (quality: Partial<Quality>) => {
      element.fake.tell({ quality: { ...REDUCED, ...quality } });
      await element.updateComplete;
      return textOf(part(element, 'stats').querySelector('.quality'));
    };
    expect(await said({})).to.equal(`${SMALLER} Your link carries 800 kbit/s`);
    expect(await said({ linkKbps: 1_250 })).to.equal(`${SMALLER} Your link carries 1.25 Mbit/s`);
    expect(await said({ linkKbps: undefined } as object)).to.equal(`${SMALLER} Your link carries no more`);
    const size = { width: 1280, height: 720 };
    expect(await said({ ...size, fps: 15 })).to.equal('15 of 30 fps Your link carries 800 kbit/s');
    expect(await said(size)).to.equal('Less detail Your link carries 800 kbit/s');
    expect(await said({ ...size, level: 0, reason: 'full' })).to.equal('');
  });

  it('says which size is the smaller one in a page from right to left, too', async () => {
    element.dir = 'rtl';
    await show({ quality: REDUCED });
    const phrase = part(element, 'stats').querySelector('.quality b') as HTMLElement;
    const walker = document.createTreeWalker(phrase, NodeFilter.SHOW_TEXT);
    const places: Record<string, number> = {};
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (const words of ['640', 'of', '1280']) {
        const at = node.nodeValue?.indexOf(words) ?? -1;
        if (at < 0) continue;
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + words.length);
        places[words] = range.getBoundingClientRect().left;
      }
    }
    expect(places['640']).to.be.below(places.of as number);
    expect(places.of).to.be.below(places['1280'] as number);
  });

  it('opens and closes without moving anything', async () => {
    const boxes = () =>
      ['base', 'picture', 'pill', 'tools', 'bar', 'toggle-button'].map((name) =>
        JSON.stringify(part(element, name).getBoundingClientRect()),
      );
    const before = boxes();
    part(element, 'stats-button').click();
    await element.updateComplete;
    expect(parts(element, 'stats')).to.have.length(0);
    expect(element.hasAttribute('stats')).to.equal(false);
    expect(boxes()).to.deep.equal(before);
  });

  it('keeps its size while its figures change', async () => {
    const box = () => JSON.stringify(part(element, 'stats').getBoundingClientRect());
    const before = box();
    await show({
      stats: {
        ...STATS,
        bitrateKbps: 88_888,
        framesDecoded: 88_888_888,
        framesDropped: 8_888,
        latency: { totalMs: 888, complete: true, legs: { encode: 888 } },
      },
    });
    expect(box()).to.equal(before);
  });

  it('reads the connection only while someone watches', async () => {
    expect(element.fake.statsWanted).to.equal(1);
    element.fake.tell({ started: false });
    expect(element.fake.statsWanted).to.equal(0);
  });

  for (const width of [1280, 800, 640, 544, 480, 400, 320]) {
    it(`shows whole rows or none at ${width} px, the first ones, beside the middle and below the pill`, async () => {
      element.remove();
      await open(width);
      element.latencyBudget = 100;
      for (const changes of [{}, { quality: REDUCED }, { stats: { ...STATS, latency: PARTLY }, overBudget: true }]) {
        await show(changes);
        const box = part(element, 'stats').getBoundingClientRect();
        const list = part(element, 'stats').querySelector('.rows')?.getBoundingClientRect() as DOMRect;
        const boxes = [...part(element, 'stats').querySelectorAll('.row')].map((row) => row.getBoundingClientRect());
        const beside = boxes.map(({ left, right }) => left >= list.left - 1 && right <= list.right + 1);
        for (const [index, { bottom }] of boxes.entries()) {
          if (beside[index]) expect(bottom, `row ${index}`).to.be.at.most(list.bottom + 1);
        }
        const seen = beside.filter((it) => it).length;
        expect(seen).to.be.at.least(width < 400 ? 2 : 3);
        expect(beside.slice(0, seen)).not.to.include(false);
        const picture = part(element, 'picture').getBoundingClientRect();
        expect(box.right).to.be.at.most(picture.left + Math.max(picture.width / 2, 180));
        expect(box.top).to.be.at.least(part(element, 'pill').getBoundingClientRect().bottom);
      }
    });
  }

  for (const width of [1280, 900, 700, 520]) {
    it(`leaves the room beside it to the words in the middle at ${width} px`, async () => {
      element.remove();
      await open(width);
      await show({ ...factsOf('reconnecting'), retryAt: Date.now() + 9_000, attempt: 12 });
      const panel = part(element, 'stats').getBoundingClientRect();
      const lines = [...part(element, 'centre').children].map((line) => line.getBoundingClientRect());
      for (const { left, width } of lines) if (width > 0) expect(left).to.be.at.least(panel.right);
      expect(part(element, 'centre').checkVisibility({ visibilityProperty: true })).to.equal(true);
    });
  }

  it('is the one figure at 240 px, and not there at 160', async () => {
    element.remove();
    await open(240);
    expect(part(element, 'stats').innerText.replaceAll(/\s+/g, ' ').trim()).to.equal('8.2 ms');
    element.style.width = '160px';
    expect(part(element, 'stats').checkVisibility()).to.equal(false);
  });
});

describe('the figures', () => {
  it('come in the order of what matters: where there is no room the last go', () => {
    expect(statsRows(factsOf('live'), english).map(({ key }) => key)).to.deep.equal(
      'bitrate shown rtt loss size path dropped codec jitter buffer freezes frames keyframes'.split(' '),
    );
  });
});

describe('a figure that this browser does not give', () => {
  const { stats: _, ...live } = factsOf('live');
  const without = { ...STATS, rttMs: null };
  const keysOf = (changes: object, given: Given) =>
    statsRows({ ...live, stats: STATS, ...changes }, english, given).map(({ key }) => key);

  it('has no row once there was time enough for it, then or later', () => {
    const given: Given = { rows: new Set(), settled: false };
    expect(keysOf({ stats: null, latencyHistory: [] }, given)).to.include('rtt');
    expect(keysOf({ stats: without, latencyHistory: [8] }, given)).to.include('rtt');
    expect(keysOf({ stats: without, latencyHistory: Array(9).fill(8) }, given)).not.to.include('rtt');
    expect(keysOf({ stats: null, latencyHistory: [] }, given)).not.to.include('rtt');
  });

  it('keeps its row when it was given once', () => {
    const given: Given = { rows: new Set(), settled: false };
    expect(keysOf({}, given)).to.include('rtt');
    expect(keysOf({ stats: without }, given)).to.include('rtt');
  });
});

describe('the line of the last minute', () => {
  it('breaks where a second had no frame, and draws a lone second as a dot', () => {
    expect(graphPath([10, 10, null, 0, null, 5], 10)).to.equal('M54 1.00L55 1.00M57 31.00h0M59 16.00h0');
  });

  it('has a bar at the foot of each second without a frame', () => {
    expect(gapsPath([10, null, null, 5])).to.equal('M56.5 30.5h1M57.5 30.5h1');
  });

  it('begins with the first frame: nothing was missing before it', () => {
    expect(gapsPath([null, null, 8, null, 8])).to.equal('M57.5 30.5h1');
    // Of a whole minute nobody knows what was before.
    expect(gapsPath([null, ...Array(59).fill(8)])).to.equal('M-0.5 30.5h1');
  });

  it('shows the last 60 seconds only', () => {
    expect(graphPath(Array(70).fill(0), 10).startsWith('M0 ')).to.equal(true);
  });

  it('ends at a round figure above the highest', () => {
    expect([[], [8], [12], [30], [60], [150], [900]].map((it) => scale(it))).to.deep.equal([
      10, 10, 20, 50, 100, 200, 1000,
    ]);
  });

  it('leaves room for the budget above it', () => {
    expect(scale([8], 150)).to.equal(200);
    expect(scale([300], 150)).to.equal(500);
  });
});
