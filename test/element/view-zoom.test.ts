import { expect } from '@esm-bundle/chai';
import { sendKeys, sendMouse } from '@web/test-runner-commands';
import type { PictureView } from '../../src/element/view/events.js';
import { roomOf, scaleAbout, settle } from '../../src/element/view/parts/zoom.js';
import { factsOf } from './fake-core.js';
import { type DrivenPreview, mount, part, parts, soon, sunset, textOf } from './fixture.js';

const whole = { scale: 1, x: 0.5, y: 0.5 };

describe('what part of the picture is seen', () => {
  const wide = roomOf({ x: 640, y: 360 }, { x: 1280, y: 720 }, 'contain', false);
  const turned = roomOf({ x: 640, y: 360 }, { x: 1280, y: 720 }, 'contain', true);

  it('is in the box as the picture is fitted and turned', () => {
    expect(wide.picture).to.deep.equal({ x: 640, y: 360 });
    expect(turned.picture).to.deep.equal({ x: 202.5, y: 360 });
    expect(roomOf({ x: 640, y: 360 }, { x: 400, y: 400 }, 'cover', false).picture).to.deep.equal({ x: 640, y: 360 });
    expect(roomOf({ x: 640, y: 360 }, { x: 0, y: 0 }, 'contain', false).picture).to.deep.equal({ x: 640, y: 360 });
  });

  it('never goes beyond the edges', () => {
    expect(settle({ scale: 2, x: 0, y: 9 }, wide)).to.deep.equal({ scale: 2, x: 0.25, y: 0.75 });
    expect(settle({ scale: 99, x: 0.5, y: 0.5 }, wide).scale).to.equal(8);
    expect(settle({ scale: 0.2, x: 0, y: 0 }, wide)).to.deep.equal(whole);
    expect(settle({ scale: Number.NaN, x: Number.NaN, y: 0 }, wide)).to.deep.equal(whole);
  });

  it('stays in the middle where the picture is narrower than its box', () => {
    expect(settle({ scale: 3, x: 0, y: 0.5 }, turned)).to.deep.equal({ scale: 3, x: 0.5, y: 0.5 });
    expect(settle({ scale: 8, x: 0, y: 0.5 }, turned).x).to.be.closeTo(640 / (2 * 8 * 202.5), 1e-9);
  });

  it('keeps what is under the pointer there', () => {
    const view = { scale: 1.5, x: 0.4, y: 0.6 };
    const from = { x: 100, y: -40 };
    const under = ({ scale, x, y }: PictureView, at: { x: number; y: number }) => [
      x + at.x / scale / wide.picture.x,
      y + at.y / scale / wide.picture.y,
    ];
    const to = { x: 30, y: 20 };
    const after = under(scaleAbout(view, 4, wide, from, to), to);
    for (const [index, value] of under(view, from).entries()) expect(after[index]).to.be.closeTo(value, 1e-9);
  });
});

