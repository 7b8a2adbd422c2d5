import { fileURLToPath } from 'node:url';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { chromeLauncher, puppeteerCore } from '@web/test-runner-chrome';
import { BROWSERS, emulateMedia, inFirefox, launchOptions, whyNoBrowser } from './test/support/browser.mjs';

/*
 * Tests of the element in real browsers: `npx web-test-runner`. BROWSERS=firefox chooses one; CHROME_PATH and FIREFOX_PATH name
 * others. Puppeteer drives both, Chromium over CDP and Firefox over WebDriver BiDi, so the commands of the tests (keys, mouse,
 * viewport) are the same in both.
 */
const browsers = BROWSERS.filter((browser) => !whyNoBrowser(browser));

/**
 * The runner copies what an assertion has compared. It cannot copy a node, so a test that fails on one would say nothing, and
 * its whole file would time out: a node goes as its name.
 */
const COPY_NODES = `
  const copy = window.structuredClone;
  const plain = (_, value) => (value instanceof Node ? '<' + value.nodeName.toLowerCase() + '>' : value);
  window.structuredClone = (value, options) => {
    try {
      return copy(value, options);
    } catch {
      return JSON.parse(JSON.stringify(value, plain));
    }
  };`;

/** The runner leads one page from file to file, over about:blank, where Firefox moves the focus to its address bar. */
async function newPage(browser, context) {
  const page = await context.newPage();
  if (browser !== 'firefox') return page;
  const { goto } = page;
  page.goto = async (...address) => {
    await inFirefox(page.browser(), 'gBrowser.selectedBrowser.focus()');
    return goto.apply(page, address);
  };
  return page;
}

export default {
  files: 'test/element/**/*.test.ts',
  nodeResolve: { browser: true, exportConditions: ['production'] },
  // One page at a time: a page in the background gets its timers and frames late.
  concurrency: 1,
  plugins: [
    esbuildPlugin({
      ts: true,
      target: 'es2022',
      tsconfig: fileURLToPath(new URL('./tsconfig.json', import.meta.url)),
    }),
    {
      // In place of the runner's own, which knows no way to do this in Firefox.
      name: 'emulate-media-anywhere',
      async executeCommand({ command, payload, session }) {
        if (command !== 'emulate-media') return undefined;
        await emulateMedia(session.browser.getPage(session.id), payload);
        return true;
      },
    },
  ],
  browsers: browsers.map((browser) =>
    chromeLauncher({
      // With a puppeteer named, the launcher reports under the browser's own name.
      puppeteer: puppeteerCore,
      launchOptions: launchOptions(browser, { autoplay: true }),
      createPage: ({ context }) => newPage(browser, context),
    }),
  ),
  testFramework: { config: { timeout: 10_000 } },
  testRunnerHtml: (framework) =>
    `<!doctype html><html><head><script>${COPY_NODES}</script></head><body><script type="module" src="${framework}"></script></body></html>`,
};
