import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { errorInfo } from '../../src/protocol/errors.js';
import { openChannel, SmallServer, sessionEvents } from './small-server.js';

const patience = { timeout: 8_000, interval: 5 };

async function serve(): Promise<{ server: SmallServer; src: string }> {
  const server = new SmallServer();
  return { server, src: await server.listen() };
}

/** A channel with one session that was answered. */
async function answered(src: string, token?: string) {
  const opened = openChannel(src, token);
  const events = sessionEvents();
  const session = await opened.channel.open(events);
  await session.offer('v=0');
  await opened.until('online', 2);
  return { ...opened, session, events };
}

describe('joining', () => {
  it('is tried again when it was refused for now', async () => {
    const { server, src } = await serve();
    let joins = 0;
    server.answers.join = () => {
      joins += 1;
      return joins === 1 ? { ok: false, error: errorInfo('too_many_sessions') } : server.joined();
    };
    const { said, until } = openChannel(src);
    await until('online');
    expect(said).toEqual(['connecting', 'connected', 'connecting too_many_sessions', 'connected', 'online']);
  });

  it('is tried at once when a person asks for it', async () => {
    const { server, src } = await serve();
    let joins = 0;
    server.answers.join = () => {
      joins += 1;
      return joins === 1 ? { ok: false, error: errorInfo('unauthorized') } : server.joined();
    };
    const { channel, until } = openChannel(src);
    await until('closed unauthorized');
    channel.reconnect();
    await until('online');
  });

  it('goes ahead of need, and all sessions are left in the end', async () => {
    const { server, src } = await serve();
    const { channel, until } = openChannel(src);
    await until('online');
    await channel.open(sessionEvents());
    await until('online', 2);
    channel.close();
    await expect.poll(() => server.heard, patience).toEqual(expect.arrayContaining(['leave s1', 'leave s2']));
  });
});

describe('an offer that is there before its session', () => {
  /** A server that takes the ids that its clients expect. */
  async function serveNumbers() {
    const { server, src } = await serve();
    server.answers.join = ({ number }) => server.joined(`${server.socket.id}_${number}`);
    return { server, src };
  }

  it('is sent in the same flight as the join: one round trip for both', async () => {
    const { server, src } = await serveNumbers();
    const join = server.answers.join as (message: object) => object;
    // The join is acknowledged only once the offer is here: who waits for the one before sending the other waits for ever.
    server.answers.join = async (message) => {
      await vi.waitUntil(() => server.heard.some((each) => each.startsWith('offer')), patience);
      return join(message);
    };
    const { channel } = openChannel(src);
    // Nobody is connected yet, as in a page that is only being opened.
    const session = await channel.open(sessionEvents(), Promise.resolve('v=0'));
    expect(await session.offer('v=0')).toBe('v=0');
    const heard = server.heard.map((each) => each.split(' ')[0]);
    expect(heard.slice(0, 2)).toEqual(['join', 'offer']);
    expect(
      heard.filter((each) => each === 'offer'),
      'it is sent once',
    ).toHaveLength(1);
  });

  it('is sent anew where the server gives ids of its own', async () => {
    const { server, src } = await serve();
    server.answers.offer = ({ session }) =>
      session === 's1' ? { ok: true, sdp: 'v=0' } : { ok: false, error: errorInfo('unknown_session') };
    const { channel } = openChannel(src);
    const session = await channel.open(sessionEvents(), Promise.resolve('v=0'));
    expect(await session.offer('v=0')).toBe('v=0');
  });

  it('waits for another session where the first was refused for now', async () => {
    const { server, src } = await serveNumbers();
    const join = server.answers.join as (message: object) => object;
    let joins = 0;
    server.answers.join = (message) => {
      joins += 1;
      return joins === 1 ? { ok: false, error: errorInfo('too_many_sessions') } : join(message);
    };
    server.answers.offer = () =>
      joins === 1 ? { ok: false, error: errorInfo('unknown_session') } : { ok: true, sdp: 'v=0' };
    const { channel } = openChannel(src);
    const session = await channel.open(sessionEvents(), Promise.resolve('v=0'));
    expect(await session.offer('v=0')).toBe('v=0');
    expect(joins).toBeGreaterThan(1);
  });
});

describe('a connection that breaks', () => {
  it('has its sessions resumed on the next one, before another is joined, with a key for each time', async () => {
    const { server, src } = await serve();
    const { until, events, session } = await answered(src);
    server.heard.length = 0;
    server.cut();
    await until('connecting server_unreachable');
    session.reportLive();
    await until('connected', 2);
    await expect.poll(() => server.heard, patience).toHaveLength(3);
    expect(server.heard[0]).toBe('resume s1 key-of-s1');
    expect(server.heard.slice(1).sort()).toEqual(['join', 'live s1']);
    await until('online', 3);
    server.cut();
    await until('connected', 3);
    await expect.poll(() => server.heard, patience).toContain('resume s1 key-1');
    server.socket.emit('session-closed', { session: 's1', reason: 'sender-closed' });
    await expect.poll(() => events.said, patience).toContain('closed sender-closed');
  });

  it('leaves the media alone where the server does not know the session any more', async () => {
    const { server, src } = await serve();
    const { until, events, session } = await answered(src);
    server.answers.resume = () => ({ ok: false, error: errorInfo('unknown_session') });
    server.cut();
    await until('connected', 2);
    await until('online', 3);
    expect(events.said).toEqual([]);
    server.heard.length = 0;
    session.reportLive();
    session.leave();
    server.cut();
    await until('online', 4);
    expect(server.heard, 'nothing more about it').toEqual(['join']);
  });

  it('takes no session along that was not answered', async () => {
    const { server, src } = await serve();
    const { channel, until } = openChannel(src);
    await until('online');
    await channel.open(sessionEvents());
    await until('online', 2);
    server.heard.length = 0;
    server.cut();
    await until('online', 3);
    expect(server.heard).toEqual(['join']);
  });
});

