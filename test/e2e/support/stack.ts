import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance } from 'fastify';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { describe, it } from 'vitest';
// The built plugin, as an app would import it.
import { type WebRTCSignalingOptions, webrtcSignaling } from 'webrtc-preview/server';
import { BROWSERS, type BrowserName, launchOptions, whyNoBrowser } from '../../support/browser.mjs';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const SCREENS = join(ROOT, 'test/out/screens');

/** The real plugin in a small app that also serves the built element and the test's pages. */
export async function startServer(
  port = 0,
  { host = '127.0.0.1', plugin = {} }: { host?: string; plugin?: WebRTCSignalingOptions } = {},
): Promise<{ app: FastifyInstance; port: number; url: string }> {
  const app = Fastify();
  await app.register(webrtcSignaling, plugin);
  await app.register(fastifyStatic, { root: join(ROOT, 'dist'), prefix: '/dist/' });
  await app.register(fastifyStatic, {
    root: join(ROOT, 'test/e2e/pages'),
    prefix: '/',
    decorateReply: false,
    index: false,
  });
  await app.listen({ port, host });
  const bound = (app.server.address() as AddressInfo).port;
  return { app, port: bound, url: `http://127.0.0.1:${bound}` };
}

/** What a sender needs of a process; the process itself may be on another machine. */
export type SenderProcess = Pick<ChildProcess, 'stdout' | 'stderr' | 'kill'> & {
  once(event: 'exit', listener: (code: number | null) => void): unknown;
};

const startHere = (program: string, args: string[]): SenderProcess =>
  spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });

/** A sender's process and what it has logged. */
export class Sender {
  readonly lines: string[] = [];
  readonly #process: SenderProcess;
  readonly #exited: Promise<number | null>;
  readonly #waiting = new Set<() => void>();

  constructor(server: string, { source = ['--test-pattern'], start = startHere } = {}) {
    const args = ['sender/gstreamer-webrtc-sender.py', '--server', server, ...source];
    this.#process = start('/usr/bin/python3', args);
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      if (!output) continue;
      createInterface({ input: output }).on('line', (line) => {
        this.lines.push(line);
        for (const check of this.#waiting) check();
      });
    }
    this.#exited = new Promise((resolve) => this.#process.once('exit', resolve));
  }

  /** Resolves with the line that matches for the nth time, past or future; rejects with the log when none comes. */
  logged(pattern: RegExp, { times = 1, timeoutMs = 20_000 } = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = (finish: () => void) => {
        this.#waiting.delete(check);
        clearTimeout(timer);
        finish();
      };
      const check = () => {
        const line = this.lines.filter((line) => pattern.test(line))[times - 1];
        if (line !== undefined) done(() => resolve(line));
      };
      const timer = setTimeout(
        () => done(() => reject(new Error(`the sender never logged ${pattern}:\n${this.lines.join('\n')}`))),
        timeoutMs,
      );
      this.#waiting.add(check);
      check();
    });
  }

  count(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line)).length;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    this.#process.kill(signal);
    return this.#exited;
  }
}

/** Runs a suite in each browser. One that is not on this machine is skipped, and the reason is said. */
export function inBrowsers(suite: (browser: BrowserName) => void): void {
  for (const browser of BROWSERS) {
    const reason = whyNoBrowser(browser);
    describe(`in ${browser}`, () => (reason ? it('runs', ({ skip }) => skip(reason)) : suite(browser)));
  }
}

export interface Launched {
  browser: Browser;
  close(): Promise<void>;
}

/** A browser without a window, with a profile of its own. */
export async function launchBrowser(name: BrowserName, more?: Parameters<typeof launchOptions>[1]): Promise<Launched> {
  const profile = mkdtempSync(join(tmpdir(), 'webrtc-preview-e2e-'));
  const browser = await puppeteer.launch({ ...launchOptions(name, more), userDataDir: profile });
  return {
    browser,
    close: async () => {
      await browser.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export const launchChromium = (): Promise<Launched> => launchBrowser('chromium');

/** Opens one of the test's pages; counts the peer connections that it makes, and fails on any error in it. */
export async function openPage(browser: Browser, url: string, errors: string[] = []): Promise<Page> {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 860 });
  page.on('pageerror', (error) => {
    // Firefox counts a WebSocket that finds no server among the errors of scripts; Chromium only tells the console.
    if (!/establish a connection to the server at wss?:|was interrupted while the page was loading/.test(String(error)))
      errors.push(String(error));
  });
  await page.evaluateOnNewDocument(() => {
    const counter = { made: 0 };
    const Native = globalThis.RTCPeerConnection;
    Object.assign(globalThis, {
      peerCounter: counter,
      RTCPeerConnection: class extends Native {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          counter.made += 1;
        }
      },
    });
  });
  await page.goto(url);
  return page;
}
