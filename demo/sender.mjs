// Runs the Python sender beside the demo's server, and starts it again when it dies.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findInPath, root } from '../scripts/setup.mjs';

const PYTHON = '/usr/bin/python3';
const SCRIPT = join(root, 'sender/gstreamer-webrtc-sender.py');
/** The sender's exit codes for what trying again does not mend: a bad option, something not installed, no encoder. */
const HOPELESS = [2, 3, 5];
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
/** A sender that ran for this long was fine: the next failure counts as the first. */
const STEADY_MS = 60_000;
/** How long the address waits for what the sender says first. */
const START_MS = 8_000;
/** How long the sender may take to say goodbye. */
const GOODBYE_MS = 1_500;

/**
 * Asks the sender whether it can run here, and which cameras there are.
 *
 * @returns {{ problem: string } | { problem?: undefined, cameras: { device: string, name: string }[] }}
 */
export function askSender() {
  if (!existsSync(PYTHON)) return { problem: `${PYTHON} is not there` };
  const { status, stdout, stderr } = spawnSync(PYTHON, [SCRIPT, '--list-cameras'], { encoding: 'utf8' });
  if (status === 0) return { cameras: readCameras(stdout) };
  return { problem: stderr.trim().split('\n')[0]?.replace(/\.$/, '') || `the sender ended with exit code ${status}` };
}

/** Each camera of `--list-cameras` is a line with its device and name; its modes follow, indented. */
export function readCameras(list) {
  return [...list.matchAll(/^(\/\S+) {2}(.+)$/gm)].map(([, device, name]) => ({ device, name }));
}

/**
 * What a line of the sender's log says of its start: that the stream is published, or why there is no camera.
 *
 * @returns {{ problem?: string } | undefined} `undefined` for any other line
 */
export function readStart(line) {
  if (/ event=published( |$)/.test(line)) return {};
  const message = / event=camera-error .*?message=("(?:[^"\\]|\\.)*"|\S+)/.exec(line)?.[1];
  if (message === undefined) return undefined;
  return { problem: message.startsWith('"') ? JSON.parse(message) : message };
}

/** Keeps one sender running until `stop()`. */
export class SenderProcess {
  #args;
  #events;
  #child;
  #timer;
  #failures = 0;
  #stopped = false;
  /** @type {Promise<{ problem?: string }>} how the first start went; a sender that says nothing has a problem too */
  started;
  #tellStarted;

  /**
   * @param {string[]} args
   * @param {{ onLine(line: string): void, onDeath(what: { why: string, retryMs?: number }): void }} events
   */
  constructor(args, events) {
    this.#args = args;
    this.#events = events;
    this.started = new Promise((resolve) => {
      this.#tellStarted = resolve;
      setTimeout(resolve, START_MS, { problem: 'it has not published yet' }).unref();
    });
    this.#start();
  }

  #start() {
    const startedAt = Date.now();
    const last = [];
    // setpriv ends the sender also when this process is killed without a chance to say anything.
    const guard = findInPath(['setpriv']) ? ['setpriv', '--pdeathsig', 'TERM', PYTHON] : [PYTHON];
    const [program, ...before] = guard;
    const child = spawn(program, [...before, SCRIPT, ...this.#args], {
      cwd: root,
      // Its own process group: Ctrl-C in the terminal reaches this process only, which then ends the sender in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONUNBUFFERED: '1' },
    });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        // What it says of itself in passing is no reason for its end.
        if (line.trim() !== '' && !/ (DEBUG|INFO) /.test(line)) last.push(line.trim());
        if (last.length > 3) last.shift();
        this.#events.onLine(line);
        const start = readStart(line);
        if (start) this.#tellStarted(start);
      });
    }
    child.on('error', (error) => last.push(error.message));
    child.on('close', (code, signal) => {
      this.#child = undefined;
      if (this.#stopped) return;
      if (Date.now() - startedAt > STEADY_MS) this.#failures = 0;
      const retryMs = HOPELESS.includes(code) ? undefined : RETRY_MS[this.#failures];
      this.#failures += 1;
      const why = `${signal ? `killed by ${signal}` : `exit code ${code}`}${last.length > 0 ? `: ${last.at(-1)}` : ''}`;
      this.#events.onDeath(retryMs === undefined ? { why } : { why, retryMs });
      this.#tellStarted({ problem: 'it does not run' });
      if (retryMs !== undefined) this.#timer = setTimeout(() => this.#start(), retryMs);
    });
  }

  /** Ends the sender and all that it started. */
  async stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (!child?.pid) return;
    const closed = once(child, 'close');
    signalGroup(child.pid, 'SIGTERM');
    const force = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GOODBYE_MS);
    await closed;
    clearTimeout(force);
    // Its helpers too, should one have stayed.
    signalGroup(child.pid, 'SIGKILL');
  }

  /** At once, without a goodbye. */
  kill() {
    this.#stopped = true;
    if (this.#child?.pid) signalGroup(this.#child.pid, 'SIGKILL');
  }
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {}
}
