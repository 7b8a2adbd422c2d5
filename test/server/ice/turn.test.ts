import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { allocate } from '../../../src/server/ice/allocate.js';
import { signCredentials } from '../../../src/server/ice/credentials.js';
import { type IceOptions, readIceOptions } from '../../../src/server/ice/options.js';
import { createIceSource, type IceSourceDeps } from '../../../src/server/ice/source.js';
import { parseIceUrl } from '../../../src/server/ice/static.js';
import { checkTurn } from '../../../src/server/ice/turn-check.js';
import { freePort, hasCoturn, makeCertificate, startCoturn, temporaryFile } from './coturn.js';

const SECRET = '5f2c8c0e4b9d4f0da37d6f10b0c1e2a4';
const NEXT_SECRET = 'b94d27b9934d3e08a52e52d7da7dabfa';
const WITH_SECRET = ['--use-auth-secret', `--static-auth-secret=${SECRET}`];
const QUICK = { timeoutMs: 2_000, retransmitMs: 100 };
const HOUR_MS = 3_600_000;

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

function source(options: IceOptions, deps: Partial<IceSourceDeps> = {}) {
  const made = createIceSource(readIceOptions(options, {}), { log: quiet, allocate: QUICK, ...deps });
  onTestFinished(() => made.close());
  return made;
}

/** The only check of a report, and never with a secret in it. */
async function onlyCheck(made: ReturnType<typeof source>) {
  const report = await made.test();
  expect(report.servers).toHaveLength(1);
  expect(JSON.stringify(report)).not.toContain(SECRET);
  expect(JSON.stringify(report)).not.toContain(NEXT_SECRET);
  return { ...report.servers[0], all: report.ok };
}

const nowS = () => Math.floor(Date.now() / 1_000);
const clockAt = (offsetMs: number) => ({ now: () => Date.now() + offsetMs, monotonic: () => performance.now() });

