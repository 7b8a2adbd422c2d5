import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer-core';
import { CHROMIUM_AUTOPLAY, CHROMIUM_FLAGS } from '../../support/browser.mjs';
import type { Lab } from './lab.js';
import { findChrome } from './setup.js';

export function chromiumPath(): string {
  const path = findChrome();
  if (!path) throw new Error('There is no Chromium: apt install chromium, or name one in the variable CHROME_PATH.');
  return path;
}

/** A browser for measuring asks and restores nothing, and its pages play as they like. */
const FLAGS = [
  ...CHROMIUM_FLAGS,
  '--no-default-browser-check',
  '--password-store=basic',
  '--hide-crash-restore-bubble',
  '--noerrdialogs',
  CHROMIUM_AUTOPLAY,
];

/**
 * Starts a browser with an empty profile: on the X display named, without a window otherwise.
 *
 * @param enter words before its command, to have it run elsewhere
 */
export async function launchChromium(
  lab: Lab,
  { display, flags = [], enter = [] }: { display?: string; flags?: string[]; enter?: readonly string[] } = {},
): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'webrtc-preview-bench-'));
  lab.defer(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  const [program = chromiumPath(), ...before] = [...enter, chromiumPath()];
  const browser = await puppeteer.launch({
    executablePath: program,
    // Only our own flags: some of puppeteer's cover the page with a bar or change how it is drawn.
    ignoreDefaultArgs: true,
    pipe: true,
    userDataDir: profile,
    defaultViewport: null,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    ...(display === undefined ? {} : { env: { ...process.env, DISPLAY: display } }),
    args: [...before, ...FLAGS, ...(display === undefined ? ['--headless=new'] : []), ...flags, 'about:blank'],
  });
  lab.defer(() => browser.close());
  return browser;
}