describe('a server that closes', () => {
  it('is come back to when it said, not before, and its session is resumed', async () => {
    const { server, src } = await serve();
    const { until, said } = await answered(src);
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const before = performance.now();
    server.socket.emit('server-closing', { retryAfterMs: 600 });
    server.socket.emit('session-closed', { session: 's2', reason: 'server-closing' });
    server.socket.disconnect(true);
    await until('connecting server_closing');
    await until('connected', 2);
    vi.restoreAllMocks();
    expect(performance.now() - before).toBeGreaterThanOrEqual(590);
    await until('online', 3);
    expect(server.heard).toContain('resume s1 key-of-s1');
    expect(said).not.toContain('connecting server_unreachable');
  });

  it('is left without a goodbye where it waits for that', async () => {
    const { server, src } = await serve();
    const { until } = await answered(src);
    server.heard.length = 0;
    server.socket.emit('server-closing', { retryAfterMs: 0 });
    await until('connected', 2);
    expect(server.sockets).toHaveLength(2);
    await expect.poll(() => server.heard, patience).toContain('resume s1 key-of-s1');
    expect(server.heard).not.toContain('leave s1');
  });

  it('may close the socket alone: then it is come back to', async () => {
    const { server, src } = await serve();
    const { until } = await answered(src);
    server.socket.disconnect(true);
    await until('connected', 2);
  });
});

describe('a server that refuses', () => {
  it('for now is asked again by itself', async () => {
    const { server, src } = await serve();
    server.refusals.push(errorInfo('too_many_connections'));
    const { until, said } = openChannel(src);
    await until('online');
    expect(said.slice(0, 2)).toEqual(['connecting', 'connecting too_many_connections']);
  });

  it('for good is not, until a person asks', async () => {
    const { server, src } = await serve();
    server.refusals.push(errorInfo('forbidden'));
    const { until, channel, said } = openChannel(src);
    await until('closed forbidden');
    channel.reconnect();
    await until('online');
    expect(said.filter((word) => word === 'closed forbidden')).toHaveLength(1);
  });

  it.each(['kicked', 'expired'] as const)('who was %s stays away until a person asks', async (reason) => {
    const { server, src } = await serve();
    const { until, events, channel } = await answered(src);
    const error = errorInfo(reason === 'kicked' ? 'kicked' : 'token_expired');
    server.socket.emit('session-closed', { session: 's2', reason, error });
    server.socket.emit('session-closed', { session: 's1', reason, error });
    await until(`closed ${error.code}`);
    expect(events.said).toEqual([`closed ${reason} ${error.code}`]);
    await expect.poll(() => server.socket.connected, patience).toBe(false);
    channel.reconnect();
    await until('online', 3);
    expect(server.sockets).toHaveLength(2);
  });
});

describe('what answers and is no server of ours', () => {
  async function serveWrongly(answer: RequestListener) {
    const http = createServer(answer);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void http.close());
    return { http, src: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
  }

  it.each([
    [404, 'Not Found', 'wrong_server'],
    [200, '<!doctype html><title>A page</title>', 'wrong_server'],
    [200, '', 'wrong_server'],
    [502, '<html>Bad Gateway</html>', 'server_unreachable'],
  ])('by %i %j: %s', async (status, body, code) => {
    const { src } = await serveWrongly((_, response) => response.writeHead(status).end(body));
    const { said, until } = openChannel(src);
    await until(`connecting ${code}`, 2);
    expect(new Set(said)).toEqual(new Set(['connecting', `connecting ${code}`]));
  });

  it('is found out where it keeps a WebSocket waiting, and so is ours behind a proxy that does', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { http, src } = await serveWrongly((_, response) => response.writeHead(404).end());
    let waiting = 0;
    http.on('upgrade', (_, socket) => {
      waiting += 1;
      onTestFinished(() => void socket.destroy());
    });
    const { said } = openChannel(src);
    await expect.poll(() => waiting, patience).toBe(1);
    const later = () => {
      vi.advanceTimersByTime(100);
      return said;
    };
    await expect.poll(later, patience).toContain('connecting wrong_server');
    const io = new Server(http, { path: '/webrtc-signaling', transports: ['polling'] });
    onTestFinished(() => void io.close());
    await expect.poll(later, patience).toContain('connected');
  });

  it('is asked ever more slowly, and found once it is there', { timeout: 15_000 }, async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const asked: number[] = [];
    const { http, src } = await serveWrongly((_, response) => {
      asked.push(performance.now());
      response.writeHead(404).end();
    });
    const { channel, until } = openChannel(src);
    await until('connecting wrong_server', 5);
    vi.restoreAllMocks();
    const waits = asked.slice(1).map((at, index) => at - (asked[index] as number));
    expect(waits[3]).toBeGreaterThan(1.5 * (waits[2] as number));
    const io = new Server(http, { path: '/webrtc-signaling' });
    onTestFinished(() => void io.close());
    channel.reconnect();
    await until('connected');
  });
});

