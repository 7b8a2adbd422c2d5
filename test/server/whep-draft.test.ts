import { gzipSync } from 'node:zlib';
import Fastify, { type InjectOptions } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LIMITS } from '../../src/protocol/index.js';
import webrtcSignaling, { mintToken, type WebRTCSignalingOptions } from '../../src/server/index.js';
import { CAMERA, client, listen, next, SDP } from './support.js';

const OFFER = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
const URL = '/webrtc-signaling/whep/cam';
const CANDIDATE = 'candidate:1 1 udp 1 192.0.2.1 1 typ host';
const PLAYER_SDP = `${SDP}a=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n`;
const TRICKLE = `a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=video 9 RTP/AVP 0\r\na=mid:0\r\na=${CANDIDATE}\r\n`;

/** A server with a sender that answers, sends one candidate, and says that there are no more. */
async function streaming(options: WebRTCSignalingOptions = {}, auth = {}, fastify = Fastify()) {
  const running = await listen(options, { fastify });
  const sender = client(running.url, 'sender', { auth: { role: 'sender', protocol: 1, ...auth } });
  sender.on('offer', ({ session, epoch }, acknowledge) => {
    acknowledge({ ok: true, sdp: SDP });
    for (const candidate of ['candidate:7 1 udp 1 192.0.2.7 7 typ host', '']) {
      sender.emit('candidate', { session, epoch, candidate: { candidate, sdpMLineIndex: 0 } }, () => {});
    }
  });
  expect(await sender.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA })).toMatchObject({
    ok: true,
  });
  const ask = (method: string, url: string, options: Omit<InjectOptions, 'method' | 'url'> = {}) =>
    fastify.inject({ method: method as 'GET', url, ...options });
  const post = (headers = {}, payload: string | Buffer = PLAYER_SDP, url = URL) =>
    ask('POST', url, { headers: { 'content-type': OFFER, ...headers }, payload });
  const patch = (url: string, headers: Record<string, string>, payload: string | Buffer = TRICKLE) =>
    ask('PATCH', url, { headers: { 'content-type': FRAGMENT, ...headers }, payload });
  /** A player whose answer has come. */
  const watch = async (headers = {}) => {
    const { statusCode, headers: got } = await post(headers);
    expect(statusCode).toBe(201);
    return { location: String(got.location), etag: String(got.etag) };
  };
  const sessions = () => running.fastify.webrtcSignaling.sessions();
  return { ...running, sender, ask, post, patch, watch, sessions };
}

const code = (response: { json(): { error: { code: string } } }) => response.json().error.code;

