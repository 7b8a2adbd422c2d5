import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { expect, onTestFinished } from 'vitest';
import type { ChannelEvents, SessionEvents } from '../../src/element/signalling/signalling.js';
import { socketIoSignalling } from '../../src/element/signalling/socket-io.js';
import { ONLINE } from './fakes.js';

type Reply = object;

/** Real Socket.IO, with only as much of a server as a test plays. */
export class SmallServer {
  /** Every message, in the order in which they came: "join", "leave s1", … */
  readonly heard: string[] = [];
  readonly tokens: (string | undefined)[] = [];
  sockets: Socket[] = [];
  /** What each kind of message is answered with. */
  readonly answers: Record<
    string,
    (message: { session: string; resume: string; token: string; number?: number }) => Reply | Promise<Reply>
  > = {
    join: () => this.joined(),
    resume: () => ({ ok: true, stream: ONLINE, ice: { iceServers: [] }, resume: `key-${this.heard.length}` }),
    offer: () => ({ ok: true, sdp: 'v=0' }),
  };
  /** Why the next connections are refused. */
  readonly refusals: object[] = [];
  readonly #http = createServer();
  #io = new Server(this.#http, { path: '/webrtc-signaling' });
  #sessions = 0;

  async listen(): Promise<string> {
    this.#io.use((socket, next) => {
      this.tokens.push(socket.handshake.auth.token);
      const data = this.refusals.shift();
      next(data ? Object.assign(new Error('refused'), { data }) : undefined);
    });
    this.#io.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.onAny((event: string, message, ack?: (reply: Reply) => void) => {
        this.heard.push([event, message.session, message.resume, message.token].filter(Boolean).join(' '));
        const answer = this.answers[event]?.(message) ?? { ok: true };
        if (answer instanceof Promise) void answer.then(ack);
        else ack?.(answer);
      });
    });
    onTestFinished(() => void this.#io.close());
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** @param session its id, where it is not the server that chooses one */
  joined(session = `s${this.#sessions + 1}`): Reply {
    this.#sessions += 1;
    return { ok: true, session, stream: ONLINE, ice: { iceServers: [] }, resume: `key-of-${session}` };
  }

  get socket(): Socket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('nobody has come');
    return socket;
  }

  /** As a network does: without a goodbye. */
  cut(): void {
    this.socket.conn.close();
  }
}

/** A channel, and what it says: "connected", "closed kicked", "online", "expiring 5". */
export function openChannel(src: string, token?: string) {
  const said: string[] = [];
  const events: ChannelEvents = {
    onSignalling: (state, error) => said.push(error ? `${state} ${error.code}` : state),
    onStream: ({ online }) => said.push(online ? 'online' : 'offline'),
    onTokenExpiring: (expiresAt) => said.push(`expiring ${expiresAt}`),
  };
  const channel = socketIoSignalling({ src, stream: 'camera', token }, events);
  onTestFinished(() => channel.close());
  /** Waits until it has been said for the nth time. */
  const until = (what: string, times = 1) =>
    expect
      .poll(() => said.filter((word) => word === what).length, { timeout: 8_000, interval: 5 })
      .toBeGreaterThanOrEqual(times);
  return { channel, said, until };
}

/** What a session says. */
export function sessionEvents(): SessionEvents & { said: string[] } {
  const said: string[] = [];
  return {
    said,
    onCandidate: ({ candidate }) => said.push(`candidate ${candidate}`),
    onIce: ({ iceServers }) => said.push(`ice ${iceServers.map(({ urls }) => urls).join()}`),
    onClosed: (reason, error) => said.push(`closed ${reason}${error ? ` ${error.code}` : ''}`),
  };
}