describe('fresh ICE servers', () => {
  it('go to what runs, and to what begins later', async () => {
    const { server, src } = await serve();
    const { events, channel } = await answered(src);
    server.socket.emit('ice-config', { iceServers: [{ urls: ['turn:new.example'] }] });
    await expect.poll(() => events.said, patience).toEqual(['ice turn:new.example']);
    const later = await channel.open(sessionEvents());
    expect(later.ice.iceServers).toEqual([{ urls: ['turn:new.example'] }]);
  });
});

describe('a newer token', () => {
  it('goes over the connection that there is, and is used for the next one', async () => {
    const { server, src } = await serve();
    const { channel, said, until } = await answered(src, 'old');
    server.socket.emit('token-expiring', { expiresAt: 5 });
    await until('expiring 5');
    const before = said.length;
    expect(await channel.authenticate('new')).toBe(true);
    expect(server.heard).toContain('authenticate new');
    expect(said).toHaveLength(before);
    server.cut();
    await until('connected', 2);
    expect(server.tokens).toEqual(['old', 'new']);
  });

  it.each([null, ''])('is none where it is %j', async (none) => {
    const { server, src } = await serve();
    await answered(src, none as unknown as undefined);
    expect(server.tokens).toEqual([undefined]);
  });

  it('that is refused leaves the former one in use', async () => {
    const { server, src } = await serve();
    const { channel, until } = await answered(src, 'old');
    server.answers.authenticate = () => ({ ok: false, error: errorInfo('unauthorized') });
    await expect(channel.authenticate('wrong')).rejects.toMatchObject({ code: 'unauthorized' });
    server.cut();
    await until('connected', 2);
    expect(server.tokens).toEqual(['old', 'old']);
    delete server.answers.authenticate;
    expect(await channel.authenticate('new')).toBe(true);
  });

  it('brings back who was refused with the former one', async () => {
    const { server, src } = await serve();
    server.refusals.push(errorInfo('token_expired'));
    const { channel, until } = openChannel(src, 'old');
    await until('closed token_expired');
    expect(await channel.authenticate('new')).toBe(true);
    await until('online');
    expect(server.tokens).toEqual(['old', 'new']);
  });

  it('is one change when all elements on the connection get it', async () => {
    const { server, src } = await serve();
    const one = openChannel(src, 'old');
    const two = openChannel(src, 'old');
    await Promise.all([one.until('online'), two.until('online')]);
    expect(await Promise.all([one.channel.authenticate('new'), two.channel.authenticate('new')])).toEqual([true, true]);
    expect(server.heard.filter((message) => message.startsWith('authenticate'))).toEqual(['authenticate new']);
    expect(server.sockets).toHaveLength(1);
  });

  it('needs a connection of its own where it is somebody else’s', async () => {
    const { server, src } = await serve();
    const { channel, said } = await answered(src, 'old');
    server.answers.authenticate = () => ({ ok: false, error: errorInfo('forbidden') });
    const before = said.length;
    expect(await channel.authenticate('new')).toBe(false);
    expect(said).toHaveLength(before);
  });

  it('needs a connection of its own where others keep the former one', async () => {
    const { server, src } = await serve();
    const one = openChannel(src, 'old');
    const two = openChannel(src, 'old');
    await Promise.all([one.until('online'), two.until('online')]);
    expect(await one.channel.authenticate('new')).toBe(false);
    expect(server.heard).not.toContain('authenticate new');
    expect(await two.channel.authenticate('old')).toBe(true);
  });
});

describe('a connection that is doubted because frames are missing', () => {
  it('is given up for another, with all its sessions, when nothing comes by it', async () => {
    const { server, src } = await serve();
    const { channel, session, until } = await answered(src);
    // Nobody is asked anything here: the server is as silent as one whose network is gone.
    channel.doubt?.();
    await until('connecting server_unreachable');
    await until('connected', 2);
    expect(server.sockets).toHaveLength(2);
    await expect.poll(() => server.heard, patience).toContain('resume s1 key-of-s1');
    await session.leave();
  });

  it('stays when the server answers', async () => {
    const { server, src } = await serve();
    const { channel, said } = await answered(src);
    for (let round = 0; round < 3; round += 1) {
      channel.doubt?.();
      await channel.open(sessionEvents());
      await new Promise((resolve) => setTimeout(resolve, 600));
    }
    expect(server.sockets).toHaveLength(1);
    expect(said.filter((word) => word.startsWith('connecting'))).toHaveLength(1);
  });
});