describe('a WHEP player', () => {
  it('gets the answer with the candidates of the sender in it, and all that it needs for more', async () => {
    const iceServers = [{ urls: ['turn:turn.example'], username: 'u"', credential: 'p' }];
    const { post, sessions } = await streaming({ iceServers });
    const response = await post({ 'content-type': 'application/sdp; charset=utf-8' });
    expect(response.statusCode).toBe(201);
    expect(response.body).toBe(`${SDP}a=candidate:7 1 udp 1 192.0.2.7 7 typ host\r\na=end-of-candidates\r\n`);
    expect(response.headers).toMatchObject({
      'content-type': 'application/sdp',
      'accept-patch': FRAGMENT,
      'cache-control': 'no-store',
      etag: expect.stringMatching(/^"[\w-]+"$/),
      location: expect.stringMatching(/^\/webrtc-signaling\/whep\/cam\/[\w-]{43}$/),
    });
    expect([response.headers.link].flat()).toEqual([
      '<turn:turn.example>; rel="ice-server"; username="u\\""; credential="p"; credential-type="password"',
    ]);
    expect(sessions()).toMatchObject([{ stream: 'cam', via: 'whep', state: 'answered' }]);
    expect(response.headers.location, 'what is in logs and events opens nothing').not.toContain(sessions()[0]?.session);
  });

  it.each(['*', '"*"', 'the-etag', '"other", the-etag'])('may say If-Match: %s', async (match) => {
    const { patch, watch } = await streaming();
    const { location, etag } = await watch();
    expect((await patch(location, { 'if-match': match.replace('the-etag', etag) })).statusCode).toBe(204);
  });

  it('is told to come back when nobody streams', async () => {
    const { post, sessions } = await streaming();
    const response = await post({}, PLAYER_SDP, '/webrtc-signaling/whep/other');
    expect(response.statusCode).toBe(409);
    expect(code(response)).toBe('stream_offline');
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    expect(sessions()).toEqual([]);
  });

  it('hears why the sender refused it', async () => {
    const { post, sender, sessions } = await streaming();
    sender.off('offer').on('offer', (_offer, acknowledge) => {
      const error = { code: 'codec_mismatch', message: 'No.', next: 'Other.', retryable: false };
      acknowledge({ ok: false, error });
    });
    const response = await post();
    expect(response.statusCode).toBe(422);
    expect(code(response)).toBe('codec_mismatch');
    expect(sessions()).toEqual([]);
  });

  it('finds its session gone when it was kicked, or the sender went or ended it', async () => {
    const { watch, patch, sender, fastify, sessions } = await streaming();
    const kicked = await watch();
    fastify.webrtcSignaling.kick({ session: sessions()[0]?.session ?? '' });
    expect((await patch(kicked.location, { 'if-match': kicked.etag })).statusCode).toBe(404);

    const ended = await watch();
    await sender.emitWithAck('leave', { session: sessions()[0]?.session });
    expect((await patch(ended.location, { 'if-match': ended.etag })).statusCode).toBe(404);

    const left = await watch();
    await sender.emitWithAck('unpublish', { stream: 'cam' });
    expect((await patch(left.location, { 'if-match': left.etag })).statusCode).toBe(404);
    expect(sessions()).toEqual([]);
  });

  it('finds out by HEAD and GET that this is WHEP, and that there is nothing to see', async () => {
    const { ask, watch } = await streaming();
    for (const method of ['GET', 'HEAD']) {
      const { statusCode, headers, body } = await ask(method, URL);
      expect([statusCode, headers['content-type'], headers['content-length'], body]).toEqual([200, OFFER, '0', '']);
    }
    const { location } = await watch();
    for (const method of ['GET', 'HEAD']) {
      const { statusCode, body } = await ask(method, location);
      expect([statusCode, body]).toEqual([204, '']);
    }
  });
});

describe('rights', () => {
  const secret = 'kQ7w1vB0mZr5xT9nC3yF6hJ8pL2sD4gA';
  const bearer = async (role: 'receiver' | 'sender', stream: string) => ({
    authorization: `Bearer ${await mintToken({ secret, role, streams: [stream], ttlS: 600 })}`,
  });
  const guarded = async () => {
    const { authorization } = await bearer('sender', 'cam');
    const iceServers = [{ urls: ['turn:turn.example'], username: 'u', credential: 'p' }];
    return streaming({ tokens: { secret }, iceServers }, { token: authorization.slice('Bearer '.length) });
  };

  it('are what OPTIONS wants before it names ICE servers, and a preflight has none', async () => {
    const { ask } = await guarded();
    const options = (headers: Record<string, string>) => ask('OPTIONS', URL, { headers });
    const shown = await options(await bearer('receiver', 'cam'));
    expect([shown.statusCode, shown.headers['accept-post']]).toEqual([204, OFFER]);
    expect(String(shown.headers.link)).toContain('credential="p"');
    for (const headers of [{}, await bearer('receiver', 'other')]) {
      const { statusCode, headers: got } = await options(headers as Record<string, string>);
      expect(statusCode).toBeGreaterThanOrEqual(401);
      expect(got).not.toHaveProperty('link');
    }
    const preflight = await options({ 'access-control-request-method': 'POST' });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers).not.toHaveProperty('link');
  });
});

