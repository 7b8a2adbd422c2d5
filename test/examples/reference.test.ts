import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createServer } from '../../demo/server.mjs';
import { keepScreenshot } from '../e2e/support/page.js';
import { launchChromium, ROOT, Sender } from '../e2e/support/stack.js';

let app: FastifyInstance;
let url: string;
let sender: Sender;
let browser: Browser;
let close: () => Promise<void>;
let page: Page;
/** What the page complains of: errors, and what its content security policy forbids. */
let complaints: string[];

beforeAll(async () => {
  app = await createServer({ logger: false });
  await app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  sender = new Sender(url);
  ({ browser, close } = await launchChromium());
  await sender.logged(/ event=published( |$)/);
  complaints = [];
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(`${url}/reference.html`);
});

afterAll(async () => {
  await close?.();
  await sender?.stop();
  await app?.close();
});

const liveIn = (section: string) =>
  page.waitForFunction(
    (selector) => document.querySelector<HTMLElementTagNameMap['webrtc-preview']>(selector)?.state === 'live',
    {},
    `#${section} webrtc-preview`,
  );

it('has a live element beside the section that is seen, and none beside those that are not', async () => {
  await liveIn('attributes');
  expect(await page.$$eval('webrtc-preview', (all) => all.length)).toBeLessThan(3);
  await page.$eval('#parts', (section) => section.scrollIntoView());
  await liveIn('parts');
  expect(await page.$('#attributes webrtc-preview')).toBeNull();
  await page.evaluate(() => scrollTo(0, 0));
  await liveIn('attributes');
});

it('shows the tag as the switches make it, whoever moved them', async () => {
  const markup = () => page.$eval('.markup', (code) => code.textContent);
  expect(await markup()).toBe('<webrtc-preview stream="camera" autostart></webrtc-preview>');
  await page.click('#attribute-stats input');
  expect(await markup()).toBe('<webrtc-preview stream="camera" autostart stats></webrtc-preview>');
  await page.select('#attribute-ice-policy select', 'relay');
  expect(await markup()).toContain(' ice-policy="relay"');
  await page.select('#attribute-ice-policy select', 'all');
  await page.$eval('#attributes webrtc-preview', (preview) => preview.removeAttribute('stats'));
  await page.waitForFunction(
    () => document.querySelector<HTMLInputElement>('#attribute-stats input')?.checked === false,
  );
  expect(await markup()).toBe('<webrtc-preview stream="camera" autostart></webrtc-preview>');
  await keepScreenshot(page, 'reference', 'examples');
});

it('keeps a frame by the method that does', async () => {
  await page.$eval('#methods', (section) => section.scrollIntoView());
  await liveIn('methods');
  await page.click('#method-snapshot button');
  await page.waitForFunction(
    () => document.querySelector<HTMLImageElement>('#method-snapshot img')?.naturalWidth === 1280,
  );
});

it('lets each entry be tried without a complaint', async () => {
  const tried = await page.evaluate(async () => {
    const calm = () => new Promise((resolve) => setTimeout(resolve, 30));
    let count = 0;
    for (const article of document.querySelectorAll('article')) {
      article.scrollIntoView({ block: 'center' });
      await calm();
      for (const control of article.querySelectorAll<HTMLInputElement>('button, input, select')) {
        // They want a person's own click, or a person to take the file.
        if (/requestPictureInPicture|Recording/.test(control.textContent ?? '')) continue;
        count += 1;
        if (control.matches('button, [type="checkbox"]')) control.click();
        else control.dispatchEvent(new Event('input'));
        await calm();
      }
    }
    return count;
  });
  expect(tried).toBeGreaterThan(60);
  expect(complaints).toEqual([]);
});

it('shows each example, opened by its link on the first page', async () => {
  await page.goto(url);
  const links = await page.$$eval('.examples a', (all) => all.map((link) => link.getAttribute('href') ?? ''));
  expect(links).toHaveLength(5);
  for (const link of links) {
    await page.goto('about:blank');
    await page.goto(`${url}/${link}`);
    await page.waitForSelector(`${link.slice(link.indexOf('#'))}[open] pre`);
  }
  const code = await page.$$eval('#example-react pre', (all) => all.map((pre) => pre.textContent));
  expect(code[1]).toBe(readFileSync(join(ROOT, 'demo/examples/react/src/Player.tsx'), 'utf8').trim());
  expect(complaints).toEqual([]);
});
