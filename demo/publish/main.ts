// The page that publishes from a browser: `publish.html?stream=camera`, `#clock` starts the moving clock at once.
import { PreviewError } from '../../src/protocol/index.js';
import { openCamera } from './camera.js';
import { movingClock } from './moving-clock.js';
import { BrowserSender, type SenderStatus } from './sender.js';
import type { Source } from './source.js';

const stream = new URLSearchParams(location.search).get('stream') ?? 'camera';
const video = element('video', HTMLVideoElement);
const status = element('#status', HTMLElement);
const next = element('#next', HTMLElement);
const watch = element('#watch', HTMLAnchorElement);
const buttons = { camera: element('#use-camera', HTMLButtonElement), clock: element('#use-clock', HTMLButtonElement) };
const stopButton = element('#stop', HTMLButtonElement);

let sender: BrowserSender | undefined;
/** Counts presses: whoever opens a camera slowly and changes their mind gets the last choice. */
let choice = 0;

async function start(kind: 'camera' | 'clock'): Promise<void> {
  stop();
  choice += 1;
  const mine = choice;
  show('waiting', kind === 'camera' ? 'Opening the camera…' : 'Starting the clock…');
  try {
    const source: Source = kind === 'camera' ? await openCamera() : movingClock();
    if (mine !== choice) {
      source.stop();
      return;
    }
    video.srcObject = new MediaStream([source.track]);
    sender = new BrowserSender(stream, source, (news) => mine === choice && showStatus(news, source));
    for (const [name, button] of Object.entries(buttons)) button.setAttribute('aria-pressed', String(name === kind));
    stopButton.disabled = false;
    showStatus({ published: false, viewers: 0 }, source);
  } catch (error) {
    const info = error instanceof PreviewError ? error.info : undefined;
    show('problem', info?.message ?? String(error), info?.next);
  }
}

function stop(): void {
  choice += 1;
  sender?.stop();
  sender = undefined;
  video.srcObject = null;
  stopButton.disabled = true;
  for (const button of Object.values(buttons)) button.setAttribute('aria-pressed', 'false');
  show('idle', 'Not publishing');
}

function showStatus({ published, viewers, problem }: SenderStatus, { camera }: Source): void {
  if (problem) {
    show('problem', problem.message, problem.next);
    return;
  }
  if (!published) {
    show('waiting', 'Connecting to the server…');
    return;
  }
  const { width, height, fps } = camera.mode;
  const watchers = viewers === 0 ? 'nobody watches yet' : `${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`;
  show('live', `Publishing “${stream}” · ${watchers}`, `${camera.label}, ${width} × ${height}, ${fps} fps`);
}

function show(state: 'idle' | 'waiting' | 'live' | 'problem', sentence: string, more = ''): void {
  document.body.dataset.state = state;
  status.textContent = sentence;
  next.textContent = more;
}

function element<T extends Element>(selector: string, type: new () => T): T {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`publish.html has no ${selector}`);
  return found;
}

watch.href = `./?stream=${encodeURIComponent(stream)}`;
buttons.camera.addEventListener('click', () => start('camera'));
buttons.clock.addEventListener('click', () => start('clock'));
stopButton.addEventListener('click', stop);
// A page that goes says so: viewers see Offline at once, not after the server's patience.
addEventListener('pagehide', () => sender?.stop());
if (location.hash === '#clock') start('clock');
