import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { type ErrorInfo, errorInfo } from '../../protocol/index.js';
import type { Access, Visitor } from './access.js';
import { within } from './within.js';

/** From where cameras may be published: this machine, anywhere, or as the function says for the connecting request. */
export type AllowPublish = 'loopback' | 'any' | ((request: IncomingMessage) => boolean | Promise<boolean>);

/** How long a function of the app may take to decide, in ms. */
export const DECISION_TIMEOUT_MS = 5_000;

/**
 * What holds when nothing is configured: whoever has come past the Origin gate watches and controls; this machine manages;
 * from where cameras are published, `allowPublish` decides afterwards.
 */
export function createDefaultAccess(): Access {
  return {
    admit: async (visitor) => ({
      ok: true,
      grant: { watch: true, control: true, publish: true, ...(isLoopback(visitor) ? { manage: true } : {}) },
    }),
  };
}

/** @throws what the app's function throws */
export async function mayPublishFrom(visitor: Visitor, allowPublish: AllowPublish): Promise<boolean> {
  if (allowPublish === 'any') return true;
  if (allowPublish === 'loopback') return isLoopback(visitor);
  return (await within(DECISION_TIMEOUT_MS, () => allowPublish(visitor.request))) === true;
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
 * Whether this machine asks, and nobody else through it.
 *
 * A proxy on this machine connects from loopback for everyone; it says so in a header, and then this is not loopback. Nor is a page
 * whose name was pointed here (DNS rebinding): its `Origin` shows it, or, where browsers send none (GET of its own origin, with which
 * polling begins), the `Host` that it asked for.
 */
export function isLoopback({ request: { socket, headers }, address }: Visitor): boolean {
  if (PROXY_HEADERS.some((name) => headers[name] !== undefined)) return false;
  if (headers.origin !== undefined && !isLoopbackName(headers.origin)) return false;
  const host = headers.host ?? headers[':authority'];
  if (typeof host === 'string' && !isOwnName(`http://${host}`)) return false;
  return isLoopbackAddress(socket.remoteAddress ?? '') && isLoopbackAddress(address);
}

export function isLoopbackAddress(address: string): boolean {
  return /^(127\.|::1$|::ffff:127\.)/.test(address);
}

function isLoopbackName(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname: name } = new URL(url);
  // 127.0.0.1.evil.test is a name like any other.
  return (
    name === '[::1]' || name === 'localhost' || name.endsWith('.localhost') || (isIPv4(name) && isLoopbackAddress(name))
  );
}

/** Debian points a machine's own name to 127.0.1.1, so programs on it may have used that. Nobody else can own it. */
function isOwnName(url: string): boolean {
  if (isLoopbackName(url)) return true;
  const own = hostname().toLowerCase();
  const [label = ''] = own.split('.');
  return label !== '' && URL.canParse(url) && [own, label, `${label}.local`].includes(new URL(url).hostname);
}

export function publishForbidden(): ErrorInfo {
  return {
    ...errorInfo('forbidden', 'This server does not let cameras be published from this address.'),
    next: 'Run the sender on the server\'s machine, or set the plugin\'s option "allowPublish" to "any" or to a function that knows this address.',
  };
}
