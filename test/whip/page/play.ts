// Plays /whep of the server that this page comes from: as little of a WHEP client as there can be.
import '../../e2e/support/clock-reader.js';

async function play(video: HTMLVideoElement): Promise<RTCPeerConnection> {
  const peer = new RTCPeerConnection();
  peer.ontrack = ({ track }) => {
    video.srcObject = new MediaStream([track]);
  };
  peer.addTransceiver('video', { direction: 'recvonly' });
  await peer.setLocalDescription();
  await new Promise<void>((resolve) => {
    const check = () => peer.iceGatheringState === 'complete' && resolve();
    peer.addEventListener('icegatheringstatechange', check);
    check();
  });
  const response = await fetch('/whep', {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription?.sdp ?? '',
  });
  if (response.status !== 201) throw new Error(`WHEP answers ${response.status}`);
  await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  return peer;
}

const video = document.querySelector('video');
if (video) Object.assign(globalThis, { video, peer: play(video) });
