import type { FastifyInstance } from 'fastify';
import { errorInfo } from '../../protocol/index.js';
import { type Streams as Covered, covers, type Grant } from '../access/access.js';
import type { Cluster } from '../cluster/cluster.js';
import type { PeerIce } from '../ice/ice.js';
import type { TurnReport } from '../ice/turn-report.js';
import type { Metrics } from '../insight/metrics.js';
import type { SessionStory, Timelines } from '../insight/timelines.js';
import { type Verdict, verdict } from '../insight/verdict.js';
import type { Registry, StreamSnapshot, Target } from '../sessions/registry.js';
import type { HttpDoor } from './door.js';
import { describe, Ended, Health, HIDDEN, IceConfig, Sessions, Story, Streams, TurnTest } from './schemas.js';
import { serveApart } from './scope.js';
import { sendError } from './status.js';

/** What the routes show. */
export interface RoutesContext {
  readonly path: string;
  readonly door: HttpDoor;
  readonly registry: Registry;
  readonly timelines: Timelines;
  readonly metrics: Metrics;
  /** Absent with a single server. */
  readonly cluster: Cluster | undefined;
  readonly version: string;
  /** Whether peers are given a TURN server. */
  hasRelay(): boolean;
  /** The last test of the TURN servers. */
  lastTurnTest(): TurnReport | undefined;
  testTurn(): Promise<TurnReport>;
  iceFor(user: string): PeerIce;
  newId(): string;
  kick(target: Target): number;
}

const SESSION = {
  params: { type: 'object', required: ['session'], properties: { session: { type: 'string' } } },
};

/** `GET …/ice-servers`, `/streams`, `/sessions`, `/health` and `/metrics`, and what goes with them. */
export function serveRoutes(fastify: FastifyInstance, context: RoutesContext): void {
  serveApart(fastify, (scope) => {
    // Nothing here takes a body; one that comes all the same is no reason to refuse.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 1_024 }, (_request, _body, done) => done(null));
    addRoutes(scope, context);
  });
}

