import { request as httpRequest } from 'node:http';
import fc from 'fast-check';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/index.js';
import { mintToken } from '../../src/server/index.js';
import {
  ask,
  bearer,
  camera,
  FRAGMENT,
  LATE_CANDIDATE,
  listen,
  OFFER,
  PATH,
  play,
  refusalOf,
  TRICKLE,
  until,
} from './http-support.js';

const SECRET = 'Wh3p-uhJ2vQ8nZxw0pTfLd3YbGm7Ae5C';
const NO_LIMITS = { limits: { connectRate: false, joinRate: false, negotiationsPerAddress: false } } as const;

/** A session that plays, and how to speak of it. */
async function playing(options: Parameters<typeof listen>[0] = {}) {
  const { fastify, url } = await listen(options);
  const sender = await camera(url);
  const opened = await play(fastify);
  expect(opened.statusCode, opened.body).toBe(201);
  const { location, etag } = opened.headers as { location: string; etag: string };
  const patch = (body: string, headers: Record<string, string> = {}) =>
    ask(fastify, 'PATCH', location, { headers: { 'content-type': FRAGMENT, 'if-match': etag, ...headers }, body });
  return { fastify, url, ...sender, opened, location, etag, patch };
}

describe('a player that offers', () => {
  it('gets the answer, and all that it needs to go on', async () => {
    const { fastify, opened, location, etag } = await playing();
    expect(opened.headers['content-type']).toBe('application/sdp');
    expect(opened.headers['cache-control']).toBe('no-store');
    expect(location).toMatch(/^\/webrtc-signaling\/whep\/cam\/[\w-]{43}$/);
    expect(etag).toMatch(/^"[\w-]+"$/);
    expect(opened.headers['accept-patch']).toBe(FRAGMENT);
    expect([opened.headers.link].flat(), 'no ICE servers, no link').toEqual([]);
    expect(fastify.webrtcSignaling.sessions()).toEqual([
      expect.objectContaining({ stream: 'cam', via: 'whep', state: 'answered' }),
    ]);
    expect(location).not.toContain(fastify.webrtcSignaling.sessions()[0]?.session);
  });

  it("finds all of the sender's candidates in the section that the bundle goes by", async () => {
    const { opened } = await playing();
    const [, audio = '', video = ''] = opened.body.split(/^m=/m);
    expect(audio.match(/^a=candidate:.*$/gm)).toEqual([
      'a=candidate:1 1 udp 1 192.0.2.1 5000 typ host',
      `a=${LATE_CANDIDATE}`,
    ]);
    expect(audio).toContain('a=end-of-candidates\r\n');
    expect(video).not.toContain('candidate');
  });

  it('is told of the TURN servers, with credentials of its own', async () => {
    const turn = { urls: ['turn:127.0.0.1:9?transport=tcp'], secret: SECRET };
    const { fastify, opened } = await playing({ turn });
    const [link, ...others] = [opened.headers.link].flat();
    expect(others).toEqual([]);
    expect(link).toMatch(
      /^<turn:127\.0\.0\.1:9\?transport=tcp>; rel="ice-server"; username="\d+:receiver-[\w-]+"; credential="[^"]+"; credential-type="password"$/,
    );
    const asked = await ask(fastify, 'OPTIONS', 'whep/cam');
    expect([asked.statusCode, asked.headers['accept-post']]).toEqual([204, 'application/sdp']);
    expect(String(asked.headers.link)).toMatch(/^<turn:127\.0\.0\.1:9.*username="\d+:whep-/);
  });

  it('may be a page of an origin that is named, and reads every header', async () => {
    const { fastify, url } = await listen({ origins: ['https://player.example.org'] });
    const headers = { origin: 'https://player.example.org' };
    const offline = await play(fastify, { headers });
    expect(refusalOf(offline)).toEqual([409, 'stream_offline']);
    await camera(url);
    for (const response of [offline, await play(fastify, { headers })]) {
      expect(response.headers['access-control-allow-origin']).toBe(headers.origin);
      expect(response.headers['access-control-expose-headers']).toBe(
        'Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After',
      );
    }
    expect(refusalOf(await play(fastify, { headers: { origin: 'https://evil.example.org' } }))).toEqual([
      403,
      'forbidden',
    ]);
  });

  it('leaves nothing behind when it is refused', async () => {
    const { fastify } = await listen();
    expect(refusalOf(await play(fastify, { offer: 'v=1' }))).toEqual([400, 'invalid_sdp']);
    expect(refusalOf(await play(fastify, { offer: '' }))).toEqual([400, 'invalid_sdp']);
    const offline = await play(fastify);
    expect(refusalOf(offline)).toEqual([409, 'stream_offline']);
    expect(Number(offline.headers['retry-after'])).toBeGreaterThan(0);
    expect(offline.json().error).toEqual({
      code: 'stream_offline',
      message: expect.stringMatching(/\.$/),
      next: expect.stringMatching(/\.$/),
      retryable: true,
    });
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
    await until(() => fastify.webrtcSignaling.streams().length === 0);
  });

  it.each(['cam.1', 'a%2Fb', '%00', 'x'.repeat(65)])(
    'is 404 under the name %s, which no stream has',
    async (stream) => {
      const { fastify } = await listen();
      expect(refusalOf(await play(fastify, { stream }))[0]).toBe(404);
    },
  );

  it.each(['text/plain', 'application/json', FRAGMENT, 'application/sdpx'])(
    'must say application/sdp, not %s',
    async (type) => {
      const { fastify, url } = await listen();
      await camera(url);
      const response = await play(fastify, { headers: { 'content-type': type } });
      expect(response.statusCode).toBe(415);
      expect(response.json().error.message).toContain('application/sdp.');
    },
  );

  it.each(['Application/SDP', 'application/sdp; charset=utf-8'])('may say %s', async (type) => {
    const { fastify, url } = await listen();
    await camera(url);
    expect((await play(fastify, { headers: { 'content-type': type } })).statusCode).toBe(201);
  });

  it('must not send more than an SDP may have', async () => {
    const { fastify } = await listen();
    expect(refusalOf(await play(fastify, { offer: OFFER.padEnd(LIMITS.sdpLength + 1, 'x') }))).toEqual([
      413,
      'too_large',
    ]);
  });

  it('waits for a place where as many watch as may', async () => {
    const { fastify, location } = await playing({ maxViewers: 1 });
    const full = await play(fastify);
    expect(refusalOf(full)).toEqual([503, 'stream_full']);
    expect(Number(full.headers['retry-after'])).toBeGreaterThan(0);
    await ask(fastify, 'DELETE', location);
    expect((await play(fastify)).statusCode).toBe(201);
  });

  it('shows a token where tokens are asked for, and for this stream', async () => {
    const { fastify, url } = await listen({ tokens: { secret: SECRET } });
    const mint = (role: 'sender' | 'receiver', streams: string) =>
      mintToken({ secret: SECRET, role, streams, ttlS: 60 });
    await camera(url, { auth: { token: await mint('sender', 'cam') } });
    const nobody = await play(fastify);
    expect(refusalOf(nobody)).toEqual([401, 'token_missing']);
    expect(nobody.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(refusalOf(await play(fastify, { headers: bearer('wrong') }))).toEqual([401, 'unauthorized']);
    expect(refusalOf(await play(fastify, { headers: bearer(await mint('sender', 'cam')) }))[0]).toBe(403);
    expect(refusalOf(await play(fastify, { headers: bearer(await mint('receiver', 'other')) }))).toEqual([
      403,
      'forbidden',
    ]);
    const watching = await play(fastify, { headers: bearer(await mint('receiver', 'cam')) });
    expect(watching.statusCode).toBe(201);
    const ended = await ask(fastify, 'DELETE', String(watching.headers.location));
    expect(ended.statusCode, 'whoever knows the session may end it').toBe(200);
  });

  it('and goes away while it waits is over at the sender, and gives its place back', async () => {
    const { fastify, url, port } = await listen({ limits: { connections: 2 } });
    const { hears } = await camera(url, { answers: false });
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: `${PATH}/whep/cam` });
    request.on('error', () => {});
    request.setHeader('content-type', 'application/sdp');
    request.end(OFFER);
    const { session } = await hears('offer');
    expect(refusalOf(await play(fastify))).toEqual([429, 'too_many_connections']);
    request.destroy();
    expect((await hears('session-closed')).session).toBe(session);
    await until(() => fastify.webrtcSignaling.sessions().length === 0);
    const again = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: `${PATH}/whep/none` });
    again.setHeader('content-type', 'application/sdp');
    const status = new Promise((resolve) => again.on('response', (response) => resolve(response.statusCode)));
    again.end(OFFER);
    expect(await status).toBe(409);
  });

  it('and is gone before its rights are known asks the sender nothing', async () => {
    let letIn = () => {};
    let isAsked = () => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const { fastify, url, port } = await listen({
      authorize: async ({ role }) => {
        if (role === 'sender') return { publish: true };
        isAsked();
        await new Promise<void>((resolve) => {
          letIn = resolve;
        });
        return { watch: true };
      },
    });
    const { heard } = await camera(url);
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: `${PATH}/whep/cam` });
    request.on('error', () => {});
    request.setHeader('content-type', 'application/sdp');
    const left = new Promise<void>((resolve) => {
      fastify.webrtcSignaling.events.on('client-disconnected', ({ via }) => {
        if (via === 'whep') resolve();
      });
    });
    const closed = new Promise<void>((resolve) => {
      fastify.server.on('request', (_request, response) => response.on('close', resolve));
    });
    request.end(OFFER);
    await asked;
    request.destroy();
    await closed;
    letIn();
    await left;
    expect(heard).toEqual([]);
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });
});

