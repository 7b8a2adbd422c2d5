// Draws the element in Chromium, in every state, width, scheme and language, and saves a few sheets of pictures to
// test/out/screens/, to be looked at.
//   node test/element/screens/run.mjs [name of a sheet]…
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';
import { launchOptions } from '../../support/browser.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here('../../out/screens/');
const wanted = process.argv.slice(2);

const STATES = [
  ['idle'],
  ['offline'],
  ['connecting'],
  ['live'],
  ['live', { with: 'over', set: { latencyBudget: 200 } }],
  ['live', { with: 'black' }],
  ['camera-lost'],
  ['stalled'],
  ['paused'],
  ['reconnecting'],
  ['failed'],
];
const WIDTHS = [640, 480, 320, 240, 160];
const statistics = { stats: true };

/** Arabic only where a sheet looks at right-to-left: as a page would bring its own words. */
const ARABIC = {
  locale: 'ar-EG',
  pill: { live: 'مباشر', stalled: 'متجمد', failed: 'لا توجد صورة', idle: 'غير متصل' },
  start: 'ابدأ البث',
  stop: 'إيقاف',
  captureToScreen: 'من الالتقاط إلى الشاشة',
  lastMinute: 'الدقيقة الأخيرة',
  legs: { encode: 'ترميز', send: 'إرسال', network: 'شبكة', buffer: 'مخزن', decode: 'فك', display: 'عرض' },
  stats: { bitrate: 'المعدل', shown: 'المعروض', size: 'الحجم', loss: 'الفقد', path: 'المسار', frames: 'الإطارات' },
  rungs: { server: 'خادم', stream: 'بث', camera: 'كاميرا', offer: 'رد', network: 'شبكة', secure: 'تشفير' },
  retry: 'أعد المحاولة',
  copyReport: 'انسخ التقرير',
  errors: {
    ice_failed: { message: 'الشبكة بينك وبين الكاميرا محجوبة.', next: 'تحقق من الجدران النارية في الطريق.' },
  },
};

const states = (more) =>
  STATES.flatMap(([state, changes]) => WIDTHS.map((width) => ({ state, width, ...changes, ...more })));

/** Name → how its page is, and what is on it. */
const SHEETS = {
  'states-light': { scheme: 'light', cells: states({ awake: true }) },
  'states-dark': { scheme: 'dark', cells: states({ set: { ...statistics, latencyBudget: 200 } }) },
  instruments: {
    scheme: 'dark',
    cells: [
      ...[1280, 640, 544, 480, 400, 320, 240].map((width) => ({ state: 'live', width, set: statistics, awake: true })),
      ...['within', 'over'].flatMap((name) =>
        [640, 480, 320].map((width) => ({
          state: 'live',
          with: name,
          width,
          set: { ...statistics, latencyBudget: name === 'over' ? 200 : 20 },
        })),
      ),
      ...['camera', 'atLeast', 'reduced', 'nothing', 'partly'].flatMap((name) =>
        [640, 480].map((width) => ({ state: 'live', with: name, width, set: statistics })),
      ),
      ...['stalled', 'paused', 'camera-lost'].map((state) => ({ state, width: 640, set: statistics })),
    ],
  },
  trouble: {
    scheme: 'light',
    cells: [
      { state: 'failed', width: 1280, with: 'seen' },
      ...['seen', 'server', 'last'].flatMap((name) =>
        [640, 480, 400, 320, 240, 160].map((width) => ({ state: 'failed', with: name, width })),
      ),
      ...['pending', 'refused', 'nearest', 'faulty'].map((name) => ({
        state: name === 'faulty' ? 'idle' : 'live',
        with: name,
        width: 480,
      })),
    ],
  },
  // What the bar and the keys open: each on a page of its own, because it lies over the page.
  opened: {
    scheme: 'light',
    alone: { width: 680, height: 520 },
    cells: [640, 320, 240].flatMap((width) => [
      { state: 'live', width, awake: true, press: ['.more'] },
      { state: 'live', width, awake: true, press: ['?'] },
      { state: 'live', width, awake: true, press: ['r', '+', '+'] },
      { state: 'live', width, lang: 'de', awake: true, press: ['.more'] },
      { state: 'live', width, dir: 'rtl', lang: 'ja', awake: true, press: ['.more'] },
    ]),
  },
  languages: {
    scheme: 'light',
    cells: [
      ...['de', 'es', 'fr', 'ja', 'zh'].map((lang) => ({ lang })),
      { lang: 'ar', dir: 'rtl', words: ARABIC },
    ].flatMap(({ words, ...language }) =>
      [
        { state: 'live', width: 640, with: 'over', set: { ...statistics, latencyBudget: 200, words }, awake: true },
        { state: 'failed', width: 480, with: 'seen', set: { words } },
        { state: 'reconnecting', width: 320, set: { words } },
        { state: 'idle', width: 320, set: { words } },
        { state: 'live', width: 480, set: { ...statistics, words }, with: 'atLeast' },
        { state: 'camera-lost', width: 480, set: { words } },
        { state: 'failed', width: 240, set: { words } },
        { state: 'stalled', width: 160, set: { words } },
      ].map((cell) => ({ ...cell, ...language })),
    ),
  },
  zoom: {
    scheme: 'dark',
    cells: [
      { state: 'live', width: 320, zoom: 2, set: statistics, awake: true },
      { state: 'failed', width: 320, zoom: 2, with: 'seen' },
      { state: 'idle', width: 320, zoom: 2 },
      { state: 'stalled', width: 240, zoom: 2 },
      { state: 'live', width: 1920, set: statistics, awake: true },
      { state: 'failed', width: 1920, with: 'seen' },
    ],
  },
  'forced-colors': {
    scheme: 'dark',
    forced: true,
    cells: [
      { state: 'live', width: 640, set: statistics, awake: true },
      { state: 'live', width: 480, with: 'over', set: { ...statistics, latencyBudget: 200 } },
      { state: 'failed', width: 640, with: 'seen' },
      { state: 'failed', width: 320, with: 'seen' },
      ...['idle', 'stalled', 'camera-lost', 'offline'].map((state) => ({ state, width: 320 })),
    ],
  },
};

