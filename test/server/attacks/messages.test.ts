import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/protocol/index.js';
import {
  candidate,
  client,
  code,
  fetchAs,
  listen,
  lives,
  next,
  OTHER_SDP,
  rawSocket,
  receiver,
  refusal,
  SDP,
  sender,
  TRANSPORTS,
  upgrade,
} from './support.js';

async function offered(url: string, transport: string) {
  const camera = await sender(url);
  const socket = client(url, 'receiver', { transports: [transport] });
  const { session } = await socket.emitWithAck('join', { stream: 'cam' });
  const offer = (sdp = SDP, epoch = 1) => socket.emitWithAck('offer', { session, epoch, sdp });
  return { camera, socket, session, offer };
}

describe.each(TRANSPORTS)('by %s', (transport) => {
  it('attack 11: only a receiver offers, and nothing comes before its offer', async () => {
    const { url } = await listen();
    const { camera, socket, session } = await offered(url, transport);
    expect(await camera.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toEqual(code('wrong_role'));
    expect(await socket.emitWithAck('candidate', candidate(session, 1))).toEqual(code('wrong_state'));
    expect(await socket.emitWithAck('live', { session, epoch: 1 })).toEqual(code('wrong_state'));
    expect(await camera.emitWithAck('candidate', candidate(session, 1)), 'before it was offered').toEqual(
      code('unknown_session'),
    );
  });

  it('attack 12: the same offer gets the same answer, an old epoch is stale', async () => {
    const { url } = await listen();
    const { camera, offer, socket, session } = await offered(url, transport);
    let asked = 0;
    camera.on('offer', () => {
      asked += 1;
    });
    const [first, again] = await Promise.all([offer(), offer()]);
    expect(again).toEqual(first);
    expect(await offer()).toEqual(first);
    expect(asked).toBe(1);
    expect(await offer(OTHER_SDP), 'other words for the same epoch').toEqual(code('wrong_state'));
    expect(await offer(OTHER_SDP, 2)).toMatchObject({ ok: true });
    expect(await offer()).toEqual(code('stale_epoch'));
    expect(await socket.emitWithAck('live', { session, epoch: 1 })).toEqual(code('stale_epoch'));
  });

  it('attack 13: an SDP of 128 KiB and one is too large', async () => {
    const { url } = await listen();
    const { offer } = await offered(url, transport);
    expect(await offer(SDP + 'a'.repeat(LIMITS.sdpLength + 1 - SDP.length))).toEqual(code('too_large'));
    expect(await offer()).toMatchObject({ ok: true });
  });

  it('attack 13: a message over the limit of a packet closes the connection, and the server lives', async () => {
    const { url } = await listen();
    const socket = client(url, 'receiver', { transports: [transport], reconnection: false });
    await socket.emitWithAck('join', { stream: 'cam' });
    const gone = next(socket, 'disconnect');
    socket.emit('join', { stream: 'x'.repeat(LIMITS.packetBytes + 1) });
    await gone;
    await lives(url);
  });

  it.each([
    ['another version', 'v=1\r\no=- 1 1 IN IP4 0.0.0.0\r\n'],
    ['a NUL', `${SDP}a=x\0y\r\n`],
    ['a bare CR', `${SDP}a=x\ry\r\n`],
    ['10,000 media sections', SDP + 'm=video 9 x 96\r\n'.repeat(6_000)],
    ['10,000 lines', SDP + 'a=\r\n'.repeat(10_000)],
    ['no line at all', 'v'.repeat(1_000)],
  ])('attack 14: an SDP with %s is invalid', async (_name, sdp) => {
    const { url } = await listen();
    const { offer } = await offered(url, transport);
    expect(await offer(sdp)).toEqual(code('invalid_sdp'));
  });

  it('attack 15: a flood of candidates is limited, then cut off; odd candidates are refused', async () => {
    const { url } = await listen({ messageRate: { perSecond: 10, burst: 150 } });
    const { socket, session, offer } = await offered(url, transport);
    await offer();
    const odd = (text: string) =>
      socket.emitWithAck('candidate', { session, epoch: 1, candidate: { candidate: text } });
    expect(await odd(`candidate:${'x'.repeat(10_000)}`)).toEqual(code('bad_request'));
    expect(await odd('hello')).toEqual(code('bad_request'));
    const codes = new Set<string>();
    const gone = next(socket, 'disconnect');
    for (let sent = 0; sent < 500; sent += 1) {
      socket.emit('candidate', candidate(session, 1, sent + 1), (ack: { error?: { code: string } }) => {
        codes.add(ack.error?.code ?? 'ok');
      });
    }
    await gone;
    expect(codes).toContain('rate_limited');
    expect(codes).toContain('ok');
  });

  it('attack 15: one negotiation has a hundred candidates, at most', async () => {
    const { url } = await listen();
    const { socket, session, offer } = await offered(url, transport);
    await offer();
    const acks = [];
    for (let sent = 1; sent <= LIMITS.candidatesPerNegotiation + 1; sent += 1) {
      acks.push(await socket.emitWithAck('candidate', candidate(session, 1, sent)));
    }
    expect(acks.filter(({ ok }) => ok)).toHaveLength(LIMITS.candidatesPerNegotiation);
    expect(acks.at(-1)).toEqual(code('rate_limited'));
  });

  it('attack 17: without an acknowledgement, or with one in the wrong place, nothing breaks', async () => {
    const { url } = await listen();
    const socket = client(url, 'receiver', { transports: [transport] });
    socket.emit('join');
    socket.emit('join', { stream: 'cam' });
    socket.emit('join', { stream: 'cam' }, { call: 'x', apply: 1 });
    socket.emit('offer', null, undefined, 7);
    expect(await socket.emitWithAck('join', { stream: 'cam' })).toMatchObject({ ok: true });
  });

  it('attack 18: a handler that fails answers "internal", and the server lives', async () => {
    const { url } = await listen({
      authorize: ({ role }) => {
        if (role === 'sender') throw new Error('the database is down');
        return { watch: true };
      },
    });
    expect(await refusal(url, { role: 'sender', protocol: 1 }, transport)).toBe('internal');
    await lives(url);
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'attack 19: %s pollutes nothing',
    async (name) => {
      const { fastify, url } = await listen();
      const socket = client(url, 'receiver', { transports: [transport] });
      const message = JSON.parse(`{"stream":"cam","${name}":{"polluted":true}}`);
      expect(await socket.emitWithAck('join', message)).toEqual(code('bad_request'));
      const joined = await socket.emitWithAck('join', { stream: name });
      expect(joined).toMatchObject({ ok: true, stream: { stream: name, online: false } });
      expect(fastify.webrtcSignaling.streams().map(({ stream }) => stream)).toEqual([name]);
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    },
  );

  it.each([
    ['a number', 7],
    ['a list', ['cam']],
    ['bytes', Buffer.from('cam')],
    ['nested bytes', { stream: { deep: Buffer.from('cam') } }],
    ['infinity', { stream: Number.POSITIVE_INFINITY }],
    ['minus zero', { stream: -0 }],
    ['a huge string', { stream: 'x'.repeat(100_000) }],
    ['null', null],
    ['true', true],
  ])('attack 20: %s is a bad request', async (_name, message) => {
    const { url } = await listen();
    const socket = client(url, 'receiver', { transports: [transport] });
    for (const event of ['join', 'offer', 'candidate', 'leave', 'live', 'resume', 'authenticate']) {
      expect(await socket.emitWithAck(event, message), event).toEqual(code('bad_request'));
    }
  });

  it('attack 21: events that nobody knows are answered', async () => {
    const { url } = await listen();
    const socket = client(url, 'receiver', { transports: [transport] });
    for (const event of ['nothing', 'error', 'newPeer', '__proto__', 'toString', 'x'.repeat(10_000)]) {
      expect(await socket.emitWithAck(event, {}), event.slice(0, 20)).toEqual(code('unknown_event'));
    }
    expect(await socket.emitWithAck('join', { stream: 'cam' })).toMatchObject({ ok: true });
  });

  it.each(['/signal', '/admin', `/${'x'.repeat(5_000)}`])(
    'attacks 23, 24: there is no namespace but the guarded one (%#)',
    async (namespace) => {
      const { url } = await listen();
      const socket = client(url + namespace, 'receiver', { transports: [transport], reconnection: false });
      const error = await next<Error>(socket, 'connect_error');
      expect(error.message).toBe('Invalid namespace');
    },
  );
});

it.each([
  ['a numeric event', '42[7,{}]'],
  ['a reserved one', '42["disconnect"]'],
  ['another reserved one', '42["connect_error",{}]'],
  ['no list', '42{"a":1}'],
  ['no JSON', '42["join",{'],
  ['an unknown type', '49["join"]'],
  ['an acknowledgement of nothing', '43999[{}]'],
])('attack 21: %s on the wire closes this connection at most', async (_name, packet) => {
  const { url } = await listen();
  const raw = await rawSocket(url);
  raw.send(packet);
  await lives(url);
  raw.socket.terminate();
});

it('attack 16: JSON of 5,000 levels is refused, by websocket and polling', async () => {
  const { url } = await listen();
  const deep = `421["join",${'{"stream":'.repeat(5_000)}1${'}'.repeat(5_000)}]`;
  const raw = await rawSocket(url);
  raw.send(deep);
  expect(await raw.read()).toContain('bad_request');
  raw.socket.terminate();
  const path = `${url}/webrtc-signaling/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await fetchAs(path, {})).body.slice(1));
  const post = (body: string) => fetchAs(`${path}&sid=${sid}`, {}, 'POST', body);
  await post('40{"role":"receiver","protocol":1}');
  await fetchAs(`${path}&sid=${sid}`, {});
  expect((await post(deep)).status).toBe(200);
  expect((await fetchAs(`${path}&sid=${sid}`, {})).body).toContain('bad_request');
});

it('attack 22: eleven attachments, or one that never comes, do not stay', async () => {
  const { fastify, url } = await listen({ idleTimeoutMs: 500 });
  const many = await rawSocket(url);
  many.send('4511-["join",{"_placeholder":true,"num":0}]');
  await many.closed;
  const never = await rawSocket(url);
  never.send('451-["join",{"_placeholder":true,"num":0}]');
  await never.closed;
  expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  await lives(url);
});

it('attack 23: the main namespace has the same guard', async () => {
  const { url } = await listen({ tokens: { secret: 'kQ7w1vB0mZr5xT9nC3yF6hJ8pL2sD4gA' } });
  const raw = await rawSocket(url, '');
  raw.send('40{"role":"receiver","protocol":1}');
  expect(await raw.read()).toContain('token_missing');
  raw.socket.terminate();
});

it('attack 24: ten thousand namespaces on one connection leave nothing', async () => {
  const { url } = await listen();
  const raw = await rawSocket(url);
  for (let number = 0; number < 10_000; number += 1) raw.send(`40/n${number},`);
  while (!(await raw.read()).includes('/n9999,'));
  raw.socket.terminate();
  await lives(url);
});

describe('random bytes', () => {
  it('in websocket frames leave the server alive', { timeout: 60_000 }, async () => {
    const { url } = await listen();
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ maxLength: 200 }),
      fc.json().map((json) => `42["join",${json}]`),
      fc.json().map((json) => `421${json}`),
      fc.tuple(fc.nat(9), fc.nat(9), fc.string()).map(([a, b, text]) => `${a}${b}${text}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 10 }), async (frames) => {
        const raw = await rawSocket(url);
        for (const data of frames) raw.send(data);
        raw.socket.close();
        await raw.closed;
      }),
      { numRuns: 150 },
    );
    await lives(url);
  });

  it('in polling bodies leave the server alive', { timeout: 60_000 }, async () => {
    const { url } = await listen();
    const path = `${url}/webrtc-signaling/?EIO=4&transport=polling`;
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 300, unit: 'binary' }), async (body) => {
        const { body: opened } = await fetchAs(path, {});
        const { sid } = JSON.parse(opened.slice(1));
        const { status } = await fetchAs(`${path}&sid=${sid}`, {}, 'POST', body);
        expect([200, 400, 413]).toContain(status);
      }),
      { numRuns: 100 },
    );
    await lives(url);
  });

  it('before a websocket is one leave the server alive', async () => {
    const { url } = await listen();
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 100 }), async (query) => {
        expect([0, 101, 400, 404]).toContain(await upgrade(url, {}, `&x=${encodeURIComponent(query)}`));
      }),
      { numRuns: 30 },
    );
    const { session } = await receiver(url);
    expect(session).toBeTruthy();
  });
});
