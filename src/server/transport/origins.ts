import type { IncomingMessage } from 'node:http';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { LIMITS } from '../../protocol/index.js';

/** Which web pages may connect: those of the server's own origin and these, or any. */
export type Origins = true | readonly string[];

/** Origins are invented easily; the log is not filled with them. */
const REMEMBERED_ORIGINS = 100;

/**
 * True when the page that made this request may connect. Browsers send `Origin` with every websocket and every request
 * to another origin; programs such as the sender send none and are let in here, because their rights come from elsewhere.
 */
export function isOriginAllowed({ headers }: IncomingMessage, origins: Origins): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins === true) return true;
  return origins.includes(origin) || isSameOrigin(origin, host);
}

/** The rule for one mount. Browsers hide from a page why it was refused, so the log says it: once for each origin. */
export class OriginGate {
  readonly #told = new Set<string>();
  readonly #origins: Origins;
  readonly #log: FastifyBaseLogger;

  constructor(origins: Origins, log: FastifyBaseLogger) {
    this.#origins = origins;
    this.#log = log;
  }

  /** Whether the page that asks for this upgrade may connect. */
  admits(request: IncomingMessage): boolean {
    return isOriginAllowed(request, this.#origins) || this.#refuse(request);
  }

  /** Whether the page may connect; if so, its browser is told that it may read the answer. */
  share(request: FastifyRequest, reply: FastifyReply): boolean {
    return shareWithOrigin(request, reply, this.#origins) || this.#refuse(request.raw);
  }

  #refuse({ headers }: IncomingMessage): false {
    const origin = String(headers.origin).slice(0, LIMITS.textLength);
    if (this.#told.has(origin) || this.#told.size >= REMEMBERED_ORIGINS) return false;
    this.#told.add(origin);
    this.#log.warn({ origin }, '[WebRTC Signaling] Page refused: the option "origins" does not name its origin');
    return false;
  }
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
export function shareWithOrigin(
  request: FastifyRequest,
  reply: FastifyReply,
  origins: Origins,
  methods = 'GET, POST',
): boolean {
  const { origin, 'access-control-request-headers': wanted } = request.headers;
  reply.header('vary', 'Origin');
  if (!isOriginAllowed(request.raw, origins)) return false;
  if (origin === undefined) return true;
  reply.header('access-control-allow-origin', origin);
  if (request.method === 'OPTIONS') {
    reply.header('access-control-allow-methods', methods);
    if (wanted !== undefined) reply.header('access-control-allow-headers', wanted);
  }
  return true;
}
