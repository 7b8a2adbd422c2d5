import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import webrtcSignaling, { type Grant, mintToken, type WebRTCSignalingOptions } from '../../src/server/index.js';
import { ask, bearer, CAMERA, camera, listen, PATH, play, refusalOf, viewer } from './http-support.js';

const SECRET = 'Http-uhJ2vQ8nZxw0pTfLd3YbGm7Ae5C';
const DOCS = readFileSync('docs/http.md', 'utf8');
const FOR_MANAGERS = [
  ['GET', 'sessions'],
  ['GET', 'sessions/none'],
  ['DELETE', 'sessions/none'],
  ['GET', 'metrics'],
  ['POST', 'turn-test'],
] as const;

/** Who shows the token `viewer` has this grant; whoever shows none may publish and manage. */
const authorizeViewer =
  (grant: Grant): NonNullable<WebRTCSignalingOptions['authorize']> =>
  ({ token }) =>
    token === 'viewer' ? grant : token === undefined ? { publish: true, watch: true, manage: true } : undefined;

describe('streams', () => {
  it.each<[string, Grant, string[]]>([
    ['all, for who manages', { manage: true }, ['lab-1', 'lab-2', 'yard']],
    ['those that may be watched', { watch: ['lab-*'] }, ['lab-1', 'lab-2']],
    ['those that may be published', { publish: ['yard'] }, ['yard']],
    ['none without a right', {}, []],
  ])('%s', async (_name, grant, names) => {
    const { fastify, url } = await listen({ authorize: authorizeViewer(grant) });
    for (const stream of ['lab-1', 'lab-2', 'yard']) await camera(url, { stream });
    const { streams } = (await ask(fastify, 'GET', 'streams', { headers: bearer('viewer') })).json();
    expect(streams.map(({ stream }: { stream: string }) => stream).sort()).toEqual(names);
  });

  it('say how many watch, and whose they are, only to who manages', async () => {
    const { fastify, url } = await listen({ authorize: authorizeViewer({ watch: true }) });
    await camera(url);
    await play(fastify);
    const shown = async (headers: Record<string, string>) =>
      (await ask(fastify, 'GET', 'streams', { headers })).json().streams;
    expect(await shown(bearer('viewer'))).toEqual([
      { stream: 'cam', online: true, instance: expect.any(String), camera: CAMERA },
    ]);
    expect(await shown({})).toEqual([expect.objectContaining({ stream: 'cam', sessions: 1, viewers: 1 })]);
  });
});

describe('ICE servers', () => {
  const turn = { urls: ['turn:127.0.0.1:9?transport=tcp'], secret: SECRET };

  it('come with credentials of their own, for who may watch or publish', async () => {
    const { fastify } = await listen({ turn, authorize: authorizeViewer({ watch: ['cam'] }) });
    const get = async () => (await ask(fastify, 'GET', 'ice-servers', { headers: bearer('viewer') })).json();
    const [one, other] = [await get(), await get()];
    expect(one.iceServers).toEqual([
      { urls: turn.urls, username: expect.stringMatching(/^\d+:http-/), credential: expect.any(String) },
    ]);
    expect(one.iceServers[0].username).not.toBe(other.iceServers[0].username);
  });

  it('are not for who may neither', async () => {
    const { fastify } = await listen({ turn, authorize: authorizeViewer({}) });
    const refused = await ask(fastify, 'GET', 'ice-servers', { headers: bearer('viewer') });
    expect(refusalOf(refused)).toEqual([403, 'forbidden']);
  });
});

describe('what is for who manages', () => {
  it.each(FOR_MANAGERS)('%s …/%s', async (method, route) => {
    const { fastify } = await listen({ tokens: { secret: SECRET } });
    const with_ = async (claims: Partial<Parameters<typeof mintToken>[0]>) =>
      ask(fastify, method, route, {
        headers: bearer(await mintToken({ secret: SECRET, ttlS: 60, ...claims } as Parameters<typeof mintToken>[0])),
      });
    expect(refusalOf(await ask(fastify, method, route))).toEqual([401, 'token_missing']);
    const viewer = await with_({ role: 'receiver', streams: '*' });
    expect(viewer.statusCode).toBe(404);
    const operator = await with_({ manage: true });
    if (route.endsWith('none')) expect(refusalOf(operator)).toEqual([404, 'unknown_session']);
    else expect(operator.statusCode, operator.body).toBe(200);
  });

  it('is open to programs on this machine when nothing is configured, and to nobody else', async () => {
    const { fastify } = await listen();
    expect((await ask(fastify, 'GET', 'sessions')).statusCode).toBe(200);
    for (const asked of [
      { remoteAddress: '192.0.2.7' },
      { headers: { 'x-forwarded-for': '192.0.2.7' } },
      { headers: { host: 'rebound.example.org' } },
    ]) {
      expect((await ask(fastify, 'GET', 'sessions', asked)).statusCode, JSON.stringify(asked)).toBe(404);
    }
  });
});

