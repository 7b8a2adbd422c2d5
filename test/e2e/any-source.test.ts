import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mintToken } from 'webrtc-preview/server';
import { facts, keepScreenshot, peersMade, waitForFacts, watchForBlack, watchFrames } from './support/page.js';
import { launchChromium, openPage, Sender, startServer } from './support/stack.js';

/*
 * The element on a WHEP address. The server is ours, and knows its viewers only as WHEP players: what is tried here of requests,
 * refusals and goodbyes holds for others too. docs/sources.md says with which of them it was tried by hand.
 */

let browser: Browser;
let closeBrowser: () => Promise<void>;
let app: FastifyInstance;
let port: number;
let url: string;
let sender: Sender | undefined;
let errors: string[];
/** What the server was asked: "POST /webrtc-signaling/whep/camera". */
let asked: string[];

beforeAll(async () => {
  ({ browser, close: closeBrowser } = await launchChromium());
});

afterAll(() => closeBrowser());

beforeEach(async () => {
  errors = [];
  asked = [];
  ({ app, port, url } = await startServer());
  app.server.on('request', ({ method, url }) => asked.push(`${method} ${url}`));
});

afterEach(async () => {
  for (const page of await browser.pages()) if (page.url().startsWith('http')) await page.close();
  await sender?.stop();
  sender = undefined;
  await app.close();
  expect(errors, 'errors in the page').toEqual([]);
});

async function startSender(source = ['--test-pattern']): Promise<Sender> {
  sender = new Sender(url, { source });
  await sender.logged(/event=published/);
  return sender;
}

/** A page with an element that shows what is at `src`, and plays. */
async function openSource(src: string, properties: Record<string, string> = {}): Promise<Page> {
  const page = await openPage(browser, `${url}/whep.html`, errors);
  await page.addScriptTag({ type: 'module', url: '/dist/cdn/webrtc-preview.js' });
  await page.evaluate(
    async (address, given) => {
      await customElements.whenDefined('webrtc-preview');
      document.querySelector('video')?.remove();
      const element = document.createElement('webrtc-preview');
      Object.assign(element, { src: address, autostart: true, ...given });
      document.body.append(element);
    },
    src,
    properties,
  );
  return page;
}

const WHEP = '/webrtc-signaling/whep/camera';
const inState = (page: Page, wanted: string) => waitForFacts(page, ({ state }) => state === wanted);
const sessions = () => app.webrtcSignaling.sessions();
const goodbyes = () => asked.filter((line) => line.startsWith(`DELETE ${WHEP}/`)).length;

describe('a WHEP address', () => {
  it('is played, live and whole', async () => {
    await startSender();
    const page = await openSource(WHEP);
    const { stream, rungs } = await inState(page, 'live');
    expect(stream).toEqual({ stream: '', online: true });
    expect(rungs.map(({ status }) => status)).not.toContain('broken');
    const frames = await watchFrames(page, 2_000);
    expect(frames.filter(({ ageMs }) => ageMs !== null).length, 'clocks that can be read').toBeGreaterThan(20);
    expect(new Set(frames.map(({ sequence }) => sequence)).size, 'different frames').toBeGreaterThan(20);
    expect(sessions()).toEqual([expect.objectContaining({ via: 'whep', state: 'answered' })]);
    await keepScreenshot(page, 'live', 'any-source');
  });

  it('is told of the end, also by a page that is left', async () => {
    await startSender();
    const page = await openSource(WHEP);
    await inState(page, 'live');
    await page.evaluate(() => (document.querySelector('webrtc-preview') as HTMLElement & { stop(): void }).stop());
    await expect.poll(goodbyes).toBe(1);
    await expect.poll(sessions).toEqual([]);
    await page.evaluate(() => (document.querySelector('webrtc-preview') as HTMLElement & { start(): void }).start());
    await inState(page, 'live');
    await page.goto('about:blank');
    await expect.poll(goodbyes).toBe(2);
    await expect.poll(sessions).toEqual([]);
  });

  it('is looked at again while nothing streams, until something does', async () => {
    const page = await openSource(WHEP);
    const { problem } = await inState(page, 'offline');
    expect(problem).toBe(null);
    await keepScreenshot(page, 'offline', 'any-source');
    await startSender();
    await inState(page, 'live');
    // What the waiting was done by is gone.
    await expect.poll(() => sessions().length).toBe(1);
    await sender?.stop();
    await inState(page, 'offline');
    await startSender();
    await inState(page, 'live');
  });

  it('goes on through a restart of its server, without another connection', async () => {
    await startSender();
    const page = await openSource(WHEP);
    await inState(page, 'live');
    const black = await watchForBlack(page);
    await app.close();
    ({ app, port, url } = await startServer(port));
    await sender?.logged(/event=published/, { times: 2 });
    expect((await facts(page)).state).toBe('live');
    expect(await peersMade(page)).toBe(1);
    expect((await black()).black, 'black pictures').toBe(0);
    // The session of before is unknown to the new server; the goodbye that nobody understands harms nothing.
    await page.evaluate(() => (document.querySelector('webrtc-preview') as HTMLElement & { stop(): void }).stop());
    await inState(page, 'idle');
  });
});

describe('with tokens', () => {
  const secret = 'a secret that is long enough for HS256, and then some';
  const token = (streams: string, role: 'sender' | 'receiver' = 'receiver') =>
    mintToken({ secret, role, streams, subject: role });

  beforeEach(async () => {
    await app.close();
    ({ app, port, url } = await startServer(port, { plugin: { tokens: { secret } } }));
    await startSender(['--test-pattern', '--token', await token('camera', 'sender')]);
  });

  it('shows nothing without one, and says so; and goes on with one', async () => {
    const page = await openSource(WHEP);
    const { problem } = await inState(page, 'failed');
    expect(problem).toMatchObject({ code: 'token_missing', rung: 'server' });
    const good = await token('camera');
    await page.evaluate((value) => {
      Object.assign(document.querySelector('webrtc-preview') as HTMLElement, { token: value });
    }, good);
    await inState(page, 'live');
  });

  it('keeps the picture, and the former token, when a newer one is refused', async () => {
    const page = await openSource(WHEP, { token: await token('camera') });
    await inState(page, 'live');
    await page.evaluate(() => {
      Object.assign(document.querySelector('webrtc-preview') as HTMLElement, { token: 'no token at all' });
    });
    const { state } = await waitForFacts(page, ({ tokenProblem }) => tokenProblem?.code === 'unauthorized');
    expect(state).toBe('live');
    expect(sessions()).toHaveLength(1);
  });

  it('is refused with one for another stream', async () => {
    const page = await openSource(WHEP, { token: await token('garden') });
    const { problem } = await inState(page, 'failed');
    expect(problem?.code).toBe('forbidden');
  });
});
