'use client';

import { useState } from 'react';
import { type PreviewState, WebRTCPreview, type WebRTCPreviewProps } from 'webrtc-preview/react';

/** The element with a token from this app's own server, and its state as the page's words. */
export function Camera({ src, stream }: Pick<WebRTCPreviewProps, 'src' | 'stream'>) {
  const [state, setState] = useState<PreviewState>('idle');

  return (
    <>
      <WebRTCPreview
        src={src}
        stream={stream}
        autostart
        token={fetchToken}
        onStateChange={({ detail }) => setState(detail.state)}
      />
      <footer>
        <output data-state={state}>{state}</output>
      </footer>
    </>
  );
}

/** The element follows the page's colours. */
export function Colours() {
  return (
    <select
      aria-label="Colours"
      onChange={({ target }) => {
        document.documentElement.dataset.colours = target.value;
      }}
    >
      <option value="auto">Auto</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  );
}

/** Asked for when it connects, and again before a token ends. */
async function fetchToken(): Promise<string | undefined> {
  const answer = await fetch('/camera-token');
  return answer.status === 200 ? answer.text() : undefined;
}
