import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { SessionSnapshot, StreamSnapshot, Target, WebRTCSignalingOptions } from '../../../src/server/index.js';

const PROGRAM = fileURLToPath(new URL('server.mjs', import.meta.url));

/** One server of several: a process, which ends with the test. */
export class ServerProcess {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.port = port;
  }

  static async start(plugin: WebRTCSignalingOptions, port = 0): Promise<ServerProcess> {
    const options = JSON.stringify({ port, plugin: { iceServers: [], ...plugin } });
    const child = fork(PROGRAM, [options], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}`))),
    ]);
    return new ServerProcess(child, message.port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What it knows now. */
  async state(): Promise<{ streams: StreamSnapshot[]; sessions: SessionSnapshot[] }> {
    this.#process.send({});
    const [state] = await once(this.#process, 'message');
    return state;
  }

  /** @returns how many of its own sessions it has ended */
  async kick(target: Target): Promise<number> {
    this.#process.send({ kick: target });
    const [{ ended }] = await once(this.#process, 'message');
    return ended;
  }

  /** As an operator stops it. @returns its exit code, and how long it took */
  async stop(): Promise<{ code: number | null; tookMs: number }> {
    const startedAtMs = performance.now();
    this.#process.kill('SIGTERM');
    const [code] = await once(this.#process, 'exit');
    return { code, tookMs: performance.now() - startedAtMs };
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal);
  }

  /** Without a goodbye. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}