describe('sessions', () => {
  it('have a story and a verdict, while they are open and after', async () => {
    const { fastify, url } = await listen();
    await camera(url);
    const { socket, session } = await viewer(url);
    await socket.emitWithAck('live', { session, epoch: 1 });
    const story = async () => (await ask(fastify, 'GET', `sessions/${session}`)).json();
    expect(await story()).toMatchObject({
      session,
      stream: 'cam',
      via: 'socket',
      state: 'live',
      candidates: { sender: { host: 1 } },
      verdict: { code: 'live', message: expect.stringMatching(/^Live since .*\.$/), next: '' },
    });
    expect((await story()).entries.map(({ event }: { event: string }) => event)).toEqual(
      expect.arrayContaining(['joined', 'offered', 'answered', 'live']),
    );
    await socket.emitWithAck('leave', { session });
    const { sessions } = (await ask(fastify, 'GET', 'sessions')).json();
    expect(sessions).toEqual([expect.objectContaining({ session, state: 'closed' })]);
    expect(sessions[0].verdict.code).toBe('watched');
    expect(JSON.stringify(sessions), 'no addresses').not.toContain('192.0.2.');
  });

  it('say that nobody publishes', async () => {
    const { fastify, url } = await listen();
    const { socket, session } = await viewer(url);
    expect((await ask(fastify, 'GET', `sessions/${session}`)).json().verdict.code).toBe('no_sender');
    socket.close();
  });

  it('end with DELETE: both sides hear that they were kicked', async () => {
    const { fastify, url } = await listen();
    const { hears } = await camera(url);
    const { socket, session } = await viewer(url);
    const closed = new Promise((resolve) => socket.once('session-closed', resolve));
    const ended = await ask(fastify, 'DELETE', `sessions/${session}`);
    expect([ended.statusCode, ended.json()]).toEqual([200, { ended: 1 }]);
    expect(await closed).toMatchObject({ session, reason: 'kicked' });
    expect(await hears('session-closed')).toMatchObject({ session, reason: 'kicked' });
    expect((await ask(fastify, 'GET', `sessions/${session}`)).json().verdict.code).toBe('kicked');
    expect(refusalOf(await ask(fastify, 'DELETE', `sessions/${session}`))).toEqual([404, 'unknown_session']);
  });
});

describe('health', () => {
  it('needs no right', async () => {
    const { fastify } = await listen({ tokens: { secret: SECRET } });
    const { statusCode, body } = await ask(fastify, 'GET', 'health', { remoteAddress: '192.0.2.7' });
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toEqual({
      ok: true,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      uptimeS: expect.any(Number),
      cluster: 'single',
      turn: 'none',
    });
  });

  it('tells of TURN servers that fail, and the test says how', async () => {
    const { fastify } = await listen({ turn: { urls: ['turn:127.0.0.1:9?transport=tcp'], secret: SECRET } });
    const tested = await ask(fastify, 'POST', 'turn-test');
    expect(tested.json()).toMatchObject({ ok: false, servers: [{ code: 'unreachable', next: expect.any(String) }] });
    expect(tested.body).not.toContain(SECRET);
    expect((await ask(fastify, 'GET', 'health')).json()).toMatchObject({ ok: true, turn: 'failing' });
    expect((await ask(fastify, 'GET', 'metrics')).body).toMatch(
      /^webrtc_preview_turn_allocate_ok\{server="0",host="127\.0\.0\.1:9"\} 0$/m,
    );
  });
});