describe('a page before it asks', () => {
  it.each([
    ['whep/cam', 'OPTIONS, GET, HEAD, POST'],
    ['whep/cam/session', 'OPTIONS, GET, HEAD, PATCH, DELETE'],
    ['whip/cam', 'POST, OPTIONS'],
  ])('hears what it may do at %s', async (route, methods) => {
    const { fastify } = await listen({ origins: ['https://player.example.org'] });
    const headers = {
      origin: 'https://player.example.org',
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'authorization,if-match,content-type',
    };
    const { statusCode, headers: told } = await ask(fastify, 'OPTIONS', route, { headers });
    expect(statusCode).toBe(204);
    expect(told).toMatchObject({
      'access-control-allow-origin': headers.origin,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': headers['access-control-request-headers'],
      vary: 'Origin',
    });
    const evil = await ask(fastify, 'OPTIONS', route, { headers: { ...headers, origin: 'https://evil.example.org' } });
    expect(evil.statusCode).toBe(403);
    expect(evil.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('needs no token for that, and gets no ICE servers', async () => {
    const { fastify } = await listen({
      tokens: { secret: SECRET },
      iceServers: [{ urls: ['stun:127.0.0.1:9'] }],
    });
    const preflight = await ask(fastify, 'OPTIONS', 'whep/cam', {
      headers: { 'access-control-request-method': 'POST' },
    });
    expect([preflight.statusCode, preflight.headers.link]).toEqual([204, undefined]);
    expect((await ask(fastify, 'OPTIONS', 'whep/cam')).statusCode, 'which ICE servers there are').toBe(401);
  });
});

describe('candidates of the player', () => {
  it('reach the sender', async () => {
    const { patch, heard, fastify } = await playing();
    expect((await patch(TRICKLE)).statusCode).toBe(204);
    await until(() => heard.filter(({ event }) => event === 'candidate').length === 2);
    const session = fastify.webrtcSignaling.sessions()[0]?.session;
    const candidates = heard.filter(({ event }) => event === 'candidate').map(({ message }) => message);
    expect(candidates).toEqual([
      {
        session,
        epoch: 1,
        candidate: {
          candidate: 'candidate:7 1 udp 1 192.0.2.7 7000 typ host',
          sdpMid: '0',
          sdpMLineIndex: 0,
        },
      },
      { session, epoch: 1, candidate: { candidate: '', sdpMid: '0', sdpMLineIndex: 0 } },
    ]);
  });

  it.each<[string, string, Record<string, string>, [number, string]]>([
    ['of no form', 'hello', {}, [400, 'invalid_sdp']],
    ['of a section that was not offered', 'm=video 9 RTP/AVP 0\r\na=mid:9\r\n', {}, [400, 'invalid_sdp']],
    ['of another ICE session', TRICKLE, { 'if-match': '"other"' }, [412, 'stale_epoch']],
    ['as an ICE restart', TRICKLE.replace('play', 'anew'), { 'if-match': '*' }, [422, 'not_supported']],
    ['as an offer', TRICKLE, { 'content-type': 'application/sdp' }, [415, 'bad_request']],
    ['as text', TRICKLE, { 'content-type': 'text/plain' }, [415, 'bad_request']],
    ['without end', TRICKLE.padEnd(LIMITS.sdpLength + 1, '\r\n'), {}, [413, 'too_large']],
    ['too long', `a=candidate:${'x'.repeat(LIMITS.candidateLength)}`, {}, [400, 'bad_request']],
  ])('are refused %s, and the session goes on', async (_name, body, headers, refusal) => {
    const { patch, heard } = await playing();
    const response = await patch(body, headers);
    expect(refusalOf(response)).toEqual(refusal);
    if (response.statusCode === 415) expect(response.json().error.message).toContain(FRAGMENT);
    expect(heard.map(({ event }) => event)).toEqual(['offer']);
    expect((await patch(TRICKLE, { 'content-type': `${FRAGMENT.toUpperCase()}; x=y` })).statusCode).toBe(204);
  });

  it('need the ETag', async () => {
    const { fastify, location } = await playing();
    const response = await ask(fastify, 'PATCH', location, { headers: { 'content-type': FRAGMENT }, body: TRICKLE });
    expect(response.statusCode).toBe(428);
  });

  it('may be anything: the server never fails', async () => {
    const { patch, fastify } = await playing({ ...NO_LIMITS, messageRate: { perSecond: 1e6, burst: 1e6 } });
    const line = fc.oneof(
      fc.constantFrom(...TRICKLE.split('\r\n')),
      fc.constantFrom('a=mid:1', 'm=', 'a=mid:', 'a=candidate:', 'a=ice-ufrag:', '\r', '\0', '='),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ maxLength: 20 }).map((text) => `a=candidate:${text}`),
    );
    const body = fc.tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\r\n', '\n', '\r'));
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(body, async ([lines, end]) => {
        const { statusCode } = await patch(lines.join(end));
        statuses.add(statusCode);
        expect([204, 400, 404, 422, 429]).toContain(statusCode);
      }),
      { numRuns: 300 },
    );
    expect([...statuses].sort(), 'all of them were tried').toEqual(expect.arrayContaining([204, 400, 422]));
    expect((await ask(fastify, 'GET', 'health')).json().ok).toBe(true);
  });
});

