import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorInfo, errorInfo, type Role } from '../../protocol/index.js';
import type { Access, Grant } from '../access/access.js';
import type { AddressLimits } from '../access/address-limits.js';
import { isGuess } from '../access/index.js';
import type { SignalingEmitter } from '../events.js';
import { type Origins, shareWithOrigin } from '../transport/origins.js';
import { bearerOf } from './bearer.js';
import { sendError } from './status.js';

/** What every route asks before it answers. */
export interface HttpDoorContext {
  readonly origins: Origins;
  readonly access: Access;
  readonly limits: AddressLimits;
  readonly events: SignalingEmitter;
  addressOf(request: FastifyRequest['raw']): string;
}

/** Who is let in to a route: pages of an allowed origin, at a bearable rate, with the rights that the route asks for. */
export class HttpDoor {
  readonly #context: HttpDoorContext;

  constructor(context: HttpDoorContext) {
    this.#context = context;
  }

  /** Answers a preflight (Fetch standard, CORS protocol). */
  preflight(request: FastifyRequest, reply: FastifyReply, methods: string): FastifyReply {
    return this.share(request, reply, methods) ? reply.code(204).send() : reply;
  }

  /** Whether a page of this origin may read the answer; when not, it has been sent. */
  share(request: FastifyRequest, reply: FastifyReply, methods: string): boolean {
    if (shareWithOrigin(request, reply, this.#context.origins, methods)) return true;
    sendError(reply, errorInfo('forbidden', 'The option "origins" of this server does not name this page.'));
    return false;
  }

  /** The visitor's rights; `undefined` when it was refused, and the refusal sent. */
  async admit(
    request: FastifyRequest,
    reply: FastifyReply,
    { methods, role }: { methods: string; role?: Role },
  ): Promise<{ grant: Grant; address: string } | undefined> {
    if (!this.share(request, reply, methods)) return undefined;
    const { access, limits, events, addressOf } = this.#context;
    const address = addressOf(request.raw);
    const tooMany = limits.visit(address);
    const refuse = (error: ErrorInfo) => {
      events.emit('client-refused', { code: error.code, via: 'http', address, ...(role && { role }) });
      sendError(reply, error);
      return undefined;
    };
    if (tooMany) return refuse(tooMany);
    const token = bearerOf(request.raw);
    const admission = await access.admit({ via: 'http', token, role, address, request: request.raw });
    if (admission.ok) return { grant: admission.grant, address };
    if (isGuess({ token }, admission.error)) limits.failed(address);
    return refuse(admission.error);
  }

  /** Like {@link admit}, for routes that only exist for those who manage. */
  async admitManager(request: FastifyRequest, reply: FastifyReply, methods: string): Promise<Grant | undefined> {
    const admitted = await this.admit(request, reply, { methods });
    if (!admitted) return undefined;
    if (admitted.grant.manage) return admitted.grant;
    sendError(reply, errorInfo('forbidden', 'Only who has the right to manage finds something here.'), 404);
    return undefined;
  }
}