describe('a page of another origin', () => {
  const origin = 'https://player.example';
  const from = { origin };

  it('may use it when the option "origins" names it, and reads every answer', async () => {
    const { ask, post, patch, watch } = await streaming({ origins: [origin] });
    for (const [url, method] of [
      [URL, 'POST'],
      [`${URL}/x`, 'PATCH'],
      [`${URL}/x`, 'DELETE'],
    ] as const) {
      const { statusCode, headers } = await ask('OPTIONS', url, {
        headers: {
          ...from,
          'access-control-request-method': method,
          'access-control-request-headers': 'authorization,content-type,if-match',
        },
      });
      expect(statusCode).toBe(204);
      expect(headers['access-control-allow-origin']).toBe(origin);
      expect(String(headers['access-control-allow-methods']).split(', ')).toContain(method);
      expect(headers['access-control-allow-headers']).toBe('authorization,content-type,if-match');
    }
    const { location } = await watch(from);
    const answers = [
      await post(from),
      await post(from, '', '/webrtc-signaling/whep/other'),
      await post({ ...from, 'content-type': 'text/plain' }),
      await post(from, 'x'.repeat(LIMITS.sdpLength + 1)),
      await patch(location, from),
      await ask('PUT', URL, { headers: from }),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 400, 415, 413, 428, 405]);
    for (const { headers } of answers) {
      expect(headers['access-control-allow-origin']).toBe(origin);
      for (const name of ['Location', 'ETag', 'Link', 'Retry-After']) {
        expect(String(headers['access-control-expose-headers']).split(', ')).toContain(name);
      }
    }
  });

  it('may not, otherwise', async () => {
    const { ask, post, patch, sessions } = await streaming();
    for (const response of [
      await post(from),
      await patch(`${URL}/x`, from),
      await ask('OPTIONS', URL, { headers: from }),
      await ask('PUT', URL, { headers: from }),
    ]) {
      expect(response.statusCode).toBe(403);
      expect(response.headers).not.toHaveProperty('access-control-allow-origin');
    }
    expect(sessions()).toEqual([]);
  });
});