describe('odd requests', () => {
  it.each([
    ['GET', `/${PATH}/streams`, 404],
    ['GET', `${PATH}/%2e%2e/metrics`, 404],
    ['GET', `${PATH}/streams/..%2fmetrics`, 404],
    ['GET', `${PATH}/sessions/%zz`, 400],
    ['GET', `${PATH}/sessions/${'x'.repeat(65)}`, 404],
    ['GET', `${PATH}/sessions/__proto__`, 404],
    ['DELETE', `${PATH}/sessions/__proto__`, 404],
    ['GET', `${PATH}/streams?sid[]=1&sid[]=2&__proto__[x]=1`, 200],
    ['GET', `${PATH}/health?a=%00`, 200],
    ['POST', `${PATH}/streams`, 404],
  ] as const)('%s %s is answered %i', async (method, route, status) => {
    const { fastify } = await listen();
    const response = await ask(fastify, method, route);
    expect(response.statusCode, response.body).toBe(status);
  });

  it.each([
    ['nonsense', 'x', 415],
    ['application/json', JSON.stringify({ x: 'x'.repeat(2_000_000) }), 413],
  ])('a body of the type %s that is none is refused in our form', async (type, body, status) => {
    const { fastify } = await listen();
    const response = await ask(fastify, 'POST', 'turn-test', { headers: { 'content-type': type }, body });
    expect(response.statusCode, response.body).toBe(status);
    expect(response.json().error).toMatchObject({ code: expect.any(String), next: expect.any(String) });
  });

  it('what hooks of the app answer and throw comes out as the app made it', async () => {
    const fastify = Fastify();
    fastify.addHook('onRequest', async (request, reply) => {
      if (request.headers['x-app'] === 'answers') return reply.code(401).send({ error: 'Unauthorized', app: 1 });
      if (request.headers['x-app'] === 'throws') throw Object.assign(new Error('not today'), { statusCode: 403 });
    });
    fastify.setErrorHandler((error: Error, _request, reply) => reply.code(403).send({ told: error.message }));
    await listen({}, { fastify });
    for (const route of ['streams', 'whep/cam/x', 'sessions/x']) {
      const answered = await ask(fastify, 'DELETE', route === 'streams' ? 'sessions/y' : route, {
        headers: { 'x-app': 'answers' },
      });
      expect([answered.statusCode, answered.json()]).toEqual([401, { error: 'Unauthorized', app: 1 }]);
      const thrown = await ask(fastify, 'GET', route, { headers: { 'x-app': 'throws' } });
      expect([thrown.statusCode, thrown.json()]).toEqual([403, { told: 'not today' }]);
    }
  });

  it('too many from one address are refused, and only from there', async () => {
    const { fastify } = await listen({
      limits: { connectRate: { perSecond: 0.001, burst: 2 } },
      clientAddress: ({ headers }) => String(headers['x-address']),
    });
    const from = (address: string, route = 'streams') =>
      ask(fastify, 'GET', route, { headers: { 'x-address': address } });
    const refusals: string[] = [];
    fastify.webrtcSignaling.events.on('client-refused', ({ code, via, address }) =>
      refusals.push(`${via} ${code} ${address}`),
    );
    expect((await from('192.0.2.1')).statusCode).toBe(200);
    expect((await from('192.0.2.1')).statusCode).toBe(200);
    expect(refusalOf(await from('192.0.2.1'))).toEqual([429, 'rate_limited']);
    expect(refusalOf(await play(fastify, { headers: { 'x-address': '192.0.2.1' } }))).toEqual([429, 'rate_limited']);
    expect((await from('192.0.2.2')).statusCode).toBe(200);
    expect((await from('192.0.2.1', 'health')).statusCode, 'a watchdog is never refused').toBe(200);
    expect(refusals).toEqual(['http rate_limited 192.0.2.1', 'http rate_limited 192.0.2.1']);
  });

  it('a preflight says what a page may do', async () => {
    const { fastify } = await listen({ origins: ['https://ops.example.org'] });
    const headers = { origin: 'https://ops.example.org', 'access-control-request-method': 'DELETE' };
    const told = await ask(fastify, 'OPTIONS', 'sessions/x', { headers });
    expect([told.statusCode, told.headers['access-control-allow-methods']]).toEqual([204, 'GET, DELETE']);
    for (const method of ['OPTIONS', 'GET'] as const) {
      const refused = await ask(fastify, method, 'streams', {
        headers: { ...headers, origin: 'https://evil.example.org' },
      });
      expect(refusalOf(refused)).toEqual([403, 'forbidden']);
    }
  });
});

/** Routes as docs/http.md writes them, from an OpenAPI document. */
async function describedRoutes(): Promise<{ routes: string[]; openapi: ReturnType<typeof Object> }> {
  const fastify = Fastify();
  await fastify.register(swagger, { openapi: { info: { title: 'Cameras', version: '1' } } });
  await listen({}, { fastify });
  const openapi = fastify.swagger();
  const routes = Object.entries(openapi.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries((methods ?? {}) as Record<string, { tags?: string[] }>).flatMap(([method, { tags }]) =>
      // Not those of Socket.IO, nor of the app.
      tags?.includes('webrtc-preview')
        ? [`${method.toUpperCase()} …${path.slice(PATH.length).replace(/\{(\w+)\}/g, ':$1')}`]
        : [],
    ),
  );
  return { routes, openapi };
}

describe('OpenAPI', () => {
  it('describes every route', async () => {
    const { routes, openapi } = await describedRoutes();
    expect(routes.sort()).toEqual(
      [
        'GET …/health',
        'GET …/streams',
        'GET …/ice-servers',
        'GET …/sessions',
        'GET …/sessions/:session',
        'DELETE …/sessions/:session',
        'GET …/metrics',
        'POST …/turn-test',
        'POST …/whep/:stream',
        'PATCH …/whep/:stream/:resource',
        'DELETE …/whep/:stream/:resource',
        'POST …/whip/:stream',
      ].sort(),
    );
    for (const methods of Object.values(openapi.paths) as Record<string, Record<string, unknown>>[]) {
      for (const route of Object.values(methods)) {
        if (!route.tags) continue;
        expect(route.summary).toMatch(/\.$/);
        expect(route.responses).toHaveProperty('4XX');
      }
    }
    expect(() => JSON.stringify(openapi)).not.toThrow();
  });

  it('is not needed', async () => {
    const fastify = Fastify();
    await fastify.register(webrtcSignaling, { iceServers: [] });
    expect((await ask(fastify, 'GET', 'health')).statusCode).toBe(200);
    await fastify.close();
  });
});

describe('docs/http.md', () => {
  it('names every verdict', () => {
    const codes = [...readFileSync('src/server/insight/words.ts', 'utf8').matchAll(/^ {2}\| '(\w+)'/gm)];
    expect(codes.length).toBeGreaterThan(20);
    for (const [, code] of codes) expect(DOCS).toContain(`\`${code}\``);
  });
});
