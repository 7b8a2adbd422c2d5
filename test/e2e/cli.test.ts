import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Browser } from 'puppeteer-core';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { facts, waitForFacts } from './support/page.js';
import { launchChromium, openPage, ROOT } from './support/stack.js';

const MAIN = join(ROOT, 'dist/server/cli/main.js');
const running = new Set<ChildProcess>();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-cli-'));
});

afterEach(() => {
  // With everything that it started: npx has a shell between itself and the program.
  for (const { pid } of running) if (pid) process.kill(-pid, 'SIGKILL');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** What a person's own environment must not change. */
const ENV = { PATH: process.env.PATH, HOME: process.env.HOME };

function start(
  program: string,
  args: string[],
  { env = {}, cwd = folder }: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
) {
  const child = spawn(program, args, {
    cwd,
    env: { ...ENV, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** The program to its end. */
async function cli(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = start(process.execPath, [MAIN, ...args], { env });
  const ran = { out: '', err: '', code: null as number | null };
  child.stdout?.on('data', (text) => {
    ran.out += text;
  });
  child.stderr?.on('data', (text) => {
    ran.err += text;
  });
  [ran.code] = await once(child, 'close');
  return ran;
}

/** `webrtc-preview serve` on a free port. */
class Served {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<[number | null]>;
  /** The address that it prints. */
  readonly address: Promise<string>;

  constructor(
    args: string[] = [],
    env: NodeJS.ProcessEnv = {},
    [program = '', ...before]: string[] = [process.execPath, MAIN],
    cwd?: string,
  ) {
    this.#process = start(program, [...before, 'serve', '--port', '0', ...args], { env, ...(cwd && { cwd }) });
    this.#ended = once(this.#process, 'close') as Promise<[number | null]>;
    this.address = new Promise((resolve, reject) => {
      for (const output of [this.#process.stdout, this.#process.stderr]) {
        if (!output) continue;
        createInterface({ input: output }).on('line', (line) => {
          this.lines.push(line);
          const address = /^ +Open +(\S+)$/.exec(line)?.[1] ?? /"addresses":\["([^"]+)"/.exec(line)?.[1];
          if (address) resolve(address);
        });
      }
      this.#ended.then(() => reject(new Error(`serve ended:\n${this.text}`)));
    });
    this.address.catch(() => {});
  }

  get text(): string {
    return this.lines.join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it like a service manager; its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.signal(signal);
    const [code] = await this.#ended;
    return code;
  }
}

function client(url: string, role: 'sender' | 'receiver', token?: string): Socket {
  const socket = io(url, {
    path: '/webrtc-signaling',
    auth: { role, protocol: 1, ...(token && { token }) },
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
  });
  onTestFinished(() => {
    socket.close();
  });
  return socket;
}

/** What came of connecting: nothing, or the code of the refusal. */
function refusalOf(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(undefined));
    socket.once('connect_error', (error) =>
      resolve((error as Error & { data?: { code: string } }).data?.code ?? error.message),
    );
  });
}

function isListening(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const socket = createConnection(Number(port), hostname);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

describe('serve', () => {
  it('serves the page and signalling, and SIGTERM ends it with 0 while clients are connected', async () => {
    const served = new Served(['--log-format', 'pretty']);
    const address = await served.address;
    const page = await fetch(address);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await page.text()).toContain('<webrtc-preview');
    expect((await fetch(`${address}/package.json`)).status).toBe(404);
    expect((await fetch(address, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } })).status).toBe(304);

    const viewer = client(address, 'receiver');
    expect(await refusalOf(viewer)).toBeUndefined();
    const gone = once(viewer as never, 'disconnect');
    expect(await served.stop()).toBe(0);
    await gone;
    expect(served.text).toContain('programs and browsers on this machine only');
  });

  it('ends although somebody has begun a request and does not go on', async () => {
    const served = new Served();
    const { hostname, port } = new URL(await served.address);
    const socket = createConnection(Number(port), hostname);
    onTestFinished(() => {
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.write('POST /webrtc-signaling/?EIO=4&transport=polling HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n');
    await once(socket, 'connect');
    await fetch(await served.address);
    expect(await served.stop()).toBe(0);
  });

  it('writes JSON where a program reads, and only JSON', async () => {
    const served = new Served();
    await served.address;
    expect(await served.stop('SIGINT')).toBe(0);
    const messages = served.lines.map((line) => JSON.parse(line).msg);
    expect(messages).toContain('Ready');
    expect(messages.at(-1)).toBe('Stopping');
  });

  it('takes options from the environment, and flags before it', async () => {
    const served = new Served(['--path', '/cams'], { HOST: '127.0.0.1', WEBRTC_PREVIEW_PATH: '/other' });
    const address = await served.address;
    expect((await fetch(`${address}/cams/?EIO=4&transport=polling`)).status).toBe(200);
    expect((await fetch(`${address}/other/?EIO=4&transport=polling`)).status).toBe(404);
    expect(await (await fetch(address)).text()).toContain('<webrtc-preview src="/cams"');
  });

  it('without the page, there is signalling only', async () => {
    const served = new Served(['--no-demo']);
    const address = await served.address;
    expect((await fetch(address)).status).toBe(404);
    expect((await fetch(`${address}/webrtc-signaling/?EIO=4&transport=polling`)).status).toBe(200);
  });

  it('says in words that the port is taken', async () => {
    const { port } = new URL(await new Served().address);
    const { code, out, err } = await cli(['serve', '--port', port, '--log-format', 'pretty']);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/^webrtc-preview: Port \d+ .*in use.*\n {2}Choose/),
    });
    expect(out + err).not.toMatch(/at .*\.js:\d+/);
  });

  it('warns when the network comes in and nobody is asked', async () => {
    const served = new Served(['--host', '0.0.0.0', '--log-format', 'pretty']);
    await served.address;
    await vi.waitFor(() => expect(served.text).toContain('nobody is asked who they are'));
  });
});

