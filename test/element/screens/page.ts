import type { Facts } from '../../../src/element/client.js';
import { errorInfo, type Quality } from '../../../src/protocol/index.js';
import { CAMERA_LOST, factsOf, REDUCED, STATS } from '../fake-core.js';
import { type DrivenPreview, sunset } from '../fixture.js';

/* Put into the page by screens/run.mjs, which asks for one element after the other. */

export interface Cell {
  state: Facts['state'];
  width: number;
  /** One of {@link CHANGES}. */
  with?: string;
  /** Attributes and properties of the element. */
  set?: Record<string, unknown>;
  lang?: string;
  dir?: string;
  /** The tools are shown. */
  awake?: boolean;
  /** Keys that are pressed on it, or (with a dot) what is clicked in it. */
  press?: string[];
  /** As a browser does it at this zoom. */
  zoom?: number;
}

const live = (latency: Partial<NonNullable<typeof STATS.latency>> | null): Partial<Facts> => ({
  stats: { ...STATS, latency: latency && ({ ...STATS.latency, ...latency } as typeof STATS.latency) },
});
const slow = { encode: 21, send: 2, network: 166, buffer: 31, decode: 12, display: 8 };
const minute = (around: number) => Array.from({ length: 60 }, (_, at) => around * (1 + Math.sin(at / 3) / 9));

/** What there can be besides the states. */
const CHANGES: Record<string, Partial<Facts>> = {
  black: { black: true },
  over: { ...live({ totalMs: 240, legs: slow }), overBudget: true, latencyHistory: minute(230) },
  within: { overBudget: false },
  camera: live({ totalMs: 8.8, legs: { camera: 0.6, ...STATS.latency?.legs } }),
  atLeast: live({ totalMs: 24.2, complete: false, legs: { buffer: 9, decode: 12, display: 3.2 } }),
  reduced: { shownSize: { width: 640, height: 360 }, quality: REDUCED as Quality },
  nothing: { stats: null, latencyHistory: [] },
  partly: {
    stats: {
      ...STATS,
      ...{ shownFps: null, rttMs: 138.2, jitterMs: null, lossPercent: 12.5, codec: 'VP8', bitrateKbps: 840 },
      ...{ framesDecoded: 1_212_408, framesDropped: 1_204, freezes: 12, freezesMs: 48_200 },
      path: { type: 'relay', protocol: 'tcp' },
      latency: { totalMs: 142.6, complete: false, legs: { buffer: 22.2, decode: 9.4 } },
    },
  },
  seen: {
    problem: {
      ...errorInfo('ice_failed'),
      rung: 'network',
      seen: 'None of 6 candidate pairs worked; the relay said 401.',
    },
    retryAt: Date.now() + 6_400,
  },
  server: {
    problem: { ...errorInfo('server_unreachable'), rung: 'server', seen: 'No answer in 4 s, after 3 tries.' },
    rungs: factsOf('failed').rungs.map(({ name }, at) => ({ name, status: at === 0 ? 'broken' : 'waiting' })),
  },
  last: {
    problem: {
      ...errorInfo('no_frames'),
      rung: 'decode',
      seen: '412 packets and 3 keyframes came, 0 frames were decoded.',
    },
    rungs: factsOf('failed').rungs.map(({ name }, at) => ({
      name,
      status: at < 8 ? 'done' : at === 8 ? 'broken' : 'waiting',
    })),
  },
  pending: { pendingMode: { width: 1920, height: 1080, fps: 30 } },
  refused: { modeProblem: errorInfo('no_such_mode') },
  nearest: { modeNotice: 'The camera has no 1280x720 at 60; 1280x720 at 30 is nearest.' },
  faulty: { stream: CAMERA_LOST },
};

let picture: MediaStream | undefined;
let noPicture: MediaStream | undefined;
let dark: MediaStream | undefined;

async function show(cell: Cell, hold: HTMLElement): Promise<DrivenPreview> {
  const element = document.createElement('driven-preview');
  element.style.width = `${cell.width}px`;
  if (cell.lang) element.lang = cell.lang;
  if (cell.dir) hold.dir = cell.dir;
  if (cell.zoom) hold.style.setProperty('zoom', String(cell.zoom));
  Object.assign(element, cell.set);
  hold.append(element);
  await element.updateComplete;
  const facts = { ...factsOf(cell.state), ...CHANGES[cell.with ?? ''] };
  if (facts.lastFrameAt !== null) {
    picture ??= sunset(640, 360);
    noPicture ??= slate(['CAMERA LOST', 'The camera is not there.']);
    dark ??= slate([], '#000');
    facts.media = cell.state === 'camera-lost' ? noPicture : facts.black ? dark : picture;
  }
  element.fake.tell(facts);
  if (facts.media) {
    const shown = new Promise((resolve) => element.videoElement.requestVideoFrameCallback(resolve));
    await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, 2_000))]);
  }
  if (cell.awake) element.shadowRoot?.querySelector('.base')?.dispatchEvent(new PointerEvent('pointermove'));
  for (const key of cell.press ?? []) await press(element, key);
  await element.updateComplete;
  return element;
}

async function press(element: DrivenPreview, key: string): Promise<void> {
  const base = element.shadowRoot?.querySelector('.base');
  if (key.length > 1 && key.startsWith('.')) element.shadowRoot?.querySelector<HTMLElement>(key)?.click();
  else base?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true }));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await element.updateComplete;
}

/** Much as a sender may draw it: its words are in the picture, so they shrink with it. */
function slate(words: string[], ground = '#202228', width = 640, height = 360): MediaStream {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  const draw = () => {
    pen.fillStyle = ground;
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = '#e8e8e8';
    pen.textAlign = 'center';
    words.forEach((word, line) => {
      pen.font = `${line === 0 ? 32 : 14}px sans-serif`;
      pen.fillText(word, width / 2, height * (0.46 + line / 10));
    });
  };
  draw();
  setInterval(draw, 200);
  return canvas.captureStream(5);
}

Object.assign(globalThis, { show });
