import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import {
  CAMERA,
  client,
  code,
  connected,
  fetchAs,
  guarded,
  listen,
  lives,
  next,
  rawHttp,
  rawSocket,
  receiver,
  refusal,
  SDP,
  sender,
  TRANSPORTS,
  token,
  upgrade,
  viewer,
} from './support.js';

const GOOD = 'https://good.example';

describe('attacks 25 and 26: a page of', () => {
  it.each([
    ['another origin', 'https://evil.example', 403],
    ['a name that begins like an allowed one', 'https://good.example.evil.com', 403],
    ['no origin', 'null', 403],
    ['an allowed origin in capitals', 'HTTPS://GOOD.EXAMPLE', 403],
    ['an allowed origin with a path', `${GOOD}/`, 403],
    ['an allowed host by http', 'http://good.example', 403],
    ['an allowed origin', GOOD, undefined],
  ])('%s', async (_name, origin, refused) => {
    const { url } = await listen({ origins: [GOOD] });
    expect(await upgrade(url, { origin })).toBe(refused ?? 101);
    const { status } = await fetchAs(`${url}/webrtc-signaling/?EIO=4&transport=polling`, { origin });
    expect(status).toBe(refused ?? 200);
    expect((await fetchAs(`${url}/webrtc-signaling/streams`, { origin })).status).toBe(refused ?? 200);
  });

  it('no page at all (a program) is asked for its rights instead', async () => {
    const { url } = await guarded();
    expect(await upgrade(url)).toBe(101);
    expect(await refusal(url, { role: 'receiver', protocol: 1 }, 'websocket')).toBe('token_missing');
  });
});

it('attack 27: an upgrade of a known connection is asked for its origin again', async () => {
  const { url } = await listen({ origins: [GOOD] });
  const opened = await fetchAs(`${url}/webrtc-signaling/?EIO=4&transport=polling`, { origin: GOOD });
  const { sid } = JSON.parse(opened.body.slice(1));
  expect(await upgrade(url, { origin: 'https://evil.example' }, `&sid=${sid}`)).toBe(403);
  expect(await upgrade(url, { origin: GOOD }, `&sid=${sid}`)).toBe(101);
});

