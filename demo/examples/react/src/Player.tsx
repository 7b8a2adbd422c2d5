import { useWebRTCStream } from 'webrtc-preview/react';

/** Its own video and button: the hook brings the stream and keeps it alive. */
export function Player({ stream }: { stream: string }) {
  const { videoRef, state, stats, facts, start, stop } = useWebRTCStream({ stream, autostart: true });
  const latency = stats?.latency;

  return (
    <section>
      <video ref={videoRef} aria-label="Camera" />
      <footer>
        <output data-state={state}>{state}</output>
        <span>
          {facts.shownSize && `${facts.shownSize.width} × ${facts.shownSize.height}`}
          {latency && ` · ${latency.complete ? '' : '≥ '}${latency.totalMs.toFixed(0)} ms`}
        </span>
        <button type="button" onClick={facts.started ? stop : start}>
          {facts.started ? 'Stop' : 'Start'}
        </button>
      </footer>
    </section>
  );
}