await mkdir(out, { recursive: true });
const { outputFiles } = await build({
  entryPoints: [here('page.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  target: 'es2022',
  tsconfig: here('../../../tsconfig.json'),
  // In one file, what is marked as free of side effects would be begun by the parts alone, and too late for the rest.
  ignoreAnnotations: true,
});
const browser = await puppeteer.launch(launchOptions('chromium', { flags: ['--hide-scrollbars'] }));

/** A page of `scheme` with elements side by side, each with its caption; as a PNG, or saved as one. */
async function draw({ scheme, cells, forced = false, width = 2080, height = 1200 }) {
  const page = await browser.newPage();
  await page.setViewport({ width, height });
  if (forced) {
    const session = await page.createCDPSession();
    await session.send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: 'active' }] });
  }
  await page.setContent(`<!doctype html><html lang="en" style="color-scheme:${scheme}"><style>
    body { margin: 24px; display: flex; flex-wrap: wrap; gap: 16px; align-items: start;
      font: 600 12px sans-serif; background: light-dark(#ebedf1, #0b0d11); color: light-dark(#333, #bbb) }
    figure { margin: 0 } figcaption { margin-bottom: 6px }
  </style><body>`);
  await page.addScriptTag({ content: outputFiles[0].text });
  await page.evaluate(async (cells) => {
    for (const cell of cells) {
      const figure = document.createElement('figure');
      const { state, width, dir, lang, press = [], zoom } = cell;
      const { words, ...set } = cell.set ?? {};
      const how = [state, width, cell.with, lang, dir, ...Object.keys(set), ...press, zoom && `× ${zoom}`];
      const textContent = how.filter(Boolean).join(' ');
      figure.append(Object.assign(document.createElement('figcaption'), { textContent }));
      document.body.append(figure);
      await globalThis.show(cell, figure);
    }
  }, cells);
  // A video below the fold is not drawn. A change of size would close a menu.
  const needed = await page.evaluate(() => document.documentElement.scrollHeight);
  if (needed > height) await page.setViewport({ width, height: needed });
  await new Promise((resolve) => setTimeout(resolve, needed > height ? 1_000 : 300));
  const png = await page.screenshot({ encoding: 'base64' });
  await page.close();
  return png;
}

async function sheet(name, { alone, ...made }) {
  const png = alone ? await contact(alone, made) : await draw(made);
  await writeFile(`${out}${name}.png`, png, 'base64');
}

/** Pages of one element each, side by side. */
async function contact(size, { cells, ...made }) {
  const page = await browser.newPage();
  await page.setViewport({ width: 3 * size.width + 24, height: 600 });
  await page.setContent('<!doctype html><style>body { margin: 0; display: flex; flex-wrap: wrap; gap: 8px }</style>');
  for (const cell of cells) {
    const png = await draw({ ...made, ...size, cells: [cell] });
    await page.evaluate(async (src) => {
      const image = Object.assign(new Image(), { src });
      await image.decode();
      document.body.append(image);
    }, `data:image/png;base64,${png}`);
  }
  const png = await page.screenshot({ encoding: 'base64', fullPage: true });
  await page.close();
  return png;
}

for (const [name, made] of Object.entries(SHEETS)) {
  if (wanted.length === 0 || wanted.includes(name)) await sheet(name, made);
}
await browser.close();
console.log(`Look at ${out}`);
