import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { ChannelEvents, SignallingFactory } from '../../src/element/signalling/signalling.js';
import { whepSignalling } from '../../src/element/signalling/whep.js';
import type { PreviewError } from '../../src/protocol/errors.js';

/** An offer, as far as WHEP reads it. */
export const OFFER = [
  'v=0',
  'a=group:BUNDLE 0 1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:secret',
  'a=candidate:1 1 udp 1 192.0.2.1 5000 typ host',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:1',
  '',
].join('\r\n');

export interface Heard {
  method: string;
  path: string;
  body: string;
  headers: IncomingMessage['headers'];
}

/** `undefined`: the connection breaks without an answer. */
export type Reply =
  | {
      status: number;
      headers?: Record<string, string | string[]>;
      body?: string;
      /** Said again and again, until nobody listens. */
      endless?: string;
      onCut?: () => void;
    }
  | undefined;

/** Real HTTP, with only as much of a WHEP server as a test plays. */
export class WhepServer {
  readonly heard: Heard[] = [];
  readonly answers: Record<string, (request: Heard) => Reply | Promise<Reply>> = {
    OPTIONS: () => ({ status: 204 }),
    POST: () => this.created(),
    PATCH: () => ({ status: 204 }),
    DELETE: () => ({ status: 200 }),
    HEAD: () => ({ status: 405 }),
  };
  #http = createServer((request, response) => void this.#answer(request, response));
  #port = 0;
  #sessions = 0;

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#http.address() as AddressInfo).port;
    onTestFinished(() => this.stop());
    return `http://127.0.0.1:${this.#port}/cam/whep`;
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  created(headers: Record<string, string | string[]> = {}): Reply {
    this.#sessions += 1;
    const location = `whep/s${this.#sessions}`;
    return {
      status: 201,
      headers: { 'content-type': 'application/sdp', location, etag: '"e"', ...headers },
      body: 'v=0\r\n',
    };
  }

  /** "POST /cam/whep", in the order in which they came. */
  get lines(): string[] {
    return this.heard.map(({ method, path }) => `${method} ${path}`);
  }

  /** Waits until it has been asked this for the nth time. */
  async asked(line: string, times = 1): Promise<Heard> {
    const asked = () => this.heard.filter(({ method, path }) => `${method} ${path}` === line);
    await expect.poll(() => asked().length, { timeout: 8_000, interval: 5 }).toBeGreaterThanOrEqual(times);
    return asked()[times - 1] as Heard;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const heard = { method: request.method ?? '', path: request.url ?? '', body, headers: request.headers };
    this.heard.push(heard);
    const reply = await this.answers[heard.method]?.(heard);
    if (!reply) {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status, reply.headers);
    const { endless, onCut } = reply;
    if (!endless) {
      response.end(reply.body);
      return;
    }
    const go = () => {
      while (!response.destroyed && response.write(endless));
    };
    response.on('drain', go).on('close', () => onCut?.());
    go();
  }
}

/** A channel, and what it says: "connected", "closed unauthorized", "online". */
export function openChannel(src: string, token?: string, signalling: SignallingFactory = whepSignalling) {
  const said: string[] = [];
  const events: ChannelEvents = {
    onSignalling: (state, error) => said.push(error ? `${state} ${error.code}` : state),
    onStream: ({ online }) => said.push(online ? 'online' : 'offline'),
    onTokenExpiring: () => said.push('expiring'),
  };
  const channel = signalling({ src, stream: 'camera', token }, events);
  onTestFinished(() => channel.close());
  const until = (what: string, times = 1) =>
    expect
      .poll(() => said.filter((word) => word === what).length, { timeout: 8_000, interval: 5 })
      .toBeGreaterThanOrEqual(times);
  return { channel, said, until };
}

/** The code that a promise is refused with. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'not refused',
    (error: PreviewError) => error.code,
  );
}
