import { expect } from '@esm-bundle/chai';
import 'axe-core';
import type axeCore from 'axe-core';
import type { Facts } from '../../src/element/client.js';
import { NOTHING_KNOWN } from '../../src/element/core/facts.js';
import { factsOf, REDUCED, STATS } from './fake-core.js';
import { type DrivenPreview, mount, part, parts } from './fixture.js';
import { until } from './until.js';

/** Every state, and what else can be true of a live picture. */
const SHOWN: Record<string, Partial<Facts>> = {
  ...Object.fromEntries(
    (
      ['idle', 'offline', 'connecting', 'live', 'camera-lost', 'stalled', 'paused', 'reconnecting', 'failed'] as const
    ).map((state) => [state, factsOf(state)]),
  ),
  black: { ...factsOf('live'), black: true },
  'over budget': { ...factsOf('live'), overBudget: true },
  'lower bound': {
    ...factsOf('live'),
    stats: { ...STATS, latency: { totalMs: 22, complete: false, legs: { buffer: 22 } } },
  },
  reduced: { ...factsOf('live'), quality: REDUCED },
};

describe('accessibility', () => {
  let element: DrivenPreview;

  afterEach(() => {
    element.remove();
    document.documentElement.removeAttribute('style');
    document.documentElement.removeAttribute('dir');
  });

  /** All that moves has arrived, and all that comes late is here. */
  const settled = async () => {
    await element.updateComplete;
    const animations = [...element.renderRoot.querySelectorAll('*')].flatMap((node) => node.getAnimations());
    await Promise.all(animations.filter(ends).map((animation) => animation.finished));
  };

  for (const [scheme, dir, width] of [
    ['light', 'ltr', 640],
    ['light', 'ltr', 400],
    ['light', 'ltr', 240],
    ['light', 'rtl', 480],
    ['dark', 'ltr', 640],
    ['dark', 'ltr', 320],
    ['dark', 'rtl', 240],
    ['dark', 'ltr', 160],
  ] as const) {
    it(`has no faults that axe finds, ${scheme}, ${dir}, ${width} px`, async () => {
      document.documentElement.style.cssText = `color-scheme: ${scheme}; background: Canvas`;
      document.documentElement.dir = dir;
      element = await mount({ width, attributes: { 'latency-budget': '200' } });
      for (const [name, facts] of Object.entries(SHOWN)) {
        element.stats = facts.state !== 'connecting';
        element.fake.tell({ ...NOTHING_KNOWN, ...facts });
        element.renderRoot.querySelector('.base')?.dispatchEvent(new PointerEvent('pointermove'));
        await settled();
        expect(await faults(element), name).to.deep.equal([]);
      }
    }).timeout(60_000);
  }

  for (const [name, open] of [
    ['the menu', (): void => part(element, 'more-button').click()],
    [
      'the sheet of shortcuts',
      (): void => {
        part(element, 'base').dispatchEvent(new KeyboardEvent('keydown', { key: '?', bubbles: true, composed: true }));
      },
    ],
  ] as const) {
    it(`has no faults that axe finds in ${name}`, async () => {
      for (const width of [640, 240]) {
        element = await mount({ width });
        element.fake.tell(factsOf('live'));
        await settled();
        open();
        await until(() =>
          parts(element, name === 'the menu' ? 'menu' : 'shortcuts').some((it) => it.checkVisibility()),
        );
        await settled();
        expect(await faults(element), `${width} px`).to.deep.equal([]);
        element.remove();
      }
    }).timeout(30_000);
  }

  /**
   * axe cannot see through glass: what lies on the picture is measured here over the worst picture there can be, all white.
   * Text wants 4.5 : 1 (WCAG 1.4.3).
   */
  it('can be read over a white picture', async () => {
    element = await mount({ width: 640, attributes: { 'latency-budget': '200' } });
    const seen = new Set<string>();
    for (const facts of Object.values(SHOWN)) {
      element.stats = true;
      element.fake.tell({ ...NOTHING_KNOWN, ...facts });
      await settled();
      for (const glass of element.renderRoot.querySelectorAll('.pill, .stats, .trouble, .lost')) {
        // A frozen picture is darkened: white is 42 % of it.
        const white = getComputedStyle(element.videoElement).filter.includes('brightness') ? 255 * 0.42 : 255;
        const ground = over(rgba(getComputedStyle(glass).backgroundColor), white);
        for (const node of [glass, ...glass.querySelectorAll('*')]) {
          const own = [...node.childNodes].some((it) => it instanceof Text && it.data.trim() !== '');
          if (!own || !(node as HTMLElement).checkVisibility?.() || node.closest('button, .unseen')) continue;
          const { color } = getComputedStyle(node);
          const ratio = contrast(over(rgba(color), 0), ground);
          expect(ratio, `${glass.className} ${node.className || node.localName} ${color}`).to.be.at.least(4.5);
          seen.add(glass.classList[0] as string);
        }
      }
    }
    expect([...seen].sort()).to.deep.equal(['lost', 'pill', 'stats', 'trouble']);
  });

  it('marks each tone by a shape of its own, not by colour alone', async () => {
    element = await mount();
    const shapes = new Map<string, string>();
    for (const state of ['idle', 'live', 'stalled', 'failed'] as const) {
      element.fake.tell(factsOf(state));
      await settled();
      const { borderRadius, transform, borderTopWidth } = getComputedStyle(
        element.renderRoot.querySelector('.pill .mark') as Element,
      );
      shapes.set(`${borderRadius} ${transform} ${borderTopWidth}`, state);
    }
    expect([...shapes.values()]).to.deep.equal(['idle', 'live', 'stalled', 'failed']);
  });

  it('has one live region, a polite one, that is there before it says anything', async () => {
    element = await mount();
    const regions = [...element.renderRoot.querySelectorAll('[role=status], [role=alert], [aria-live]')];
    expect(regions).to.have.length(1);
    for (const state of ['live', 'failed', 'camera-lost'] as const) {
      element.fake.tell(factsOf(state));
      await settled();
      expect([...element.renderRoot.querySelectorAll('[role=status], [role=alert], [aria-live]')]).to.deep.equal(
        regions,
      );
    }
  });

  it('names its graph in words, and hides from readers what only repeats it', async () => {
    element = await mount({ width: 640 });
    element.stats = true;
    element.fake.tell({ ...factsOf('live'), latencyHistory: [8, null, null, 14.5] });
    await settled();
    const graph = element.renderRoot.querySelector('.graph');
    expect(graph?.getAttribute('role')).to.equal('img');
    expect(graph?.getAttribute('aria-label')).to.equal(
      'Latency in the last minute: highest 14.5 ms, 2 s without a frame',
    );
    expect(element.renderRoot.querySelector('.strip')?.getAttribute('aria-hidden')).to.equal('true');
  });

  it('reaches every control by Tab order, in the order in which they are seen', async () => {
    element = await mount({ width: 640 });
    element.fake.tell(factsOf('live'));
    await element.updateComplete;
    const controls = [...element.renderRoot.querySelectorAll<HTMLElement>('button, select')]
      .filter((node) => node.checkVisibility({ visibilityProperty: true }))
      .map((node) => node.getAttribute('aria-label'));
    expect(controls).to.deep.equal([
      'Statistics',
      'Save a snapshot',
      'Picture in picture',
      'Fullscreen',
      'Stop',
      'Resolution',
      'Frame rate',
      'More',
    ]);
  });
});

/** axe-core is a script, not a module: it leaves its name on the page. */
const { axe } = globalThis as unknown as { axe: typeof axeCore };

/** What axe finds in it. Rules about whole pages are not about an element. */
async function faults(element: Element): Promise<string[]> {
  const { violations } = await axe.run(element, { rules: { region: { enabled: false } } });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`));
}

/** A spinner never does, nor does what follows a scroller. */
function ends(animation: Animation): boolean {
  return (
    animation.timeline === document.timeline &&
    animation.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY
  );
}

type Colour = [red: number, green: number, blue: number, alpha: number];

function rgba(css: string): Colour {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue, alpha];
}

/** `colour` on a grey ground. */
function over([red, green, blue, alpha]: Colour, ground: number): Colour {
  const mix = (part: number) => part * alpha + ground * (1 - alpha);
  return [mix(red), mix(green), mix(blue), 1];
}

/** WCAG 2.2, contrast ratio. */
function contrast(one: Colour, other: Colour): number {
  const [bright = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (bright + 0.05) / (dark + 0.05);
}

function luminance([red, green, blue]: Colour): number {
  const linear = (part: number) => (part <= 10.31475 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
