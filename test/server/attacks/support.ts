import { connect } from 'node:net';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { mintToken, type WebRTCSignalingOptions } from '../../../src/server/index.js';
import { client, listen, type Running } from '../support.js';

export * from '../support.js';

/** An attack that does not depend on the transport is tried on both. */
export const TRANSPORTS = ['websocket', 'polling'] as const;

export const SECRET = 'kQ7w1vB0mZr5xT9nC3yF6hJ8pL2sD4gA';
export const OTHER_SECRET = 'aB4cD6eF8gH0iJ2kL4mN6oP8qR0sT2uV';

export const code = (of: string) => ({ ok: false, error: expect.objectContaining({ code: of }) });

/** A server that wants tokens. */
export function guarded(options: WebRTCSignalingOptions = {}): Promise<Running> {
  return listen({ tokens: { secret: SECRET }, ...options });
}

export function token(of: Partial<Parameters<typeof mintToken>[0]> = {}): Promise<string> {
  return mintToken({ secret: SECRET, role: 'receiver', streams: ['cam'], ttlS: 600, ...of } as Parameters<
    typeof mintToken
  >[0]);
}

/** How a connection was refused: the code, or `connected`. */
export function refusal(
  url: string,
  auth: unknown,
  transport: string,
  options: Parameters<typeof client>[2] = {},
): Promise<string> {
  const socket = client(url, 'receiver', {
    auth: auth as Record<string, unknown>,
    transports: [transport],
    reconnection: false,
    ...options,
  });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve('connected'));
    socket.once('connect_error', (error: Error & { data?: { code: string } }) =>
      resolve(error.data?.code ?? error.message),
    );
  });
}

/** The status of a WebSocket upgrade with these headers; 101 when it went through. */
export function upgrade(url: string, headers: Record<string, string> = {}, query = ''): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/webrtc-signaling/?EIO=4&transport=websocket${query}`, {
      headers,
    });
    socket.once('open', () => {
      resolve(101);
      socket.close();
    });
    socket.once('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.once('error', () => resolve(0));
  });
}

/** Writes bytes to the server and resolves with what it says until it closes, or is quiet for a moment. */
export function rawHttp(port: number, text: string | Buffer, quietMs = 300): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let said = '';
    let timer = setTimeout(() => socket.destroy(), quietMs);
    socket.on('data', (data) => {
      said += data;
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), quietMs);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(said);
    });
    socket.write(text);
  });
}

/** A client that speaks the wire format by hand, for what Socket.IO's own client would never send. */
export async function rawSocket(url: string, connectPacket = '40{"role":"receiver","protocol":1}') {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/webrtc-signaling/?EIO=4&transport=websocket`);
  const said: string[] = [];
  let wake = () => {};
  socket.on('message', (data) => {
    const text = String(data);
    if (text === '2') socket.send('3');
    else said.push(text);
    wake();
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const read = async () => {
    while (said.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return said.shift() ?? '';
  };
  await read();
  if (connectPacket) {
    socket.send(connectPacket);
    await read();
  }
  return { socket, send: (data: string | Buffer) => socket.send(data), read, closed };
}

/** The server still serves a client that behaves. */
export async function lives(url: string, auth: object = {}): Promise<void> {
  const socket = client(url, 'receiver', { auth: { role: 'receiver', protocol: 1, ...auth } });
  expect(await socket.emitWithAck('join', { stream: 'cam' })).toMatchObject({ ok: true });
  socket.close();
}
