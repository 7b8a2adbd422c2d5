import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { jwtVerify } from 'jose';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepScreenshot } from '../e2e/support/page.js';
import { launchChromium, ROOT, Sender, startServer } from '../e2e/support/stack.js';
import { App, freePort, limited, packPackage } from './app.js';

const SECRET = 'the secret of these examples and of nobody else';
const VITE = 'vite/bin/vite.js';
const VITE_HOST = ['--host', '127.0.0.1', '--port', '0'];

/** How each is made and served, by its own tools; and what is special on its page. */
const EXAMPLES = {
  react: {
    scripts: ['check', 'build'],
    serve: [VITE, 'preview', ...VITE_HOST],
    /** Its second player is the hook's. */
    look: async (page: Page) => {
      await page.waitForSelector('section output[data-state="live"]');
      expect(await framesOf(page, 'section video')).toBeGreaterThan(4);
      await page.click('section button');
      await page.waitForSelector('section output[data-state="idle"]');
      await page.click('section button');
      await page.waitForSelector('section output[data-state="live"]');
    },
  },
  vue: {
    scripts: ['check', 'build'],
    serve: [VITE, 'preview', ...VITE_HOST],
    look: async (page: Page) => {
      await page.click('footer button');
      await page.waitForSelector('webrtc-preview[stats]');
    },
  },
  svelte: {
    scripts: ['check', 'build'],
    serve: [VITE, 'preview', ...VITE_HOST],
    /** Each click keeps a frame. */
    look: async (page: Page) => {
      await page.click('footer button');
      await page.waitForFunction(() => document.querySelector<HTMLImageElement>('.kept img')?.naturalWidth === 1280);
    },
  },
  html: { scripts: [], serve: [VITE, ...VITE_HOST], look: async () => {} },
  // Its build looks at the types itself.
  next: { scripts: ['build'], serve: ['next/dist/bin/next', 'start', '-H', 'localhost'], look: async () => {} },
} as const;
type Name = keyof typeof EXAMPLES;
const all = Object.keys(EXAMPLES) as Name[];
/** EXAMPLES=vue,next tries these only. */
const names = all.filter((name) => process.env.EXAMPLES?.split(',').includes(name) ?? true);

let server: { app: FastifyInstance; url: string };
let sender: Sender;
let browser: Browser;
let closeBrowser: () => Promise<void>;
let folder: string | undefined;
let nextPort: number;
const apps = {} as Record<Name, App>;
const made = {} as Record<Name, Promise<void>>;
const subjects: unknown[] = [];

beforeAll(async () => {
  const packed = await packPackage();
  folder = packed.folder;
  // What takes longest is begun first, and looked at last.
  const two = limited(2);
  for (const name of [...names].sort((a, b) => Number(b === 'next') - Number(a === 'next'))) {
    const app = new App(name, packed.folder, packed.tarball);
    apps[name] = app;
    made[name] = two(() => app.make(EXAMPLES[name].scripts));
    // Told by its own test.
    made[name].catch(() => {});
  }
  nextPort = await freePort();
  server = await startServer(0, {
    plugin: {
      origins: [`http://localhost:${nextPort}`],
      // The page from Next's server needs a token, whoever else comes from this machine needs none.
      authorize: async ({ token, request }) => {
        if (!token)
          return request.headers.origin === `http://localhost:${nextPort}` ? undefined : { publish: true, watch: true };
        const { payload } = await jwtVerify(token, new TextEncoder().encode(SECRET));
        subjects.push(payload.sub);
        return { watch: true };
      },
    },
  });
  sender = new Sender(server.url);
  ({ browser, close: closeBrowser } = await launchChromium());
  await sender.logged(/ event=published( |$)/);
});

afterAll(async () => {
  await Promise.allSettled(Object.values(made));
  await Promise.all(Object.values(apps).map((app) => app.stop()));
  await closeBrowser?.();
  await sender?.stop();
  await server?.app.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

describe.each(names)('the example for %s', (name) => {
  it('installs the packed package, and is built by its own tools', () => made[name]);

  it('shows live video, and complains of nothing', async () => {
    await made[name];
    const [program, ...args] = EXAMPLES[name].serve;
    if (name === 'next') args.push('-p', String(nextPort));
    const url = await apps[name].serve(program, args, { CAMERA_SERVER: server.url, CAMERA_TOKEN_SECRET: SECRET });
    if (name === 'next') await expectMarkup(url);

    const complaints: string[] = [];
    const page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || /hydrat/i.test(message.text())) complaints.push(message.text());
    });
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto(url);
    await page.waitForSelector('output[data-state="live"]', { timeout: 60_000 });
    expect(await page.$eval('webrtc-preview', (element) => element.state)).toBe('live');
    expect(await framesOf(page)).toBeGreaterThan(4);
    await EXAMPLES[name].look(page);
    for (const [colours, ground] of Object.entries({ dark: 'rgb(11, 13, 17)', light: 'rgb(245, 246, 248)' })) {
      await page.select('select', colours);
      expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(ground);
      await page.evaluate(() => scrollTo(0, 0));
      await keepScreenshot(page, `${name}-${colours}`, 'examples');
    }
    expect(complaints).toEqual([]);
    await page.close();
    await apps[name].stop();
    if (name === 'next') expect(subjects).toContain('visitor');
  });
});

describe('the examples in the repository', () => {
  it('are all tried here', () => {
    const folders = readdirSync(join(ROOT, 'demo/examples'), { withFileTypes: true });
    expect(folders.filter((each) => each.isDirectory()).map((each) => each.name)).toEqual([...all].sort());
  });

  it.each(all)('%s locks no address of a registry, and nothing of this machine', (name) => {
    const lock = readFileSync(join(ROOT, 'demo/examples', name, 'package-lock.json'), 'utf8');
    expect(lock).not.toMatch(/https?:\/\/(?!opencollective|github|tidelift|www\.patreon|feross|paulmillr)[^"]*\.tgz/);
    expect([...lock.matchAll(/"resolved": "([^"]*)"/g)].map(([, where]) => where)).toEqual(['file:../../..']);
  });
});

/** What Next's server sends: the tag, with all that it needs to be live before React is there. */
async function expectMarkup(url: string): Promise<void> {
  const html = await (await fetch(url)).text();
  const [tag = ''] = /<webrtc-preview[^>]*>/.exec(html) ?? [];
  expect(tag).toContain('stream="camera"');
  expect(tag).toContain(`src="${server.url}"`);
  expect(tag).toMatch(/ autostart/);
}

/** How many frames were shown in the time of a few. */
function framesOf(page: Page, selector?: string): Promise<number> {
  return page.evaluate(async (selector) => {
    const video =
      selector === undefined
        ? document.querySelector('webrtc-preview')?.shadowRoot?.querySelector('video')
        : document.querySelector<HTMLVideoElement>(selector);
    if (!video) return 0;
    for (let frames = 0; ; frames += 1) {
      if (frames > 4) return frames;
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    }
  }, selector);
}
