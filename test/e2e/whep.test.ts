import { join } from 'node:path';
import { build } from 'esbuild';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inBrowsers, launchBrowser, openPage, ROOT, Sender, startServer } from './support/stack.js';

/*
 * A player that nobody here wrote: Eyevinn's, from npm. It offers video and audio, with all its candidates, and says goodbye by
 * DELETE.
 */

interface Player {
  load(url: URL, authorization?: string): Promise<void>;
  unload(): Promise<void>;
}

inBrowsers((name) => {
  let browser: Browser;
  let closeBrowser: () => Promise<void>;
  let script: string;
  let app: FastifyInstance;
  let url: string;
  let sender: Sender;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    ({ browser, close: closeBrowser } = await launchBrowser(name));
    const { outputFiles } = await build({
      stdin: {
        contents:
          'import { WebRTCPlayer } from "@eyevinn/webrtc-player"; globalThis.newPlayer = (video) => new WebRTCPlayer({ video, type: "whep", iceServers: [] });',
        resolveDir: join(ROOT, 'test/e2e'),
      },
      bundle: true,
      format: 'iife',
      write: false,
    });
    script = outputFiles[0]?.text ?? '';
  });

  afterAll(() => closeBrowser());

  beforeEach(async () => {
    errors.length = 0;
    ({ app, url } = await startServer());
    sender = new Sender(url);
    await sender.logged(/event=published/);
    page = await openPage(browser, `${url}/whep.html`, errors);
    await page.evaluate(script);
  });

  afterEach(async () => {
    await page.close();
    await sender.stop();
    await app.close();
    expect(errors, 'errors in the page').toEqual([]);
  });

  /** Plays the stream; resolves once the picture has changed often enough to be live. */
  function watch(frames: number): Promise<{ shown: number; width: number; brightest: number }> {
    return page.evaluate(async (wanted) => {
      const video = document.querySelector('video') as HTMLVideoElement;
      const world = globalThis as unknown as { newPlayer(video: HTMLVideoElement): Player; player?: Player };
      if (!world.player) {
        world.player = world.newPlayer(video);
        await world.player.load(new URL('/webrtc-signaling/whep/camera', location.href));
      }
      let shown = 0;
      await new Promise<void>((resolve) => {
        const count = () => {
          shown += 1;
          if (shown === wanted) resolve();
          else video.requestVideoFrameCallback(count);
        };
        video.requestVideoFrameCallback(count);
      });
      const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      context.drawImage(video, 0, 0, 64, 36);
      const { data } = context.getImageData(0, 0, 64, 36);
      return { shown, width: video.videoWidth, brightest: Math.max(...data.filter((_, index) => index % 4 !== 3)) };
    }, frames);
  }

  describe('a WHEP player that is not ours', () => {
    it('shows the camera, and is a session like any other', { timeout: 60_000 }, async () => {
      const { shown, width, brightest } = await watch(60);
      expect(shown).toBe(60);
      expect(width).toBeGreaterThan(0);
      expect(brightest, 'the picture is not black').toBeGreaterThan(100);
      expect(app.webrtcSignaling.sessions()).toEqual([
        expect.objectContaining({ stream: 'camera', via: 'whep', state: 'answered' }),
      ]);
    });

    it('ends at the sender when the player says goodbye', { timeout: 60_000 }, async () => {
      await watch(5);
      await page.evaluate(async () => {
        await (globalThis as unknown as { player: Player }).player.unload();
      });
      await sender.logged(/event=viewer-closed .*reason=left/);
      await expect.poll(() => app.webrtcSignaling.sessions()).toEqual([]);
    });

    // It takes the sender 10 s to believe, and is its own affair: once is enough.
    if (name === 'chromium') {
      it('ends when it vanishes without a word: the sender hears no more of it', { timeout: 60_000 }, async () => {
        await watch(5);
        await page.goto('about:blank');
        await expect.poll(() => app.webrtcSignaling.sessions(), { timeout: 30_000 }).toEqual([]);
      });
    }

    it('ends when the session is kicked', { timeout: 60_000 }, async () => {
      await watch(5);
      expect(
        app.webrtcSignaling.kick({ stream: 'camera', session: app.webrtcSignaling.sessions()[0]?.session ?? '' }),
      ).toBe(1);
      expect(app.webrtcSignaling.sessions()).toEqual([]);
      await sender.logged(/kicked/);
    });
  });
});
