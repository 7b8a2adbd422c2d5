import { expect } from '@esm-bundle/chai';
import { sendKeys, sendMouse } from '@web/test-runner-commands';
import { type Camera, errorInfo } from '../../src/protocol/index.js';
import { factsOf, MODES, REDUCED, STREAM } from './fake-core.js';
import { type DrivenPreview, mount, nextDownload, part, parts, sunset, textOf } from './fixture.js';

const selected = (select: HTMLElement) =>
  (select as HTMLSelectElement).selectedOptions[0]?.text.replaceAll('\u00a0', ' ');
const texts = (select: HTMLElement, within = ':scope > option') =>
  [...select.querySelectorAll<HTMLOptionElement>(within)].map(({ text }) => text.replaceAll('\u00a0', ' '));
const reasons = (select: HTMLElement) =>
  [...select.querySelectorAll('optgroup')].map(({ label }) => label.replaceAll('\u00a0', ' '));

describe('the controls', () => {
  let element: DrivenPreview;

  beforeEach(async () => {
    element = await mount();
  });

  afterEach(() => element.remove());

  const go = async (changes: Parameters<typeof element.fake.tell>[0]) => {
    element.fake.tell(changes);
    await element.updateComplete;
  };

  const choose = (name: string, text: string) => {
    const select = part(element, `${name}-select`) as HTMLSelectElement;
    select.selectedIndex = texts(select).indexOf(text);
    select.dispatchEvent(new Event('change', { bubbles: true }));
    return element.updateComplete;
  };

  /** The keys come with the tools: the first waits for them. */
  const press = (key: string, on: HTMLElement = part(element, 'toggle-button'), modifiers = {}) => {
    const event = { key, bubbles: true, composed: true, cancelable: true, ...modifiers };
    on.dispatchEvent(new KeyboardEvent('keydown', event));
    return element.updateComplete;
  };

  it('start and stop', async () => {
    part(element, 'toggle-button').click();
    await element.updateComplete;
    expect(part(element, 'toggle-button').getAttribute('aria-label')).to.equal('Stop');
    part(element, 'toggle-button').click();
    expect(element.fake.calls).to.deep.equal(['attach', 'start', 'stop']);
  });

  it('start from the middle of the picture, and hand the focus on to Stop', async () => {
    part(element, 'start-button').focus();
    part(element, 'start-button').click();
    expect(element.fake.calls).to.include('start');
    await go(factsOf('connecting'));
    expect(element.shadowRoot?.activeElement).to.equal(part(element, 'toggle-button'));
  });

  it('hand the focus on to the picture where there is no bar', async () => {
    element.noControls = true;
    await go(factsOf('failed'));
    part(element, 'retry-button').focus();
    await go(factsOf('connecting'));
    expect(element.shadowRoot?.activeElement).to.equal(part(element, 'base'));
  });

  it('never take the focus from the rest of the page', async () => {
    const field = document.createElement('input');
    document.body.append(field);
    field.focus();
    for (const state of ['connecting', 'live', 'failed'] as const) await go(factsOf(state));
    expect(document.activeElement).to.equal(field);
    field.remove();
  });

  it('retry', async () => {
    await go(factsOf('failed'));
    part(element, 'retry-button').click();
    expect(element.fake.calls).to.include('retry');
  });

  it('copy the report, and say so', async () => {
    await go(factsOf('failed'));
    part(element, 'report-button').click();
    await expectSoon(() => /^(Copied|Not copied)$/.test(textOf(part(element, 'report-button'))));
  });

  it('offer each size once, and the rates of the size that is seen', () => {
    expect(texts(part(element, 'resolution-select'))).to.deep.equal(['1920 × 1080', '1280 × 720', '640 × 480']);
    expect(texts(part(element, 'fps-select'))).to.deep.equal(['60 fps', '30 fps']);
    expect(texts(part(element, 'mode-select'))).to.deep.equal(['1080p30', '1080p15', '720p60', '720p30', '480p30']);
    expect(selected(part(element, 'resolution-select'))).to.equal('1280 × 720');
    expect(selected(part(element, 'fps-select'))).to.equal('30 fps');
    expect(selected(part(element, 'mode-select'))).to.equal('720p30');
  });

  it('offer a rate that the camera lacks at this size as a disabled one, and say why', async () => {
    const fps = part(element, 'fps-select');
    expect(texts(fps, 'optgroup option')).to.deep.equal(['15 fps']);
    expect(reasons(fps)).to.deep.equal(['The camera delivers 1280 × 720 only at 60 fps, 30 fps']);
    expect(fps.querySelector<HTMLOptionElement>('optgroup option')?.matches(':disabled')).to.equal(true);
    await go({ ...factsOf('live'), shownSize: { width: 1920, height: 1080 } });
    expect(texts(fps, 'optgroup option')).to.deep.equal(['60 fps']);
    expect(reasons(fps)).to.deep.equal(['The camera delivers 1920 × 1080 only up to 30 fps']);
    const mode = part(element, 'mode-select');
    expect(texts(mode, 'optgroup option')).to.deep.equal(['1080p60', '720p15', '480p60', '480p15']);
    expect(reasons(mode)).to.include('The camera delivers 640 × 480 only at 30 fps');
  });

  it('show the size of a camera that says nothing of its modes', async () => {
    await go({ ...factsOf('live'), stream: { stream: 'camera', online: true } });
    expect(texts(part(element, 'resolution-select'))).to.deep.equal(['1280 × 720']);
    expect((part(element, 'resolution-select') as HTMLSelectElement).disabled).to.equal(true);
  });

  it('offer nothing while nothing streams', async () => {
    await go(factsOf('offline'));
    expect(texts(part(element, 'resolution-select'))).to.deep.equal(['–']);
    expect((part(element, 'resolution-select') as HTMLSelectElement).disabled).to.equal(true);
  });

  it('show a size that an encoder scaled to, which the camera does not offer', async () => {
    await go({ ...factsOf('live'), shownSize: { width: 960, height: 540 } });
    expect(selected(part(element, 'resolution-select'))).to.equal('960 × 540');
  });

  it("go on showing the camera's mode while the link carries only a smaller picture", async () => {
    await go({ ...factsOf('live'), shownSize: { width: 640, height: 360 }, quality: REDUCED });
    expect(selected(part(element, 'resolution-select'))).to.equal('1280 × 720');
    expect(texts(part(element, 'resolution-select'))).to.deep.equal(['1920 × 1080', '1280 × 720', '640 × 480']);
  });

  it('take 29.97 for 30', async () => {
    const camera = {
      ...(STREAM.camera as object),
      modes: MODES,
      label: 'c',
      mode: { width: 1280, height: 720, fps: 29.97 },
    };
    await go({ stream: { ...STREAM, camera } });
    expect(selected(part(element, 'fps-select'))).to.equal('30 fps');
    expect(texts(part(element, 'fps-select'))).to.deep.equal(['60 fps', '30 fps']);
  });

  it('ask for another size at the nearest rate, and go on showing what is seen until it has come', async () => {
    await go(factsOf('live'));
    await choose('resolution', '1920 × 1080');
    expect(element.fake.modes).to.deep.equal([{ width: 1920, height: 1080, fps: 30 }]);
    const select = part(element, 'resolution-select');
    expect(selected(select)).to.equal('1280 × 720');
    expect(select.getAttribute('aria-busy')).to.equal('true');
    expect(textOf(select.parentElement)).to.contain('Waiting for the first frame of 1920 × 1080');
    expect(part(element, 'fps-select').getAttribute('aria-busy')).to.equal('false');

    await go({ shownSize: { width: 1920, height: 1080 }, pendingMode: null });
    expect(selected(select)).to.equal('1920 × 1080');
    expect(select.getAttribute('aria-busy')).to.equal('false');
    expect(texts(part(element, 'fps-select'))).to.deep.equal(['30 fps', '15 fps']);
  });

  it('ask for another rate at the same size', async () => {
    await choose('fps', '60 fps');
    await choose('mode', '480p30');
    expect(element.fake.modes).to.deep.equal([
      { width: 1280, height: 720, fps: 60 },
      { width: 640, height: 480, fps: 30 },
    ]);
  });

  it('say why a mode was refused, for a while', async () => {
    const { timers, restore } = element.holdTimers();
    await go({ ...factsOf('live'), modeProblem: errorInfo('no_such_mode') });
    expect(textOf(part(element, 'note'))).to.contain('The camera cannot do this');
    for (const { run } of timers.filter(({ ms }) => ms === 8_000)) run();
    restore();
    await element.updateComplete;
    expect(parts(element, 'note')).to.have.length(0);
  });

  it('say why another mode was chosen than the one asked for: for a while, and for longer where it was asked', async () => {
    const notice = 'The camera has no 1280x720 at 60; 1280x720 at 30 is nearest.';
    const { timers, restore } = element.holdTimers();
    await go({ ...factsOf('live'), modeNotice: notice });
    expect(textOf(part(element, 'note'))).to.equal(notice);
    for (const { run } of timers.filter(({ ms }) => ms === 8_000)) run();
    restore();
    await element.updateComplete;
    expect(parts(element, 'note')).to.have.length(0);
    const camera = { ...(STREAM.camera as Camera), notice };
    await go({ stream: { ...STREAM, camera } });
    expect(part(element, 'resolution-select').parentElement?.title).to.equal(notice);
  });

  it('come onto the picture with the pointer, and leave it 2.5 s after the last move', async () => {
    await go(factsOf('live'));
    const base = part(element, 'base');
    expect(base.classList.contains('awake')).to.equal(false);
    const { timers, restore } = element.holdTimers();
    base.dispatchEvent(new PointerEvent('pointermove', { bubbles: true }));
    base.dispatchEvent(new PointerEvent('pointermove', { bubbles: true }));
    await element.updateComplete;
    expect(base.classList.contains('awake')).to.equal(true);
    const waiting = timers.filter(({ ms, cleared }) => ms === 2_500 && !cleared);
    expect(waiting).to.have.length(1);
    waiting[0]?.run();
    restore();
    await element.updateComplete;
    expect(base.classList.contains('awake')).to.equal(false);
  });

  it('stay on the picture while one of them has the focus', async () => {
    await go(factsOf('live'));
    const { timers, restore } = element.holdTimers();
    await press('Tab');
    part(element, 'snapshot-button').focus({ focusVisible: true } as FocusOptions);
    for (const { run } of timers) run();
    restore();
    await element.updateComplete;
    const tools = part(element, 'tools');
    expect(part(element, 'base').classList.contains('awake')).to.equal(false);
    await Promise.all(tools.getAnimations().map(({ finished }) => finished));
    expect(getComputedStyle(tools).opacity).to.equal('1');
  });

  it('s opens the statistics, but not in a selector and not with Ctrl', async () => {
    await go(factsOf('live'));
    await press('s');
    expect(element.stats).to.equal(true);
    await press('s', part(element, 'resolution-select'));
    await press('s', undefined, { ctrlKey: true });
    expect(element.stats).to.equal(true);
  });

  it('f asks for fullscreen', async () => {
    const asked = new Promise<void>((resolve) => {
      element.requestFullscreen = async () => resolve();
    });
    await press('f');
    await asked;
  });

  it('k and Space start and stop; on a button Space is its own', async () => {
    const base = part(element, 'base');
    await press('k', base);
    expect(element.facts.started).to.equal(true);
    await press(' ', base);
    expect(element.facts.started).to.equal(false);
    await press(' ', part(element, 'more-button'));
    expect(element.facts.started).to.equal(false);
    await press('K', base);
    expect(element.facts.started, 'with Caps Lock').to.equal(true);
  });

  it('say why there is nothing to save, and open no panel that nobody sees, while stopped', async () => {
    for (const [key, deed] of [
      ['c', 'save'],
      ['r', 'record'],
    ] as const) {
      element.remove();
      element = await mount();
      await press(key);
      await expectSoon(() =>
        parts(element, 'note').some((note) => textOf(note) === `There is no picture to ${deed} yet.`),
      );
    }
    await press('s');
    expect(element.stats).to.equal(false);
  });

  it('take the letter at the same place on a keyboard of another script', async () => {
    await go(factsOf('live'));
    await press('ы', part(element, 'base'), { code: 'KeyS' });
    expect(element.stats).to.equal(true);
  });

  it('leave keys alone that are pressed in a field of a slot, or that the page has used', async () => {
    await go(factsOf('live'));
    element.innerHTML = '<input slot="controls"><button slot="controls">Light</button>';
    await press('s', element.querySelector('input') as HTMLElement);
    expect(element.stats).to.equal(false);
    const button = element.querySelector('button') as HTMLElement;
    await press('s', button);
    expect(element.stats).to.equal(true);
    button.addEventListener('keydown', (event) => event.preventDefault());
    await press('s', button);
    expect(element.stats).to.equal(true);
  });

  it('c saves the frame as a file', async () => {
    const saved = nextDownload();
    const media = sunset(320, 180);
    await go({ ...factsOf('live'), media });
    await new Promise((resolve) => element.videoElement.requestVideoFrameCallback(resolve));
    await press('c');
    expect(await saved).to.match(/^camera-\d{4}(-\d\d){5}\.png$/);
    for (const track of media.getTracks()) track.stop();
  });

  it('Escape closes the statistics', async () => {
    element.stats = true;
    await press('Escape');
    expect(element.stats).to.equal(false);
  });

  it('take keys after a click into the picture, and after focus()', async () => {
    await go(factsOf('live'));
    const { top, left } = element.getBoundingClientRect();
    await sendMouse({ type: 'click', position: [Math.round(left) + 150, Math.round(top) + 150] });
    expect(document.activeElement).to.equal(element);
    expect(part(element, 'base').matches(':focus-visible'), 'no ring for the mouse').to.equal(false);
    await sendKeys({ press: 's' });
    expect(element.stats).to.equal(true);

    // Firefox draws the ring after focus() only when it was the keyboard that moved it last.
    await sendKeys({ press: 'Tab' });
    (element.renderRoot as ShadowRoot & { activeElement: HTMLElement }).activeElement.blur();
    expect(document.activeElement).to.equal(document.body);
    element.focus();
    expect(document.activeElement).to.equal(element);
    await sendKeys({ press: 's' });
    expect(element.stats).to.equal(false);
    const base = part(element, 'base');
    expect(getComputedStyle(base).outlineStyle, 'a ring for the keyboard').to.equal('solid');

    part(element, 'fps-select').focus();
    element.focus();
    expect(element.shadowRoot?.activeElement, 'the control keeps it').to.equal(part(element, 'fps-select'));
  });

  it('are the only stops of the Tab key', async () => {
    await go(factsOf('live'));
    element.focus();
    await sendKeys({ press: 'Tab' });
    expect(element.shadowRoot?.activeElement).to.equal(part(element, 'stats-button'));
    await sendKeys({ down: 'Shift' });
    await sendKeys({ press: 'Tab' });
    await sendKeys({ up: 'Shift' });
    expect(element.shadowRoot?.activeElement).to.equal(null);
  });

  it('no-controls leaves the picture and the pill', async () => {
    element.noControls = true;
    await go(factsOf('live'));
    expect(parts(element, 'bar')).to.have.length(0);
    expect(parts(element, 'tools')).to.have.length(0);
    expect(parts(element, 'pill')).to.have.length(1);
  });

  it('snapshot() gives the frame in its full resolution', async () => {
    const refusal = await element.snapshot().catch((error: DOMException) => error.name);
    expect(refusal).to.equal('InvalidStateError');
    const media = sunset(320, 180);
    await go({ ...factsOf('live'), media });
    await new Promise((resolve) => element.videoElement.requestVideoFrameCallback(resolve));
    const blob = await element.snapshot();
    expect(blob.type).to.equal('image/png');
    const bitmap = await createImageBitmap(blob);
    expect([bitmap.width, bitmap.height]).to.deep.equal([320, 180]);
    for (const track of media.getTracks()) track.stop();
  });

  async function expectSoon(fits: () => boolean): Promise<void> {
    while (!fits()) await new Promise((resolve) => requestAnimationFrame(resolve));
  }
});
