import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { expect, it, onTestFinished } from 'vitest';
import type { ChannelEvents } from '../../src/element/signalling/signalling.js';
import { socketIoSignalling } from '../../src/element/signalling/socket-io.js';
import { errorInfo } from '../../src/protocol/errors.js';
import { ONLINE } from './fakes.js';

type Ack = (reply: unknown) => void;

/** Real Socket.IO, with only as much of a server as the test plays. */
async function listen(onJoin: (ack: Ack) => void, onLeave: (session: string) => void = () => {}): Promise<string> {
  const http = createServer();
  const io = new Server(http, { path: '/webrtc-signaling' });
  io.on('connection', (socket) => {
    socket.on('join', (_, ack: Ack) => onJoin(ack));
    socket.on('leave', ({ session }, ack: Ack) => {
      onLeave(session);
      ack({ ok: true });
    });
  });
  onTestFinished(() => io.close());
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

/** A channel, and a way to wait for what it says. */
function open(src: string) {
  const said: string[] = [];
  const waiting = new Set<() => void>();
  const say = (what: string) => {
    said.push(what);
    for (const check of waiting) check();
  };
  const events: ChannelEvents = {
    onSignalling: (state, error) => say(error ? `${state} ${error.code}` : state),
    onStream: ({ online }) => say(online ? 'online' : 'offline'),
  };
  const channel = socketIoSignalling({ src, stream: 'camera' }, events);
  onTestFinished(() => channel.close());
  /** Resolves when it has been said for the nth time. */
  const until = (what: string, times = 1) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (said.filter((word) => word === what).length >= times) resolve();
      };
      waiting.add(check);
      check();
    });
  return { channel, said, until };
}

const joined = (session: string) => ({ ok: true, session, stream: ONLINE, ice: { iceServers: [] } });
const noop = { onCandidate: () => {}, onClosed: () => {} };

it('joins again when a join was refused for now', async () => {
  let joins = 0;
  const src = await listen((ack) => {
    joins += 1;
    ack(joins === 1 ? { ok: false, error: errorInfo('too_many_sessions') } : joined('s1'));
  });
  const { said, until } = open(src);
  await until('online');
  expect(said).toEqual(['connecting', 'connected', 'connecting too_many_sessions', 'connected', 'online']);
});

it('joins at once when a person asks for it', async () => {
  let joins = 0;
  const src = await listen((ack) => {
    joins += 1;
    ack(joins === 1 ? { ok: false, error: errorInfo('unauthorized') } : joined('s1'));
  });
  const { channel, until } = open(src);
  await until('closed unauthorized');
  channel.reconnect();
  await until('online');
});

it('has a session ready ahead of need, and leaves all of them in the end', async () => {
  let joins = 0;
  const left: string[] = [];
  let onLeft = () => {};
  const all = new Promise<void>((resolve) => {
    onLeft = () => left.length === 2 && resolve();
  });
  const src = await listen(
    (ack) => {
      joins += 1;
      ack(joined(`s${joins}`));
    },
    (session) => {
      left.push(session);
      onLeft();
    },
  );
  const { channel, until } = open(src);
  await until('online');
  await channel.open(noop);
  await until('online', 2);
  channel.close();
  await all;
  expect(left.sort()).toEqual(['s1', 's2']);
});