describe('attack 28: a client that', () => {
  it('connects and never says who it is is closed', { timeout: 20_000 }, async () => {
    const { url } = await listen();
    const raw = await rawSocket(url, '');
    await raw.closed;
  });

  it('says who it is and then nothing is closed', async () => {
    const { url } = await listen({ idleTimeoutMs: 200 });
    const raw = await rawSocket(url);
    await raw.closed;
  });

  it('never ends its request is closed, where the app has a requestTimeout', { timeout: 20_000 }, async () => {
    const fastify = Fastify({ requestTimeout: 500, http: { connectionsCheckingInterval: 100, headersTimeout: 500 } });
    const { port } = await listen({}, { fastify });
    const said = await rawHttp(port, 'GET /webrtc-signaling/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n', 10_000);
    expect(said).toContain('408');
  });

  it('opens a poll and never comes back is closed', { timeout: 40_000 }, async () => {
    const { fastify, url } = await listen();
    const gone = new Promise<string>((resolve) => {
      fastify.webrtcSignaling.events.once('client-disconnected', ({ reason }) => resolve(reason));
    });
    const path = `${url}/webrtc-signaling/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await fetchAs(path, {})).body.slice(1));
    await fetchAs(`${path}&sid=${sid}`, {}, 'POST', '40{"role":"receiver","protocol":1}');
    expect(await gone).toBeTruthy();
  });
});

describe.each(TRANSPORTS)('attack 29: by %s', (transport) => {
  const from = (address: (number: number) => string) => {
    let asked = 0;
    return () => {
      asked += 1;
      return address(asked);
    };
  };

  it('one address has a limit', async () => {
    const { url } = await listen({ clientAddress: () => '192.0.2.7', limits: { connectionsPerAddress: 3 } });
    const first = await connected(client(url, 'receiver', { transports: [transport] }));
    for (let made = 1; made < 3; made += 1) await connected(client(url, 'receiver', { transports: [transport] }));
    const status =
      transport === 'websocket'
        ? await upgrade(url)
        : (await fetchAs(`${url}/webrtc-signaling/?EIO=4&transport=polling`, {})).status;
    expect(status).toBe(429);
    first.close();
    await expect.poll(() => upgrade(url)).toBe(101);
  });

  it('a /64 of IPv6 is one address', async () => {
    const { url } = await listen({
      clientAddress: from((number) => `2001:db8::${number.toString(16)}`),
      limits: { connectRate: { perSecond: 0.001, burst: 5 } },
    });
    const outcomes = [];
    for (let tried = 0; tried < 8; tried += 1) outcomes.push(await upgrade(url));
    expect(outcomes).toContain(429);
  });

  it('all together have a limit', async () => {
    const { url } = await listen({ clientAddress: from((number) => `192.0.2.${number}`), limits: { connections: 2 } });
    for (let made = 0; made < 2; made += 1) await connected(client(url, 'receiver', { transports: [transport] }));
    expect(await upgrade(url)).toBe(429);
  });
});

it('attack 30: X-Forwarded-For is believed from a proxy that is trusted, and from nobody else', async () => {
  const limits = { connectRate: { perSecond: 0.001, burst: 2 } };
  const forged = (number: number) => ({ 'x-forwarded-for': `203.0.113.${number}` });
  const tries = async (url: string) => {
    const statuses = [];
    for (let number = 1; number <= 4; number += 1) statuses.push(await upgrade(url, forged(number)));
    return statuses;
  };
  const trusting = await listen({ trustProxy: ['127.0.0.1'], limits });
  expect(await tries(trusting.url), 'four clients of a proxy').toEqual([101, 101, 101, 101]);
  const seen: string[] = [];
  const wary = await listen({ trustProxy: ['10.0.0.1'], limits });
  wary.fastify.webrtcSignaling.events.on('client-refused', ({ address }) => seen.push(address));
  expect(await tries(wary.url), 'one client that forges').toContain(429);
  expect(await refusal(wary.url, { role: 'sender', protocol: 2 }, 'websocket').catch(() => 'refused')).not.toBe(
    'connected',
  );
});

it('attack 31: a reader that does not read is cut off, and nobody else waits for it', { timeout: 60_000 }, async () => {
  const { fastify, url } = await listen({ messageRate: { perSecond: 1e6, burst: 1e6 } });
  const camera = await sender(url);
  const news = 'x'.repeat(150);
  const slow = await rawSocket(url);
  slow.send('421["join",{"stream":"cam"}]');
  await slow.read();
  slow.socket.pause();
  const { socket: quick } = await receiver(url);
  let heard = 0;
  quick.on('stream', () => {
    heard += 1;
  });
  const cut = new Promise<void>((resolve) => {
    fastify.webrtcSignaling.events.on('client-disconnected', ({ role }) => role === 'receiver' && resolve());
  });
  const modes = Array.from({ length: 100 }, (_, index) => ({ width: 640, height: 480, fps: index + 1 }));
  let done = false;
  void cut.then(() => {
    done = true;
  });
  let sent = 0;
  while (!done && sent < 20_000) {
    await camera.emitWithAck('update-camera', { stream: 'cam', camera: { ...CAMERA, label: news, modes } });
    sent += 1;
  }
  expect(done, `cut off within ${sent} messages`).toBe(true);
  await expect.poll(() => heard).toBe(sent);
  slow.socket.terminate();
});

it('attack 32: a stream has a limit of viewers, and the sender is not asked beyond it', async () => {
  const { url } = await listen({ maxViewers: 2 });
  const camera = await sender(url);
  let asked = 0;
  camera.on('offer', () => {
    asked += 1;
  });
  await viewer(url);
  const second = await viewer(url);
  expect((await viewer(url)).ack).toEqual(code('stream_full'));
  expect(asked).toBe(2);
  await second.socket.emitWithAck('leave', { session: second.session });
  expect((await viewer(url)).ack).toMatchObject({ ok: true });
});

it('attack 32: joins have a rate', async () => {
  const { url } = await listen({
    clientAddress: () => '192.0.2.7',
    limits: { joinRate: { perSecond: 0.001, burst: 3 } },
  });
  const socket = client(url, 'receiver');
  const acks = [];
  for (let tried = 0; tried < 4; tried += 1) acks.push(await socket.emitWithAck('join', { stream: 'cam' }));
  expect(acks.map(({ ok }) => ok)).toEqual([true, true, true, false]);
  expect(acks.at(-1)).toEqual(code('rate_limited'));
});

it('attack 33: ids cannot be guessed, and a wrong one says nothing', async () => {
  const { url } = await listen();
  const { session } = await receiver(url);
  expect(session).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const thief = client(url, 'receiver');
  const guessed = session.replace(/^./, (char) => (char === '0' ? '1' : '0'));
  const [existing, missing] = await Promise.all(
    [session, guessed].map((of) => thief.emitWithAck('leave', { session: of })),
  );
  expect(existing).toEqual(missing);
});

describe('attack 34: ICE servers', () => {
  const turn = { urls: 'turn:turn.example:3478', secret: 'kQ7w1vB0mZr5xT9nC3yF6hJ8pL2sD4gA' };
  it('are not for who shows no token', async () => {
    const { url } = await guarded({ turn });
    expect((await fetchAs(`${url}/webrtc-signaling/ice-servers`, {})).status).toBe(401);
  });

  it('name a user that the server chose, another one each time', async () => {
    const { url } = await guarded({ turn });
    const headers = { authorization: `Bearer ${await token()}` };
    const user = async () => {
      const { body } = await fetchAs(`${url}/webrtc-signaling/ice-servers?user=somebody`, headers);
      return JSON.parse(body).iceServers[0].username as string;
    };
    const [first, second] = [await user(), await user()];
    expect(first).not.toContain('somebody');
    expect(first).not.toBe(second);
  });

  it('are not for a thousand questions a minute', async () => {
    const { url } = await guarded({
      turn,
      clientAddress: () => '192.0.2.7',
      limits: { connectRate: { perSecond: 0.001, burst: 20 } },
    });
    const headers = { authorization: `Bearer ${await token()}` };
    const statuses = [];
    for (let asked = 0; asked < 25; asked += 1) {
      statuses.push((await fetchAs(`${url}/webrtc-signaling/ice-servers`, headers)).status);
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.at(-1)).toBe(429);
  });
});

it('attack 45: a compressed bomb is not unpacked', async () => {
  const { url } = await listen();
  expect(await upgrade(url, { 'sec-websocket-extensions': 'permessage-deflate' })).toBe(101);
  const path = `${url}/webrtc-signaling/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await fetchAs(path, {})).body.slice(1));
  const { status } = await fetchAs(`${path}&sid=${sid}`, { 'content-encoding': 'gzip' }, 'POST', '\u001f\u008b\b');
  expect([200, 400]).toContain(status);
  await lives(url);
});

