import type { WebRTCPreviewElement } from '../../../src/element/index.js';
import type { JoinReading } from '../lib/readings.js';
import { FRESH_MS, firstFreshFrame } from './read-clock.js';
import { readingOf, recordRungs } from './reading.js';

/* As a page would have it: one tag and one script. Measures from the navigation to the first fresh frame. */

const scriptMs = performance.now();
const words = new URLSearchParams(location.search);
const patienceMs = Number(words.get('patience'));
const freshMs = Number(words.get('fresh') ?? FRESH_MS);

async function read(): Promise<JoinReading> {
  const element = document.querySelector('webrtc-preview') as WebRTCPreviewElement;
  const { steps, look } = recordRungs(0);
  // It renders after each change of its facts.
  element.addController({ hostUpdated: () => look(element.facts) });
  await element.updateComplete;
  const video = element.shadowRoot?.querySelector('video');
  if (!video) throw new Error('the element has no video');
  const frames = await firstFreshFrame(video, patienceMs, freshMs);
  steps.script = scriptMs;
  return readingOf(frames, 0, steps, () => JSON.stringify(element.facts));
}

Object.assign(globalThis, { bench: { reading: read() } });
