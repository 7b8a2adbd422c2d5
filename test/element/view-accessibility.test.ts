import { expect } from '@esm-bundle/chai';
import 'axe-core';
import type axeCore from 'axe-core';
import type { PreviewState } from '../../src/element/client.js';
import { factsOf } from './fake-core.js';
import { type DrivenPreview, mount } from './fixture.js';

const STATES: PreviewState[] = [
  'idle',
  'offline',
  'connecting',
  'live',
  'camera-lost',
  'stalled',
  'reconnecting',
  'failed',
];

describe('accessibility', () => {
  let element: DrivenPreview;

  afterEach(() => {
    element.remove();
    document.documentElement.style.colorScheme = '';
  });

  for (const scheme of ['light', 'dark']) {
    for (const width of [240, 400, 640]) {
      it(`has no faults that axe finds, ${scheme}, ${width} px`, async () => {
        document.documentElement.style.cssText = `color-scheme: ${scheme}; background: Canvas`;
        element = await mount({ width });
        for (const state of STATES) {
          element.stats = state === 'live';
          element.fake.tell(factsOf(state));
          element.renderRoot.querySelector('.base')?.dispatchEvent(new PointerEvent('pointermove'));
          await element.updateComplete;
          const all = element.renderRoot.querySelectorAll('*');
          await Promise.all(
            [...all]
              .flatMap((node) => node.getAnimations())
              .filter(ends)
              .map((it) => it.finished),
          );
          const { violations } = await axe.run(element, {
            // Rules about whole pages are not about an element.
            rules: { region: { enabled: false } },
          });
          expect(
            violations.flatMap(({ id, nodes }) =>
              nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`),
            ),
            state,
          ).to.deep.equal([]);
        }
      }).timeout(30_000);
    }
  }

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
    ]);
  });
});

/** axe-core is a script, not a module: it leaves its name on the page. */
const { axe } = globalThis as unknown as { axe: typeof axeCore };

/** A spinner never does. */
function ends(animation: Animation): boolean {
  return animation.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY;
}