describe('a session', () => {
  it('ends at the sender with DELETE, once', async () => {
    const { fastify, location, hears, heard, patch } = await playing();
    const offered = heard[0]?.message.session;
    expect((await ask(fastify, 'DELETE', location)).statusCode).toBe(200);
    expect((await hears('session-closed')).session).toBe(offered);
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
    expect(refusalOf(await ask(fastify, 'DELETE', location))).toEqual([404, 'unknown_session']);
    expect(refusalOf(await patch(TRICKLE))).toEqual([404, 'unknown_session']);
  });

  it('is unknown under another stream, or to who guesses', async () => {
    const { fastify, location } = await playing();
    for (const url of [location.replace('/cam/', '/other/'), `${location}x`, `${PATH}/whep/cam/__proto__`]) {
      expect(refusalOf(await ask(fastify, 'DELETE', url)), url).toEqual([404, 'unknown_session']);
    }
    expect(fastify.webrtcSignaling.sessions()).toHaveLength(1);
  });

  it('is over once it was kicked', async () => {
    const { fastify, location, hears } = await playing();
    expect(fastify.webrtcSignaling.kick({ stream: 'other' })).toBe(0);
    const session = fastify.webrtcSignaling.sessions()[0]?.session ?? '';
    expect(fastify.webrtcSignaling.kick({ session })).toBe(1);
    expect(await hears('session-closed')).toMatchObject({ reason: 'kicked' });
    expect(refusalOf(await ask(fastify, 'DELETE', location))).toEqual([404, 'unknown_session']);
  });

  it('is over once the sender has ended it', async () => {
    const { fastify, socket, location, heard } = await playing();
    await socket.emitWithAck('leave', { session: heard[0]?.message.session });
    expect(refusalOf(await ask(fastify, 'DELETE', location))).toEqual([404, 'unknown_session']);
  });

  it('has no place at another host, however many slashes the app overlooks', async () => {
    const fastify = Fastify({ routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true } });
    const { url } = await listen({}, { fastify });
    await camera(url);
    const { headers } = await ask(fastify, 'POST', `/${PATH}/whep//cam/?x=//y`, {
      headers: { 'content-type': 'application/sdp' },
      body: OFFER,
    });
    expect(headers.location).toMatch(/^\/webrtc-signaling\/whep\/cam\/[\w-]{43}$/);
  });
});

describe('a WHIP client', () => {
  it.each<Record<string, string>>([{ 'content-type': 'application/sdp' }, { 'content-type': 'text/plain' }, {}])(
    'hears why not, whatever it sends: %j',
    async (headers) => {
      const { fastify } = await listen();
      const response = await ask(fastify, 'POST', 'whip/cam', { headers, body: OFFER });
      expect(refusalOf(response)).toEqual([501, 'not_supported']);
      expect(response.json().error.next).toMatch(/sender.*WHEP/);
    },
  );
});
