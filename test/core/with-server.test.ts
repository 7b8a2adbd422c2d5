import type { Socket } from 'node:net';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { errorInfo } from '../../src/protocol/errors.js';
import type { Grant } from '../../src/server/access/access.js';
import { CAMERA, client, connected, listen, SDP } from '../server/support.js';
import { openChannel, sessionEvents } from './small-server.js';

/* The element's signalling with the real server. */

const everything: Grant = { publish: ['camera'], watch: ['camera'] };
const patience = { timeout: 8_000, interval: 5 };

/** A server, a sender on it that answers, and a channel with an answered session. */
async function watching(grants: Record<string, Grant> = { old: everything }) {
  const all: Record<string, Grant> = { ...grants, sender: everything };
  const fastify = Fastify();
  const connections: Socket[] = [];
  fastify.server.on('connection', (connection) => connections.push(connection));
  const { url } = await listen({ authorize: (visitor) => all[visitor.token ?? ''] }, { fastify });
  const sender = await connected(client(url, 'sender', { auth: { role: 'sender', protocol: 1, token: 'sender' } }));
  const closed: string[] = [];
  sender.on('offer', (_offer, acknowledge) => acknowledge({ ok: true, sdp: SDP }));
  sender.on('session-closed', ({ reason }) => closed.push(reason));
  await sender.emitWithAck('publish', { stream: 'camera', instance: 'one', camera: CAMERA });
  const senders = connections.length;
  const opened = openChannel(url, 'old');
  const events = sessionEvents();
  const session = await opened.channel.open(events);
  await session.offer(SDP);
  await opened.until('online', 2);
  return {
    ...opened,
    url,
    server: fastify.webrtcSignaling,
    sender,
    closed,
    session,
    events,
    /** The session that was offered, as the server sees it. */
    offered: () => fastify.webrtcSignaling.sessions().find(({ epoch }) => epoch === 1),
    /** As a network does it: without a goodbye. */
    breakReceiver: () => connections.slice(senders).forEach((connection) => void connection.destroy()),
  };
}

it('goes on with its session after the connection broke, and the sender hears nothing of it', async () => {
  const { until, offered, breakReceiver, session, sender, closed, events } = await watching();
  const id = offered()?.session;
  for (const times of [2, 3]) {
    breakReceiver();
    await until('connecting server_unreachable', times - 1);
    await until('connected', times);
    await until('online', 2 * times);
    expect(offered()).toMatchObject({ session: id, attached: true });
  }
  session.reportLive();
  await expect.poll(() => offered()?.state, patience).toBe('live');
  expect(closed).toEqual([]);
  sender.emit('leave', { session: id }, () => {});
  await expect.poll(() => events.said, patience).toContain('closed sender-closed');
});

it('reports the first frame that was shown while there was no connection', async () => {
  const { until, offered, breakReceiver, session } = await watching();
  breakReceiver();
  await until('connecting server_unreachable');
  session.reportLive();
  await until('connected', 2);
  await expect.poll(() => offered()?.state, patience).toBe('live');
});

it('keeps everything with a newer token, past the end of the old one', async () => {
  const soon = Date.now() + 1_500;
  const { until, channel, offered, events, said, closed } = await watching({
    old: { ...everything, expiresAtMs: soon },
    new: everything,
  });
  await until(`expiring ${soon}`);
  expect(await channel.authenticate('new')).toBe(true);
  const before = said.length;
  await expect.poll(() => Date.now(), patience).toBeGreaterThan(soon + 300);
  expect(offered()?.attached).toBe(true);
  expect(events.said).toEqual([]);
  expect(said).toHaveLength(before);
  expect(closed).toEqual([]);
});

it('is over with its token, and comes back with a new one', async () => {
  const { until, channel, events, closed, said } = await watching({
    old: { ...everything, expiresAtMs: Date.now() + 700 },
    new: everything,
  });
  await expect.poll(() => said.at(-1), patience).toMatch(/^closed /);
  expect(events.said[0]).toMatch(/^closed expired/);
  await expect.poll(() => closed, patience).toEqual(['expired']);
  expect(await channel.authenticate('new')).toBe(true);
  await until('online', 3);
});

it('takes another connection for the token of somebody else', async () => {
  const { channel } = await watching({ old: everything, new: { ...everything, subject: 'somebody' } });
  expect(await channel.authenticate('new')).toBe(false);
  await expect(channel.authenticate('wrong')).rejects.toMatchObject({ code: 'unauthorized' });
});

it('stays away after a kick, until a person asks', async () => {
  const { until, channel, server, events, closed, said } = await watching();
  expect(server.kick({ stream: 'camera' })).toBe(2);
  await until('closed kicked');
  expect(events.said).toEqual([`closed kicked ${errorInfo('kicked').code}`]);
  await expect.poll(() => closed, patience).toContain('kicked');
  expect(said.at(-1)).toBe('closed kicked');
  channel.reconnect();
  await until('connected', 2);
});
