import type { IncomingMessage } from 'node:http';
import { errorInfo, Handshake, PROTOCOL_VERSION, type Role, Token } from '../../protocol/index.js';
import type { Access, Admission } from '../access/access.js';
import { explain, matches } from './validate.js';

/** What a connecting client may be and do, or why it may not connect. */
export async function admit(
  auth: unknown,
  request: IncomingMessage,
  address: string,
  access: Access,
): Promise<Extract<Admission, { ok: false }> | (Extract<Admission, { ok: true }> & { role: Role })> {
  const protocol = typeof auth === 'object' && auth !== null && 'protocol' in auth ? auth.protocol : undefined;
  if (typeof protocol === 'number' && protocol !== PROTOCOL_VERSION)
    return { ok: false, error: errorInfo('unsupported_protocol') };
  if (!matches(Handshake, auth)) {
    // A token that is no token at all is refused like a wrong one.
    const isToken = typeof auth === 'object' && auth !== null && 'token' in auth && !matches(Token, auth.token);
    return { ok: false, error: (isToken ? undefined : explain(Handshake, auth)) ?? errorInfo('unauthorized') };
  }
  const { role, token } = auth;
  const admission = await access.admit({ via: 'socket', token, role, address, request });
  return admission.ok ? { ...admission, role } : admission;
}
