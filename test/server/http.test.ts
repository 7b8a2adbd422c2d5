import Fastify from 'fastify';
import { describe, expect, it, vi } from 'vitest';
import { ERRORS } from '../../src/protocol/index.js';
import { bearerOf } from '../../src/server/http/bearer.js';
import { statusOf } from '../../src/server/http/status.js';
import webrtcSignaling, { type Grant, type WebRTCSignalingOptions } from '../../src/server/index.js';
import { CAMERA, candidate, client, fetchAs, listen, next, sender, viewer } from './support.js';

const BASE = '/webrtc-signaling';

/** A server on which the token is the grant, written as JSON. */
function granting(options: WebRTCSignalingOptions = {}) {
  return listen({
    authorize: ({ token }) => token && (JSON.parse(atob(token)) as Grant),
    ...options,
  } as WebRTCSignalingOptions);
}

function as(grant: Grant): Record<string, string> {
  return { authorization: `Bearer ${btoa(JSON.stringify(grant))}` };
}

const MANAGER = as({ manage: true });

async function ask(url: string, route: string, headers: Record<string, string> = {}, method = 'GET') {
  const { status, headers: answered, body } = await fetchAs(`${url}${BASE}/${route}`, headers, method);
  return { status, headers: answered, body: body === '' ? undefined : JSON.parse(body) };
}

describe('GET /sessions', () => {
  it('tells a session from its start to its end, with a verdict', async () => {
    const { url } = await listen();
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    await socket.emitWithAck('candidate', candidate(session, 1));
    await camera.emitWithAck('candidate', candidate(session, 1));
    await socket.emitWithAck('live', { session, epoch: 1 });
    const live = await ask(url, `sessions/${session}`);
    expect(live).toMatchObject({
      status: 200,
      body: {
        session,
        stream: 'cam',
        via: 'socket',
        state: 'live',
        candidates: { sender: { host: 1 }, receiver: { host: 1 } },
        verdict: { code: 'live', message: expect.stringMatching(/^Live since .*Z, .* after its offer\.$/), next: '' },
      },
    });
    const events = (of: typeof live) => of.body.entries.map(({ event }: { event: string }) => event);
    expect(events(live)).toEqual(['joined', 'offered', 'answered', 'candidate', 'candidate', 'live']);
    await socket.emitWithAck('leave', { session });
    const over = await ask(url, `sessions/${session}`);
    expect(over.body).toMatchObject({ state: 'closed', closed: { reason: 'left' }, verdict: { code: 'watched' } });
    expect(events(over).at(-1)).toBe('closed');
  });

  it('names the reason when there is no path', async () => {
    const { url } = await listen();
    await sender(url);
    const { socket, session } = await viewer(url);
    await socket.emitWithAck('candidate', candidate(session, 1));
    const error = { code: 'ice_failed', ...ERRORS.ice_failed };
    await socket.emitWithAck('leave', { session, error });
    const { body } = await ask(url, `sessions/${session}`);
    expect(body.verdict).toMatchObject({ code: 'no_sender_candidates' });
  });

  it('knows from a stream whether somebody publishes it', async () => {
    const { url } = await listen();
    const socket = client(url, 'receiver');
    const { session } = await socket.emitWithAck('join', { stream: 'cam' });
    expect((await ask(url, `sessions/${session}`)).body.verdict.code).toBe('no_sender');
    await sender(url);
    expect((await ask(url, `sessions/${session}`)).body.verdict.code).toBe('not_started');
  });

  it('lists them without what happened to each', async () => {
    const { url } = await listen();
    await sender(url);
    const first = await viewer(url);
    const second = await viewer(url);
    await first.socket.emitWithAck('leave', { session: first.session });
    const { body } = await ask(url, 'sessions');
    expect(body.sessions.map(({ session }: { session: string }) => session)).toEqual([second.session, first.session]);
    expect(body.sessions[0]).toMatchObject({ state: 'answered', verdict: { code: 'connecting' } });
    expect(body.sessions[0]).not.toHaveProperty('entries');
  });

  it.each(['nothing', '__proto__', 'constructor', '..%2fhealth', '%00', 'x'.repeat(90)])(
    'has no session %s',
    async (name) => {
      const { url } = await listen();
      for (const method of ['GET', 'DELETE']) {
        const { status, body } = await ask(url, `sessions/${name}`, {}, method);
        expect([status, body.error.code]).toEqual([404, 'unknown_session']);
      }
    },
  );
});

