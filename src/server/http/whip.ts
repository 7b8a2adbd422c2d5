import type { FastifyInstance } from 'fastify';
import { errorInfo } from '../../protocol/index.js';
import type { HttpDoor } from './door.js';
import { describe, HIDDEN } from './schemas.js';
import { serveApart } from './scope.js';
import { sendError } from './status.js';

/**
 * WHIP (RFC 9725) does not fit: a WHIP client makes one connection, to a server that takes its media and hands it on. No media
 * passes through this server, and each viewer has a connection of its own to the sender. So it is refused, with what to do instead.
 */
export function serveWhip(fastify: FastifyInstance, { path, door }: { path: string; door: HttpDoor }): void {
  const url = `${path}/whip/:stream`;
  serveApart(fastify, (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.options(url, { schema: HIDDEN }, (request, reply) => door.preflight(request, reply, 'POST, OPTIONS'));
    scope.post(url, { schema: describe('Refused: WHIP needs a media server.', {}) }, (request, reply) => {
      if (!door.share(request, reply, 'POST, OPTIONS')) return reply;
      const refusal = errorInfo(
        'not_supported',
        'This server takes no media, so nothing can be published to it by WHIP.',
      );
      const next =
        "Publish with the GStreamer sender or the demo's page publish.html; or run a media server such as MediaMTX, publish there by WHIP, and watch it by WHEP.";
      return sendError(reply, { ...refusal, next });
    });
  });
}
