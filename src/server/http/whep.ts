import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorInfo, errorInfo, LIMITS, sdpProblem } from '../../protocol/index.js';
import { covers } from '../access/access.js';
import type { PeerIce } from '../ice/ice.js';
import type { WhepDoor, WhepSession } from '../whep/door.js';
import { readFragment } from '../whep/fragment.js';
import { iceLinks } from '../whep/links.js';
import type { HttpDoor } from './door.js';
import { describe, HIDDEN } from './schemas.js';
import { refuseType, serveApart } from './scope.js';
import { sendError, statusOf } from './status.js';

/** What the WHEP routes need. */
export interface WhepContext {
  readonly path: string;
  readonly door: HttpDoor;
  readonly players: WhepDoor;
  /** Takes a place for one more connection from this address, or says why there is none. */
  limit(address: string): ErrorInfo | undefined;
  iceFor(user: string): PeerIce;
  newId(): string;
}

type StreamRequest = FastifyRequest<{ Params: { stream: string } }>;
type ResourceRequest = FastifyRequest<{ Params: { stream: string; resource: string } }>;

const ENDPOINT_METHODS = 'OPTIONS, GET, HEAD, POST';
const RESOURCE_METHODS = 'OPTIONS, GET, HEAD, PATCH, DELETE';
const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
/** What a page of another origin may read of an answer. */
const EXPOSED = 'Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After';
/** Where a player may try again by itself: after this, in s, and from then on less and less often. */
const RETRY_S = '2';

/**
 * WHEP (draft-ietf-wish-whep, and RFC 9725 for what it leaves to WHIP): any player gets the camera by one `POST`. The viewer
 * offers and the sender answers, as everywhere here, and through the same door: rights, limits and sessions are those of every
 * other viewer. docs/whep.md says what a player sees.
 */
export function serveWhep(fastify: FastifyInstance, context: WhepContext): void {
  serveApart(fastify, (scope) => {
    scope.removeAllContentTypeParsers();
    for (const type of [SDP, FRAGMENT]) {
      scope.addContentTypeParser(type, { parseAs: 'string', bodyLimit: LIMITS.sdpLength }, (_request, body, done) =>
        done(null, body),
      );
    }
    // Refused where the route knows which type it wants.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    serveEndpoint(scope, context);
    serveResource(scope, context);
  });
}

/** `<path>/whep/:stream`, where sessions begin. */
function serveEndpoint(scope: FastifyInstance, context: WhepContext): void {
  const url = `${context.path}/whep/:stream`;
  // Before the body is read, so that a page can read every refusal.
  const shared = { onRequest: sharing(context.door, ENDPOINT_METHODS) };
  const schema = describe(
    'Lets a WHEP player watch a stream: takes its offer, gives the answer.',
    { 201: { type: 'string', description: 'The SDP answer. Location, ETag and Link are in the header.' } },
    { consumes: [SDP], produces: [SDP] },
  );
  scope.post<{ Params: { stream: string } }>(url, { ...shared, schema }, (request, reply) =>
    watch(context, request, reply),
  );
  scope.options<{ Params: { stream: string } }>(url, { ...shared, schema: HIDDEN }, (request, reply) =>
    introduce(context, request, reply),
  );
  // How a generic player finds out that this is WHEP ("WHEP Endpoint URL Discoverability"); HEAD comes with it.
  scope.get(url, { ...shared, schema: HIDDEN, exposeHeadRoute: true }, (_request, reply) => reply.type(SDP).send(''));
  refuseOthers(scope, url, ['PUT', 'PATCH', 'DELETE'], context.door, ENDPOINT_METHODS);
}

/** `<path>/whep/:stream/:resource`, a session. Its URL is all the right that it takes, so it does not stand in the log. */
function serveResource(scope: FastifyInstance, context: WhepContext): void {
  const url = `${context.path}/whep/:stream/:resource`;
  const quiet = { onRequest: sharing(context.door, RESOURCE_METHODS), logLevel: 'warn' } as const;
  const patching = describe(
    'Brings ICE candidates of the player (RFC 8840). If-Match is the ETag of the answer.',
    { 204: { type: 'null', description: 'The sender has them.' } },
    { consumes: [FRAGMENT] },
  );
  const ending = describe('Ends the session.', { 200: { type: 'null', description: 'It is over.' } });
  scope.patch(url, { ...quiet, schema: patching }, (request, reply) =>
    trickle(context, request as ResourceRequest, reply),
  );
  scope.delete(url, { ...quiet, schema: ending }, async (request, reply) => {
    const session = find(context, request as ResourceRequest, reply);
    await session?.viewer.leave('deleted by the player');
    return session ? reply.code(200).send('') : reply;
  });
  scope.get(url, { ...quiet, schema: HIDDEN, exposeHeadRoute: true }, (request, reply) =>
    find(context, request as ResourceRequest, reply) ? reply.code(204).send() : reply,
  );
  scope.options(url, { ...quiet, schema: HIDDEN }, (_request, reply) =>
    reply.code(204).header('allow', RESOURCE_METHODS).header('accept-patch', FRAGMENT).send(),
  );
  refuseOthers(scope, url, ['POST', 'PUT'], context.door, RESOURCE_METHODS);
}