describe('DELETE /sessions/:session', () => {
  it('ends the session, and says so to both sides and in its story', async () => {
    const { url } = await listen();
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    const told = Promise.all([next(camera, 'session-closed'), next(socket, 'session-closed')]);
    expect(await ask(url, `sessions/${session}`, {}, 'DELETE')).toMatchObject({ status: 200, body: { ended: 1 } });
    for (const message of await told) expect(message).toMatchObject({ session, reason: 'kicked' });
    expect((await ask(url, `sessions/${session}`)).body.verdict.code).toBe('kicked');
    expect((await ask(url, `sessions/${session}`, {}, 'DELETE')).status).toBe(404);
  });

  it('takes a body as no reason to refuse', async () => {
    const { fastify, url } = await listen();
    await sender(url);
    const { session } = await viewer(url);
    const headers = { 'content-type': 'application/json' };
    const { statusCode } = await fastify.inject({ method: 'DELETE', url: `${BASE}/sessions/${session}`, headers });
    expect(statusCode).toBe(200);
  });

  it('is for those who manage', async () => {
    const { fastify, url } = await granting();
    const camera = client(url, 'sender', {
      auth: { role: 'sender', protocol: 1, token: btoa(JSON.stringify({ publish: true })) },
    });
    await camera.emitWithAck('publish', { stream: 'cam', instance: 'one', camera: CAMERA });
    const socket = client(url, 'receiver', {
      auth: { role: 'receiver', protocol: 1, token: btoa(JSON.stringify({ watch: true })) },
    });
    const { session } = await socket.emitWithAck('join', { stream: 'cam' });
    expect((await ask(url, `sessions/${session}`, as({ watch: true, publish: true }), 'DELETE')).status).toBe(404);
    expect((await ask(url, `sessions/${session}`, {}, 'DELETE')).status).toBe(401);
    expect(fastify.webrtcSignaling.sessions()).toHaveLength(1);
  });
});

describe('GET /streams', () => {
  it('shows cameras to who may watch or publish them, and how many watch to who manages', async () => {
    const { url } = await granting();
    const camera = client(url, 'sender', {
      auth: { role: 'sender', protocol: 1, token: btoa(JSON.stringify({ publish: true, subject: 'ann' })) },
    });
    for (const stream of ['front', 'back']) {
      await camera.emitWithAck('publish', { stream, instance: 'one', camera: CAMERA });
    }
    const seenBy = async (grant: Grant) => (await ask(url, 'streams', as(grant))).body.streams;
    expect(await seenBy({ watch: ['front'] })).toEqual([
      { stream: 'front', online: true, instance: expect.any(String), camera: CAMERA },
    ]);
    expect(await seenBy({ publish: ['b*'] })).toMatchObject([{ stream: 'back', camera: CAMERA }]);
    expect(await seenBy({})).toEqual([]);
    expect(await seenBy({ manage: true })).toMatchObject([
      { stream: 'front', viewers: 0, owner: 'ann' },
      { stream: 'back', viewers: 0, owner: 'ann' },
    ]);
  });

  it('does not tell one viewer which names another one waits for', async () => {
    const { url } = await granting();
    const socket = client(url, 'receiver', {
      auth: { role: 'receiver', protocol: 1, token: btoa(JSON.stringify({ watch: true })) },
    });
    await socket.emitWithAck('join', { stream: 'my-secret-name' });
    expect((await ask(url, 'streams', as({ watch: true }))).body.streams).toEqual([]);
    expect((await ask(url, 'streams', MANAGER)).body.streams).toMatchObject([
      { stream: 'my-secret-name', online: false },
    ]);
  });
});

