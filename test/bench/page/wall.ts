import type { WebRTCPreviewElement } from '../../../src/element/index.js';
import { countWakeups } from './wakeups.js';

/*
 * Shows ?stream= ?count= times: in elements (?kind=element, &overlay with their statistics open, &idle without starting them) or,
 * to compare, in bare <video>s that a few lines fill by WHEP and then leave alone (?kind=bare), but for a callback at each frame
 * that does nothing (&frames).
 */

const words = new URLSearchParams(location.search);
const stream = words.get('stream') ?? '';
const count = Number(words.get('count'));

/** Only where nothing plays: counting is work, too. */
const wakeups = words.has('idle') ? countWakeups() : undefined;

/** The built file, as a page loads it; a variable, so that it is not bundled. */
const built: string = '/dist/cdn/webrtc-preview.js';

async function elements(): Promise<WebRTCPreviewElement[]> {
  await import(built);
  return Array.from({ length: count }, () => {
    const element = document.createElement('webrtc-preview');
    element.stream = stream;
    element.noControls = true;
    element.stats = words.has('overlay');
    element.autostart = !words.has('idle');
    document.body.append(element);
    return element;
  });
}

async function bareVideo(): Promise<HTMLVideoElement> {
  const video = Object.assign(document.createElement('video'), { muted: true, autoplay: true, playsInline: true });
  document.body.append(video);
  const onFrame = () => void video.requestVideoFrameCallback(onFrame);
  if (words.has('frames')) onFrame();
  const peer = new RTCPeerConnection();
  peer.addTransceiver('video', { direction: 'recvonly' });
  peer.addEventListener('track', ({ track }) => {
    video.srcObject = new MediaStream([track]);
  });
  await peer.setLocalDescription();
  while (peer.iceGatheringState !== 'complete') {
    await new Promise((resolve) => peer.addEventListener('icegatheringstatechange', resolve, { once: true }));
  }
  const answer = await fetch(`/webrtc-signaling/whep/${stream}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription?.sdp ?? '',
  });
  const sdp = await answer.text();
  if (!answer.ok) throw new Error(sdp);
  await peer.setRemoteDescription({ type: 'answer', sdp });
  // It would be collected, and its video stand still.
  peers.push(peer);
  return video;
}

const peers: RTCPeerConnection[] = [];
const shown = words.get('kind') === 'bare' ? [] : await elements();
const bare = words.get('kind') === 'bare' ? await Promise.all(Array.from({ length: count }, bareVideo)) : [];

const videos = (): HTMLVideoElement[] => [
  ...bare,
  ...shown.flatMap((element) => element.shadowRoot?.querySelector('video') ?? []),
];

/** Frames of each so far. */
const frames = () => videos().map((video) => video.getVideoPlaybackQuality().totalVideoFrames);
/** Everyone plays; not started, everyone knows that there is a stream. */
const isReady = () =>
  words.has('idle')
    ? shown.every(({ facts }) => facts.stream?.online === true)
    : shown.every(({ state }) => state === 'live') && frames().length === count && frames().every((each) => each > 0);
const describe = () => JSON.stringify(shown.map(({ state, facts }) => ({ state, problem: facts.problem })));

Object.assign(globalThis, { bench: { frames, isReady, describe, wakeups } });
