import type { PageFrame, ReceiverTotals } from '../lib/readings.js';

/* Beside the element of watch.ts: what the browser says of each frame, and of all of them. */

declare global {
  var connections: RTCPeerConnection[];
}

const MOST = 4_096;
const frames: PageFrame[] = [];
const unix = (time: number | undefined): number => performance.timeOrigin + (time ?? Number.NaN);

function follow(video: HTMLVideoElement): void {
  video.requestVideoFrameCallback((now, { rtpTimestamp, receiveTime, processingDuration, presentationTime }) => {
    frames.push({
      rtp: rtpTimestamp ?? Number.NaN,
      receivedMs: unix(receiveTime),
      decodeMs: (processingDuration ?? Number.NaN) * 1_000,
      presentedMs: unix(presentationTime),
      calledMs: unix(now),
    });
    if (frames.length > MOST) frames.shift();
    follow(video);
  });
}

const begin = () => {
  const video = document.querySelector('webrtc-preview')?.shadowRoot?.querySelector('video');
  if (video) follow(video);
};

/** What came since the last time. */
const takeFrames = (): PageFrame[] => frames.splice(0);

async function totals(): Promise<ReceiverTotals | undefined> {
  for (const connection of connections) {
    if (connection.connectionState !== 'connected') continue;
    for (const report of (await connection.getStats()).values()) {
      if (report.type !== 'inbound-rtp' || report.kind !== 'video') continue;
      const { jitterBufferDelay, jitterBufferEmittedCount, totalDecodeTime, framesDecoded } = report;
      const { totalAssemblyTime, framesAssembledFromMultiplePackets, totalProcessingDelay } = report;
      return {
        assembly: [totalAssemblyTime, framesAssembledFromMultiplePackets],
        buffered: [jitterBufferDelay, jitterBufferEmittedCount],
        decoded: [totalDecodeTime, framesDecoded],
        processed: [totalProcessingDelay, framesDecoded],
      };
    }
  }
  return undefined;
}

Object.assign(globalThis, { stages: { begin, takeFrames, totals } });
