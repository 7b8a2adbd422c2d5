import type { WebRTCPreviewElement } from '../../../src/element/index.js';
import type { Seen } from '../lib/readings.js';
import { watchClock } from './read-clock.js';

/* Shows ?stream= in the element and notes every frame: ?width= is how wide the sender draws its picture. */

const query = new URLSearchParams(location.search);
const element: WebRTCPreviewElement = document.createElement('webrtc-preview');
element.stream = query.get('stream') ?? '';
element.noControls = true;
element.autostart = true;
document.body.append(element);

let seen: Seen = { frames: [], ages: [] };

async function watch(): Promise<void> {
  await element.updateComplete;
  const video = element.shadowRoot?.querySelector('video');
  if (!video) throw new Error('the element has no video');
  const onFrame = (_now: number, { width }: VideoFrameCallbackMetadata) => {
    seen.frames.push({ atMs: performance.timeOrigin + performance.now(), width });
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  const note = ({ shownMs, ageMs }: { shownMs: number; ageMs: number }) => {
    seen.ages.push({ atMs: performance.timeOrigin + shownMs, ageMs });
    return false;
  };
  watchClock(video, note, Number(query.get('width')));
}

/** What was seen since the last time that it was asked for. */
function take(): Seen {
  const taken = seen;
  seen = { frames: [], ages: [] };
  return taken;
}

const isLive = () => element.facts.state === 'live';
const describe = () => JSON.stringify(element.facts, null, 1);

Object.assign(globalThis, { bench: { take, isLive, describe } });
void watch();
