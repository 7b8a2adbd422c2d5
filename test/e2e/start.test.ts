import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Browser } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { keepScreenshot, waitForFacts, watchFrames } from './support/page.js';
import { launchChromium, openPage, ROOT } from './support/stack.js';

let browser: Browser;
let closeBrowser: () => Promise<void>;
const running = new Set<Demo>();

beforeAll(async () => {
  ({ browser, close: closeBrowser } = await launchChromium());
});

afterAll(() => closeBrowser());

afterEach(async () => {
  for (const demo of running) await demo.stop();
});

/** `npm start`, as a person calls it: without a terminal. */
class Demo {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly address: Promise<string>;

  constructor(...args: string[]) {
    running.add(this);
    this.#process = spawn(process.execPath, ['demo/start.mjs', '--yes', ...args], { cwd: ROOT, stdio: 'pipe' });
    this.#exited = once(this.#process, 'exit');
    this.address = new Promise((resolve, reject) => {
      for (const output of [this.#process.stdout, this.#process.stderr]) {
        if (!output) continue;
        createInterface({ input: output }).on('line', (line) => {
          this.lines.push(line);
          const address = /Watch\D*(http:\/\/\S+?:\d+)/.exec(line)?.[1];
          if (address) resolve(address);
        });
      }
      this.#exited.then(() => reject(new Error(`npm start ended:\n${this.lines.join('\n')}`)));
    });
  }

  async stop(): Promise<unknown> {
    running.delete(this);
    this.#process.kill('SIGINT');
    const [code] = (await this.#exited) as [number | null];
    return code;
  }
}

it('npm start shows live video at the address that it prints, and Ctrl-C ends it', async () => {
  const demo = new Demo('--port', '0', '--test-pattern');
  const page = await openPage(browser, await demo.address);
  await waitForFacts(page, ({ state }) => state === 'live');
  const frames = await watchFrames(page, 1_500);
  expect(frames.filter(({ ageMs }) => ageMs !== null).length).toBeGreaterThan(20);
  await keepScreenshot(page, 'demo');
  expect(await demo.stop()).toBe(0);
  await waitForFacts(page, ({ state, signalling }) => state !== 'live' && signalling === 'connecting');
});

it('a second start on a used port says so and picks the next', async () => {
  const first = new Demo('--port', '0', '--no-sender');
  const port = Number(new URL(await first.address).port);
  const second = new Demo('--port', String(port), '--no-sender');
  expect(new URL(await second.address).port).not.toBe(String(port));
  expect(second.lines.join('\n')).toContain(`Port ${port} is in use, trying ${port + 1}`);
});

it('without a sender, a browser is one: its moving clock is shown live by another page', async () => {
  const demo = new Demo('--port', '0', '--no-sender');
  const address = await demo.address;
  const publisher = await openPage(browser, `${address}/publish.html#clock`);
  const errors: string[] = [];
  const page = await openPage(browser, address, errors);
  await page.bringToFront();
  await waitForFacts(page, ({ state }) => state === 'live');
  // A browser that encodes on a busy machine leaves frames out as it likes: they are counted, not timed.
  const seen = new Set<number | null>();
  await vi.waitFor(
    async () => {
      const frames = await watchFrames(page, 1_000);
      const read = frames.filter(({ ageMs }) => ageMs !== null);
      expect(read.length).toBeGreaterThan(frames.length * 0.9);
      for (const { sequence } of read) seen.add(sequence);
      expect(seen.size, 'different frames').toBeGreaterThan(20);
    },
    { timeout: 20_000 },
  );
  expect(errors).toEqual([]);
  await publisher.close();
  await waitForFacts(page, ({ state }) => state === 'offline');
});