function addRoutes(fastify: FastifyInstance, context: RoutesContext): void {
  const { path, door } = context;
  const bornMs = performance.now();
  const preflights: [string, string][] = [
    ['ice-servers', 'GET'],
    ['streams', 'GET'],
    ['sessions', 'GET'],
    ['sessions/:session', 'GET, DELETE'],
    ['turn-test', 'POST'],
  ];
  for (const [name, methods] of preflights) {
    fastify.options(`${path}/${name}`, { schema: HIDDEN }, (request, reply) => door.preflight(request, reply, methods));
  }

  fastify.get(
    `${path}/ice-servers`,
    { schema: describe('ICE servers for one peer, with credentials of its own.', { 200: IceConfig }) },
    async (request, reply) => {
      const admitted = await door.admit(request, reply, { methods: 'GET' });
      if (!admitted) return reply;
      const { watch, publish } = admitted.grant;
      if (!(coversAny(watch) || coversAny(publish))) return sendError(reply, errorInfo('forbidden'));
      return reply.header('cache-control', 'no-store').send(context.iceFor(`http-${context.newId()}`).browser);
    },
  );

  fastify.get(
    `${path}/streams`,
    { schema: describe('Streams that the caller may watch, publish or manage.', { 200: Streams }) },
    async (request, reply) => {
      const admitted = await door.admit(request, reply, { methods: 'GET' });
      if (!admitted) return reply;
      const streams = context.registry.streams().filter((stream) => maySee(admitted.grant, stream));
      return reply.header('cache-control', 'no-store').send({ streams: streams.map(shownTo(admitted.grant)) });
    },
  );

  fastify.get(
    `${path}/sessions`,
    { schema: describe('Sessions of this node, open ones first, each with a verdict.', { 200: Sessions }) },
    async (request, reply) => {
      if (!(await door.admitManager(request, reply, 'GET'))) return reply;
      return reply.header('cache-control', 'no-store').send({ sessions: listed() });
    },
  );

  fastify.get<{ Params: { session: string } }>(
    `${path}/sessions/:session`,
    { schema: describe('What happened to one session, and what is wrong with it.', { 200: Story }, SESSION) },
    async (request, reply) => {
      if (!(await door.admitManager(request, reply, 'GET, DELETE'))) return reply;
      const story = context.timelines.get(request.params.session);
      if (!story) return sendError(reply, errorInfo('unknown_session', 'There is no such session at this server.'));
      const verdict = verdicts()(story);
      return reply.header('cache-control', 'no-store').send({ ...story, verdict });
    },
  );

  fastify.delete<{ Params: { session: string } }>(
    `${path}/sessions/:session`,
    { schema: describe('Ends one session: both sides hear that it was kicked.', { 200: Ended }, SESSION) },
    async (request, reply) => {
      if (!(await door.admitManager(request, reply, 'GET, DELETE'))) return reply;
      const ended = context.kick({ session: request.params.session });
      if (ended === 0)
        return sendError(reply, errorInfo('unknown_session', 'There is no such session at this server.'));
      return { ended };
    },
  );

  fastify.get(
    `${path}/health`,
    {
      schema: describe('Whether the server serves.', { 200: Health }, { description: 'Needs no right.', security: [] }),
      logLevel: 'warn',
    },
    async (_request, reply) => {
      const turn = context.lastTurnTest();
      return reply.header('cache-control', 'no-store').send({
        ok: true,
        version: context.version,
        uptimeS: Math.round((performance.now() - bornMs) / 1_000),
        cluster: context.cluster?.state ?? 'single',
        turn: !context.hasRelay() ? 'none' : turn === undefined ? 'unknown' : turn.ok ? 'ok' : 'failing',
      });
    },
  );

  fastify.get(
    `${path}/metrics`,
    {
      schema: describe('Metrics for Prometheus.', { 200: { type: 'string' } }, { produces: ['text/plain'] }),
      logLevel: 'warn',
    },
    async (request, reply) => {
      if (!(await door.admitManager(request, reply, 'GET'))) return reply;
      return reply.type(context.metrics.contentType).send(await context.metrics.text());
    },
  );

  fastify.post(
    `${path}/turn-test`,
    { schema: describe('Allocates at every TURN server for a moment, and says what is wrong.', { 200: TurnTest }) },
    async (request, reply) => {
      if (!(await door.admitManager(request, reply, 'POST'))) return reply;
      return context.testTurn();
    },
  );

  function listed() {
    const verdictOf = verdicts();
    return context.timelines.list().map((story) => {
      const { entries: _entries, dropped: _dropped, ...summary } = story;
      return { ...summary, verdict: verdictOf(story) };
    });
  }

  /** What is the same for all sessions is looked up once: there may be thousands. */
  function verdicts(): (story: SessionStory) => Verdict {
    const online = new Set(context.registry.streams().flatMap(({ stream, online }) => (online ? [stream] : [])));
    const nowMs = Math.round(performance.timeOrigin + performance.now());
    const circumstances = { relayConfigured: context.hasRelay(), turn: context.lastTurnTest(), nowMs };
    return (story) => verdict(story, { ...circumstances, online: online.has(story.stream) });
  }
}

/** A stream that somebody only waits for is a name that this somebody typed, and nobody else's business. */
function maySee({ manage, watch, publish }: Grant, { stream, online, camera }: StreamSnapshot): boolean {
  return Boolean(manage) || ((online || camera !== undefined) && (covers(watch, stream) || covers(publish, stream)));
}

function coversAny(streams: Covered | undefined): boolean {
  return streams === true || (streams?.length ?? 0) > 0;
}

/** How many watch, and whose it is, is for those who manage. */
function shownTo({ manage }: Grant): (snapshot: StreamSnapshot) => Partial<StreamSnapshot> {
  if (manage) return (snapshot) => snapshot;
  return ({ stream, online, instance, camera }) => ({
    stream,
    online,
    ...(instance && { instance }),
    ...(camera && { camera }),
  });
}
