import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Session } from 'node:inspector/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Fastify, { type FastifyPluginAsync } from 'fastify';
import { PeerServer } from 'peer';
import { WebSocket, WebSocketServer } from 'ws';
import { projectFolder } from '../paths.js';
import { obey, say } from '../talk.js';

/*
 * One of the servers of the suite `signaling`, on a free port of 127.0.0.1: the built plugin, a relay of bare websockets,
 * or PeerJS's. The first word says which; the first line it prints has its address.
 */

type Closing = () => Promise<unknown>;

const SERVERS: Record<string, () => Promise<{ url: string; close: Closing }>> = {
  /**
   * Logs as in real life, to a file. Limits are the defaults, but for what the load of this suite needs. The second word may
   * name another build, the third a Redis that it shares with other nodes.
   */
  async plugin() {
    const redis = process.argv[4] ? { redis: { url: process.argv[4] } } : {};
    const built = process.argv[3] || join(projectFolder, 'dist/server/index.js');
    const { default: plugin } = (await import(pathToFileURL(built).href)) as {
      default: FastifyPluginAsync<Record<string, unknown>>;
    };
    const server = Fastify({ logger: { level: 'info', stream: process.stderr } });
    await server.register(plugin, { iceServers: [], messageRate: { perSecond: 1e6, burst: 1e6 }, ...redis });
    return { url: await server.listen({ host: '127.0.0.1', port: 0 }), close: () => server.close() };
  },

  /** The least that a relay can do: two sockets that name the same pair are each other's, and text is passed on. */
  async ws() {
    const waiting = new Map<string, WebSocket>();
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    server.on('connection', (socket, { url = '' }) => {
      const other = waiting.get(url);
      if (!other) return void waiting.set(url, socket);
      waiting.delete(url);
      for (const [from, to] of [
        [socket, other],
        [other, socket],
      ] as const) {
        from.on('message', (data, binary) => to.readyState === WebSocket.OPEN && to.send(data, { binary }));
        from.once('close', () => to.close());
      }
    });
    await new Promise((resolve) => server.once('listening', resolve));
    return { url: urlOf(server.address()), close: async () => server.close() };
  },

  async peerjs() {
    // It takes no port 0: another server finds one that is free.
    const finder = createServer();
    await new Promise<void>((resolve) => finder.listen(0, '127.0.0.1', resolve));
    const { port } = finder.address() as AddressInfo;
    await new Promise((resolve) => finder.close(resolve));
    const options = { host: '127.0.0.1', port, concurrent_limit: 100_000 };
    const server = await new Promise<{ close: () => void }>((resolve) => void PeerServer(options, resolve));
    return { url: `http://127.0.0.1:${port}`, close: async () => server.close() };
  },
};

const kind = process.argv[2] ?? '';
const { url, close } = (await SERVERS[kind]?.()) ?? { url: '', close: async () => {} };
let profiler: Session | undefined;
say({ value: url });
process.once('SIGTERM', () => process.exit(0));

await obey({
  /** Processor time so far, in µs. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Bytes, when everything that can be collected has been. */
  async memory() {
    for (let time = 0; time < 4; time += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed };
  },
  /** How long it took, in ms. */
  async close() {
    const begin = performance.now();
    await close();
    return performance.now() - begin;
  },
  async 'profile-start'() {
    profiler = new Session();
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.setSamplingInterval', { interval: 200 });
    await profiler.post('Profiler.start');
  },
  async 'profile-stop'({ file }: { file: string }) {
    if (!profiler) throw new Error('there is no profile to stop');
    const { profile } = await profiler.post('Profiler.stop');
    profiler.disconnect();
    writeFileSync(file, JSON.stringify(profile));
  },
});

function urlOf(address: ReturnType<WebSocketServer['address']>): string {
  return `http://127.0.0.1:${(address as AddressInfo).port}`;
}
