import type { Facts } from '../../../src/element/client.js';
import { factsOf } from '../fake-core.js';
import { type DrivenPreview, sunset } from '../fixture.js';

/* Put into the page by screens/run.mjs, which asks for one element after the other. */

let picture: MediaStream | undefined;

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
    facts.media = picture;
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

Object.assign(globalThis, { show });
