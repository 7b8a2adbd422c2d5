import { expect } from '@esm-bundle/chai';
import 'axe-core';
import { sendKeys, sendMouse } from '@web/test-runner-commands';
import type axeCore from 'axe-core';
import { factsOf } from './fake-core.js';
import { type DrivenPreview, mount, part, parts, soon, textOf } from './fixture.js';

describe('the menu of “…”', () => {
  let element: DrivenPreview;
  const focused = () => textOf(element.shadowRoot?.activeElement?.children[1] ?? null);
  const focusedPart = () => element.shadowRoot?.activeElement?.getAttribute('part');
  const isOpen = () => parts(element, 'menu').length > 0;

  const open = async () => {
    part(element, 'more-button').click();
    await soon(() => element.shadowRoot?.activeElement?.getAttribute('role')?.startsWith('menuitem') ?? false);
  };

  beforeEach(async () => {
    element = await mount();
    element.fake.tell({ ...factsOf('live'), media: new MediaStream() });
    await element.updateComplete;
  });

  afterEach(() => element.remove());

  it('opens with the first item focused, and says that it is open', async () => {
    await open();
    expect(focused()).to.equal('Record');
    const button = part(element, 'more-button');
    expect([button.getAttribute('aria-haspopup'), button.getAttribute('aria-expanded')]).to.deep.equal([
      'menu',
      'true',
    ]);
    expect(part(element, 'menu').matches(':popover-open')).to.equal(true);
  });

  it('is gone through with the arrow keys, round and round', async () => {
    await open();
    const seen: string[] = [];
    for (const press of ['ArrowDown', 'ArrowDown', 'End', 'ArrowDown', 'ArrowUp', 'Home']) {
      await sendKeys({ press });
      seen.push(focused());
    }
    expect(seen).to.deep.equal([
      'Fill the frame',
      'Mirror',
      'Keys and gestures',
      'Record',
      'Keys and gestures',
      'Record',
    ]);
  });

  it('closes with Escape and gives the focus back', async () => {
    element.stats = true;
    await open();
    await sendKeys({ press: 'Escape' });
    await element.updateComplete;
    expect(isOpen()).to.equal(false);
    expect(focusedPart()).to.contain('more-button');
    expect(element.stats, 'one thing at a time').to.equal(true);
  });

  it('closes with a second click on “…”, with one beside it, with Tab, and when the page scrolls', async () => {
    await open();
    const { left, top } = part(element, 'more-button').getBoundingClientRect();
    await sendMouse({ type: 'click', position: [Math.round(left) + 8, Math.round(top) + 8] });
    await element.updateComplete;
    expect(isOpen(), 'second click').to.equal(false);

    await open();
    const box = element.getBoundingClientRect();
    await sendMouse({ type: 'click', position: [Math.round(box.left) + 60, Math.round(box.top) + 150] });
    await element.updateComplete;
    expect(isOpen(), 'click beside').to.equal(false);

    await open();
    await sendKeys({ press: 'Tab' });
    await element.updateComplete;
    expect(isOpen(), 'Tab').to.equal(false);

    await open();
    const log = document.createElement('div');
    log.style.cssText = 'position: fixed; inset: auto 0 0 auto; height: 20px; overflow: auto';
    log.innerHTML = '<p style="height: 900px">a log</p>';
    document.body.append(log);
    const scrolled = new Promise((resolve) => log.addEventListener('scroll', resolve, { once: true }));
    log.scrollTop = 100;
    await scrolled;
    await element.updateComplete;
    expect(isOpen(), 'something else scrolls').to.equal(true);
    log.remove();

    const below = document.createElement('div');
    below.style.height = '3000px';
    document.body.append(below);
    window.scrollBy(0, 40);
    await soon(() => !isOpen());
    window.scrollTo(0, 0);
    below.remove();
  });

  it('stays inside the window, above or below', async () => {
    const spacer = document.createElement('div');
    document.body.prepend(spacer);
    for (const [width, above] of [
      [240, 0],
      [240, 300],
      [640, 0],
    ] as const) {
      element.style.width = `${width}px`;
      spacer.style.height = `${above}px`;
      await open();
      const { left, top, right, bottom } = part(element, 'menu').getBoundingClientRect();
      expect(Math.min(left, top)).to.be.at.least(0);
      expect(right).to.be.at.most(document.documentElement.clientWidth);
      expect(bottom).to.be.at.most(document.documentElement.clientHeight + 1);
      await sendKeys({ press: 'Escape' });
      await element.updateComplete;
    }
    spacer.remove();
  });

  it('fits, mirrors and turns, and stays open for more', async () => {
    await open();
    const item = (name: string) => part(element, name);
    item('fit-item').click();
    item('mirror-item').click();
    item('rotate-item').click();
    await element.updateComplete;
    expect([element.fit, element.mirror, element.rotate]).to.deep.equal(['cover', true, 90]);
    expect(item('mirror-item').getAttribute('aria-checked')).to.equal('true');
    expect(textOf(item('rotate-item'))).to.contain('90°');
    for (let press = 0; press < 3; press += 1) item('rotate-item').click();
    await element.updateComplete;
    expect([element.rotate, element.hasAttribute('rotate')]).to.deep.equal([0, true]);
    expect(isOpen()).to.equal(true);
  });

  it('stays open for the next turn when it is the mouse that turns', async () => {
    await open();
    for (const turn of [90, 180]) {
      const { left, top, height } = part(element, 'rotate-item').getBoundingClientRect();
      await sendMouse({ type: 'click', position: [Math.round(left) + 20, Math.round(top + height / 2)] });
      await element.updateComplete;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(element.rotate).to.equal(turn);
      expect(isOpen()).to.equal(true);
    }
  });

  it('leaves the picture to be seen where there is room below the bar', async () => {
    element.style.width = '320px';
    // As much room above as it would want.
    element.style.marginTop = '150px';
    await open();
    expect(part(element, 'menu').getBoundingClientRect().top).to.be.at.least(
      part(element, 'picture').getBoundingClientRect().bottom,
    );
  });

  it('has no faults that axe finds, narrow or wide', async () => {
    for (const width of [240, 640]) {
      element.style.width = `${width}px`;
      await open();
      expect(await faults(element)).to.deep.equal([]);
      await sendKeys({ press: 'Escape' });
      await element.updateComplete;
    }
  });

  it('goes with the element when it is moved', async () => {
    await open();
    const section = document.createElement('section');
    document.body.append(section);
    section.append(element);
    await element.updateComplete;
    expect(isOpen()).to.equal(false);
    section.remove();
  });

  it('can be opened while nothing is shown, with nothing to record', async () => {
    element.fake.tell({ ...factsOf('idle'), media: null });
    await open();
    expect((part(element, 'record-item') as HTMLButtonElement).disabled).to.equal(true);
    expect(focused()).to.equal('Fill the frame');
  });
});

