import { expect } from '@esm-bundle/chai';
import type { PreviewState } from '../../src/element/client.js';
import { factsOf, REDUCED } from './fake-core.js';
import { type DrivenPreview, mount, part, parts, soon, sunset, textOf } from './fixture.js';

const STATES: PreviewState[] = [
  'idle',
  'offline',
  'connecting',
  'live',
  'camera-lost',
  'stalled',
  'paused',
  'reconnecting',
  'failed',
];
const WIDTHS = [160, 240, 320, 480, 544, 640, 1280];

describe('the layout', () => {
  let element: DrivenPreview;

  const open = async (width: number, state: PreviewState = 'live') => {
    element = await mount({ width });
    element.fake.tell(factsOf(state));
    await element.updateComplete;
  };

  afterEach(() => element.remove());

  const seen = (name: string) => part(element, name).checkVisibility({ visibilityProperty: true });

  for (const width of WIDTHS) {
    it(`has the same outer size in each state at ${width} px`, async () => {
      await open(width);
      const sizes = new Set<string>();
      for (const state of STATES) {
        element.fake.tell(factsOf(state));
        await element.updateComplete;
        const { width, height } = element.getBoundingClientRect();
        sizes.add(`${width} × ${height}`);
      }
      expect([...sizes]).to.have.length(1);
    });

    it(`keeps everything inside at ${width} px`, async () => {
      await open(width);
      for (const state of STATES) {
        for (const [name, stats, quality] of [
          ['', false, null],
          ['with statistics', true, null],
          ['with statistics of a small picture', true, REDUCED],
        ] as const) {
          element.stats = stats;
          element.fake.tell({ ...factsOf(state), ice: 'disconnected', connection: 'disconnected', quality });
          await element.updateComplete;
          expect(overflowing(element), `${state} ${name}`).to.deep.equal([]);
        }
      }
    });
  }

  it('keeps the bar where it is when it starts and stops', async () => {
    await open(800, 'idle');
    const before = part(element, 'resolution-select').getBoundingClientRect().x;
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
    expect(part(element, 'resolution-select').getBoundingClientRect().x).to.equal(before);
  });

  it('takes the height that the page gives it', async () => {
    await open(400);
    element.style.height = '300px';
    expect(part(element, 'base').offsetHeight).to.equal(300);
    expect(part(element, 'picture').offsetHeight + part(element, 'bar').offsetHeight).to.equal(300);
  });

  it('has a width of its own in a row of flex items', async () => {
    await open(400);
    element.style.width = '';
    const row = document.createElement('div');
    row.style.cssText = 'display: flex; width: 900px';
    document.body.append(row);
    row.append(element);
    expect(element.offsetWidth).to.equal(640);
    row.remove();
  });

  it('has both selectors from 480 px on, one below', async () => {
    await open(480);
    expect([seen('resolution-select'), seen('fps-select'), seen('mode-select')]).to.deep.equal([true, true, false]);
    element.style.width = '479px';
    expect([seen('resolution-select'), seen('fps-select'), seen('mode-select')]).to.deep.equal([false, false, true]);
  });

  it('puts the tools into the menu below 280 px', async () => {
    const inMenu = async (width: number) => {
      await open(width);
      part(element, 'more-button').click();
      await soon(() => parts(element, 'menu').length > 0);
      await element.updateComplete;
      const items = parts(element, 'menu-item').filter((item) => item.checkVisibility());
      const names = items.map((item) => textOf(item.children[1] ?? null));
      expect(part(element, 'base').offsetWidth).to.equal(width);
      const shown = seen('tools');
      element.remove();
      return { shown, names };
    };
    const always = ['Record', 'Fill the frame', 'Mirror', 'Rotate', 'Keys and gestures'];
    expect(await inMenu(280)).to.deep.equal({ shown: true, names: always });
    const narrow = await inMenu(240);
    expect(narrow.shown).to.equal(false);
    expect(narrow.names.slice(0, 2)).to.deep.equal(['Statistics', 'Save a snapshot']);
    expect(narrow.names).to.include('Fullscreen');
    expect(narrow.names.slice(-5)).to.deep.equal(always);
  });

  it('can be started at 160 px, whether the camera is there or not', async () => {
    for (const facts of [factsOf('idle'), { ...factsOf('offline'), started: false }]) {
      await open(160);
      element.fake.tell(facts);
      await element.updateComplete;
      expect(seen('start-button'), facts.state).to.equal(true);
      part(element, 'start-button').click();
      expect(element.fake.calls).to.include('start');
      element.remove();
    }
    await open(480);
    element.fake.tell({ ...factsOf('offline'), started: false });
    await element.updateComplete;
    expect(seen('start-button'), 'where there is a bar').to.equal(false);
  });

  it('has room for controls of the page', async () => {
    for (const width of [480, 640, 1280]) {
      await open(width);
      element.innerHTML = '<button slot="controls">Light</button>';
      const more = part(element, 'more-button').getBoundingClientRect();
      expect(more.right, `${width} px`).to.be.at.most(element.getBoundingClientRect().right);
      element.remove();
    }
  });

  it('wraps the marks beside the pill rather than letting them come under a tool', async () => {
    for (const width of WIDTHS.filter((width) => width >= 280)) {
      await open(width);
      element.zoomTo(2);
      await element.updateComplete;
      await soon(() => parts(element, 'zoom-mark').length > 0);
      const mark = part(element, 'zoom-mark').getBoundingClientRect();
      expect(mark.right, `${width} px`).to.be.below(part(element, 'tools').getBoundingClientRect().left);
      element.remove();
    }
  });

  it('is only the picture and the pill at 160 px', async () => {
    await open(160);
    element.stats = true;
    await element.updateComplete;
    expect([seen('pill'), seen('bar'), seen('tools'), seen('stats')]).to.deep.equal([true, false, false, false]);
    expect(element.offsetHeight).to.equal(90);
  });

  it('never covers the middle of a live picture with the statistics from 480 px on', async () => {
    for (const width of WIDTHS.filter((width) => width >= 480)) {
      for (const quality of [null, REDUCED]) {
        await open(width);
        element.stats = true;
        element.fake.tell({ quality });
        await element.updateComplete;
        const { left, width: whole } = part(element, 'picture').getBoundingClientRect();
        const panel = part(element, 'stats').getBoundingClientRect();
        expect(panel.right).to.be.below(left + whole / 2);
        expect(panel.top).to.be.above(part(element, 'pill').getBoundingClientRect().bottom);
        element.remove();
      }
    }
  });

  it('puts why the camera is lost beside the statistics, never under them', async () => {
    for (const width of WIDTHS) {
      await open(width, 'camera-lost');
      element.stats = true;
      await element.updateComplete;
      if (seen('lost')) {
        const panel = part(element, 'stats').getBoundingClientRect();
        expect(part(element, 'lost').getBoundingClientRect().left, `${width} px`).to.be.above(panel.right);
      }
      expect(seen('lost'), `${width} px`).to.equal(width >= 480);
      element.remove();
    }
  });

  it('follows the colour scheme of the page in the bar, never on the picture', async () => {
    await open(640);
    const colours = (scheme: string) => {
      element.style.colorScheme = scheme;
      return [getComputedStyle(part(element, 'bar')).backgroundColor, getComputedStyle(part(element, 'pill')).color];
    };
    expect(colours('light')).to.deep.equal(['rgb(255, 255, 255)', 'rgb(255, 255, 255)']);
    expect(colours('dark')).to.deep.equal(['rgb(21, 24, 29)', 'rgb(255, 255, 255)']);
  });
});