it('attack 46: closing during a thousand joins, twice, and before listening', { timeout: 30_000 }, async () => {
  const { fastify, url } = await listen({ limits: { connectRate: false, joinRate: false } });
  const sockets = Array.from({ length: 10 }, () => client(url, 'receiver', { reconnection: false }));
  await Promise.all(sockets.map(connected));
  for (const socket of sockets)
    for (let joined = 0; joined < 100; joined += 1) socket.emit('join', { stream: `s${joined}` });
  const gone = Promise.all(sockets.map((socket) => next(socket, 'disconnect')));
  await Promise.all([fastify.close(), fastify.close()]);
  await gone;
  const early = Fastify();
  const { webrtcSignaling } = await import('../../../src/server/index.js');
  await early.register(webrtcSignaling, { iceServers: [] });
  await early.close();
  expect(SDP).toBeTruthy();
});

it.each(['&sid=', '&x=?sid=1', '&sid=1&sid='])(
  'attack 29: "%s" in the address is no way around the count',
  async (query) => {
    const { fastify, url } = await listen({ limits: { connections: 1 } });
    await connected(client(url, 'receiver'));
    let connections = 0;
    fastify.webrtcSignaling.events.on('client-connected', () => {
      connections += 1;
    });
    expect(await upgrade(url, {}, query)).not.toBe(101);
    const { status } = await fetchAs(`${url}/webrtc-signaling/?EIO=4&transport=polling${query}`, {});
    expect([400, 429]).toContain(status);
    expect(connections).toBe(0);
  },
);

it('attack 2: one connection is one client and one guess', async () => {
  const { fastify, url } = await guarded();
  let refused = 0;
  fastify.webrtcSignaling.events.on('client-refused', () => {
    refused += 1;
  });
  const raw = await rawSocket(url, '');
  for (let guess = 0; guess < 100; guess += 1) raw.send(`40{"role":"receiver","protocol":1,"token":"guess-${guess}"}`);
  await raw.closed;
  expect(refused).toBeLessThanOrEqual(1);
});

it('attack 28: who leaves the only namespace is closed', async () => {
  const { url } = await listen();
  const raw = await rawSocket(url);
  raw.send('41');
  await raw.closed;
});
