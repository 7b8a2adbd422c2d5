import type { WebRTCPreviewElement } from '../../../src/element/index.js';
import type { Received, Seen } from '../lib/readings.js';
import { watchClock } from './read-clock.js';

/* Shows ?stream= in the element and notes every frame: ?width= is how wide the sender draws its picture, ?exact shows it pixel for pixel. */

/** The element keeps its connections to itself; the newest is the one that is shown. */
const connections: RTCPeerConnection[] = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    connections.push(this);
  }
};

const query = new URLSearchParams(location.search);
const element: WebRTCPreviewElement = document.createElement('webrtc-preview');
element.stream = query.get('stream') ?? '';
document.body.classList.toggle('exact', query.has('exact'));
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

/** Of all connections so far: one that was replaced has counted until then. */
async function received(): Promise<Received> {
  const sum: Received = { lost: 0, arrived: 0, retransmitted: 0, bytes: 0, nacks: 0, keyframesWanted: 0 };
  for (const connection of connections) {
    for (const report of (await connection.getStats()).values()) {
      if (report.type !== 'inbound-rtp' || report.kind !== 'video') continue;
      const again = report.retransmittedPacketsReceived ?? 0;
      const bytes = report.bytesReceived + report.headerBytesReceived - (report.retransmittedBytesReceived ?? 0);
      sum.lost += report.packetsLost;
      sum.arrived += report.packetsReceived - again;
      sum.retransmitted += again;
      sum.bytes += bytes;
      sum.nacks += report.nackCount;
      sum.keyframesWanted += report.pliCount;
    }
  }
  return sum;
}

const isLive = () => element.facts.state === 'live';
const describe = () => JSON.stringify(element.facts, null, 1);

Object.assign(globalThis, { bench: { take, received, isLive, describe } });
void watch();
