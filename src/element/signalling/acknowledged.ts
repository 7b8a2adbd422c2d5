import type { Socket } from 'socket.io-client';
import { TIMEOUTS } from '../../protocol/constants.js';
import type { Ack, ClientToServer, ServerToReceiver } from '../../protocol/index.js';
import { type ErrorInfo, errorInfo, PreviewError } from '../../protocol/viewer-errors.js';

export type ReceiverSocket = Socket<ServerToReceiver, ClientToServer>;

/** How long a socket stays for the acknowledgement of a goodbye. */
const GOODBYE_MS = 1_000;

const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 15_000;

/** What was refused for now is tried again after this: ever later, and not by all pages at once. */
export function delayAfter(refusals: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** refusals) * (0.75 + Math.random() / 2);
}

/** Sends by `send`, waits a bounded time, and turns a refusal into a `PreviewError`. */
export async function acknowledged<T extends { ok: true }>(
  socket: ReceiverSocket,
  send: (socket: ReturnType<ReceiverSocket['timeout']>) => Promise<Ack<T>>,
): Promise<T> {
  let reply: Ack<T>;
  try {
    reply = await send(socket.timeout(TIMEOUTS.acknowledgementMs));
  } catch {
    throw new PreviewError(socket.connected ? 'ack_timeout' : 'server_unreachable');
  }
  if (reply.ok) return reply;
  throw new PreviewError(asErrorInfo(reply.error) ?? errorInfo('internal'));
}

/** Leaves a session; resolves when the server has heard it, or will not. */
export async function sayGoodbye(socket: ReceiverSocket, session: string): Promise<void> {
  if (!socket.connected) return;
  await socket
    .timeout(GOODBYE_MS)
    .emitWithAck('leave', { session })
    .catch(() => {});
}

/** How Socket.IO says that it has found no server: by what it was refused with, or by what the last transport saw. */
export type ConnectError = Error & { data?: unknown; description?: unknown; code?: unknown };

/** Something answers there, and not as Socket.IO does: there is no such page, or a page. */
export function isWrongServer({ description, code }: ConnectError): boolean {
  return description === 404 || code === 'parser error';
}

export function asErrorInfo(data: unknown): ErrorInfo | undefined {
  const info = data as ErrorInfo | undefined;
  // A newer server may name a code that this version does not know: it is passed on, and its sentences are still good.
  return typeof info?.code === 'string' && typeof info.message === 'string' && typeof info.next === 'string'
    ? info
    : undefined;
}
