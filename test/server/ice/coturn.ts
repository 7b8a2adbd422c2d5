import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { allocate } from '../../../src/server/ice/allocate.js';
import { parseIceUrl } from '../../../src/server/ice/static.js';

/** Debian's package coturn. */
export const TURNSERVER = '/usr/bin/turnserver';
export const hasCoturn = existsSync(TURNSERVER);

export interface Coturn {
  readonly port: number;
  /** Its address for this test, like `turn:127.0.0.1:40000?transport=udp`. */
  url(transport?: 'udp' | 'tcp'): string;
  /** For TLS, when it was asked for. */
  readonly tlsUrl: string;
  /** PEM, to be trusted. */
  readonly ca: string | undefined;
  /** What it has logged so far. */
  log(): string;
}

/** A real coturn on loopback with these words of its command line, until the test is over. */
export async function startCoturn(words: readonly string[], { tls = false } = {}): Promise<Coturn> {
  const folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-coturn-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const tlsPort = tls ? await freePort() : 0;
  const certificate = tls ? makeCertificate(folder) : undefined;
  const child = spawn(
    TURNSERVER,
    [
      ...['-n', '--no-cli', '--log-file=stdout', '--verbose', `--db=${join(folder, 'turndb')}`],
      ...['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', '--allow-loopback-peers', '--realm=test'],
      ...[`--listening-port=${port}`, '--min-port=50000', '--max-port=59999', `--pidfile=${join(folder, 'pid')}`],
      ...['--no-dtls', ...(certificate ? [`--tls-listening-port=${tlsPort}`, ...certificate.words] : ['--no-tls'])],
      ...words,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => stop(child));
  let log = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const binding = parseIceUrl(`stun:127.0.0.1:${port}`);
  while ((await allocate(binding, undefined, { timeoutMs: 500, retransmitMs: 50 })).kind !== 'allocated') {
    if (child.exitCode !== null) throw new Error(`coturn ended:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    url: (transport = 'udp') => `turn:127.0.0.1:${port}?transport=${transport}`,
    tlsUrl: `turns:127.0.0.1:${tlsPort}?transport=tcp`,
    ca: certificate?.pem,
    log: () => log,
  };
}

/** A port that is free for UDP and for TCP, as far as one can know. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      const socket = createSocket('udp4');
      socket.once('error', () => server.close(() => freePort().then(resolve, reject)));
      socket.bind(port, '127.0.0.1', () => socket.close(() => server.close(() => resolve(port))));
    });
  });
}

/** A certificate for 127.0.0.1 and localhost that nobody else has signed. */
export function makeCertificate(folder: string): { pem: string; key: string; words: string[] } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...name, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const read = (path: string) => execFileSync('cat', [path], { encoding: 'utf8' });
  return { pem: read(cert), key: read(key), words: [`--cert=${cert}`, `--pkey=${key}`] };
}

/** A file with this in it, until the test is over. */
export function temporaryFile(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-ice-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
