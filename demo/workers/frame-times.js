// Sees each encoded frame on its way out, and says which RTP timestamp left the encoder when (W3C webrtc-encoded-transform).
self.onrtctransform = ({ transformer }) => {
  const watch = new TransformStream({
    transform(frame, controller) {
      const at = performance.timeOrigin + performance.now();
      // `rtpTimestamp` is the standard's place for it; `timestamp` is where older browsers have it.
      postMessage({ rtp: frame.getMetadata().rtpTimestamp ?? frame.timestamp, at });
      controller.enqueue(frame);
    },
  });
  transformer.readable.pipeThrough(watch).pipeTo(transformer.writable);
};