async function watch(context: WhepContext, request: StreamRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { stream } = request.params;
  const admitted = await context.door.admit(request, reply, { methods: ENDPOINT_METHODS, role: 'receiver' });
  if (!admitted) return reply;
  if (!isId(stream)) return sendError(reply, errorInfo('bad_request', 'This is no name of a stream.'), 404);
  const offer = bodyOf(request, SDP);
  if (offer === undefined) return refuseBody(request, reply, SDP);
  const problem = sdpProblem(offer);
  if (problem) return sendError(reply, errorInfo('invalid_sdp', `The offer ${problem}.`));
  const { address, grant } = admitted;
  const full = context.limit(address);
  if (full) return refuseWatching(reply, full);
  const gone = new AbortController();
  const onClose = () => gone.abort();
  reply.raw.once('close', onClose);
  // It may have gone while its rights were looked at.
  if (reply.raw.destroyed) gone.abort();
  const opened = await context.players.watch({ stream, offer, grant, address, gone: gone.signal });
  reply.raw.off('close', onClose);
  if (!opened.ok) return refuseWatching(reply, opened.error);
  const { session, answer, ice } = opened;
  return reply
    .code(201)
    .type(SDP)
    .headers({
      'cache-control': 'no-store',
      location: `${pathOf(request)}/${session.resource}`,
      etag: session.etag,
      'accept-patch': FRAGMENT,
      link: iceLinks(ice),
    })
    .send(answer);
}

/** A player that finds nobody streaming asks again by itself, told so by 409 ("Session Management"). */
function refuseWatching(reply: FastifyReply, error: ErrorInfo): FastifyReply {
  if (error.retryable) reply.header('retry-after', RETRY_S);
  return sendError(reply, error, error.code === 'stream_offline' ? 409 : statusOf(error.code));
}

/**
 * `OPTIONS` says how to ask, and to whom shows a right to watch, which ICE servers there are: for players that cannot take
 * them after their offer (RFC 9725 §4.6). Not in a preflight, which shows no right.
 */
async function introduce(context: WhepContext, request: StreamRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.header('allow', ENDPOINT_METHODS).header('accept-post', SDP);
  if (request.headers['access-control-request-method'] === undefined) {
    const admitted = await context.door.admit(request, reply, { methods: ENDPOINT_METHODS, role: 'receiver' });
    if (!admitted) return reply;
    if (!covers(admitted.grant.watch, request.params.stream)) return sendError(reply, errorInfo('forbidden'));
    const { browser } = context.iceFor(`whep-${context.newId()}`);
    reply.header('cache-control', 'no-store').header('link', iceLinks(browser));
  }
  return reply.code(204).send();
}

/** What is wrong with the request itself is said before what is wrong with its ETag (RFC 9110 §13.2.1). */
async function trickle(context: WhepContext, request: ResourceRequest, reply: FastifyReply): Promise<FastifyReply> {
  const session = find(context, request, reply);
  if (!session) return reply;
  const body = bodyOf(request, FRAGMENT);
  if (body === undefined) return refuseBody(request, reply, FRAGMENT);
  const fragment = readFragment(body, session.viewer.offer);
  if (fragment.kind === 'malformed') {
    return sendError(reply, errorInfo('invalid_sdp', `The fragment ${fragment.problem}.`));
  }
  const match = request.headers['if-match'];
  if (match === undefined) {
    const detail = 'The header If-Match with the ETag of the session is missing.';
    return sendError(reply, errorInfo('bad_request', detail), 428);
  }
  if (!names(match, session.etag)) {
    return sendError(reply, errorInfo('stale_epoch', 'If-Match names another ICE session than the present one.'), 412);
  }
  if (fragment.kind === 'restart') {
    const detail = 'An ICE restart is not possible here: ask for a new session instead.';
    return sendError(reply, errorInfo('not_supported', detail), 422);
  }
  const ack = await session.viewer.trickle(fragment.candidates);
  return ack.ok ? reply.code(204).send() : sendError(reply, ack.error);
}

/** Whether `If-Match` (RFC 9110 §13.1.1) names the ETag. The draft's own example has the asterisk in quotes. */
function names(match: string, etag: string): boolean {
  return match.split(',').some((tag) => ['*', '"*"', etag].includes(tag.trim()));
}

/** Whoever knows a session's URL may use it: it is as hard to guess as a token. */
function find({ players }: WhepContext, request: ResourceRequest, reply: FastifyReply): WhepSession | undefined {
  const session = players.find(request.params.stream, request.params.resource);
  if (!session) sendError(reply, errorInfo('unknown_session', 'There is no such WHEP session (any more).'));
  return session;
}

function sharing(door: HttpDoor, methods: string) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('access-control-expose-headers', EXPOSED);
    if (!door.share(request, reply, methods)) return reply;
  };
}

function refuseOthers(scope: FastifyInstance, url: string, method: string[], door: HttpDoor, allowed: string): void {
  const refuse = async (_request: FastifyRequest, reply: FastifyReply) =>
    sendError(reply.header('allow', allowed), errorInfo('bad_request', `Only ${allowed} have a meaning here.`), 405);
  scope.route({
    method,
    url,
    schema: HIDDEN,
    logLevel: 'warn',
    onRequest: [sharing(door, allowed), refuse],
    handler: refuse,
  });
}

/** The body, when it is of this type (RFC 9110 §8.3.1: case and parameters do not matter). Nothing is unpacked here. */
function bodyOf({ body, headers }: FastifyRequest, type: string): string | undefined {
  const given = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return typeof body === 'string' && given === type && !isCompressed(headers) ? body : undefined;
}

function refuseBody({ headers }: FastifyRequest, reply: FastifyReply, type: string): FastifyReply {
  if (!isCompressed(headers)) return refuseType(reply, type);
  return sendError(reply, errorInfo('bad_request', 'The body must not be compressed.'), 415);
}

function isCompressed({ 'content-encoding': encoding = 'identity' }: FastifyRequest['headers']): boolean {
  return encoding !== 'identity';
}

/** Without a slash too many: an app may overlook them, but a `Location` that begins with two names another host. */
function pathOf({ url }: FastifyRequest): string {
  return (url.split('?', 1)[0] ?? '').replace(/\/{2,}/g, '/').replace(/\/$/, '');
}

function isId(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(name);
}
