import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorInfo } from '../../protocol/index.js';
import { asDocumented } from './schemas.js';
import { sendError } from './status.js';

/**
 * Routes whose refusals look alike, those of Fastify too. What the app's own hooks answer or throw stays as the app made it: the
 * schemas describe answers, and do not write them.
 */
export function serveApart(fastify: FastifyInstance, serve: (scope: FastifyInstance) => void): void {
  fastify.register(async (scope) => {
    scope.setErrorHandler(explain);
    // Pages are let in by the option "origins"; @fastify/cors would answer the preflights of these routes by a list of its own.
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, cors: false } as NonNullable<typeof route.config>;
    });
    asDocumented(scope);
    serve(scope);
  });
}

/** @throws what is not the plugin's: the app's error handler is next */
function explain(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode = 500, code = '' } = error;
  if (!code.startsWith('FST_') && statusCode < 500) throw error;
  if (statusCode === 413) return sendError(reply, errorInfo('too_large'));
  if (statusCode === 415) return refuseType(reply);
  if (statusCode < 500) {
    return sendError(reply, errorInfo('bad_request', 'The request is not valid HTTP for this route.'), statusCode);
  }
  reply.log.error({ err: error }, '[WebRTC Signaling] A request could not be handled');
  return sendError(reply, errorInfo('internal'));
}

/** @param wanted the content type that will do; absent where no body is looked for */
export function refuseType(reply: FastifyReply, wanted?: string): FastifyReply {
  const problem = wanted
    ? `The body must have the content type ${wanted}.`
    : 'The body has a content type of no use here.';
  return sendError(reply, errorInfo('bad_request', problem), 415);
}