describe('serve with https', () => {
  const file = (name: string) => join(folder, name);
  const make = (name: string) =>
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
        .concat(['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'])
        .concat(['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)]),
      { stdio: 'ignore' },
    );
  const install = (name: string) => {
    for (const kind of ['key', 'crt']) copyFileSync(file(`${name}.${kind}`), file(`tls.${kind}`));
  };

  function connection(port: number): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(socket));
      socket.once('error', reject);
      onTestFinished(() => {
        socket.destroy();
      });
    });
  }
  const nameOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;

  it('SIGHUP takes a new certificate without dropping a connection, and keeps the old one when the new is wrong', async () => {
    for (const name of ['first', 'second']) make(name);
    install('first');
    const served = new Served(['--tls-cert', file('tls.crt'), '--tls-key', file('tls.key')]);
    const port = Number(new URL(await served.address).port);
    const early = await connection(port);
    expect(nameOf(early)).toBe('first');

    install('second');
    served.signal('SIGHUP');
    await vi.waitFor(() => expect(served.text).toContain('read again'));
    expect(nameOf(await connection(port))).toBe('second');
    early.write('GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    expect(String((await once(early, 'data'))[0])).toMatch(/^HTTP\/1\.1 200/);

    copyFileSync(file('first.key'), file('tls.key'));
    served.signal('SIGHUP');
    await vi.waitFor(() => expect(served.text).toContain('stays the old one'));
    expect(nameOf(await connection(port))).toBe('second');
    expect(await served.stop()).toBe(0);
  });
});

describe('serve with tokens', () => {
  it('publishes with a token that “token” made, and not without; anybody may watch when that is said', async () => {
    const { out: secret } = await cli(['token', '--new-secret']);
    const file = join(folder, 'secret');
    writeFileSync(file, secret, { mode: 0o600 });
    const served = new Served(['--token-secret-file', file, '--public-watch']);
    const address = await served.address;

    const made = await cli(['token', '--role', 'sender', '--stream', 'robot-*'], {
      WEBRTC_PREVIEW_TOKEN_SECRET_FILE: file,
    });
    const token = made.out.trim();
    const camera = {
      label: 'c',
      modes: [{ width: 640, height: 480, fps: 30 }],
      mode: { width: 640, height: 480, fps: 30 },
    };
    const publish = (socket: Socket, stream: string) =>
      socket.timeout(5_000).emitWithAck('publish', { stream, instance: 'one', camera });

    const sender = client(address, 'sender', token);
    expect(await refusalOf(sender)).toBeUndefined();
    expect(await publish(sender, 'robot-1')).toMatchObject({ ok: true });
    expect(await publish(sender, 'door')).toMatchObject({ ok: false, error: { code: 'forbidden' } });

    expect(await refusalOf(client(address, 'sender'))).toMatch(/token_missing|forbidden/);
    const { out: wrong } = await cli(['token', '--role', 'sender', '--stream', '*'], {
      WEBRTC_PREVIEW_TOKEN_SECRET: (await cli(['token', '--new-secret'])).out.trim(),
    });
    expect(await refusalOf(client(address, 'sender', wrong.trim()))).toBe('unauthorized');

    const viewer = client(address, 'receiver');
    expect(await viewer.timeout(5_000).emitWithAck('join', { stream: 'robot-1' })).toMatchObject({ ok: true });
    const logged = served.text;
    for (const hidden of [token, wrong.trim(), secret.trim()]) expect(logged).not.toContain(hidden);
  });
});

