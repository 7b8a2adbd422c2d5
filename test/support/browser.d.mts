import type { Browser, LaunchOptions, Page } from 'puppeteer-core';

export type BrowserName = 'chromium' | 'firefox';

export const CHROMIUM_FLAGS: string[];
export const CHROMIUM_AUTOPLAY: string;
export const BROWSERS: BrowserName[];
export function browserPath(browser: BrowserName): string;
export function whyNoBrowser(browser: BrowserName): string | undefined;
export function launchOptions(
  browser: BrowserName,
  more?: { autoplay?: boolean; flags?: string[]; prefs?: Record<string, unknown> },
): LaunchOptions;
export function inFirefox(browser: Browser, expression: string): Promise<unknown>;
export function emulateMedia(
  page: Page,
  features: { colorScheme?: 'light' | 'dark'; reducedMotion?: 'reduce' | 'no-preference' },
): Promise<void>;
