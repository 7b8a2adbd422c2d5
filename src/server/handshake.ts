import type { IncomingMessage } from 'node:http';
import { type ErrorInfo, errorInfo, Handshake, PROTOCOL_VERSION, type Role } from '../protocol/index.js';
import type { AllowPublish } from './options.js';
import { explain, matches } from './validate.js';

/** What a connecting client may be, or why it may not connect. */
export async function admit(
  auth: unknown,
  request: IncomingMessage,
  allowPublish: AllowPublish,
): Promise<{ ok: true; role: Role } | { ok: false; error: ErrorInfo }> {
  const protocol = typeof auth === 'object' && auth !== null && 'protocol' in auth ? auth.protocol : undefined;
  if (typeof protocol === 'number' && protocol !== PROTOCOL_VERSION)
    return { ok: false, error: errorInfo('unsupported_protocol') };
  if (!matches(Handshake, auth)) return { ok: false, error: explain(Handshake, auth) ?? errorInfo('bad_request') };
  if (auth.role === 'sender' && !(await mayPublish(request, allowPublish))) {
    return { ok: false, error: publishForbidden() };
  }
  return { ok: true, role: auth.role };
}

async function mayPublish(request: IncomingMessage, allowPublish: AllowPublish): Promise<boolean> {
  if (allowPublish === 'any') return true;
  if (allowPublish === 'loopback') return isLoopback(request);
  return (await allowPublish(request)) === true;
}

/** What proxies, tunnels and content networks add to say for whom they ask. */
const PROXY_HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'true-client-ip',
  'cf-connecting-ip',
];

/**
 * A proxy on this machine connects from loopback for everyone; it says so in a header, and then this is not loopback.
 * A page is on loopback only when its address is: another name may have been pointed here (DNS rebinding).
 */
function isLoopback({ socket, headers }: IncomingMessage): boolean {
  if (PROXY_HEADERS.some((name) => headers[name] !== undefined)) return false;
  if (headers.origin !== undefined && !isLoopbackName(headers.origin)) return false;
  return /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? '');
}

function isLoopbackName(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return hostname === '[::1]' || hostname === 'localhost' || hostname.endsWith('.localhost') || /^127\./.test(hostname);
}

function publishForbidden(): ErrorInfo {
  return {
    ...errorInfo('forbidden', 'This server does not let cameras be published from this address.'),
    next: 'Run the sender on the server\'s machine, or set the plugin\'s option "allowPublish" to "any" or to a function that knows this address.',
  };
}