describe('attack 34: GET /ice-servers', () => {
  const turn = { urls: 'turn:turn.example:3478', secret: 'kQ7w1vB0mZr5xT9nC3yF6hJ8pL2sD4gA' };

  it('is for who may watch or publish something', async () => {
    const { url } = await granting({ turn });
    const status = async (headers: Record<string, string>) => (await ask(url, 'ice-servers', headers)).status;
    expect(await status({})).toBe(401);
    expect(await status(as({}))).toBe(403);
    expect(await status(as({ watch: [] }))).toBe(403);
    expect(await status(as({ watch: ['cam'] }))).toBe(200);
    expect(await status(as({ publish: true }))).toBe(200);
  });

  it('gives credentials that end, to a user whom the server names', async () => {
    const { url } = await granting({ turn });
    const asked = await ask(url, 'ice-servers?user=victim&username=victim', as({ watch: true, subject: 'ann' }));
    expect(asked.headers['cache-control']).toBe('no-store');
    const [server] = asked.body.iceServers;
    expect(server.username).toMatch(/^\d+:[A-Za-z0-9_-]+$/);
    expect(server.username).not.toContain('victim');
    expect(asked.body.expiresAt).toBeGreaterThan(Date.now());
  });

  it('is not answered a thousand times a minute', async () => {
    const { url } = await listen({ clientAddress: () => '192.0.2.7' });
    const statuses = new Set<number>();
    for (let i = 0; i < 1_000 && !statuses.has(429); i++) statuses.add((await ask(url, 'ice-servers')).status);
    expect([...statuses]).toEqual([200, 429]);
  });
});

describe('GET /health', () => {
  it('needs no right, and says how it is', async () => {
    const { url } = await granting();
    const { status, headers, body } = await ask(url, 'health');
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      ok: true,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      uptimeS: expect.any(Number),
      cluster: 'single',
      turn: 'none',
    });
  });

  it('names a TURN server that fails, once it has been tested', async () => {
    // Nothing listens on the discard port of loopback.
    const turn = { urls: 'turn:127.0.0.1:9', secret: 'kQ7w1vB0mZr5xT9nC3yF6hJ8pL2sD4gA' };
    const { fastify, url } = await listen({ turn });
    const tested = new Promise((resolve) => fastify.webrtcSignaling.events.once('turn-tested', resolve));
    const { body } = await ask(url, 'turn-test', {}, 'POST');
    await tested;
    expect(body).toMatchObject({ ok: false, servers: [{ url: expect.stringContaining('127.0.0.1:9') }] });
    expect((await ask(url, 'health')).body.turn).toBe('failing');
    const { body: metrics } = await fetchAs(`${url}${BASE}/metrics`, {});
    expect(metrics).toContain('webrtc_preview_turn_allocate_ok{server="0",host="127.0.0.1:9"} 0');
  });

  it('is 503 while the server closes', async () => {
    const fastify = Fastify();
    let during: number | undefined;
    fastify.addHook('preClose', async () => {
      during = (await fetchAs(`${url}${BASE}/health`, {})).status;
    });
    const { url } = await listen({}, { fastify });
    expect((await ask(url, 'health')).status).toBe(200);
    await fastify.close();
    expect(during).toBe(503);
  });
});

describe('GET /metrics', () => {
  it('is text for Prometheus, of what happened here', async () => {
    const { url } = await listen();
    await sender(url);
    const { socket, session } = await viewer(url);
    await socket.emitWithAck('live', { session, epoch: 1 });
    const read = async () => fetchAs(`${url}${BASE}/metrics`, {});
    const { headers, body } = await read();
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const line of [
      'connections{role="sender",via="socket"} 1',
      'connections{role="receiver",via="socket"} 1',
      'messages_total{event="publish",code="ok"} 1',
      'messages_total{event="offer",code="ok"} 1',
      'streams{state="online"} 1',
      'sessions{state="live"} 1',
      'session_offer_to_live_seconds_count 1',
      'session_offer_to_answer_seconds_count 1',
    ]) {
      expect(body).toContain(`\nwebrtc_preview_${line}\n`);
    }
    socket.disconnect();
    let after = body;
    await vi.waitFor(async () => {
      after = (await read()).body;
      expect(after).toContain('webrtc_preview_connections{role="receiver",via="socket"} 0');
    });
  });

  it('counts who was refused, by HTTP as well', async () => {
    const { fastify, url } = await granting();
    const socket = client(url, 'receiver', { auth: { role: 'receiver', protocol: 1 }, reconnection: false });
    await next(socket, 'connect_error');
    await ask(url, 'streams');
    const { body } = await fastify.inject({ url: `${BASE}/metrics`, headers: MANAGER });
    expect(body).toContain('webrtc_preview_connections_refused_total{via="socket",code="unauthorized"} 1');
    expect(body).toContain('webrtc_preview_connections_refused_total{via="http",code="unauthorized"} 1');
  });
});

