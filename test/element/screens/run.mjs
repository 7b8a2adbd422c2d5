// Draws every state of the element in Chromium and saves the pictures to test/out/screens/, to be looked at.
//   node test/element/screens/run.mjs
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here('../../out/screens/');
const STATES = ['idle', 'offline', 'connecting', 'live', 'camera-lost', 'stalled', 'reconnecting', 'failed'];
const WIDTHS = [160, 240, 320, 400, 480, 544, 640, 800, 1280];

await mkdir(out, { recursive: true });
const { outputFiles } = await build({
  entryPoints: [here('page.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  target: 'es2022',
  tsconfig: here('../../../tsconfig.json'),
});
const browser = await puppeteer.launch({
  executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--hide-scrollbars',
  ],
});

/** One sheet: a page of `scheme` with elements side by side, each with its caption. */
async function sheet(name, scheme, items, { touch = false, pageWidth = 1400 } = {}) {
  const page = await browser.newPage();
  await page.setViewport({ width: pageWidth, height: 3800, hasTouch: touch, isMobile: touch });
  await page.setContent(`<!doctype html><html style="color-scheme:${scheme}"><style>
    body { margin: 24px; display: flex; flex-wrap: wrap; gap: 24px; align-items: start;
      font: 600 12px sans-serif; background: light-dark(#ebedf1, #0b0d11); color: light-dark(#333, #bbb) }
    figure { margin: 0 } figcaption { margin-bottom: 8px }
  </style><body>`);
  await page.addScriptTag({ content: outputFiles[0].text });
  await page.evaluate(async (items) => {
    for (const { caption, state, width, ...options } of items) {
      const figure = document.createElement('figure');
      figure.append(Object.assign(document.createElement('figcaption'), { textContent: caption }));
      document.body.append(figure);
      await globalThis.show(state, width, { ...options, hold: figure });
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }, items);
  await page.screenshot({ path: `${out}${name}.png`, fullPage: true });
  await page.close();
}

const item = (state, width, options = {}) => ({
  caption: `${state} ${width}${options.stats ? ' stats' : ''}`,
  state,
  width,
  ...options,
});
const pending = {
  pendingMode: { width: 1920, height: 1080, fps: 30 },
  modeProblem: null,
};
const refused = {
  modeProblem: {
    code: 'no_such_mode',
    message: 'The camera cannot do this resolution and frame rate.',
    next: '',
    retryable: false,
  },
};
const partly = {
  stats: {
    at: 0,
    bitrateKbps: 840,
    shownFps: null,
    decodedFps: null,
    lossPercent: 12.5,
    jitterBufferMs: null,
    decodeMs: null,
    rttMs: 138.2,
    framesDecoded: 1_212_408,
    framesDropped: 1_204,
    freezes: 0,
    codec: 'VP8',
    path: { type: 'relay', protocol: 'tcp' },
    latency: { totalMs: 142.6, complete: false, legs: { buffer: 22.2, decode: 9.4 } },
  },
};

const reduced = {
  shownSize: { width: 640, height: 360 },
  quality: {
    type: 'quality',
    level: 1,
    levels: 3,
    width: 640,
    height: 360,
    fps: 30,
    kbps: 700,
    linkKbps: 800,
    reason: 'link',
  },
};
const nearest = { modeNotice: 'The camera has no 1280x720 at 60; 1280x720 at 30 is nearest.' };

for (const scheme of ['light', 'dark']) {
  await sheet(
    `camera-lost-${scheme}`,
    scheme,
    WIDTHS.flatMap((width) => [
      item('camera-lost', width),
      ...(width < 240 ? [] : [item('camera-lost', width, { stats: true, awake: true })]),
    ]),
    { pageWidth: 1700 },
  );
  await sheet(
    `quality-${scheme}`,
    scheme,
    WIDTHS.map((width) => item('live', width, { stats: true, awake: true, changes: reduced })),
    { pageWidth: 1700 },
  );
  await sheet(
    `states-544-${scheme}`,
    scheme,
    STATES.map((state) => item(state, 544, { awake: true, stats: state === 'live' })),
    { pageWidth: 1190 },
  );
}
await sheet(
  'states-320-light',
  'light',
  STATES.map((state) => item(state, 320, { awake: true })),
  { pageWidth: 1440 },
);
await sheet(
  'states-240-dark',
  'dark',
  STATES.map((state) => item(state, 240, { awake: true })),
  { pageWidth: 1120 },
);
await sheet(
  'states-160-light',
  'light',
  STATES.map((state) => item(state, 160)),
  { pageWidth: 1400 },
);
await sheet(
  'stats-widths-dark',
  'dark',
  WIDTHS.map((width) => item('live', width, { stats: true, awake: true })),
  { pageWidth: 1400 },
);
await sheet(
  'stats-partly-light',
  'light',
  [320, 480, 544, 800].map((width) => item('live', width, { stats: true, changes: partly })),
  { pageWidth: 1400 },
);
await sheet(
  'failed-widths-light',
  'light',
  WIDTHS.map((width) => item('failed', width)),
  { pageWidth: 1400 },
);
await sheet(
  'modes-light',
  'light',
  [240, 400, 544, 800].flatMap((width) => [
    item('live', width, { changes: pending }),
    item('live', width, { changes: refused, awake: true }),
    item('live', width, { changes: nearest }),
  ]),
  { pageWidth: 1700 },
);
await sheet(
  'idle-widths-light',
  'light',
  WIDTHS.map((width) => item('idle', width)),
  { pageWidth: 1400 },
);
await sheet(
  'stalled-stats-dark',
  'dark',
  [240, 400, 544, 800].map((width) => item('stalled', width, { stats: true })),
);
await sheet(
  'touch-dark',
  'dark',
  [240, 300, 400, 544, 800].map((width) => item('live', width, { awake: true })),
  { touch: true, pageWidth: 1400 },
);
{
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 720 });
  await page.setContent('<!doctype html><html style="color-scheme:light"><body>');
  await page.addScriptTag({ content: outputFiles[0].text });
  await page.evaluate(async () => {
    await globalThis.show('live', 640, { stats: true });
    await globalThis.show('live', 240);
  });
  await page.focus('>>> .toggle');
  await page.keyboard.press('f');
  await page.waitForFunction(() => document.fullscreenElement !== null);
  await new Promise((resolve) => setTimeout(resolve, 400));
  await page.screenshot({ path: `${out}fullscreen.png` });
  await page.keyboard.press('f');
  await page.waitForFunction(() => document.fullscreenElement === null);
  await page.keyboard.press('Tab');
  await page.evaluate(() => document.body.lastElementChild.shadowRoot.querySelector('.more').click());
  await new Promise((resolve) => setTimeout(resolve, 300));
  await page.screenshot({ path: `${out}more-and-focus.png` });
  await page.close();
}
await browser.close();
console.log(`Look at ${out}`);
