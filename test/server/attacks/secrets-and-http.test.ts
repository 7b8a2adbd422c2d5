import { Writable } from 'node:stream';
import Fastify from 'fastify';
import { describe, expect, it, vi } from 'vitest';
import { readIceOptions } from '../../../src/server/ice/options.js';
import { IceRotation } from '../../../src/server/ice/rotation.js';
import { createIceSource } from '../../../src/server/ice/source.js';
import webrtcSignaling from '../../../src/server/index.js';
import {
  CAMERA,
  candidate,
  client,
  code,
  fetchAs,
  guarded,
  listen,
  lives,
  next,
  rawHttp,
  receiver,
  refusal,
  SDP,
  SECRET,
  sender,
  token,
  viewer,
} from './support.js';

const turn = { urls: 'turn:turn.example:3478', secret: SECRET };

/** Everything that the server writes to its log, at the level it would have in production. */
function logged(level = 'info') {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { fastify: Fastify({ logger: { level, stream } }), text: () => lines.join('') };
}

describe('attack 35: TURN credentials', () => {
  it.each([
    [0, 60],
    [-5, 60],
    [10 * 365 * 86_400, 86_400],
  ])('with a TTL of %d s last %d s', async (ttlS, expected) => {
    const { url } = await listen({ turn: { ...turn, ttlS } });
    const { joined } = await receiver(url);
    const leftS = ((joined.ice.expiresAt ?? 0) - Date.now()) / 1_000;
    expect(leftS).toBeLessThanOrEqual(expected + 1);
    expect(leftS).toBeGreaterThan(expected / 2);
  });

  it('never hold the secret, nor does anything that the server says', async () => {
    const { fastify, text } = logged('trace');
    const { url } = await listen({ turn, tokens: { secret: SECRET } }, { fastify });
    const headers = { authorization: `Bearer ${await token({ manage: true })}` };
    const said = [];
    for (const route of ['ice-servers', 'streams', 'sessions', 'health', 'metrics']) {
      said.push((await fetchAs(`${url}/webrtc-signaling/${route}`, headers)).body);
    }
    said.push(JSON.stringify(fastify.webrtcSignaling.ice), text());
    for (const part of said) expect(part).not.toContain(SECRET);
  });
});

it.each(['', '   ', '\n', 'changeme', 'openrelayprojectsecret', 'north'])(
  'attack 36: the secret %j is refused at the start',
  async (secret) => {
    for (const options of [{ turn: { ...turn, secret } }, { tokens: { secret } }]) {
      const fastify = Fastify();
      await expect(fastify.register(webrtcSignaling, options).ready()).rejects.toThrow(/webrtc-preview: .*secret/i);
    }
  },
);

describe('attack 37: an ICE provider that', () => {
  const good = { iceServers: [{ urls: ['turn:good.example'], username: 'u', credential: 'p' }], ttl: 3_600 };
  it.each([
    ['fails', () => Promise.reject(new Error('500'))],
    ['answers garbage', async () => 'garbage' as never],
    [
      'answers 10 MB',
      async () => ({ iceServers: [{ urls: ['turn:x'], username: 'x'.repeat(1e7), credential: 'p' }], ttl: 60 }),
    ],
    [
      'names a javascript: address',
      async () => ({ iceServers: [{ urls: ['javascript:alert(1)'], username: 'u', credential: 'p' }], ttl: 60 }),
    ],
  ])('%s leaves the last good servers', async (_name, bad) => {
    let answer: () => Promise<typeof good> = async () => good;
    const { fastify, url } = await listen({ iceServers: undefined as never, iceProvider: () => answer() });
    const urls = async () => (await receiver(url)).joined.ice.iceServers.flatMap((server) => server.urls);
    expect(await urls()).toEqual(['turn:good.example']);
    answer = bad as typeof answer;
    await expect(fastify.webrtcSignaling.rotate()).rejects.toThrow();
    expect(await urls()).toEqual(['turn:good.example']);
  });
});

