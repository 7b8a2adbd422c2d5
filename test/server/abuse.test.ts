import type { Socket } from 'socket.io-client';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { EVENTS, LIMITS } from '../../src/protocol/index.js';
import { CAMERA, candidate, client, code, connected, listen, next, receiver, SDP, sender, viewer } from './support.js';

/** A receiver that speaks Socket.IO's wire format by hand, for what its client would never send. */
async function raw(
  url: string,
): Promise<{ send: (text: string) => void; next: () => Promise<string>; closed: Promise<void> }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/webrtc-signaling/?EIO=4&transport=websocket`);
  const queue: string[] = [];
  let wake = () => {};
  socket.on('message', (data) => {
    queue.push(String(data));
    wake();
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const read = async () => {
    while (queue.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return queue.shift() ?? '';
  };
  await read();
  socket.send('40{"role":"receiver","protocol":1}');
  await read();
  return { send: (text) => socket.send(text), next: read, closed };
}

describe('roles', () => {
  const onlySender = ['publish', 'unpublish', 'update-camera'] as const;
  const onlyReceiver = ['join', 'resume', 'offer', 'live', 'set-mode'] as const;
  it('may not be mixed up', async () => {
    const { url } = await listen();
    const camera = client(url, 'sender');
    const watching = client(url, 'receiver');
    for (const event of onlySender) expect(await watching.emitWithAck(event, {}), event).toEqual(code('wrong_role'));
    for (const event of onlyReceiver) expect(await camera.emitWithAck(event, {}), event).toEqual(code('wrong_role'));
  });
});

describe('sessions of others', () => {
  it('cannot be ended, fed, steered or heard, by receivers or senders', async () => {
    const { fastify, url } = await listen();
    const camera = await sender(url);
    const victim = await viewer(url);
    const heard: string[] = [];
    for (const socket of [camera, victim.socket]) socket.onAny((event) => heard.push(event));
    const thief = (await viewer(url)).socket;
    const otherCamera = await sender(url, 'other');
    heard.length = 0;
    const { session } = victim;
    for (const socket of [thief, otherCamera]) {
      expect(await socket.emitWithAck('leave', { session })).toEqual(code('unknown_session'));
      expect(await socket.emitWithAck('candidate', candidate(session, 1))).toEqual(code('unknown_session'));
    }
    expect(await thief.emitWithAck('offer', { session, epoch: 2, sdp: SDP })).toEqual(code('unknown_session'));
    expect(await thief.emitWithAck('live', { session, epoch: 1 })).toEqual(code('unknown_session'));
    expect(await thief.emitWithAck('set-mode', { session, mode: CAMERA.mode })).toEqual(code('unknown_session'));
    expect(await otherCamera.emitWithAck('unpublish', { stream: 'cam' })).toEqual(code('forbidden'));
    // The same as for a session that never was.
    const never = crypto.randomUUID();
    const [foreign, unknown] = [
      await thief.emitWithAck('leave', { session }),
      await thief.emitWithAck('leave', { session: never }),
    ];
    expect(foreign).toEqual(unknown);
    expect(heard).toEqual([]);
    expect(fastify.webrtcSignaling.sessions()).toContainEqual(expect.objectContaining({ session, state: 'answered' }));
  });
});

describe('what a message may look like', () => {
  const everything: [string, unknown][] = [
    ['null', null],
    ['a number', 7],
    ['a text', 'hello'],
    ['a list', []],
    ['nothing in it', {}],
    ['bytes', Buffer.from('hello')],
    ['bytes inside', { session: Buffer.from('hello') }],
    ['its prototype', JSON.parse('{"__proto__":{"ok":true},"constructor":{"prototype":{}}}')],
    ['a thousand fields', Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`f${index}`, index]))],
  ];
  it.each(everything)('not %s, for any event', async (_name, payload) => {
    const { url } = await listen();
    const sockets: Record<string, Socket> = { sender: client(url, 'sender'), receiver: client(url, 'receiver') };
    for (const [event, { from }] of Object.entries(EVENTS)) {
      for (const role of from) {
        expect(await sockets[role]?.emitWithAck(event, payload), event).toEqual(code('bad_request'));
      }
    }
    expect(({} as { ok?: boolean }).ok).toBeUndefined();
  });

  it.each([
    ['join', { stream: '' }, 'The field "stream" has a form or characters that are not allowed.'],
    ['join', { stream: '../x' }, 'The field "stream" has a form or characters that are not allowed.'],
    ['join', { stream: 'a\u202eb' }, 'The field "stream" has a form or characters that are not allowed.'],
    ['join', { stream: 'a'.repeat(65) }, 'The field "stream" has a form or characters that are not allowed.'],
    ['live', { session: 'a' }, 'The field "epoch" is missing.'],
    ['live', { session: 'a', epoch: 1.5 }, 'The field "epoch" must be of the type integer.'],
    ['live', { session: 'a', epoch: 0 }, 'The field "epoch" must be >= 1.'],
    ['set-mode', { session: 'a', mode: { width: 640, height: 480 } }, 'The field "fps" is missing in "mode".'],
    [
      'set-mode',
      { session: 'a', mode: { width: 640, height: 480, fps: 30, x: 1 } },
      'There is no field "x" in "mode".',
    ],
    [
      'candidate',
      { session: 'a', epoch: 1, candidate: { candidate: 'rm -rf' } },
      'The field "candidate.candidate" has a form or characters that are not allowed.',
    ],
  ])('%s %j: a refusal says what is wrong', async (event, payload, message) => {
    const { url } = await listen();
    expect(await client(url, 'receiver').emitWithAck(event, payload)).toMatchObject({
      ok: false,
      error: { code: 'bad_request', message },
    });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('a stream may be called %s', async (stream) => {
    const { fastify, url } = await listen();
    await sender(url, stream);
    expect(await viewer(url, stream)).toMatchObject({ ack: { ok: true } });
    expect(fastify.webrtcSignaling.streams()).toMatchObject([{ stream, online: true, sessions: 1 }]);
  });

  it.each([
    ['not an SDP', 'hello, world!', 'invalid_sdp'],
    ['no media', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n', 'invalid_sdp'],
    ['a NUL', `${SDP}a=\0\r\n`, 'invalid_sdp'],
    ['a bare CR', `${SDP}a=x\ry\r\n`, 'invalid_sdp'],
    ['10,000 media sections', `v=0\r\n${'m=video 9 x 96\r\n'.repeat(8_000)}`, 'invalid_sdp'],
    ['one character too many', SDP.padEnd(LIMITS.sdpLength + 1, 'a'), 'too_large'],
  ])('an offer with %s is refused before the sender hears of it', async (_name, sdp, expected) => {
    const { url } = await listen();
    const camera = await sender(url);
    const { socket, session } = await receiver(url);
    let asked = false;
    camera.on('offer', () => {
      asked = true;
    });
    expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp })).toEqual(code(expected));
    expect(asked).toBe(false);
    expect(await socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP })).toMatchObject({ ok: true });
  });

  it('no larger than a packet: the connection is closed, the server lives', async () => {
    const { url } = await listen();
    const socket = await connected(client(url, 'receiver', { reconnection: false }));
    const gone = next(socket, 'disconnect');
    socket.emit('join', { stream: 'x'.repeat(LIMITS.packetBytes) });
    await gone;
    await receiver(url);
  });

  it('no deeper than the schema, and 50,000 levels do not hurt', async () => {
    const { url } = await listen();
    const { send, next: reply } = await raw(url);
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    send(`421["join",{"stream":${deep}}]`);
    expect(await reply()).toContain('"code":"bad_request"');
    send(`422["nonsense",${deep}]`);
    expect(await reply()).toContain('"code":"unknown_event"');
    send('423["join",{"stream":"cam"}]');
    expect(await reply()).toContain('"ok":true');
  });
});

describe('acknowledgements and events', () => {
  it('may be missing, or not the last thing, or not functions', async () => {
    const { fastify, url } = await listen();
    const socket = await connected(client(url, 'receiver'));
    socket.emit('join');
    socket.emit('join', { stream: 'a' });
    socket.emit('join', { stream: 'b' }, { call: 'x' });
    socket.emit('join', null, null, null);
    expect(await socket.emitWithAck('join', { stream: 'c' }, 'more')).toEqual(code('bad_request'));
    expect(await socket.emitWithAck('join')).toEqual(code('bad_request'));
    expect(fastify.webrtcSignaling.streams().map(({ stream }) => stream)).toEqual(['a']);
  });

  it('that do not exist are answered', async () => {
    const { url } = await listen();
    const socket = await connected(client(url, 'receiver'));
    for (const event of ['nonsense', 'error', 'toString', '__proto__', 'message']) {
      expect(await socket.emitWithAck(event, {}), event).toEqual(code('unknown_event'));
    }
    const { send, next: reply } = await raw(url);
    send('421[7,{}]');
    expect(await reply()).toContain('"code":"unknown_event"');
  });

  it.each([
    '40[]',
    '42["disconnect"]',
    '42["newListener",{}]',
    '42{}',
    '42',
    '4999',
    '451-["join",{"_placeholder":true,"num":9}]',
    'x',
  ])('of the wrong form (%s) close at most the connection', async (text) => {
    const { url } = await listen();
    const bad = await raw(url);
    bad.send(text);
    bad.send('42["join"]');
    await Promise.race([bad.closed, receiver(url)]);
    await receiver(url);
  });
});

describe('floods', () => {
  it('are refused, and then cut off', async () => {
    const { url } = await listen({ messageRate: { perSecond: 0.001, burst: 5 } });
    const socket = await connected(client(url, 'receiver', { reconnection: false }));
    const gone = next(socket, 'disconnect');
    const acks: unknown[] = [];
    for (let count = 0; count < 11; count += 1)
      socket.emit('join', { stream: 'cam' }, (ack: unknown) => acks.push(ack));
    expect(await gone).toBe('io server disconnect');
    expect(acks.slice(0, 5)).toEqual(Array(5).fill(expect.objectContaining({ ok: true })));
    expect(acks.slice(5, 10)).toEqual(Array(5).fill(code('rate_limited')));
    await receiver(url);
  });

  it('do not begin with a page of 64 views on one socket', async () => {
    const { url } = await listen();
    const camera = await sender(url);
    const socket = client(url, 'receiver');
    await Promise.all(
      Array.from({ length: LIMITS.sessionsPerSocket / 2 }, async () => {
        // One to watch by, and one ahead of need.
        await socket.emitWithAck('join', { stream: 'cam' });
        const { session } = await socket.emitWithAck('join', { stream: 'cam' });
        await socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP });
        const acks = [
          ...Array.from({ length: 10 }, (_, n) => socket.emitWithAck('candidate', candidate(session, 1, n + 1))),
          ...Array.from({ length: 10 }, (_, n) => camera.emitWithAck('candidate', candidate(session, 1, n + 1))),
          socket.emitWithAck('offer', { session, epoch: 1, sdp: SDP }),
        ];
        for (const ack of await Promise.all(acks)) expect(ack).toMatchObject({ ok: true });
      }),
    );
    expect(await socket.emitWithAck('join', { stream: 'cam' })).toEqual(code('too_many_sessions'));
  });
});

describe('requests by hand', () => {
  it.each([
    '/webrtc-signaling/',
    '/webrtc-signaling/?EIO=4',
    '/webrtc-signaling/?EIO=3&transport=polling',
    '/webrtc-signaling/?EIO=4&transport=webtransport',
    '/webrtc-signaling/?EIO=4&EIO=4&transport=polling&sid=1',
    '/webrtc-signaling/?EIO=4&transport=polling&sid=__proto__',
    '/webrtc-signaling/?EIO=4&transport=polling&sid=%00',
    '/webrtc-signaling//?EIO=4&transport=polling',
    '/webrtc-signaling/x?EIO=4&transport=polling',
    '/webrtc-signaling/socket.io.js',
  ])('%s is refused and harms nothing', async (path) => {
    const { url } = await listen();
    const { status } = await fetch(`${url}${path}`);
    expect([400, 404]).toContain(status);
    await receiver(url);
  });
});
