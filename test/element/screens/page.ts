import type { Facts } from '../../../src/element/client.js';
import { factsOf } from '../fake-core.js';
import { type DrivenPreview, sunset } from '../fixture.js';

/* Put into the page by screens/run.mjs, which asks for one element after the other. */

let picture: MediaStream | undefined;
let noPicture: MediaStream | undefined;

async function show(
  state: Facts['state'],
  width: number,
  options: { stats?: boolean; awake?: boolean; changes?: Partial<Facts>; hold?: HTMLElement } = {},
): Promise<DrivenPreview> {
  const element = document.createElement('driven-preview');
  element.style.width = `${width}px`;
  (options.hold ?? document.body).append(element);
  await element.updateComplete;
  const facts = { ...factsOf(state), ...options.changes };
  if (facts.lastFrameAt !== null) {
    picture ??= sunset();
    noPicture ??= slate();
    facts.media = state === 'camera-lost' ? noPicture : picture;
  }
  element.stats = options.stats ?? false;
  element.fake.tell(facts);
  if (facts.media) {
    await new Promise((resolve) => element.shadowRoot?.querySelector('video')?.requestVideoFrameCallback(resolve));
  }
  if (options.awake) element.shadowRoot?.querySelector('.base')?.dispatchEvent(new PointerEvent('pointermove'));
  await element.updateComplete;
  return element;
}

/** Much as a sender may draw it: its words are in the picture, so they shrink with it. */
function slate(width = 1280, height = 720): MediaStream {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  const draw = () => {
    pen.fillStyle = '#202228';
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = '#e8e8e8';
    pen.textAlign = 'center';
    pen.font = '64px sans-serif';
    pen.fillText('CAMERA LOST', width / 2, height * 0.46);
    pen.font = '28px sans-serif';
    pen.fillText('The camera is not there.', width / 2, height * 0.56);
  };
  draw();
  setInterval(draw, 200);
  return canvas.captureStream(5);
}

Object.assign(globalThis, { show });
