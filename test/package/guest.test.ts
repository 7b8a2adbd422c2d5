import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebRTCPreviewElement } from '../../src/element/index.js';
import { launchChromium } from '../e2e/support/stack.js';
import { CAMERA, client, connected, listen } from '../server/support.js';
import { inPackage, newGlobals, proxyWithoutWebSockets, quietPage, serve } from './support.js';

/** No inline script, no inline style, no string that becomes markup but Lit's own. */
const STRICT = {
  'content-security-policy':
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src data:; connect-src *;" +
    " require-trusted-types-for 'script'; trusted-types lit-html",
};
const MODULE = '<script type="module" src="/dist/cdn/webrtc-preview.js"></script>';
const CLASSIC = '<script src="/dist/cdn/webrtc-preview.iife.js"></script>';
const builds = [
  ['module', MODULE],
  ['classic script', CLASSIC],
] as const;

const pageWith = (...head: string[]) =>
  `<!doctype html><html lang="en"><head><link rel="icon" href="data:,">${head.join('')}</head><body></body></html>`;

let browser: Browser;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ browser, close } = await launchChromium());
});
afterAll(() => close());

/** A server with a sender that announces its camera. */
async function signalling(): Promise<string> {
  const { url } = await listen({ origins: true });
  const sender = await connected(client(url, 'sender'));
  await sender.emitWithAck('publish', { stream: 'camera', instance: 'one', camera: CAMERA });
  return url;
}

async function opened(head: string, headers?: Record<string, string>) {
  const host = await serve({ '/': pageWith(head) }, inPackage, headers);
  const { page, said } = await quietPage(browser);
  await page.goto(host.url);
  await page.evaluate(() => customElements.whenDefined('webrtc-preview').then(() => {}));
  return { page, said, host };
}

/** Puts an element on the page, and waits until it knows of the camera. */
const watch = (page: Page, src: string) =>
  page.evaluate(async (address) => {
    const element = document.createElement('webrtc-preview') as WebRTCPreviewElement;
    element.src = address;
    document.body.append(element);
    while (!element.facts.stream?.online) await new Promise((resolve) => setTimeout(resolve, 10));
    await element.updateComplete;
    return { state: element.state, label: element.shadowRoot?.querySelector('[part=base]')?.ariaLabel };
  }, src);

describe.each(builds)('the script-tag build, as a %s', (_name, script) => {
  it('does nothing but register its tag: one file, no global, no word', async () => {
    const { page, said, host } = await opened(script, STRICT);
    expect(await newGlobals(page)).toEqual([]);
    expect(said).toEqual([]);
    expect(host.asked).toHaveLength(2);
  });

  it('works under the strictest policy, without a word', async () => {
    const { page, said } = await opened(script, STRICT);
    expect(await watch(page, await signalling())).toEqual({ state: 'idle', label: 'Live preview: Bench camera' });
    expect(said).toEqual([]);
    expect(await newGlobals(page)).toEqual([]);
  });

  it('falls back to long polling where a proxy lets no WebSocket through', async () => {
    const proxy = await proxyWithoutWebSockets(await signalling());
    const { page } = await opened(script);
    expect(await watch(page, proxy.url)).toMatchObject({ state: 'idle' });
    expect(proxy.refused()).toBeGreaterThan(0);
    // The goodbye gets through too: the server does not wait for this viewer.
    await page.evaluate(() => document.querySelector('webrtc-preview')?.remove());
  });
});

it('may be on a page twice, and in both ways', async () => {
  const { page, said } = await opened(
    `${CLASSIC}${CLASSIC.replace('js"', 'js?again"')}${MODULE}${MODULE.replace('js"', 'js?again"')}`,
  );
  expect(await watch(page, await signalling())).toMatchObject({ state: 'idle' });
  expect(said).toEqual([]);
});
