import { expect } from '@esm-bundle/chai';
import { graphPath, scale } from '../../src/element/view/parts/latency-graph.js';
import type { Quality } from '../../src/protocol/index.js';
import { factsOf, REDUCED, STATS } from './fake-core.js';
import { type DrivenPreview, mount, part, parts, textOf } from './fixture.js';

describe('the statistics', () => {
  let element: DrivenPreview;

  beforeEach(async () => {
    element = await mount({ width: 800 });
    element.stats = true;
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
  });

  afterEach(() => element.remove());

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
      RTT: '1.3 ms',
      Shown: '29.3 fps',
      Loss: '0.0 %',
      Frames: '12,408',
      Dropped: '0',
      Codec: 'H.264',
      Path: 'direct · UDP',
    });
  });

  it('shows a dash for what nobody knows', async () => {
    element.fake.tell({ stats: null, latencyHistory: [] });
    await element.updateComplete;
    expect(new Set(Object.values(rows()))).to.deep.equal(new Set(['–']));
    expect(textOf(part(element, 'stats'))).to.contain('Capture to screen – ms');
  });

  it('says "Glass" only when the camera was measured too', async () => {
    expect(textOf(part(element, 'stats'))).to.contain('Capture to screen 8.2 ms');
    const legs = { ...STATS.latency?.legs, camera: 0.6 };
    element.fake.tell({ stats: { ...STATS, latency: { totalMs: 8.8, complete: true, legs } } });
    await element.updateComplete;
    expect(textOf(part(element, 'stats'))).to.contain('Glass to screen 8.8 ms');
    expect(textOf(part(element, 'stats'))).to.contain('camera 0.6');
  });

  it('marks a lower bound with ≥', async () => {
    element.fake.tell({ stats: { ...STATS, latency: { totalMs: 22.2, complete: false, legs: { buffer: 22.2 } } } });
    await element.updateComplete;
    expect(textOf(part(element, 'stats'))).to.contain('Capture to screen ≥ 22.2 ms');
    expect(textOf(part(element, 'stats'))).to.contain('encode – send – network – buffer 22.2');
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
    expect(await said({})).to.equal('640 × 360 of 1280 × 720 Your link carries 800 kbit/s');
    expect(await said({ linkKbps: 1_250 })).to.equal('640 × 360 of 1280 × 720 Your link carries 1.25 Mbit/s');
    expect(await said({ linkKbps: undefined } as object)).to.equal('640 × 360 of 1280 × 720 Your link carries no more');
    const size = { width: 1280, height: 720 };
    expect(await said({ ...size, fps: 15 })).to.equal('15 of 30 fps Your link carries 800 kbit/s');
    expect(await said(size)).to.equal('Less detail Your link carries 800 kbit/s');
    expect(await said({ ...size, level: 0, reason: 'full' })).to.equal('');
  });

  it('opens and closes without moving anything', async () => {
    const boxes = () =>
      ['base', 'picture', 'pill', 'tools', 'bar', 'toggle-button'].map((name) =>
        JSON.stringify(part(element, name).getBoundingClientRect()),
      );
    const open = boxes();
    part(element, 'stats-button').click();
    await element.updateComplete;
    expect(parts(element, 'stats')).to.have.length(0);
    expect(element.hasAttribute('stats')).to.equal(false);
    expect(boxes()).to.deep.equal(open);
  });

  it('keeps its size while its figures change', async () => {
    const box = () => JSON.stringify(part(element, 'stats').getBoundingClientRect());
    const before = box();
    element.fake.tell({
      stats: {
        ...STATS,
        bitrateKbps: 88_888,
        framesDecoded: 88_888_888,
        framesDropped: 8_888,
        latency: { totalMs: 888, complete: false, legs: { encode: 888 } },
      },
    });
    await element.updateComplete;
    expect(box()).to.equal(before);
  });

  it('reads the connection only while someone watches', async () => {
    expect(element.fake.statsWanted).to.equal(1);
    element.fake.tell({ started: false });
    expect(element.fake.statsWanted).to.equal(0);
  });
});

describe('the line of the last minute', () => {
  it('breaks where a second had no frame, and draws a lone second as a dot', () => {
    expect(graphPath([10, 10, null, 0, null, 5], 10)).to.equal('M54 1.00L55 1.00M57 31.00h0M59 16.00h0');
  });

  it('shows the last 60 seconds only', () => {
    expect(graphPath(Array(70).fill(0), 10).startsWith('M0 ')).to.equal(true);
  });

  it('ends at a round figure above the highest', () => {
    expect([[], [8], [12], [30], [60], [150], [900]].map(scale)).to.deep.equal([10, 10, 20, 50, 100, 200, 1000]);
  });
});
