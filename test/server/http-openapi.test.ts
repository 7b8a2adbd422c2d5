import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import webrtcSignaling from '../../src/server/index.js';

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  security?: unknown[];
  parameters?: unknown[];
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

const BASE = '/webrtc-signaling/';

/** `GET /streams` and so on, each with what OpenAPI says of it. Engine.IO's own route is not for people. */
async function documented(): Promise<Map<string, Operation>> {
  const fastify = Fastify();
  // No security scheme: @fastify/swagger throws at every route that names one which the app does not have.
  await fastify.register(swagger, { openapi: {} });
  await fastify.register(webrtcSignaling, { iceServers: [] });
  await fastify.ready();
  const { paths } = fastify.swagger() as unknown as { paths: Record<string, Record<string, Operation>> };
  await fastify.close();
  // As it is sent: whatever cannot be written as JSON would be missing.
  const all = JSON.parse(JSON.stringify(paths)) as typeof paths;
  const operations = new Map<string, Operation>();
  for (const [path, methods] of Object.entries(all)) {
    if (path === BASE) continue;
    for (const [method, operation] of Object.entries(methods)) {
      operations.set(`${method.toUpperCase()} /${path.slice(BASE.length)}`, operation);
    }
  }
  return operations;
}

it('shows every route with a summary, its answers and what it wants to see', async () => {
  const operations = await documented();
  for (const [route, { summary, description, tags, security, responses }] of operations) {
    expect(summary, route).toMatch(/^[A-Z].*\.$/);
    expect(tags, route).toEqual(['webrtc-preview']);
    expect(description, route).toMatch(route === 'GET /health' ? /no right/ : /Authorization: Bearer/);
    expect(security, route).toEqual(route === 'GET /health' ? [] : undefined);
    expect(Object.keys(responses), route).toContain('4XX');
  }
  expect([...operations.keys()].filter((route) => !route.includes('/wh')).sort()).toEqual([
    'DELETE /sessions/{session}',
    'GET /health',
    'GET /ice-servers',
    'GET /metrics',
    'GET /sessions',
    'GET /sessions/{session}',
    'GET /streams',
    'POST /turn-test',
  ]);
});

it('shows the shape of what is answered', async () => {
  const operations = await documented();
  const schemaOf = (route: string, status = '200', type = 'application/json') =>
    operations.get(route)?.responses[status]?.content?.[type]?.schema;
  for (const [route, { responses }] of operations) {
    if (route.includes('/wh') || route === 'GET /metrics') continue;
    for (const status of Object.keys(responses)) {
      expect(schemaOf(route, status), `${route} ${status}`).toMatchObject({ type: 'object', properties: {} });
    }
  }
  expect(schemaOf('GET /metrics', '200', 'text/plain')).toEqual({ type: 'string' });
  expect(schemaOf('GET /health')).toMatchObject({ required: ['ok', 'version', 'uptimeS', 'cluster', 'turn'] });
  expect(schemaOf('GET /streams', '4XX')).toMatchObject({
    properties: { error: { required: ['code', 'message', 'next', 'retryable'] } },
  });
  expect(operations.get('GET /sessions/{session}')?.parameters).toMatchObject([{ name: 'session', in: 'path' }]);
});

it('has the same routes as docs/http.md', async () => {
  const text = readFileSync(new URL('../../docs/http.md', import.meta.url), 'utf8');
  const table = [...text.matchAll(/^\| `([A-Z]+ \/[a-z-]+[^`]*)`/gm)].map(([, route = '']) =>
    route.replace(/:(\w+)/g, '{$1}'),
  );
  const operations = await documented();
  expect(table.sort()).toEqual([...operations.keys()].filter((route) => !route.includes('/wh')).sort());
});