describe('doctor', () => {
  it('finds a running server well from outside, and one that is gone not', async () => {
    const served = new Served();
    const address = await served.address;
    const well = await cli(['doctor', '--url', address]);
    expect(well).toMatchObject({ code: 0, err: '' });
    expect(well.out).toMatch(/^ok +websocket/m);
    await served.stop();
    const gone = await cli(['doctor', '--url', address]);
    expect(gone).toMatchObject({ code: 1, out: expect.stringMatching(/^fail +reachable +Nothing listens/) });
  });

  it('shows its token to a server that wants one', async () => {
    const secret = (await cli(['token', '--new-secret'])).out.trim();
    const address = await new Served([], { WEBRTC_PREVIEW_TOKEN_SECRET: secret }).address;
    const without = await cli(['doctor', '--url', address]);
    expect(without).toMatchObject({ code: 1, out: expect.stringContaining('Show a token') });
    const { out: token } = await cli(['token', '--role', 'receiver', '--stream', 'camera'], {
      WEBRTC_PREVIEW_TOKEN_SECRET: secret,
    });
    const shown = await cli(['doctor', '--url', address], { WEBRTC_PREVIEW_TOKEN: token.trim() });
    expect(shown.code, shown.out).toBe(0);
  });
});

describe('the installed package', () => {
  let browser: Browser;
  let closeBrowser: () => Promise<void>;
  let app: string;

  beforeAll(async () => {
    ({ browser, close: closeBrowser } = await launchChromium());
    app = install();
  });

  afterAll(() => closeBrowser());

  /** What npm would put into an empty folder: the package, what it depends on, and nothing that only its tests need. */
  function install(): string {
    const app = join(folder, 'app');
    const own = join(app, 'node_modules/webrtc-preview');
    mkdirSync(own, { recursive: true });
    const [{ filename }] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
        cwd: ROOT,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
    execFileSync('tar', ['-xf', join(folder, filename), '-C', own, '--strip-components=1']);
    const manifest = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'));
    for (const name of [...Object.keys(manifest.dependencies), 'fastify']) {
      const link = join(app, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), link);
    }
    const main = join(own, manifest.bin['webrtc-preview']);
    chmodSync(main, 0o755);
    mkdirSync(join(app, 'node_modules/.bin'));
    symlinkSync(main, join(app, 'node_modules/.bin/webrtc-preview'));
    writeFileSync(join(app, 'package.json'), '{}');
    return app;
  }

  const npx = () => new Served(['--log-format', 'pretty'], {}, ['npx', '--no', 'webrtc-preview'], app);

  it('npx webrtc-preview serve shows its page, and a browser can be the camera', async () => {
    const served = npx();
    const address = await served.address;
    const errors: string[] = [];
    const page = await openPage(browser, address, errors);
    const missing: string[] = [];
    page.on('response', (response) => response.status() >= 400 && missing.push(response.url()));
    await page.reload();
    await waitForFacts(page, ({ state }) => state === 'offline');

    const publisher = await openPage(browser, `${address}/publish.html#clock`, errors);
    await page.bringToFront();
    await waitForFacts(page, ({ state }) => state === 'live');
    expect((await facts(page)).problem ?? null).toBeNull();
    await publisher.close();
    await waitForFacts(page, ({ state }) => state === 'offline');
    expect({ errors, missing }).toEqual({ errors: [], missing: [] });
    await page.close();
  });

  it('ends with npx', async () => {
    const served = npx();
    const address = await served.address;
    await served.stop();
    await vi.waitFor(async () => expect(await isListening(address)).toBe(false), { timeout: 5_000 });
    expect(served.text).toContain('Stopping');
  });
});
