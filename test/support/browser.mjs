// How every test and measurement starts a browser: the flags, the preferences and the programs stand here alone.
import { findChrome, findFirefox } from '../../scripts/setup.mjs';

/** Software drawing, so that machines with and without a GPU are tested alike, and no traffic of the browser's own. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Lets pages play as they like; without it, only what is muted. */
export const CHROMIUM_AUTOPLAY = '--autoplay-policy=no-user-gesture-required';

/** A driver may then reach what is above the pages: the memory, the scheme of the whole browser. */
const FIREFOX_FLAGS = ['--remote-allow-system-access'];

const FIREFOX_PREFS = {
  // Both ends may be on a machine without any other network, and Firefox leaves 127.0.0.1 out by itself.
  'media.peerconnection.ice.loopback': true,
  // Nothing that is not the test's comes or goes: no OpenH264, experiments, captive portals.
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'nimbus.rollouts.enabled': false,
  'app.normandy.enabled': false,
};

/** Firefox's word for `CHROMIUM_AUTOPLAY`. */
const FIREFOX_AUTOPLAY = { 'media.autoplay.default': 0 };

const PROGRAMS = {
  chromium: { find: findChrome, usual: '/usr/bin/chromium', called: 'Chromium' },
  firefox: { find: findFirefox, usual: '/usr/bin/firefox-esr', called: 'Firefox' },
};

/** The program; where it usually is, when it is not here. */
export function browserPath(browser) {
  const { find, usual } = PROGRAMS[browser];
  return find() ?? usual;
}

/** Why a browser cannot be used here; `undefined` when it can. CI has to have both, so there it has to be tried. */
export function whyNoBrowser(browser) {
  const { find, usual, called } = PROGRAMS[browser];
  return process.env.CI || find() ? undefined : `There is no ${called} here (${usual}).`;
}

/** All that the tests know; BROWSERS=firefox chooses one. */
export const BROWSERS = process.env.BROWSERS?.split(',') ?? Object.keys(PROGRAMS);

/** What puppeteer needs to start one of them without a window. `autoplay`: with sound, too. */
export function launchOptions(browser, { autoplay = false, flags = [], prefs = {} } = {}) {
  const executablePath = browserPath(browser);
  if (browser === 'firefox') {
    const extraPrefsFirefox = { ...FIREFOX_PREFS, ...(autoplay && FIREFOX_AUTOPLAY), ...prefs };
    return { browser, executablePath, headless: true, args: [...FIREFOX_FLAGS, ...flags], extraPrefsFirefox };
  }
  const args = [...CHROMIUM_FLAGS, ...(autoplay ? [CHROMIUM_AUTOPLAY] : []), ...flags];
  return { browser: 'chrome', executablePath, headless: true, args };
}

/**
 * Evaluates in Firefox itself, above its pages: there are the preferences, the garbage collector, and every peer connection.
 * BiDi has no commands for them.
 */
export async function inFirefox(browser, expression) {
  const { connection } = browser;
  const tree = await connection.send('browsingContext.getTree', { 'moz:scope': 'chrome' });
  const { result } = await connection.send('script.evaluate', {
    expression,
    target: { context: tree.result.contexts[0].context },
    awaitPromise: true,
  });
  if (result.type !== 'success') throw new Error(`Firefox: ${result.exceptionDetails?.text}`);
  return result.result.value;
}

/** What puppeteer's `emulateMediaFeatures` does in Chromium: the same features, in either browser. */
export async function emulateMedia(page, { colorScheme, reducedMotion }) {
  const browser = page.browser();
  if (!(await browser.version()).startsWith('firefox')) {
    const features = [];
    if (colorScheme) features.push({ name: 'prefers-color-scheme', value: colorScheme });
    if (reducedMotion) features.push({ name: 'prefers-reduced-motion', value: reducedMotion });
    await page.emulateMediaFeatures(features);
    return;
  }
  const set = (name, value) => `Services.prefs.setIntPref('${name}', ${value});`;
  const scheme = { dark: 0, light: 1 }[colorScheme];
  await inFirefox(
    browser,
    `${scheme === undefined ? '' : set('layout.css.prefers-color-scheme.content-override', scheme)}
     ${reducedMotion ? set('ui.prefersReducedMotion', reducedMotion === 'reduce' ? 1 : 0) : ''}`,
  );
  // The pages are told a moment later.
  const query = [
    colorScheme && `(prefers-color-scheme: ${colorScheme})`,
    reducedMotion && `(prefers-reduced-motion: ${reducedMotion})`,
  ];
  await page.waitForFunction((media) => matchMedia(media).matches, {}, query.filter(Boolean).join(' and ') || 'all');
}
