import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import type { Socket } from 'socket.io-client';
import { CAMERA, client } from './support.js';

export * from './support.js';

export const PATH = '/webrtc-signaling';
export const FRAGMENT = 'application/trickle-ice-sdpfrag';

const CANDIDATE = 'candidate:1 1 udp 1 192.0.2.1 5000 typ host';
export const LATE_CANDIDATE = 'candidate:2 1 udp 1 192.0.2.2 5000 typ srflx raddr 0.0.0.0 rport 0';

/** What a player offers: audio and video in one bundle. */
export const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'a=ice-ufrag:play',
  'a=ice-pwd:playerplayerplayerplayer',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:1',
  '',
].join('\r\n');

const ANSWER = OFFER.replaceAll('play', 'send');

/** A candidate of the player, as a fragment. */
export const TRICKLE = [
  'a=ice-ufrag:play',
  'a=ice-pwd:playerplayerplayerplayer',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'a=candidate:7 1 udp 1 192.0.2.7 7000 typ host',
  'a=end-of-candidates',
  '',
].join('\r\n');

/** What a camera has heard, oldest first. */
export interface Heard {
  event: string;
  message: { session?: string; candidate?: { candidate: string }; reason?: string };
}

/** A sender as GStreamer's behaves: one candidate before its answer, one after it, for the second section, and then the end. */
export async function camera(
  url: string,
  { stream = 'cam', auth = {} as Record<string, unknown>, answers = true } = {},
): Promise<{ socket: Socket; heard: Heard[]; hears(event: string): Promise<Heard['message']> }> {
  const socket = client(url, 'sender', { auth: { role: 'sender', protocol: 1, ...auth } });
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  socket.onAny((event: string, message: Heard['message']) => {
    heard.push({ event, message });
    for (const look of [...waiting]) look();
  });
  socket.on('offer', ({ session, epoch }, acknowledge) => {
    if (!answers) return;
    const candidate = (text: string, sdpMid: string) =>
      socket.emit('candidate', { session, epoch, candidate: { candidate: text, sdpMid } });
    candidate(CANDIDATE, '0');
    acknowledge({ ok: true, sdp: ANSWER });
    candidate(LATE_CANDIDATE, '1');
    candidate('', '0');
  });
  const ack = await socket.emitWithAck('publish', {
    stream,
    instance: `of ${stream}`.replace(' ', '-'),
    camera: CAMERA,
  });
  if (!ack.ok) throw new Error(ack.error.message);
  const hears = (event: string) =>
    new Promise<Heard['message']>((resolve) => {
      const look = () => {
        const found = heard.find((one) => one.event === event);
        if (!found) return;
        waiting.delete(look);
        resolve(found.message);
      };
      waiting.add(look);
      look();
    });
  return { socket, heard, hears };
}

interface Asked {
  headers?: Record<string, string>;
  body?: string;
  remoteAddress?: string;
}

/** One request to a route below the plugin's path, or to any other address that begins with a slash. */
export function ask(
  fastify: FastifyInstance,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'HEAD',
  route: string,
  { headers = {}, body, remoteAddress = '127.0.0.1' }: Asked = {},
): Promise<LightMyRequestResponse> {
  const url = route.startsWith('/') ? route : `${PATH}/${route}`;
  return fastify.inject({ method, url, headers, remoteAddress, ...(body !== undefined && { payload: body }) });
}

/** A player asks for a stream. */
export function play(
  fastify: FastifyInstance,
  { stream = 'cam', offer = OFFER, headers = {} as Record<string, string> } = {},
): Promise<LightMyRequestResponse> {
  return ask(fastify, 'POST', `whep/${stream}`, {
    headers: { 'content-type': 'application/sdp', ...headers },
    body: offer,
  });
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Status and code of a refusal. */
export function refusalOf(response: LightMyRequestResponse): [number, string] {
  return [response.statusCode, response.json().error?.code];
}