it('attack 38: line breaks, escapes and megabytes do not reach the log; nor do SDP, tokens and candidates', async () => {
  const { fastify, text } = logged('info');
  const { url } = await listen({ tokens: { secret: SECRET } }, { fastify });
  const jwt = await token({ role: 'sender' });
  const camera = client(url, 'sender', {
    auth: { role: 'sender', protocol: 1, token: jwt },
    extraHeaders: { 'user-agent': `evil%1b[31m ${'x'.repeat(2_000)}` },
  });
  const label = `cam\r\nFAKE {"level":30} \u001b[2J`;
  await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: { ...CAMERA, label } });
  camera.on('offer', (_offer, acknowledge) => acknowledge({ ok: true, sdp: SDP }));
  const watching = client(url, 'receiver', { auth: { role: 'receiver', protocol: 1, token: await token() } });
  const { session } = await watching.emitWithAck('join', { stream: 'cam' });
  await watching.emitWithAck('offer', { session, epoch: 1, sdp: SDP });
  await watching.emitWithAck('candidate', candidate(session, 1));
  await refusal(url, { role: 'receiver', protocol: 1, token: `a\r\nb\u001b${'x'.repeat(5_000)}` }, 'websocket');
  const log = text();
  expect(log).toContain('Session offered');
  for (const line of log.trim().split('\n')) expect(() => JSON.parse(line), line.slice(0, 80)).not.toThrow();
  for (const secret of [
    '\u001b',
    'FAKE {',
    'm=video',
    '192.0.2.1',
    jwt,
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  ]) {
    expect(log).not.toContain(secret);
  }
});

it.each([
  ['right to left', 'cam\u202e'],
  ['no width', 'ca\u200bm'],
  ['composed', 'caf\u00e9'],
  ['decomposed', 'cafe\u0301'],
  ['a lone surrogate', 'cam\ud800'],
  ['a look-alike', '\u0441am'],
  ['65 characters', 'x'.repeat(65)],
])('attack 39: a name with %s is no name', async (_name, stream) => {
  const { fastify, url } = await listen();
  const socket = client(url, 'receiver');
  expect(await socket.emitWithAck('join', { stream })).toEqual(code('bad_request'));
  const { status } = await fetchAs(
    `${url}/webrtc-signaling/whep/${encodeURIComponent(stream.replace(/[\ud800-\udfff]/g, 'x'))}`,
    {},
    'POST',
    'x',
  );
  expect([400, 404, 415]).toContain(status);
  expect(fastify.webrtcSignaling.streams()).toEqual([]);
});

