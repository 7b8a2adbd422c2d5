// In the networks that run.mjs makes: the server and coturn in the middle, the camera and the viewer each behind a cable of its own.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { WebRTCSignalingOptions } from 'webrtc-preview/server';
import { signCredentials } from '../../src/server/ice/credentials.js';
import { keepScreenshot, peersMade, waitForFacts, watchFrames } from '../e2e/support/page.js';
import { type Sender, startServer } from '../e2e/support/stack.js';
import {
  Coturn,
  chromiumThere,
  MIDDLE,
  openViewer,
  pathOf,
  senderThere,
  TURN_URL,
  turnErrorsOf,
  turnServersOf,
} from './support.js';

const OLD_SECRET = '5f2c8c0e4b9d4f0da37d6f10b0c1e2a4';
const NEW_SECRET = 'b94d27b9934d3e08a52e52d7da7dabfa';
/** The shortest that there is. */
const TTL_S = 60;

let browser: Browser;
let closeBrowser: (() => Promise<void>) | undefined;
let app: FastifyInstance | undefined;
let coturn: Coturn | undefined;
let sender: Sender | undefined;
let folder: string;
let errors: string[];

beforeAll(async () => {
  ({ browser, close: closeBrowser } = await chromiumThere());
});

afterAll(() => closeBrowser?.());

beforeEach(() => {
  errors = [];
  folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-turn-'));
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(sender?.lines.slice(-20).join('\n'), coturn?.log.slice(-4_000));
  for (const page of await browser.pages()) if (page.url().startsWith('http')) await page.close();
  await sender?.stop();
  await app?.close();
  await coturn?.stop();
  sender = app = coturn = undefined;
  rmSync(folder, { recursive: true, force: true });
  expect(errors, 'errors in the page').toEqual([]);
});

/** The server in the middle with these options, and a camera that publishes to it. */
async function start(plugin: WebRTCSignalingOptions): Promise<{ app: FastifyInstance; url: string }> {
  const started = await startServer(0, { host: MIDDLE, plugin: { allowPublish: 'any', ...plugin } });
  app = started.app;
  const url = `http://${MIDDLE}:${started.port}`;
  sender = senderThere(url);
  await sender.logged(/event=published/);
  return { app: started.app, url };
}

/** A viewer who sees the camera; its path, and pictures that move. */
async function watchFrom(url: string): Promise<Page> {
  const page = await openViewer(browser, url, errors);
  await waitForFacts(page, ({ state }) => state === 'live', 30_000);
  await expectMoving(page);
  expect(await pathOf(page)).toEqual({ local: 'relay', remote: 'relay' });
  return page;
}

async function expectMoving(page: Page): Promise<void> {
  const frames = await watchFrames(page, 2_000);
  const numbers = new Set(frames.map(({ sequence }) => sequence));
  expect(numbers.size, 'different frames in 2 s').toBeGreaterThan(10);
}

it('without TURN there is no way between the two', async () => {
  const { url } = await start({ iceServers: [] });
  const page = await openViewer(browser, url, errors);
  const { problem } = await waitForFacts(page, ({ problem }) => problem !== null, 60_000);
  expect(problem?.code).toBe('ice_failed');
});

it('with a fixed user name and password, video comes through the relay', async () => {
  coturn = await Coturn.start('--lt-cred-mech', '--user=bob:pass/word+1=');
  const { app, url } = await start({ iceServers: [{ urls: [TURN_URL], username: 'bob', credential: 'pass/word+1=' }] });
  expect(await app.webrtcSignaling.testTurn()).toMatchObject({ ok: true });
  const page = await watchFrom(url);
  await keepScreenshot(page, 'static', 'turn');
  expect(new Set(coturn.users)).toEqual(new Set(['bob']));
});

it('with a shared secret, each side has credentials of its own; a call outlives them and the secret', async () => {
  coturn = await Coturn.start(
    ...['--use-auth-secret', `--static-auth-secret=${OLD_SECRET}`, `--static-auth-secret=${NEW_SECRET}`],
    // Both sides prolong their relays after 70 to 80 s then: when their credentials have ended, and before we have lost patience.
    '--max-allocate-lifetime=140',
  );
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, `${OLD_SECRET}\n`);
  const { app, url } = await start({ turn: { urls: TURN_URL, secretFile, ttlS: TTL_S } });
  const page = await watchFrom(url);
  const first = (await turnServersOf(page))[0]?.username ?? '';
  const endsAt = Number.parseInt(first, 10) * 1_000;
  const used = new Set(coturn.users);
  expect(used).toContain(first);
  expect(used.size, "the viewer's user and the camera's").toBeGreaterThanOrEqual(2);
  for (const user of used) expect(user).toMatch(/^\d+:[A-Za-z0-9_-]+$/);
  const made = await peersMade(page);

  writeFileSync(`${secretFile}.next`, `${NEW_SECRET}\n${OLD_SECRET}\n`);
  renameSync(`${secretFile}.next`, secretFile);
  await app.webrtcSignaling.rotate();
  expect(await app.webrtcSignaling.testTurn()).toMatchObject({ ok: true });
  const relay = coturn;
  await vi.waitUntil(() => Date.now() > endsAt + 1_000, { timeout: 2 * TTL_S * 1_000, interval: 200 });
  expect(relay.refreshed, 'nothing was prolonged before its credentials had ended').not.toContain(first);
  await vi.waitUntil(() => [...used].every((user) => relay.refreshed.includes(user)), {
    timeout: 60_000,
    interval: 200,
  });
  await expectMoving(page);
  expect(await peersMade(page), 'peer connections, with the one of the first picture').toBe(made);
  await keepScreenshot(page, 'after-the-end-of-its-credentials', 'turn');

  const second = await watchFrom(url);
  const [server] = await turnServersOf(second);
  const later = server?.username ?? '';
  const [, user = ''] = later.split(':');
  expect(server?.credential).toBe(signCredentials(NEW_SECRET, user, Number.parseInt(later, 10)).credential);
  expect(Number.parseInt(later, 10) * 1_000).toBeGreaterThan(Date.now());
  expect(relay.users).toContain(later);
});

it('a secret that coturn does not know is named', async () => {
  coturn = await Coturn.start('--use-auth-secret', `--static-auth-secret=${OLD_SECRET}`);
  const { app, url } = await start({ turn: { urls: TURN_URL, secret: NEW_SECRET } });
  const page = await openViewer(browser, url, errors);
  expect(await app.webrtcSignaling.testTurn()).toMatchObject({
    ok: false,
    servers: [{ url: TURN_URL, code: 'wrong_credentials', next: expect.stringContaining('static-auth-secret') }],
  });
  // What becomes of the page without a relay: see "without TURN".
  await vi.waitUntil(async () => (await turnErrorsOf(page)).includes(401), { timeout: 20_000 });
  expect(coturn.users).toEqual([]);
});