describe('every route', () => {
  const routes = ['ice-servers', 'streams', 'sessions', 'sessions/x', 'metrics'];

  it.each(routes)('GET /%s refuses a page of a strange origin, and says why in the usual form', async (route) => {
    const { url } = await listen();
    const { status, body } = await ask(url, route, { origin: 'https://evil.example' });
    expect([status, body.error.code]).toEqual([403, 'forbidden']);
    expect(body.error).toEqual({
      code: 'forbidden',
      message: expect.any(String),
      next: expect.any(String),
      retryable: false,
    });
  });

  it('lets an allowed page read the answer, and tells its browser what it may send', async () => {
    const origin = 'https://good.example';
    const { url } = await listen({ origins: [origin] });
    expect((await ask(url, 'streams', { origin })).headers).toMatchObject({
      'access-control-allow-origin': origin,
      vary: 'Origin',
    });
    const preflight = await ask(
      url,
      'sessions/x',
      { origin, 'access-control-request-method': 'DELETE', 'access-control-request-headers': 'authorization' },
      'OPTIONS',
    );
    expect(preflight).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-methods': 'GET, DELETE',
        'access-control-allow-headers': 'authorization',
      },
    });
    expect((await ask(url, 'sessions/x', { origin: 'https://evil.example' }, 'OPTIONS')).status).toBe(403);
  });

  it('says to a 401 which kind of token it wants', async () => {
    const { url } = await granting();
    const { status, headers, body } = await ask(url, 'sessions');
    expect([status, headers['www-authenticate'], body.error.code]).toEqual([401, 'Bearer', 'unauthorized']);
  });

  it.each(['health', 'streams', 'ice-servers', 'metrics', 'sessions'])(
    'HEAD /%s has the status of GET and no body',
    async (route) => {
      const { url } = await listen();
      expect(await fetchAs(`${url}${BASE}/${route}`, {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
    },
  );

  it.each([
    ['POST', 'health'],
    ['PUT', 'streams'],
    ['DELETE', 'sessions'],
    ['GET', 'turn-test'],
    ['PATCH', 'sessions/x'],
  ])('%s /%s is not there', async (method, route) => {
    const { url } = await listen();
    expect((await fetchAs(`${url}${BASE}/${route}`, {}, method)).status).toBe(404);
  });

  it('starts in an app whose compilers know nothing of JSON schema, and leaves no field out', async () => {
    const fastify = Fastify();
    fastify.setValidatorCompiler(() => {
      throw new Error('this is no zod schema');
    });
    await fastify.register(async (scope) => {
      // What an app's type provider does to every route of the instance.
      scope.setSerializerCompiler(() => () => '{}');
      scope.setValidatorCompiler(() => () => ({ error: new Error('not validated by this app') }));
      await scope.register(webrtcSignaling, { iceServers: [{ urls: ['stun:stun.example'] }] });
    });
    await fastify.ready();
    expect((await fastify.inject(`${BASE}/health`)).json()).toMatchObject({ ok: true, cluster: 'single' });
    expect((await fastify.inject(`${BASE}/ice-servers`)).json()).toEqual({
      iceServers: [{ urls: ['stun:stun.example'] }],
    });
    expect((await fastify.inject(`${BASE}/sessions/x`)).json()).toMatchObject({ error: { code: 'unknown_session' } });
    await fastify.close();
  });
});

describe('a bearer token', () => {
  it.each([
    ['nothing', undefined, undefined],
    ['a token', 'Bearer abc.def-_~+/=', 'abc.def-_~+/='],
    ['any case of the scheme', 'bEaReR abc', 'abc'],
    ['spaces around it', 'Bearer   abc ', 'abc'],
  ])('is read from %s', (_name, authorization, token) => {
    expect(bearerOf({ headers: { ...(authorization !== undefined && { authorization }) } })).toBe(token);
  });

  it.each(['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a,b', 'Bearer é'])(
    'that is none (%j) is not overlooked',
    (authorization) => {
      expect(bearerOf({ headers: { authorization } })).toBeTypeOf('string');
    },
  );

  it('belongs to no other scheme: a proxy before the server may have its own', () => {
    expect(bearerOf({ headers: { authorization: 'Basic YTpi' } })).toBeUndefined();
  });

  it('is never longer than a token may be, and a little', () => {
    expect(bearerOf({ headers: { authorization: `Bearer ${'x'.repeat(100_000)}` } })).toHaveLength(8_193);
  });
});

it('has an HTTP status for every error', () => {
  for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
    expect(statusOf(code), code).toBeGreaterThanOrEqual(400);
    expect(statusOf(code), code).toBeLessThan(600);
  }
});
