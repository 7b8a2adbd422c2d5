import type { JoinReading } from '../lib/readings.js';
import { firstFreshFrame } from './read-clock.js';
import { readingOf, recordRungs } from './reading.js';

/*
 * A page that stays and joins as often as it is told: bench.ready(), bench.join(), bench.leave().
 * Its client is connected to the server all the time, as a page that shows a start button would be.
 */

/** The built file, as a page loads it; a variable, so that it is not bundled. */
const built: string = '/dist/cdn/webrtc-preview.js';
const { PreviewClient } = (await import(built)) as typeof import('../../../src/element/cdn.js');

const REST_MS = 300;
const stream = new URLSearchParams(location.search).get('stream') ?? '';
const video = document.querySelector('video');
if (!video) throw new Error('no video element');
const client = new PreviewClient({ stream });
client.attach(video);

function ready(): Promise<void> {
  return new Promise((resolve) => {
    const isReady = () => client.facts.signalling === 'connected' && client.facts.stream?.online === true;
    if (isReady()) return resolve();
    const stop = client.subscribe(() => {
      if (!isReady()) return;
      stop();
      resolve();
    });
  });
}

/** From `start()` to the first frame that is fresh. */
async function join(patienceMs: number, freshMs?: number): Promise<JoinReading> {
  const begin = performance.now();
  const { steps, look } = recordRungs(begin);
  const stop = client.subscribe(look);
  const frame = firstFreshFrame(video as HTMLVideoElement, patienceMs, freshMs);
  client.start();
  const frames = await frame;
  stop();
  return readingOf(frames, begin, steps, () => client.report());
}

/** The page has had nothing to do for a moment, as when its reader looks at it before the click. */
async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  await new Promise((resolve) => requestIdleCallback(resolve));
}

const bench = { ready, rest, join, leave: () => client.stop() };
Object.assign(globalThis, { bench });
