import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { expect, onTestFinished } from 'vitest';
import type { Camera, Joined, Role } from '../../src/protocol/index.js';
import webrtcSignaling, { type WebRTCSignalingOptions } from '../../src/server/index.js';
import { type Publication, Registry, type RegistryOptions } from '../../src/server/sessions/registry.js';

export const SDP =
  'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n';
export const OTHER_SDP = SDP.replace('o=- 1 1', 'o=- 2 2');

export const CAMERA: Camera = {
  label: 'Bench camera',
  modes: [{ width: 640, height: 480, fps: 30 }],
  mode: { width: 640, height: 480, fps: 30 },
};

export function candidate(session: string, epoch: number, number = 1) {
  return { session, epoch, candidate: { candidate: `candidate:${number} 1 udp 1 192.0.2.1 ${number} typ host` } };
}

/** A registry whose sessions are `s1`, `s2`, and so on, and whose resume keys are {@link key} 1, 2, … */
export function newRegistry(options: Partial<RegistryOptions> = {}): Registry {
  let ids = 0;
  let keys = 0;
  return new Registry({
    newId: () => {
      ids += 1;
      return `s${ids}`;
    },
    newKey: () => {
      keys += 1;
      return key(keys);
    },
    ...options,
  });
}

export function key(number: number): string {
  return `key${number}`.padEnd(43, '_');
}

/** What a sender publishes. */
export function publishing(instance = 'one', stream = 'cam', more: Partial<Publication> = {}): Publication {
  return { stream, instance, camera: CAMERA, owner: undefined, fence: 1, ...more };
}

/** Who joins by Socket.IO. */
export function watcher(id: string, subject?: string) {
  return { id, via: 'socket', subject } as const;
}

export const codeOf = (decision: { ok: boolean; error?: { code: string } }) =>
  decision.ok ? 'ok' : decision.error?.code;

/** What a refusal with this code looks like. */
export const code = (of: string) => ({ ok: false, error: expect.objectContaining({ code: of }) });

export interface Running {
  fastify: FastifyInstance;
  url: string;
  port: number;
}

/** A server that is closed with the test. */
export async function listen(
  options: WebRTCSignalingOptions = {},
  {
    host = '127.0.0.1',
    port = 0,
    fastify = Fastify(),
  }: { host?: string; port?: number; fastify?: FastifyInstance } = {},
): Promise<Running> {
  // Whatever TURN server the developer's own environment names.
  await fastify.register(webrtcSignaling, { iceServers: [], ...options });
  onTestFinished(() => fastify.close());
  const url = await fastify.listen({ port, host });
  return { fastify, url, port: (fastify.server.address() as AddressInfo).port };
}

/** A client that is closed with the test; by websocket unless told otherwise. */
export function client(url: string, role: Role, options: Partial<ManagerOptions & SocketOptions> = {}): Socket {
  const socket = io(url, {
    path: '/webrtc-signaling',
    auth: { role, protocol: 1 },
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 50,
    ...options,
  });
  onTestFinished(() => {
    socket.close();
  });
  return socket;
}

/** The next message of this kind; ask before you do what makes it come. */
export function next<T = unknown>(socket: Socket, event: string): Promise<T> {
  return new Promise((resolve) => socket.once(event, resolve));
}

/** Waits for the connection, or throws what the server said instead. */
export async function connected(socket: Socket): Promise<Socket> {
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}

/** A sender that has published `stream` and answers every offer at once. */
export async function sender(url: string, stream = 'cam', instance = 'one'): Promise<Socket> {
  const socket = client(url, 'sender');
  socket.on('offer', (_offer, acknowledge) => acknowledge({ ok: true, sdp: SDP }));
  await socket.emitWithAck('publish', { stream, instance, camera: CAMERA });
  return socket;
}

/** A receiver that has joined `stream`, and the session. */
export async function receiver(
  url: string,
  stream = 'cam',
): Promise<{ socket: Socket; session: string; joined: Joined }> {
  const socket = client(url, 'receiver');
  const joined: Joined = await socket.emitWithAck('join', { stream });
  return { socket, session: joined.session, joined };
}

/** A receiver whose first offer has been answered. */
export async function viewer(url: string, stream = 'cam') {
  const viewer = await receiver(url, stream);
  const ack = await viewer.socket.emitWithAck('offer', { session: viewer.session, epoch: 1, sdp: SDP });
  return { ...viewer, ack };
}

/** Waits until a snapshot is as wanted; the server says nothing of it by itself. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A request with exactly these headers: `fetch` would not send an `Origin`. */
export function fetchAs(url: string, headers: Record<string, string>, method = 'GET', body = '') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const request = httpRequest(url, { method, headers: { ...headers, 'content-type': 'text/plain' } }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}
