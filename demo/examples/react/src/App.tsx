import { useState } from 'react';
import { type PreviewState, WebRTCPreview } from 'webrtc-preview/react';
import { Player } from './Player';

/** The element, with everything on it, and below it a player of one's own. */
export default function App() {
  const [state, setState] = useState<PreviewState>('idle');

  return (
    <>
      <header>
        <h1>Workshop</h1>
        <Colours />
      </header>
      <WebRTCPreview stream="camera" autostart onStateChange={({ detail }) => setState(detail.state)} />
      <footer>
        <output data-state={state}>{state}</output>
        <span>The element</span>
      </footer>
      <Player stream="camera" />
    </>
  );
}

/** The element follows the page's colours. */
function Colours() {
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
