import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { allocate } from '../../src/server/ice/allocate.js';
import { parseIceUrl } from '../../src/server/ice/static.js';
import { openPage, ROOT, Sender } from '../e2e/support/stack.js';
import { browserPath, CHROMIUM_AUTOPLAY, CHROMIUM_FLAGS } from '../support/browser.mjs';

/** What test/support/three-networks.sh has made. */
export const MIDDLE = process.env.MIDDLE ?? '';
const CAMERA = (process.env.CAMERA ?? '').split(' ');
const VIEWER = (process.env.VIEWER ?? '').split(' ');
export const TURN_URL = `turn:${MIDDLE}:3478?transport=udp`;

/**
 * A real coturn in the middle. It relays to itself only: a path needs a relay on both sides, so both sides' credentials
 * are tried, and nobody is reached behind somebody's back.
 */
export class Coturn {
  #log = '';
  readonly #process: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-coturn-'));

  private constructor(words: readonly string[]) {
    this.#process = spawn(
      '/usr/bin/turnserver',
      [
        ...['-n', '--no-cli', '--log-file=stdout', '--verbose', '--no-tls', '--no-dtls', '--realm=test'],
        ...[`--db=${join(this.#folder, 'db')}`, `--pidfile=${join(this.#folder, 'pid')}`],
        ...[`--listening-ip=${MIDDLE}`, `--relay-ip=${MIDDLE}`],
        ...['--denied-peer-ip=0.0.0.0-255.255.255.255', `--allowed-peer-ip=${MIDDLE}`],
        ...words,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
    }
  }

  static async start(...words: string[]): Promise<Coturn> {
    const coturn = new Coturn(words);
    const binding = parseIceUrl(`stun:${MIDDLE}:3478`);
    while ((await allocate(binding, undefined, { timeoutMs: 500, retransmitMs: 50 })).kind !== 'allocated') {
      if (coturn.#process.exitCode !== null) throw new Error(`coturn ended:\n${coturn.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return coturn;
  }

  /** Users that were given a relay, in that order. */
  get users(): string[] {
    return this.#usersOf('ALLOCATE');
  }

  /** Users whose relay was prolonged. */
  get refreshed(): string[] {
    return this.#usersOf('REFRESH');
  }

  get log(): string {
    return this.#log;
  }

  #usersOf(method: string): string[] {
    const said = new RegExp(`user <([^>]+)>: incoming packet ${method} processed, success`, 'g');
    return [...this.#log.matchAll(said)].map(([, user = '']) => user);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      const gone = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGKILL');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const SMALL = ['--test-pattern', '--width', '640', '--height', '360', '--fps', '15', '--adaptation', 'off'];

/** A sender in the camera's network. */
export function senderThere(server: string, source: string[] = SMALL): Sender {
  const [program = '', ...before] = CAMERA;
  return new Sender(server, {
    source,
    start: (command, words) =>
      spawn(program, [...before, command, ...words], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] }),
  });
}

/** Chromium in the viewer's network. */
export async function chromiumThere(): Promise<{ browser: Browser; close: () => Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), 'webrtc-preview-turn-'));
  const browser = await puppeteer.launch({
    // The whole path: puppeteer looks for a file.
    executablePath: '/usr/bin/nsenter',
    // Puppeteer would put its own words before those of nsenter.
    ignoreDefaultArgs: true,
    // The viewer's network has no way here but the cable.
    pipe: true,
    args: [
      ...VIEWER.slice(1),
      browserPath('chromium'),
      '--headless=new',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
      ...CHROMIUM_FLAGS,
      CHROMIUM_AUTOPLAY,
      'about:blank',
    ],
  });
  return {
    browser,
    close: async () => {
      await browser.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

declare const peers: RTCPeerConnection[];
declare const turnErrors: number[];

/** The test's page, which keeps its peer connections where a test finds them. */
export async function openViewer(browser: Browser, server: string, errors: string[]): Promise<Page> {
  const page = await openPage(browser, 'about:blank', errors);
  await page.evaluateOnNewDocument(() => {
    const made: RTCPeerConnection[] = [];
    const turnErrors: number[] = [];
    const Native = globalThis.RTCPeerConnection;
    Object.assign(globalThis, {
      peers: made,
      turnErrors,
      RTCPeerConnection: class extends Native {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          made.push(this);
          this.addEventListener('icecandidateerror', ({ errorCode }) => turnErrors.push(errorCode));
        }
      },
    });
  });
  await page.goto(`${server}/preview.html`);
  return page;
}

export interface Path {
  local: string;
  remote: string;
}

/** Between which kinds of candidates the video of the newest peer connection travels. */
export function pathOf(page: Page): Promise<Path | undefined> {
  return page.evaluate(async () => {
    const stats = [...((await peers.at(-1)?.getStats()) ?? new Map()).values()];
    const pair = stats.find(({ id }) => id === stats.find(({ type }) => type === 'transport')?.selectedCandidatePairId);
    const kind = (wanted: string) => stats.find(({ id }) => id === wanted)?.candidateType;
    return pair && { local: kind(pair.localCandidateId), remote: kind(pair.remoteCandidateId) };
  });
}

/** What STUN and TURN servers have refused the page with (RFC 8489 §14.8). */
export function turnErrorsOf(page: Page): Promise<number[]> {
  return page.evaluate(() => turnErrors);
}

/** What the newest peer connection has been told of TURN. */
export function turnServersOf(page: Page): Promise<RTCIceServer[]> {
  return page.evaluate(() =>
    (peers.at(-1)?.getConfiguration().iceServers ?? []).filter(({ username }) => username !== undefined),
  );
}
