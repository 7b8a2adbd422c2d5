import type { WebRTCPreviewElement } from '../../../src/element/index.js';
import type { ElementFigures } from '../lib/readings.js';

/*
 * Shows ?stream= or ?src= in the element, ?width= by ?height= pixels: what is on the screen is measured from outside, this
 * page only says how it is.
 */

const asked = new URLSearchParams(location.search);

const element: WebRTCPreviewElement = document.createElement('webrtc-preview');
element.stream = asked.get('stream') ?? '';
element.src = asked.get('src') ?? '';
element.style.width = `${asked.get('width') ?? 1280}px`;
element.style.height = `${asked.get('height') ?? 720}px`;
element.noControls = true;
element.autostart = true;
document.body.append(element);

function figures(seconds: number): ElementFigures {
  const { state, stats, latencyHistory } = element.facts;
  const recent = latencyHistory.slice(-seconds).filter((ms) => ms !== null);
  const { x, y, width, height } = (element.shadowRoot?.querySelector('video') ?? element).getBoundingClientRect();
  return {
    state,
    totalMs: recent.sort((a, b) => a - b)[recent.length >> 1] ?? null,
    complete: stats?.latency?.complete ?? false,
    legs: stats?.latency?.legs ?? {},
    picture: { x, y, width, height },
  };
}

const describe = () => JSON.stringify(element.facts, null, 1);

Object.assign(globalThis, { bench: { figures, describe } });