describe.skipIf(!hasCoturn && !process.env.CI)('a real coturn', () => {
  it.each(['udp', 'tcp'] as const)('relays by %s for a user with a password', async (transport) => {
    const coturn = await startCoturn(['--lt-cred-mech', '--user=bob:pa/ss']);
    const made = source({ iceServers: [{ urls: [coturn.url(transport)], username: 'bob', credential: 'pa/ss' }] });
    const check = await onlyCheck(made);
    expect(check).toMatchObject({ code: 'ok', all: true });
    expect(check.relayed).toMatch(/^127\.0\.0\.1:5\d{4}$/);
    // Given back at once: over UDP that shows only in its log.
    await vi.waitUntil(() => /refreshed, realm=<test>.*lifetime=0/.test(coturn.log()));
  });

  it('relays by TLS, and names a certificate that nobody vouches for', async () => {
    const coturn = await startCoturn(['--lt-cred-mech', '--user=bob:password'], { tls: true });
    const iceServers = [{ urls: [coturn.tlsUrl], username: 'bob', credential: 'password' }];
    const trusted = await onlyCheck(source({ iceServers }, { allocate: { ...QUICK, ca: coturn.ca ?? '' } }));
    expect(trusted).toMatchObject({ code: 'ok' });
    const stranger = await onlyCheck(source({ iceServers }));
    expect(stranger).toMatchObject({ code: 'tls', all: false });
    expect(stranger.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(stranger.next).toContain('"cert" and "pkey" of coturn');
  });

  it('accepts what is signed with the shared secret', async () => {
    const coturn = await startCoturn(WITH_SECRET);
    const made = source({ turn: { urls: coturn.url(), secret: SECRET } });
    expect(await onlyCheck(made)).toMatchObject({ code: 'ok' });
    const [server] = made.forPeer('peer-1').browser.iceServers;
    const credentials = { username: server?.username ?? '', credential: server?.credential ?? '' };
    expect(await allocate(parseIceUrl(coturn.url()), credentials, QUICK)).toMatchObject({ kind: 'allocated' });
  });

  it('answers a STUN address as well', async () => {
    const coturn = await startCoturn(WITH_SECRET);
    const check = await onlyCheck(source({ iceServers: [{ urls: [`stun:127.0.0.1:${coturn.port}`] }] }));
    expect(check).toMatchObject({ code: 'ok', message: 'The STUN server answers.' });
  });

  it('that knows the old and the new secret accepts both: how a rotation begins', async () => {
    const coturn = await startCoturn([...WITH_SECRET, `--static-auth-secret=${NEXT_SECRET}`]);
    const secretFile = temporaryFile('secret', `${SECRET}\n`);
    const made = source({ turn: { urls: coturn.url(), secretFile } });
    expect(await onlyCheck(made)).toMatchObject({ code: 'ok' });
    const before = made.forPeer('peer').browser.iceServers[0]?.credential;
    writeFileSync(secretFile, `${NEXT_SECRET}\n${SECRET}\n`);
    await made.rotate();
    expect(made.forPeer('peer').browser.iceServers[0]?.credential).not.toBe(before);
    expect(await onlyCheck(made)).toMatchObject({ code: 'ok' });
  });

  it('that knows only the old secret during a rotation is named', async () => {
    const coturn = await startCoturn(WITH_SECRET);
    const check = await onlyCheck(source({ turn: { urls: coturn.url(), secrets: [NEXT_SECRET, SECRET] } }));
    expect(check).toMatchObject({ code: 'wrong_credentials', all: false });
    expect(check.message).toContain('only an older secret');
  });

  it('with another secret is named', async () => {
    const coturn = await startCoturn(WITH_SECRET);
    const check = await onlyCheck(source({ turn: { urls: coturn.url(), secret: NEXT_SECRET } }));
    expect(check).toMatchObject({ code: 'wrong_credentials', all: false });
    expect(check.next).toContain('static-auth-secret');
  });

  it('with another password is named', async () => {
    const coturn = await startCoturn(['--lt-cred-mech', '--user=bob:password']);
    const iceServers = [{ urls: [coturn.url()], username: 'bob', credential: 'wrong' }];
    expect(await onlyCheck(source({ iceServers }))).toMatchObject({ code: 'wrong_credentials' });
  });

  it.each([
    ['by more than what peers have to spare, though credentials still work at first', -0.5, /more than 12 min ahead/],
    ['by more than credentials live', -2, /more than 60 min ahead/],
  ])('whose clock is ahead %s is named, not taken for a wrong secret', async (_by, hours, message) => {
    const coturn = await startCoturn(WITH_SECRET);
    const clocks = clockAt(hours * HOUR_MS);
    const check = await onlyCheck(source({ turn: { urls: coturn.url(), secret: SECRET } }, { clocks }));
    expect(check).toMatchObject({ code: 'clock_skew', all: false });
    expect(check.message).toMatch(message);
  });

  it('refuses credentials whose time is over', async () => {
    const coturn = await startCoturn(WITH_SECRET);
    const server = parseIceUrl(coturn.url());
    const expired = await allocate(server, signCredentials(SECRET, 'peer', nowS() - 2), QUICK);
    expect(expired).toMatchObject({ kind: 'error', code: 401 });
  });

  it('whose quota is used up is named; each peer has its own', async () => {
    const coturn = await startCoturn(['--lt-cred-mech', '--user=bob:password', '--user-quota=1']);
    const server = { urls: [coturn.url()], username: 'bob', credential: 'password' };
    const held = await holdAllocation(coturn.port, 'bob', 'password');
    expect(await onlyCheck(source({ iceServers: [server] }))).toMatchObject({ code: 'quota', all: false });
    held.close();

    const withSecret = await startCoturn([...WITH_SECRET, '--user-quota=1']);
    const made = source({ turn: { urls: [withSecret.url(), withSecret.url('tcp')], secret: SECRET } });
    expect(await made.test()).toMatchObject({ ok: true, servers: [{ code: 'ok' }, { code: 'ok' }] });
  });

  it('without ports to relay on is named', async () => {
    const coturn = await startCoturn([...WITH_SECRET, '--min-port=51000', '--max-port=51000']);
    const user = signCredentials(SECRET, 'other', nowS() + 600);
    const held = await holdAllocation(coturn.port, user.username, user.credential);
    const check = await onlyCheck(source({ turn: { urls: coturn.url(), secret: SECRET } }));
    expect(check).toMatchObject({ code: 'no_capacity' });
    held.close();
  });
});

describe('what is not a TURN server is named', () => {
  const bob = { username: 'bob', credential: 'password' };
  const check = (url: string, options = {}) => checkTurn({ url, credentials: bob }, { ...QUICK, ...options });

  it.each(['udp', 'tcp'])('nothing at this %s port', async (transport) => {
    const url = `turn:127.0.0.1:${await freePort()}?transport=${transport}`;
    const found = await check(url);
    expect(found).toMatchObject({ url, code: 'unreachable' });
    expect(found.message).toMatch(/^Nothing listens on (UDP|TCP) port \d+ of 127\.0\.0\.1\.$/);
  });

  it('silence', async () => {
    const port = await udpServer(() => {});
    expect(await check(`turn:127.0.0.1:${port}`, { timeoutMs: 300 })).toMatchObject({
      code: 'unreachable',
      message: `No answer from UDP port ${port} of 127.0.0.1.`,
    });
  });

  it('a request that got lost is sent again', async () => {
    const packets: Buffer[] = [];
    const port = await udpServer((packet) => void packets.push(packet));
    await check(`turn:127.0.0.1:${port}`, { timeoutMs: 1_000, retransmitMs: 20 });
    expect(packets.length).toBeGreaterThan(2);
    expect(packets[1]).toEqual(packets[0]);
  });

  it('a name that does not exist', async () => {
    expect(await check('turn:no-such-host.invalid')).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('"no-such-host.invalid" was not found'),
    });
  });

  it.each([
    ['something else over UDP', 'udp', 'hello'],
    ['a web server', 'tcp', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ])('%s', async (_what, transport, answer) => {
    const port = await (transport === 'udp' ? udpServer((_, reply) => reply(answer)) : tcpServer((s) => s.end(answer)));
    const found = await check(`turn:127.0.0.1:${port}?transport=${transport}`, { timeoutMs: 500 });
    expect(found).toMatchObject({ code: 'not_turn', message: expect.stringContaining('is not STUN') });
  });

  it.each([
    ['that says nothing', () => {}, 'does not answer STUN'],
    ['that hangs up', (socket: Socket) => void socket.destroy(), 'closed the connection'],
  ])('a TCP server %s', async (_what, onConnection, message) => {
    const port = await tcpServer(onConnection);
    const found = await check(`turn:127.0.0.1:${port}?transport=tcp`, { timeoutMs: 500 });
    expect(found).toMatchObject({ code: 'not_turn', message: expect.stringContaining(message) });
  });

  it('a STUN server that lets Allocate pass in silence', async () => {
    const port = await udpServer((packet, reply) => {
      if (packet.readUInt16BE(0) !== 1) return;
      const success = Buffer.concat([Buffer.from([1, 1, 0, 0]), packet.subarray(4, 20)]);
      reply(success);
    });
    const found = await check(`turn:127.0.0.1:${port}`, { timeoutMs: 500 });
    expect(found).toMatchObject({
      code: 'not_turn',
      message: expect.stringContaining("does not answer TURN's Allocate"),
    });
  });

  it('no TLS where TLS is wanted', async () => {
    const silent = await tcpServer(() => {});
    expect(await check(`turns:127.0.0.1:${silent}`, { timeoutMs: 500 })).toMatchObject({ code: 'tls' });
    const web = await tcpServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await check(`turns:127.0.0.1:${web}`)).toMatchObject({ code: 'tls' });
    const closing = await tcpServer((socket) => void socket.end());
    expect(await check(`turns:127.0.0.1:${closing}`)).toMatchObject({ code: 'tls' });
  });

  it('TLS with something else behind it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'webrtc-preview-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { pem, key } = makeCertificate(folder);
    const server = createTlsServer({ cert: pem, key }, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await check(`turns:localhost:${port}`, { ca: pem })).toMatchObject({ code: 'not_turn' });
  });

  it('DTLS is said not to be tested', async () => {
    expect(await check('turns:127.0.0.1?transport=udp')).toMatchObject({ code: 'tls' });
  });

  it('bytes of any kind: an answer, in time, and no crash', async () => {
    let n = 0;
    const port = await udpServer((packet, reply) => {
      for (let copy = 0; copy < 20; copy += 1) {
        n += 1;
        const noise = Buffer.from(packet);
        noise[n % noise.length] = (n * 37) & 255;
        reply(noise);
        reply(Buffer.concat([Buffer.from([1, 0x13, 0, n % 32]), packet.subarray(4, 20), noise.subarray(0, n % 32)]));
      }
    });
    expect((await check(`turn:127.0.0.1:${port}`, { timeoutMs: 400 })).code).toMatch(/not_turn|unreachable|refused/);
    expect(n).toBeGreaterThan(0);
  });

  it('an end asked for comes at once, with no socket left', async () => {
    const port = await udpServer(() => {});
    const closing = new AbortController();
    const running = check(`turn:127.0.0.1:${port}`, { timeoutMs: 600_000, signal: closing.signal });
    await vi.waitUntil(() => openSockets() > 1);
    closing.abort();
    expect(await running).toMatchObject({ code: 'unreachable', message: expect.stringContaining('ended') });
    await vi.waitUntil(() => openSockets() === 1);
  });

  it('the IPv6 address of a host counts as well', async () => {
    const port = await udpServer(() => {}, '::1');
    const found = await check(`turn:[::1]:${port}`, { timeoutMs: 300 });
    expect(found).toMatchObject({ code: 'unreachable', message: `No answer from UDP port ${port} of ::1.` });
  });
});