/** What sticks out of the element, or is cut off in its own box. */
function overflowing(element: DrivenPreview): string[] {
  const outer = element.getBoundingClientRect();
  const out: string[] = [];
  for (const node of element.renderRoot.querySelectorAll<HTMLElement>('[part], [part] *')) {
    if (node.closest('.unseen, .ghost, svg') || !node.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(node);
    if (style.clipPath !== 'none') continue;
    const box = node.getBoundingClientRect();
    // Figures for which there is no room wrap into a column that nobody sees.
    const column = node.closest('.rows')?.getBoundingClientRect();
    if (column && box.left >= column.right) continue;
    const inside = box.left >= outer.left - 0.5 && box.right <= outer.right + 0.5;
    const whole = box.top >= outer.top - 0.5 && box.bottom <= outer.bottom + 0.5;
    const scrolls = node.closest('.said') !== null;
    if (!inside || (!whole && !scrolls))
      out.push(`${node.className || node.tagName} ${node.getAttribute('part') ?? ''}`);
  }
  return out;
}

describe('room for what comes beside', () => {
  const gone: (() => void)[] = [];
  afterEach(() => {
    for (const remove of gone.splice(0)) remove();
  });

  it('is taken from the indicators, not from the selectors', async () => {
    const element = await mount({ width: 560 });
    gone.push(() => element.remove());
    element.innerHTML = '<button slot="controls" style="flex: none; width: 40px">A</button>';
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
    const [size, rate, more] = ['resolution-select', 'fps-select', 'more-button'].map((name) =>
      part(element, name).getBoundingClientRect(),
    ) as [DOMRect, DOMRect, DOMRect];
    expect(rate.left - size.right).to.be.at.least(4);
    expect(more.right).to.be.at.most(element.getBoundingClientRect().right);
  });

  it('is enough for both marks side by side at 320 px, below the pill', async () => {
    const element = await mount({ width: 320 });
    const media = sunset(320, 180);
    gone.push(() => {
      element.remove();
      for (const track of media.getTracks()) track.stop();
    });
    element.fake.tell({ ...factsOf('live'), media });
    await soon(() => parts(element, 'tools').length > 0);
    await element.startRecording();
    element.zoomTo(2);
    await soon(() => parts(element, 'mark').length === 2);
    const [one, two] = parts(element, 'mark').map((mark) => mark.getBoundingClientRect()) as [DOMRect, DOMRect];
    expect(one.top).to.equal(two.top);
    expect(one.top).to.be.at.least(part(element, 'pill').getBoundingClientRect().bottom);
    await element.stopRecording();
  });
});
