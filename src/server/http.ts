import type { FastifyInstance } from 'fastify';
import type { Settings } from './options.js';
import { shareWithOrigin } from './origins.js';

/** `GET <path>/ice-servers`: the same servers as in the acknowledgement of `join`, for programs without Socket.IO. */
export function serveIceServers(fastify: FastifyInstance, { path, origins, ice }: Settings): void {
  fastify.route({
    method: ['GET', 'OPTIONS'],
    url: `${path}/ice-servers`,
    handler: (request, reply) => {
      if (!shareWithOrigin(request, reply, origins)) return reply.code(403).send({ message: 'Forbidden' });
      if (request.method === 'OPTIONS') return reply.code(204).send();
      return reply.header('cache-control', 'no-store').send(ice.browser);
    },
  });
}