describe('the sheet of shortcuts', () => {
  let element: DrivenPreview;
  const focusedPart = () => element.shadowRoot?.activeElement?.getAttribute('part');
  const dialog = () => element.renderRoot.querySelector('dialog');

  beforeEach(async () => {
    element = await mount();
    element.focus();
    await sendKeys({ press: '?' });
    await soon(() => dialog()?.open ?? false);
  });

  afterEach(() => element.remove());

  it('opens with “?” as a modal dialog with a name', () => {
    expect(dialog()?.matches(':modal')).to.equal(true);
    expect(focusedPart()).to.equal('close-button');
    expect(textOf(dialog())).to.contain('Start or stop');
    for (const gesture of ['WheelZoom', 'Two fingersZoom', 'Double clickEnlarge', 'DragMove the enlarged picture'])
      expect(textOf(dialog())).to.contain(gesture);
    expect(textOf(dialog()), 'there is no sound').not.to.contain('Mute');
  });

  it('has no faults that axe finds', async () => {
    expect(await faults(element)).to.deep.equal([]);
  });

  it('keeps the keys to itself', async () => {
    await sendKeys({ press: 's' });
    await sendKeys({ press: 'k' });
    expect([element.stats, element.facts.started]).to.deep.equal([false, false]);
  });

  it('closes with Escape, its button, and a click beside it, and gives the focus back', async () => {
    await sendKeys({ press: 'Escape' });
    await soon(() => dialog() === null);
    expect(document.activeElement === element).to.equal(true);
    expect(focusedPart()).to.equal('base');

    await sendKeys({ press: '?' });
    await soon(() => dialog()?.open ?? false);
    part(element, 'close-button').click();
    await soon(() => dialog() === null);
    expect(focusedPart()).to.equal('base');

    await sendKeys({ press: '?' });
    await soon(() => dialog()?.open ?? false);
    await sendMouse({ type: 'click', position: [3, 3] });
    await soon(() => dialog() === null);
  });
});

/** axe-core is a script, not a module: it leaves its name on the page. */
const { axe } = globalThis as unknown as { axe: typeof axeCore };

async function faults(element: Element): Promise<string[]> {
  // Rules about whole pages are not about an element.
  const { violations } = await axe.run(element, { rules: { region: { enabled: false } } });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`));
}