it.each([
  '/webrtc-signaling/../admin',
  '/webrtc-signaling/%2e%2e/admin',
  '/webrtc-signaling//',
  '//webrtc-signaling/',
  '/webrtc-signaling/?sid[]=1&EIO=4&transport=polling',
  '/webrtc-signaling/?EIO=4&EIO=3&transport=polling&transport=websocket',
  '/webrtc-signaling/?EIO=99&transport=polling',
  '/webrtc-signaling/?transport=__proto__&EIO=4',
  '/webrtc-signaling/sessions/%00',
  '/webrtc-signaling/sessions/../health',
  '/webrtc-signaling/whep/cam/%2e%2e',
  '/webrtc-signaling/%',
])('attack 40: GET %s', async (path) => {
  const { port, url } = await listen();
  const said = await rawHttp(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(said).toMatch(/^HTTP\/1\.1 (200|204|400|404)/);
  expect(said).not.toMatch(/^HTTP\/1\.1 5/);
  await lives(url);
});

it('attack 41: a thousand streams do not make a thousand metrics', async () => {
  const { url } = await listen({ messageRate: { perSecond: 1e5, burst: 1e5 } });
  const metrics = async () => (await fetchAs(`${url}/webrtc-signaling/metrics`, {})).body;
  await lives(url);
  const before = (await metrics()).split('\n').length;
  for (let page = 0; page < 10; page += 1) {
    const socket = client(url, 'receiver');
    for (let name = 0; name < 100; name += 1) socket.emit('join', { stream: `s${page}-${name}` });
    for (let name = 0; name < 20; name += 1) await socket.emitWithAck(`event-${page}-${name}`, {});
  }
  const after = await metrics();
  expect(after).toContain('webrtc_preview_messages_total{event="unknown"');
  expect(after).not.toMatch(/s3-7|event-3/);
  expect(after.split('\n').length).toBeLessThan(before + 40);
});

it.each(['sessions', 'metrics', 'sessions/00000000-0000-4000-8000-000000000000'])(
  'attack 42: %s is not for everyone',
  async (route) => {
    const { url } = await guarded();
    const ask = async (headers: Record<string, string>) =>
      (await fetchAs(`${url}/webrtc-signaling/${route}`, headers)).status;
    expect(await ask({})).toBe(401);
    expect(await ask({ authorization: `Bearer ${await token()}` })).toBe(404);
    const elsewhere = await listen({ clientAddress: () => '192.0.2.7' });
    expect(
      (await fetchAs(`${elsewhere.url}/webrtc-signaling/${route}`, { 'x-forwarded-for': '192.0.2.7' })).status,
    ).toBe(404);
  },
);

it('attack 42: the list of streams has only what the caller may see', async () => {
  const { url } = await guarded();
  for (const stream of ['cam', 'secret']) {
    const camera = client(url, 'sender', {
      auth: { role: 'sender', protocol: 1, token: await token({ role: 'sender', streams: '*' }) },
    });
    await camera.emitWithAck('publish', { stream, instance: stream, camera: CAMERA });
  }
  const { body } = await fetchAs(`${url}/webrtc-signaling/streams`, { authorization: `Bearer ${await token()}` });
  expect(JSON.parse(body).streams.map(({ stream }: { stream: string }) => stream)).toEqual(['cam']);
});

it('attack 43: WHEP resources cannot be guessed, and wrong requests are refused by their kind', async () => {
  const { fastify, url } = await listen();
  const camera = await sender(url);
  const sdp = { 'content-type': 'application/sdp' };
  const created = await fastify.inject({
    method: 'POST',
    url: '/webrtc-signaling/whep/cam',
    headers: sdp,
    payload: SDP,
  });
  expect(created.statusCode).toBe(201);
  const location = String(created.headers.location);
  expect(location).toMatch(/\/whep\/cam\/[A-Za-z0-9_-]{43}$/);
  const fragment = 'application/trickle-ice-sdpfrag';
  const patch = (resource: string, headers: Record<string, string>) =>
    fastify.inject({
      method: 'PATCH',
      url: resource,
      headers,
      payload: 'a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n',
    });
  const guessed = location.slice(0, -1) + (location.endsWith('A') ? 'B' : 'A');
  expect((await fastify.inject({ method: 'DELETE', url: guessed })).statusCode).toBe(404);
  expect((await patch(guessed, { 'content-type': fragment, 'if-match': '*' })).statusCode).toBe(404);
  expect((await patch(location, { 'content-type': 'text/plain' })).statusCode).toBe(415);
  expect((await patch(location, { 'content-type': fragment })).statusCode).toBe(428);
  expect((await patch(location, { 'content-type': fragment, 'if-match': '"other"' })).statusCode).toBe(412);
  expect((await fastify.inject({ method: 'GET', url: location })).statusCode).toBe(204);
  const heard = next(camera, 'candidate');
  const etag = String(created.headers.etag);
  expect((await patch(location, { 'content-type': fragment, 'if-match': etag })).statusCode).toBe(204);
  await heard;
  const ended = next(camera, 'session-closed');
  expect((await fastify.inject({ method: 'DELETE', url: location })).statusCode).toBe(200);
  expect(await ended).toMatchObject({ reason: 'left' });
});

it('attack 44: private, mDNS and named candidates are passed on as they are, and never looked up', async () => {
  const { url } = await listen();
  const camera = await sender(url);
  const { socket, session } = await viewer(url);
  for (const host of ['10.0.0.1', '127.0.0.1', '9b36eaac-bb2e-49bb-bb78-21c41c499900.local', 'attacker.example.com']) {
    const line = `candidate:1 1 udp 1 ${host} 9 typ host`;
    const heard = next<{ candidate: { candidate: string } }>(camera, 'candidate');
    expect(await socket.emitWithAck('candidate', { session, epoch: 1, candidate: { candidate: line } })).toEqual({
      ok: true,
    });
    expect((await heard).candidate.candidate).toBe(line);
  }
});

it.each([3_600_000, -3_600_000])(
  'attack 47: a clock that jumps by %d ms leaves no peer with ended credentials',
  (jumpMs) => {
    vi.useFakeTimers();
    let wall = 1_800_000_000_000;
    let monotonic = 0;
    const clocks = { now: () => wall, monotonic: () => monotonic };
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const source = createIceSource(readIceOptions({ turn: { ...turn, ttlS: 600 } }, {}), {
      log,
      clocks,
      random: () => 0.5,
    });
    const rotation = new IceRotation(source, { clocks });
    let last = rotation.track({
      id: 'receiver-1',
      push: (ice) => {
        last = ice;
      },
    });
    wall += jumpMs;
    for (let second = 0; second < 1_200; second += 1) {
      wall += 1_000;
      monotonic += 1_000;
      vi.advanceTimersByTime(1_000);
      if (second > 60) expect(last.expiresAtMs, `after ${second} s`).toBeGreaterThan(wall);
    }
    rotation.close();
    source.close();
    vi.useRealTimers();
  },
);

it('attack 48: with Redis away this node goes on by itself, and says what it cannot do', {
  timeout: 20_000,
}, async () => {
  const { fastify, url } = await listen({ redis: { url: 'redis://127.0.0.1:1' } });
  const health = JSON.parse((await fetchAs(`${url}/webrtc-signaling/health`, {})).body);
  expect(health).toMatchObject({ ok: true, cluster: 'degraded' });
  const camera = client(url, 'sender');
  const ack = await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
  expect(ack).toEqual(code('cluster_unavailable'));
  await lives(url);
  expect(fastify.webrtcSignaling.streams().every(({ online }) => !online)).toBe(true);
});