it('tests do not pile up: whoever asks while one runs gets its report', async () => {
  let asked = 0;
  const port = await udpServer(() => {
    asked += 1;
  });
  const made = source(
    { iceServers: [{ urls: [`stun:127.0.0.1:${port}`] }] },
    { allocate: { timeoutMs: 200, retransmitMs: 10_000 } },
  );
  const [first, second] = await Promise.all([made.test(), made.test()]);
  expect(second).toBe(first);
  expect(asked).toBe(1);
  expect(first).toMatchObject({ ok: false, servers: [{ code: 'unreachable' }] });
});

it('no server, nothing wrong', async () => {
  expect(await source({}).test()).toMatchObject({ ok: true, servers: [] });
});

/** An allocation that stays: another viewer's. */
async function holdAllocation(port: number, username: string, credential: string): Promise<UdpSocket> {
  const { randomBytes } = await import('node:crypto');
  const stun = await import('../../../src/server/ice/stun-message.js');
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.unref());
  const ask = (attributes: [number, Buffer][], key?: Buffer) =>
    new Promise<Buffer>((resolve) => {
      socket.once('message', resolve);
      const all = [[stun.ATTRIBUTE.requestedTransport, Buffer.from([17, 0, 0, 0])] as const, ...attributes];
      socket.send(stun.encodeRequest(stun.METHOD.allocate, randomBytes(12), all, key), port, '127.0.0.1');
    });
  const { attributes } = stun.decode(await ask([])) ?? { attributes: new Map<number, Buffer>() };
  const realm = attributes.get(stun.ATTRIBUTE.realm) ?? Buffer.alloc(0);
  const nonce = attributes.get(stun.ATTRIBUTE.nonce) ?? Buffer.alloc(0);
  const proof: [number, Buffer][] = [
    [stun.ATTRIBUTE.username, Buffer.from(username)],
    [stun.ATTRIBUTE.realm, realm],
    [stun.ATTRIBUTE.nonce, nonce],
  ];
  const answer = stun.decode(await ask(proof, stun.longTermKey(username, realm.toString(), credential)));
  expect(answer?.kind).toBe('success');
  return socket;
}

async function udpServer(
  onPacket: (packet: Buffer, reply: (answer: string | Buffer) => void) => void,
  host = '127.0.0.1',
): Promise<number> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (packet, from) => onPacket(packet, (answer) => socket.send(answer, from.port, from.address)));
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

async function tcpServer(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;
}
