import type { FastifyInstance } from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { facts, MISSED_REFRESHES, peersMade, waitForFacts, watchForBlack } from './support/page.js';
import { inBrowsers, launchBrowser, openPage, Sender, startServer } from './support/stack.js';

const senders: Sender[] = [];
let app: FastifyInstance | undefined;

afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.stop();
  await app?.close();
});

async function startSender(url: string): Promise<Sender> {
  const sender = new Sender(url, { source: ['--test-pattern', '--width', '640', '--height', '360'] });
  senders.push(sender);
  await sender.logged(/event=published/);
  return sender;
}

inBrowsers((name) => {
  it('carries viewers to the sender that takes the stream over, and back when it goes, and nobody sees a gap', async () => {
    const server = await startServer(0, { plugin: { senderPolicy: 'takeover' } });
    app = server.app;
    const { browser, close } = await launchBrowser(name);
    try {
      const one = await startSender(server.url);
      const page = await openPage(browser, `${server.url}/preview.html`, []);
      const { stream } = await waitForFacts(page, ({ state }) => state === 'live');
      await page.evaluate(() => {
        const states: string[] = [];
        Object.assign(globalThis, { states });
        document
          .querySelector('webrtc-preview')
          ?.addEventListener('statechange', ({ detail }) => states.push(detail.state));
      });
      const black = await watchForBlack(page);

      const two = await startSender(server.url);
      await one.logged(/event=replaced/);
      await two.logged(/event=viewer-live/);
      await one.logged(/event=viewer-closed/);
      expect((await facts(page)).stream?.instance).not.toBe(stream?.instance);
      expect(await peersMade(page)).toBe(2);
      await waitForFacts(page, ({ stats }) => (stats?.shownFps ?? 0) > 20);
      const seen = () => page.evaluate(() => (globalThis as unknown as { states: string[] }).states);
      expect(await seen(), 'live all the time').toEqual([]);
      const { looked, black: dark } = await black();
      expect(looked).toBeGreaterThan(10);
      expect(dark).toBeLessThanOrEqual(MISSED_REFRESHES[name]);

      await two.stop();
      await one.logged(/event=published/, { times: 2 });
      await one.logged(/event=viewer-live/, { times: 2 });
      await waitForFacts(page, ({ state, stream: now }) => state === 'live' && now?.instance === stream?.instance);
      expect(one.lines.filter((line) => / ERROR /.test(line))).toEqual([]);
    } finally {
      await close();
    }
  });
});
