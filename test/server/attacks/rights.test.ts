import { describe, expect, it } from 'vitest';
import {
  CAMERA,
  candidate,
  client,
  code,
  connected,
  guarded,
  listen,
  next,
  OTHER_SECRET,
  receiver,
  refusal,
  SDP,
  SECRET,
  sender,
  TRANSPORTS,
  token,
  viewer,
} from './support.js';

const as = (role: 'sender' | 'receiver', more: object = {}) => ({ role, protocol: 1, ...more });
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.each(TRANSPORTS)('by %s', (transport) => {
  it.each([
    ['no token', {}, 'token_missing'],
    ['a malformed one', { token: 'not-a-token' }, 'unauthorized'],
    ['null', { token: null }, 'unauthorized'],
    ['an object', { token: { sub: 'me' } }, 'unauthorized'],
    ['an empty one', { token: '' }, 'unauthorized'],
  ])('attack 1: joining with %s is refused, and nothing is made', async (_name, auth, code) => {
    const { fastify, url } = await guarded();
    expect(await refusal(url, as('receiver', auth), transport)).toBe(code);
    expect(fastify.webrtcSignaling.streams()).toEqual([]);
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });

  it('attack 2: forged, foreign and early tokens are refused alike; an expired one says so', async () => {
    const { url } = await guarded({ tokens: { secret: SECRET, issuer: 'us', audience: 'cameras' } });
    const good = { issuer: 'us', audience: 'cameras' };
    const [header, payload] = (await token(good)).split('.');
    const soon = Math.floor(Date.now() / 1_000) + 3_600;
    const claims = { role: 'receiver', streams: ['cam'], iss: 'us', aud: 'cameras', exp: soon };
    const forged = {
      'alg none': `${base64({ alg: 'none' })}.${base64(claims)}.`,
      'no signature': `${header}.${payload}.`,
      'a wrong key': await token({ ...good, secret: OTHER_SECRET }),
      'a wrong audience': await token({ ...good, audience: 'doors' }),
      'a wrong issuer': await token({ ...good, issuer: 'them' }),
    };
    for (const [name, of] of Object.entries(forged)) {
      expect(await refusal(url, as('receiver', { token: of }), transport), name).toBe('unauthorized');
    }
    expect(await refusal(url, as('receiver', { token: await token(good) }), transport)).toBe('connected');
  });

  it("attack 3: a receiver's token does not make a sender", async () => {
    const { fastify, url } = await guarded();
    const refused: unknown[] = [];
    fastify.webrtcSignaling.events.on('client-refused', (event) => refused.push(event));
    expect(await refusal(url, as('sender', { token: await token() }), transport)).toBe('forbidden');
    expect(refused).toEqual([expect.objectContaining({ code: 'forbidden', role: 'sender', via: 'socket' })]);
  });

  it.each(['other', '', '*', '..', 'cam/..', 'CAM'])(
    'attack 4: a token for "cam" opens no stream "%s"',
    async (stream) => {
      const { fastify, url } = await guarded();
      const socket = client(url, 'receiver', {
        auth: as('receiver', { token: await token() }),
        transports: [transport],
      });
      const ack = await socket.emitWithAck('join', { stream });
      expect(['forbidden', 'bad_request']).toContain(ack.error.code);
      expect(fastify.webrtcSignaling.streams()).toEqual([]);
    },
  );

  it('attack 5: a token that ends ends the session too, with a warning before; a revoked one at once', async () => {
    const { fastify, url } = await listen({
      authorize: ({ role }) => ({
        subject: role ?? 'nobody',
        ...(role === 'sender' ? { publish: true } : { watch: true, expiresAtMs: Date.now() + 800 }),
      }),
    });
    const camera = await sender(url);
    const watching = client(url, 'receiver', { transports: [transport], reconnection: false });
    const warned = next(watching, 'token-expiring');
    const { session } = await watching.emitWithAck('join', { stream: 'cam' });
    await watching.emitWithAck('offer', { session, epoch: 1, sdp: SDP });
    const atSender = next(camera, 'session-closed');
    const gone = next(watching, 'disconnect');
    await warned;
    expect(await atSender).toMatchObject({ session, reason: 'expired' });
    await gone;
    expect(fastify.webrtcSignaling.sessions()).toEqual([]);
  });

  it('attack 5b: who is kicked is out at once, at both ends', async () => {
    const { fastify, url } = await listen({
      authorize: ({ role }) => (role === 'sender' ? { publish: true } : { subject: 'eve', watch: true }),
    });
    const camera = await sender(url);
    const { socket, session } = await viewer(url);
    const [atSender, atViewer, gone] = [
      next(camera, 'session-closed'),
      next(socket, 'session-closed'),
      next(socket, 'disconnect'),
    ];
    expect(fastify.webrtcSignaling.kick({ subject: 'eve' })).toBe(1);
    expect(await atSender).toMatchObject({ session, reason: 'kicked' });
    expect(await atViewer).toMatchObject({ session, reason: 'kicked' });
    await gone;
  });

  it('attack 6: a session is resumed with its own key only, once, and by whom it belongs to', async () => {
    const { url } = await listen({
      authorize: ({ token: who, role }) =>
        role === 'sender' ? { publish: true } : { subject: who ?? 'me', watch: true },
    });
    await sender(url);
    const { socket, session, joined } = await viewer(url);
    const key = joined.resume;
    const back = () => client(url, 'receiver', { transports: [transport] });
    const stranger = client(url, 'receiver', { auth: as('receiver', { token: 'eve' }), transports: [transport] });
    socket.io.engine.close();
    expect(await stranger.emitWithAck('resume', { session, resume: key })).toEqual(code('unknown_session'));
    const mine = back();
    expect(await mine.emitWithAck('resume', { session, resume: 'A'.repeat(43) })).toEqual(code('unknown_session'));
    const resumed = await mine.emitWithAck('resume', { session, resume: key });
    expect(resumed).toMatchObject({ ok: true, stream: { stream: 'cam' } });
    expect(await back().emitWithAck('resume', { session, resume: key }), 'replayed').toEqual(code('unknown_session'));
    expect(resumed.resume).not.toBe(key);
  });

  it('attack 6b: a resumption is authorized anew', async () => {
    let rights: object = { subject: 'me', watch: true };
    const { url } = await listen({ authorize: ({ role }) => (role === 'sender' ? { publish: true } : rights) });
    await sender(url);
    const { session, joined, socket } = await viewer(url);
    rights = { subject: 'me', watch: ['other'] };
    socket.io.engine.close();
    const again = client(url, 'receiver', { transports: [transport] });
    expect(await again.emitWithAck('resume', { session, resume: joined.resume })).toEqual(code('unknown_session'));
  });

  it.each([
    ['reject', 'stream_taken'],
    ['same-owner', 'stream_taken'],
    ['takeover', undefined],
  ] as const)('attack 7: a second sender under the policy %s', async (senderPolicy, refused) => {
    const { url } = await listen({ senderPolicy });
    const first = await sender(url);
    const replaced = next(first, 'replaced');
    const second = client(url, 'sender', { transports: [transport] });
    const ack = await second.emitWithAck('publish', { stream: 'cam', instance: 'two', camera: CAMERA });
    if (refused) expect(ack).toEqual(code(refused));
    else {
      expect(ack).toMatchObject({ ok: true });
      expect(await replaced).toMatchObject({ stream: 'cam', error: { code: 'replaced' } });
    }
  });

  it('attack 7: a storm of takeovers ends with the newest refused', async () => {
    const { url } = await listen({ senderPolicy: 'takeover' });
    await sender(url, 'cam', 'i0');
    const codes: (string | undefined)[] = [];
    for (let take = 1; take <= 4; take += 1) {
      const socket = client(url, 'sender', { transports: [transport] });
      const ack = await socket.emitWithAck('publish', { stream: 'cam', instance: `i${take}`, camera: CAMERA });
      codes.push(ack.error?.code);
    }
    expect(codes).toEqual([undefined, undefined, undefined, 'takeover_storm']);
  });

  it('attack 8: foreign and unknown sessions get the same answer, and nothing changes', async () => {
    const { fastify, url } = await listen();
    await sender(url);
    const victim = await viewer(url);
    const before = fastify.webrtcSignaling.sessions().find(({ session }) => session === victim.session);
    const thief = client(url, 'receiver', { transports: [transport] });
    const unknown = '00000000-0000-4000-8000-000000000000';
    const messages: [string, (session: string) => object][] = [
      ['offer', (session) => ({ session, epoch: 2, sdp: SDP })],
      ['candidate', (session) => candidate(session, 1)],
      ['live', (session) => ({ session, epoch: 1 })],
    ];
    for (const [event, message] of messages) {
      const foreign = await thief.emitWithAck(event, message(victim.session));
      expect(foreign, event).toEqual(code('unknown_session'));
      expect(foreign, event).toEqual(await thief.emitWithAck(event, message(unknown)));
    }
    expect(fastify.webrtcSignaling.sessions().find(({ session }) => session === victim.session)).toEqual(before);
  });

  it('attack 9: ending a foreign session is refused, and the session lives', async () => {
    const { fastify, url } = await listen();
    await sender(url);
    const { session } = await viewer(url);
    for (const role of ['receiver', 'sender'] as const) {
      const thief = client(url, role, { transports: [transport] });
      expect(await thief.emitWithAck('leave', { session })).toEqual(code('unknown_session'));
    }
    expect(fastify.webrtcSignaling.sessions()).toEqual([expect.objectContaining({ session, state: 'answered' })]);
  });

  it.each(['from', 'senderId', 'socketId', 'subject'])(
    'attack 10: a payload does not say who it is from (%s)',
    async (field) => {
      const { url } = await listen();
      await sender(url);
      const { session } = await viewer(url);
      const { socket } = await receiver(url);
      const spoofed = { ...candidate(session, 1), [field]: 'somebody' };
      expect(await socket.emitWithAck('candidate', spoofed)).toEqual(code('bad_request'));
      await connected(client(url, 'receiver', { transports: [transport] }));
    },
  );
});
