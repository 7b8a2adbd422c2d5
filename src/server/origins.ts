import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Which web pages may connect: those of the server's own origin and these, or any. */
export type Origins = true | readonly string[];

/**
 * True when the page that made this request may connect. Browsers send `Origin` with every websocket and every request
 * to another origin; programs such as the sender send none and are let in here, because their rights come from elsewhere.
 */
export function isOriginAllowed({ headers }: IncomingMessage, origins: Origins): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins === true) return true;
  return origins.includes(origin) || isSameOrigin(origin, host);
}

/** Schemes are not compared: behind a proxy that ends TLS the server does not know its own. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.origin !== origin) return false;
  const own = `${url.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === url.host;
}

/**
 * Lets a page of another origin read the answer (Fetch standard, CORS protocol), when it may connect at all.
 *
 * @returns false when it may not
 */
export function shareWithOrigin(request: FastifyRequest, reply: FastifyReply, origins: Origins): boolean {
  const { origin, 'access-control-request-headers': wanted } = request.headers;
  reply.header('vary', 'Origin');
  if (!isOriginAllowed(request.raw, origins)) return false;
  if (origin === undefined) return true;
  reply.header('access-control-allow-origin', origin);
  if (request.method === 'OPTIONS') {
    reply.header('access-control-allow-methods', 'GET, POST');
    if (wanted !== undefined) reply.header('access-control-allow-headers', wanted);
  }
  return true;
}