describe('digital zoom', () => {
  let element: DrivenPreview;
  let media: MediaStream;
  let told: PictureView[];

  beforeEach(async () => {
    element = await mount();
    media = sunset(320, 180);
    element.fake.tell({ ...factsOf('live'), media });
    await new Promise((resolve) => element.videoElement.requestVideoFrameCallback(resolve));
    await element.updateComplete;
    // A pointer that is made up cannot be captured.
    element.videoElement.setPointerCapture = () => {};
    told = [];
    element.addEventListener('viewchange', ({ detail }) => told.push(detail));
  });

  afterEach(() => {
    element.remove();
    for (const track of media.getTracks()) track.stop();
  });

  const middle = () => {
    const { left, top, width, height } = part(element, 'picture').getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  const wheel = (init: WheelEventInit) => {
    const { x, y } = middle();
    const event = new WheelEvent('wheel', { bubbles: true, cancelable: true, clientX: x, clientY: y, ...init });
    element.videoElement.dispatchEvent(event);
    return event.defaultPrevented;
  };
  const press = async (target: Element) => {
    const { left, top, width, height } = target.getBoundingClientRect();
    const position: [number, number] = [Math.round(left + width / 2), Math.round(top + height / 2)];
    await sendMouse({ type: 'click', position });
  };
  const finger = (type: string, pointerId: number, dx: number, dy: number) => {
    const { x, y } = middle();
    element.videoElement.dispatchEvent(
      new PointerEvent(type, { pointerId, pointerType: 'touch', bubbles: true, clientX: x + dx, clientY: y + dy }),
    );
  };

  it('shows the part that was asked for, and tells the page', async () => {
    element.zoomTo(2, 0.7, 0.25);
    expect(element.view).to.deep.equal({ scale: 2, x: 0.7, y: 0.25 });
    expect(told).to.deep.equal([element.view]);
    await element.updateComplete;
    expect(element.matches(':state(zoomed)')).to.equal(true);
    expect(textOf(part(element, 'zoom-mark'))).to.equal('2.0\u00a0×'.replace('\u00a0', ' '));
    const box = part(element, 'picture').getBoundingClientRect();
    const video = element.videoElement.getBoundingClientRect();
    expect(video.width).to.be.closeTo(box.width * 2, 0.5);
    expect(video.left + video.width * 0.7).to.be.closeTo(box.left + box.width / 2, 1);
    expect(video.top).to.be.closeTo(box.top, 1);

    element.zoomTo(3);
    expect([element.view.x, element.view.y], 'the middle stays').to.deep.equal([0.7, 0.25]);
    part(element, 'zoom-mark').click();
    await element.updateComplete;
    expect(element.view).to.deep.equal(whole);
    expect(element.matches(':state(zoomed)')).to.equal(false);
    expect(element.videoElement.getAttribute('style')).to.equal('');
    expect(parts(element, 'zoom-mark')).to.deep.equal([]);
  });

  it('leaves the wheel to the page once a control is used, until there is a click into the picture', async () => {
    await press(element.videoElement);
    expect(wheel({ deltaY: -100 }), 'after a click into the picture').to.equal(true);
    element.resetView();
    await press(part(element, 'more-button'));
    await soon(() => parts(element, 'menu').length > 0);
    await press(part(element, 'more-button'));
    await element.updateComplete;
    expect(wheel({ deltaY: -100 }), 'after the menu').to.equal(false);
    part(element, 'toggle-button').focus();
    expect(wheel({ deltaY: -100 }), 'with the focus on a control').to.equal(false);
    expect(element.view).to.deep.equal(whole);
  });

  it('leaves the wheel to the page until the picture has the focus', async () => {
    expect(wheel({ deltaY: -200 })).to.equal(false);
    expect(element.view.scale).to.equal(1);
    expect(wheel({ deltaY: -20, ctrlKey: true }), 'a pinch on a touchpad').to.equal(true);
    expect(element.view.scale).to.be.above(1.1);
    element.resetView();
    await press(element.videoElement);
    expect(wheel({ deltaY: 200 }), 'out of the whole picture the page scrolls on').to.equal(false);
    expect(wheel({ deltaY: -200 })).to.equal(true);
    expect(element.view.scale).to.be.above(1.1);
    element.noControls = true;
    await element.updateComplete;
    expect(wheel({ deltaY: -200, ctrlKey: true })).to.equal(false);
  });

  it('follows two fingers', () => {
    finger('pointerdown', 7, -40, 0);
    finger('pointerdown', 8, 40, 0);
    finger('pointermove', 7, -80, 0);
    finger('pointermove', 8, 80, 0);
    expect(element.view.scale).to.be.closeTo(2, 0.01);
    expect(element.view.x).to.be.closeTo(0.5, 0.01);
    finger('pointerup', 7, -80, 0);
    finger('pointermove', 8, 40, 0);
    expect(element.view.x, 'the one that is left moves the picture').to.be.above(0.5);
    finger('pointerup', 8, 40, 0);
  });

  it('leaves one finger to the page until the picture is enlarged', async () => {
    const touchAction = () => getComputedStyle(element.videoElement).touchAction;
    expect(touchAction()).to.equal('pan-x pan-y');
    finger('pointerdown', 7, 0, 0);
    finger('pointermove', 7, 60, 0);
    finger('pointerup', 7, 60, 0);
    expect(element.view).to.deep.equal(whole);
    element.zoomTo(2);
    await element.updateComplete;
    expect(touchAction()).to.equal('none');
    finger('pointerdown', 7, 0, 0);
    finger('pointermove', 7, 64, 0);
    finger('pointerup', 7, 64, 0);
    expect(element.view.x).to.be.closeTo(0.5 - 64 / 2 / 640, 0.001);
  });

  it('enlarges at a double click or tap, and goes back at the next', () => {
    const tap = () => {
      finger('pointerdown', 7, 80, 0);
      finger('pointerup', 7, 80, 0);
    };
    tap();
    expect(element.view).to.deep.equal(whole);
    tap();
    expect(element.view.scale).to.equal(2.5);
    expect(element.view.x).to.be.above(0.5);
    tap();
    expect(element.view.scale).to.equal(2.5);
    tap();
    expect(element.view).to.deep.equal(whole);
  });

  it('obeys + - 0 and the arrows', async () => {
    element.focus();
    await sendKeys({ press: 'ArrowRight' });
    expect(element.view, 'nothing to move').to.deep.equal(whole);
    await sendKeys({ press: '+' });
    await sendKeys({ press: '+' });
    expect(element.view.scale).to.be.closeTo(2, 0.001);
    await sendKeys({ press: 'ArrowRight' });
    expect(element.view.x).to.be.closeTo(0.625, 0.001);
    await sendKeys({ press: 'ArrowUp' });
    expect(element.view.y).to.be.closeTo(0.375, 0.001);
    await sendKeys({ press: '-' });
    expect(element.view.scale).to.be.closeTo(Math.SQRT2, 0.001);
    await sendKeys({ press: '0' });
    expect(element.view).to.deep.equal(whole);
  });

  it('stays within the edges when the picture is turned', async () => {
    element.zoomTo(2, 0.25, 0.5);
    element.rotate = 90;
    await element.updateComplete;
    expect(element.view).to.deep.equal({ scale: 2, x: 0.5, y: 0.5 });
  });

  it('is never part of a snapshot, nor is a mirror or a turn', async () => {
    Object.assign(element, { mirror: true, rotate: 90 });
    element.zoomTo(4, 0, 0);
    await element.updateComplete;
    const bitmap = await createImageBitmap(await element.snapshot());
    expect([bitmap.width, bitmap.height]).to.deep.equal([320, 180]);
  });

  it('can be asked for before there is a picture', async () => {
    const early = await mount();
    early.zoomTo(2);
    await soon(() => early.view.scale === 2);
    early.remove();
  });
});

describe('mirror and rotate', () => {
  it('turn first and mirror then, centred in the same box', async () => {
    const element = await mount({ attributes: { mirror: '', rotate: '90' } });
    const box = part(element, 'picture').getBoundingClientRect();
    const video = element.videoElement.getBoundingClientRect();
    for (const side of ['left', 'top', 'width', 'height'] as const) expect(video[side]).to.be.closeTo(box[side], 0.5);
    const { a, b, c, d } = new DOMMatrix(getComputedStyle(element.videoElement).transform);
    // Right of the camera goes down, and down of the camera goes right.
    expect([a, b, c, d].map(Math.round)).to.deep.equal([0, 1, 1, 0]);
    element.remove();
  });
});
