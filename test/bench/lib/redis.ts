import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { type Lab, logPath, stopProcess } from './lab.js';
import { needBenchPackages } from './setup.js';

export interface RedisProcess {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** A Redis of our own, which keeps nothing on disk. */
export async function startRedis(lab: Lab): Promise<RedisProcess> {
  await needBenchPackages();
  const port = await freePort();
  const options = ['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1', '--port', String(port)];
  const child = await lab.start('redis', 'redis-server', options);
  if (!child.stdout || child.pid === undefined) throw new Error('redis-server has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('Ready to accept connections')) continue;
    child.stdout.resume();
    return { url: `redis://127.0.0.1:${port}`, pid: child.pid, stop: () => stopProcess(child) };
  }
  throw new Error(`redis-server ended at once: see ${logPath('redis')}`);
}

/** Redis takes no port 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