describe('attacks', () => {
  it('attack 13: an offer or a fragment of 128 KiB and one byte is too large', async () => {
    const { post, patch, watch } = await streaming();
    const large = PLAYER_SDP.padEnd(LIMITS.sdpLength + 1, 'a=x\r\n');
    expect([(await post({}, large)).statusCode, code(await post({}, large))]).toEqual([413, 'too_large']);
    const { location, etag } = await watch();
    expect((await patch(location, { 'if-match': etag }, large)).statusCode).toBe(413);
  });

  it.each([
    ['nothing in it', ''],
    ['another beginning', `x=1\r\n${PLAYER_SDP}`],
    ['another version', PLAYER_SDP.replace('v=0', 'v=01')],
    ['NUL', PLAYER_SDP.replace('s=-', 's=\0')],
    ['a bare CR', PLAYER_SDP.replace('s=-\r\n', 's=-\r')],
    ['ten thousand lines', `${PLAYER_SDP}${'a=x\r\n'.repeat(10_000)}`],
    ['a thousand media sections', `v=0\r\n${'m=v\r\n'.repeat(1_000)}`],
    ['no media section', 'v=0\r\ns=-\r\n'],
  ])('attack 14: an offer with %s is invalid, and the sender is not asked', async (_name, sdp) => {
    const { post, sender, sessions } = await streaming();
    const asked: unknown[] = [];
    sender.on('offer', (offer) => asked.push(offer));
    const response = await post({}, sdp);
    expect([response.statusCode, code(response)]).toEqual([400, 'invalid_sdp']);
    expect(sessions()).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('attack 43: a guessed id, a wrong ETag, a wrong type, GET and the rest', async () => {
    const { ask, post, patch, watch, sender, sessions } = await streaming();
    const { location, etag } = await watch();
    const match = { 'if-match': etag };
    const guesses = [`${URL}/${'A'.repeat(43)}`, location.slice(0, -1), location.replace('/cam/', '/other/')];
    for (const url of [...guesses, `${URL}/${sessions()[0]?.session}`, `${URL}/__proto__`, `${URL}/constructor`]) {
      expect((await patch(url, match)).statusCode, url).toBe(404);
      expect((await ask('DELETE', url)).statusCode, url).toBe(404);
      expect((await ask('GET', url)).statusCode, url).toBe(404);
    }
    const statuses = async (...all: ReturnType<typeof ask>[]) => (await Promise.all(all)).map((one) => one.statusCode);
    expect(await statuses(patch(location, {}), patch(location, { 'if-match': '' }))).toEqual([428, 412]);
    expect(
      await statuses(patch(location, { 'if-match': '"x"' }), patch(location, { 'if-match': `W/${etag}` })),
    ).toEqual([412, 412]);
    for (const type of ['text/plain', 'application/json', OFFER]) {
      expect(await statuses(patch(location, { ...match, 'content-type': type }, '{}'))).toEqual([415]);
    }
    expect(await statuses(post({ 'content-type': FRAGMENT }), post({ 'content-type': 'text/plain' }))).toEqual([
      415, 415,
    ]);
    expect(await statuses(patch(location, match, 'nonsense'))).toEqual([400]);
    const restart = TRICKLE.replace('abcd', 'wxyz');
    expect(await statuses(patch(location, match, restart), patch(location, { 'if-match': '*' }, restart))).toEqual([
      422, 422,
    ]);
    for (const [method, url] of [
      ['PUT', URL],
      ['PATCH', URL],
      ['DELETE', URL],
      ['PUT', location],
      ['POST', location],
    ] as const) {
      const { statusCode, headers } = await ask(method, url, { headers: { 'content-type': 'x/y' }, payload: 'z' });
      expect([method, statusCode, headers.allow]).toEqual([method, 405, expect.stringContaining('OPTIONS')]);
    }
    expect(sessions(), 'the session lives on').toHaveLength(1);
    const heard = next(sender, 'candidate');
    expect(await statuses(patch(location, match))).toEqual([204]);
    await heard;
  });

  it('attack 15: more candidates than a negotiation may have are refused', async () => {
    const { patch, watch } = await streaming();
    const { location, etag } = await watch();
    const many = `a=${CANDIDATE}\r\n`.repeat(LIMITS.candidatesPerNegotiation + 1);
    const response = await patch(location, { 'if-match': etag }, many);
    expect([response.statusCode, code(response)]).toEqual([429, 'rate_limited']);
    const long = `a=candidate:${'1'.repeat(10_240)}\r\n`;
    expect((await patch(location, { 'if-match': etag }, long)).statusCode).toBe(400);
  });

  it.each([
    '/../cam',
    '/%2e%2e',
    '/c%00am',
    '/%F0%9F%93%B7',
    '/cam%2Fcam',
    '/',
    '//',
    '/cam//',
    '/%zz',
    `/${'a'.repeat(65)}`,
    `/${'a'.repeat(5_000)}`,
  ])('attack 40: the address "%.20s" is not found, or no address at all', async (path) => {
    const { post, ask } = await streaming();
    for (const response of [
      await post({}, PLAYER_SDP, `/webrtc-signaling/whep${path}`),
      await ask('DELETE', `/webrtc-signaling/whep${path}/x`),
      await ask('GET', `/webrtc-signaling/whep${path}/x?y[]=1`),
    ]) {
      expect([400, 403, 404, 405, 414]).toContain(response.statusCode);
    }
    expect((await post()).statusCode).toBe(201);
  });

  it('attack 45: a compressed offer is not unpacked', async () => {
    const { post, sessions } = await streaming();
    const bomb = gzipSync('a'.repeat(10_000_000));
    const response = await post({ 'content-encoding': 'gzip' }, bomb);
    expect(response.statusCode).toBe(415);
    expect(sessions()).toEqual([]);
  });
});

it('the URL of a session is not in the log', async () => {
  const lines: string[] = [];
  const logger = { level: 'info', stream: { write: (line: string) => lines.push(line) } };
  const { watch, patch, ask } = await streaming({}, {}, Fastify({ logger }));
  const { location, etag } = await watch();
  await patch(location, { 'if-match': etag });
  await patch(location, {});
  await ask('PUT', location);
  await ask('DELETE', location);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.join('')).not.toContain(location.split('/').at(-1));
});

it('closing the server tells the sender of no player, so that its media flows on', async () => {
  const { watch, sender, fastify } = await streaming();
  await watch();
  const closed: { reason: string }[] = [];
  sender.on('session-closed', (message) => closed.push(message));
  const gone = next(sender, 'disconnect');
  await fastify.close();
  await gone;
  expect(closed.filter(({ reason }) => reason !== 'server-closing')).toEqual([]);
});

it('works under a prefix', async () => {
  const fastify = Fastify();
  onTestFinished(() => fastify.close());
  await fastify.register(async (app) => app.register(webrtcSignaling, { iceServers: [], path: '/cams' }), {
    prefix: '/live',
  });
  const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
  const publisher = client(url, 'sender', { path: '/live/cams' });
  publisher.on('offer', (_offer, acknowledge) => acknowledge({ ok: true, sdp: SDP }));
  await publisher.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
  const request = { headers: { 'content-type': OFFER }, payload: PLAYER_SDP };
  const { statusCode, headers } = await fastify.inject({ method: 'POST', url: '/live/cams/whep/cam', ...request });
  expect(statusCode).toBe(201);
  expect(headers.location).toMatch(/^\/live\/cams\/whep\/cam\/[\w-]{43}$/);
  expect((await fastify.inject({ method: 'DELETE', url: String(headers.location) })).statusCode).toBe(200);
});
