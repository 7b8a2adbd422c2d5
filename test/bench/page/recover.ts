import type { WebRTCPreviewElement } from '../../../src/element/index.js';
import type { Witnessed } from '../lib/recovery.js';
import { watchClock } from './read-clock.js';

/* Shows ?stream= in the element and writes down each frame whose clock can be read, and what the element says: ?width= is
   how wide the sender draws its picture. */

const query = new URLSearchParams(location.search);
const element: WebRTCPreviewElement = document.createElement('webrtc-preview');
element.stream = query.get('stream') ?? '';
element.noControls = true;
element.autostart = true;
document.body.append(element);

const now = () => performance.timeOrigin + performance.now();
let seen: Witnessed = { frames: [], said: [], signalling: [] };

function say(): void {
  const { state, problem, signalling } = element.facts;
  const code = problem?.code ?? null;
  const last = seen.said.at(-1);
  if (last?.state !== state || last.code !== code) seen.said.push({ atMs: now(), state, code });
  if (seen.signalling.at(-1)?.state !== signalling) seen.signalling.push({ atMs: now(), state: signalling });
}

async function watch(): Promise<void> {
  await element.updateComplete;
  const video = element.shadowRoot?.querySelector('video');
  if (!video) throw new Error('the element has no video');
  // `problem` comes with every change of it; signalling has no event of its own.
  for (const name of ['statechange', 'problem']) element.addEventListener(name, say);
  setInterval(say, 20);
  const note = ({ shownMs, ageMs, sequence, presentedFrames }: Parameters<Parameters<typeof watchClock>[1]>[0]) => {
    const skippedFrames = video.getVideoPlaybackQuality().droppedVideoFrames;
    seen.frames.push({ atMs: performance.timeOrigin + shownMs, ageMs, sequence, presentedFrames, skippedFrames });
    return false;
  };
  watchClock(video, note, Number(query.get('width')));
}

/** Forgets what was seen until now. */
function begin(): void {
  seen = { frames: [], said: [], signalling: [] };
  say();
}

/** Frames flow, and nothing is left to be mended. */
function isCalm(): boolean {
  const { state, signalling, attempt } = element.facts;
  return state === 'live' && signalling === 'connected' && attempt === 0;
}

/** How many frames that were younger than `freshMs` have been shown later than `sinceMs` (Unix). */
const freshSince = (sinceMs: number, freshMs: number) =>
  seen.frames.filter(({ atMs, ageMs }) => atMs > sinceMs && ageMs < freshMs).length;

const bench = { begin, isCalm, freshSince, take: () => seen, describe: () => element.report() };
Object.assign(globalThis, { bench });
void watch();
