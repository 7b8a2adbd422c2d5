import type { WebRTCPreviewElement } from '../../../src/element/index.js';
import type { JoinReading } from '../lib/readings.js';
import { firstFreshFrame } from './read-clock.js';
import { readingOf, recordRungs } from './reading.js';

/* One element plays ?stream= all the time; bench.second() puts another beside it, as often as it is told. */

const built: string = '/dist/cdn/webrtc-preview.js';
await import(built);
const stream = new URLSearchParams(location.search).get('stream') ?? '';

function append(): WebRTCPreviewElement {
  const element = document.createElement('webrtc-preview');
  element.stream = stream;
  element.noControls = true;
  element.autostart = true;
  // One above the other: what cannot be seen is not drawn.
  element.style.position = 'fixed';
  document.body.append(element);
  return element;
}

async function videoOf(element: WebRTCPreviewElement): Promise<HTMLVideoElement> {
  await element.updateComplete;
  const video = element.shadowRoot?.querySelector('video');
  if (!video) throw new Error('the element has no video');
  return video;
}

async function begin(patienceMs: number): Promise<void> {
  const { fresh } = await firstFreshFrame(await videoOf(append()), patienceMs);
  if (!fresh) throw new Error('the first element shows no picture');
}

/** From the element's making to its first frame that is fresh. */
async function second(patienceMs: number, freshMs?: number): Promise<JoinReading> {
  const begin = performance.now();
  const { steps, look } = recordRungs(begin);
  const element = append();
  element.addController({ hostUpdated: () => look(element.facts) });
  const frames = await firstFreshFrame(await videoOf(element), patienceMs, freshMs);
  const reading = readingOf(frames, begin, steps, () => JSON.stringify(element.facts));
  element.remove();
  return reading;
}

Object.assign(globalThis, { bench: { begin, second } });
