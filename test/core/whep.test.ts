import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { signallingFor } from '../../src/element/signalling/signalling-for.js';
import { errorInfo } from '../../src/protocol/errors.js';
import { sessionEvents } from './small-server.js';
import { OFFER, openChannel, type Reply, refusal, WhepServer } from './whep-server.js';

let server: WhepServer;
let src: string;

beforeEach(async () => {
  server = new WhepServer();
  src = await server.listen();
});

const candidate = (text: string) => ({ candidate: `candidate:${text}`, sdpMid: '0', sdpMLineIndex: 0 });
const ERROR = errorInfo('bad_request');
const TURN =
  '<turn:turn.example.org?transport=udp>; rel="ice-server"; username="a"; credential="b"; credential-type="password"';

/** What the server answers to offers, one after the other; the last one to all that follow. */
function answerOffers(...replies: (Reply | 'created')[]): void {
  server.answers.POST = () => {
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    return reply === 'created' ? server.created() : reply;
  };
}

describe('reaching the server', () => {
  it('asks for its ICE servers before there is an offer', async () => {
    server.answers.OPTIONS = () => ({
      status: 204,
      headers: { link: ['<stun:stun.example.org>; rel="ice-server"', TURN] },
    });
    const { channel, said } = openChannel(src, 'secret');
    const session = await channel.open(sessionEvents());
    expect(session.ice.iceServers).toEqual([
      { urls: ['stun:stun.example.org'] },
      { urls: ['turn:turn.example.org?transport=udp'], username: 'a', credential: 'b' },
    ]);
    expect(said).toEqual(['connecting', 'connected']);
    expect(server.heard[0]?.headers.authorization).toBe('Bearer secret');
    expect(server.lines).toEqual(['OPTIONS /cam/whep']);
  });

  it('minds no server that does not know OPTIONS', async () => {
    server.answers.OPTIONS = () => ({ status: 405 });
    const { until } = openChannel(src);
    await until('connected');
  });

  it('minds no server that lets no page ask by OPTIONS', async () => {
    server.answers.OPTIONS = () => undefined;
    const { until } = openChannel(src);
    await until('connected');
    expect(server.lines).toContain('HEAD /cam/whep');
  });

  it.each([null, ''])('with %j for a token, says that it has none', async (none) => {
    const { channel, until } = openChannel(src, none as unknown as undefined);
    await until('connected');
    await channel.authenticate(none as unknown as undefined);
    expect(server.heard.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it('goes on trying where there is none, and is there when it comes', async () => {
    await server.stop();
    const { until } = openChannel(src);
    await until('connecting server_unreachable', 2);
    await server.listen();
    await until('connected');
  });

  it('says at once that the token is refused, and goes on with a better one', async () => {
    server.answers.OPTIONS = ({ headers }) => ({ status: headers.authorization === 'Bearer good' ? 204 : 401 });
    const { channel, said, until } = openChannel(src, 'bad');
    await until('closed unauthorized');
    expect(await refusal(channel.authenticate('worse'))).toBe('unauthorized');
    expect(await channel.authenticate('good')).toBe(true);
    await until('connected');
    expect(said.filter((word) => word.startsWith('closed'))).toHaveLength(1);
  });
});

describe('an offer', () => {
  it('gets the answer, and the news that something streams', async () => {
    const { channel, said } = openChannel(src, 'secret');
    const session = await channel.open(sessionEvents());
    expect(await session.offer(OFFER)).toBe('v=0\r\n');
    expect(said).toEqual(['connecting', 'connected', 'online']);
    const { body, headers } = await server.asked('POST /cam/whep');
    expect(body).toBe(OFFER);
    expect(headers).toMatchObject({ 'content-type': 'application/sdp', authorization: 'Bearer secret' });
  });

  it('hands on the ICE servers that come with the answer', async () => {
    answerOffers(server.created({ link: TURN }));
    const { channel } = openChannel(src);
    const events = sessionEvents();
    await (await channel.open(events)).offer(OFFER);
    expect(events.said).toEqual(['ice turn:turn.example.org?transport=udp']);
    expect((await channel.open(events)).ice.iceServers).toHaveLength(1);
  });

  it.each([
    ['a MediaMTX without a publisher', 404, '{"status":"error","error":"no stream is available on path \'cam\'"}'],
    ['a server that would offer itself', 406, ''],
    ['a server that says it as the draft does', 409, ''],
    ['a go2rtc that cannot reach the camera', 500, 'dial tcp 192.0.2.1:554: connect: connection refused'],
    ['ours', 409, JSON.stringify({ error: errorInfo('stream_offline') })],
  ])('finds nothing streaming: %s', async (_, status, body) => {
    answerOffers({ status, body });
    const { channel, until } = openChannel(src);
    expect(await refusal((await channel.open(sessionEvents())).offer(OFFER))).toBe('stream_offline');
    await until('offline');
  });

  it.each([
    ['no codec in common (go2rtc)', 500, 'codecs not matched: video:H265 => video:VP8', 'codec_mismatch'],
    ['no codec in common (ours)', 422, JSON.stringify({ error: errorInfo('codec_mismatch') }), 'codec_mismatch'],
    ['a sender that is silent (ours)', 504, JSON.stringify({ error: errorInfo('sender_timeout') }), 'sender_timeout'],
  ])('fails although something streams: %s', async (_, status, body, code) => {
    answerOffers({ status, body });
    const { channel, said } = openChannel(src);
    expect(await refusal((await channel.open(sessionEvents())).offer(OFFER))).toBe(code);
    expect(said).toEqual(['connecting', 'connected', 'online']);
  });

  it.each([
    ['a server that does not understand it', 400, '{"error":"invalid SDP"}', 'bad_request'],
    ['no WHEP at all', 405, '<html>', 'bad_source'],
    ['a page instead of an answer', 200, '<html>', 'bad_source'],
    ['ours, of a name that is none', 404, JSON.stringify({ error: errorInfo('bad_request') }), 'bad_request'],
    ['a code of tomorrow', 400, JSON.stringify({ error: { ...ERROR, code: 'moon_phase' } }), 'moon_phase'],
  ])('is refused without any news: %s', async (_, status, body, code) => {
    answerOffers({ status, body });
    const { channel, said } = openChannel(src);
    expect(await refusal((await channel.open(sessionEvents())).offer(OFFER))).toBe(code);
    expect(said).toEqual(['connecting', 'connected']);
  });

  it.each([
    [401, 'closed token_missing'],
    [403, 'closed forbidden'],
    [429, 'connecting rate_limited'],
    [503, 'connecting too_many_connections'],
    [502, 'connecting server_unreachable'],
  ])('is refused for all: %i', async (status, word) => {
    answerOffers({ status });
    const { channel, said } = openChannel(src);
    expect(await refusal((await channel.open(sessionEvents())).offer(OFFER))).toBe(word.split(' ')[1]);
    expect(said.at(-1)).toBe(word);
  });

  it('waits as long as it is told to, and then looks again', async () => {
    answerOffers({ status: 429, headers: { 'retry-after': '1' } }, 'created');
    const { channel, until } = openChannel(src);
    await refusal((await channel.open(sessionEvents())).offer(OFFER));
    await until('online');
    await server.asked('DELETE /cam/whep/s1');
  });

  it('that finds no server sends it away until there is one', async () => {
    const { channel, said, until } = openChannel(src);
    const session = await channel.open(sessionEvents());
    server.answers.POST = () => undefined;
    expect(await refusal(session.offer(OFFER))).toBe('server_unreachable');
    expect(said.at(-1)).toBe('connecting server_unreachable');
    await until('connected', 2);
  });

  it('whose answer no page may read is tried again ever later', async () => {
    server.answers.OPTIONS = () => undefined;
    server.answers.POST = () => undefined;
    const { channel, said, until } = openChannel(src);
    await refusal((await channel.open(sessionEvents())).offer(OFFER));
    await server.asked('POST /cam/whep', 2);
    expect(said.filter((word) => word === 'connected')).toHaveLength(1);
    answerOffers('created');
    await until('online');
  });
});

describe('a stream that is offline', () => {
  it('is seen coming, and what it is seen by is ended at once', async () => {
    answerOffers({ status: 404 }, 'created');
    const { channel, said, until } = openChannel(src, 'secret');
    await refusal((await channel.open(sessionEvents())).offer(OFFER));
    await until('online');
    expect(said).toEqual(['connecting', 'connected', 'offline', 'online']);
    expect((await server.asked('POST /cam/whep', 2)).body).toBe(OFFER);
    expect((await server.asked('DELETE /cam/whep/s1')).headers.authorization).toBe('Bearer secret');
  });

  it('is looked for at once when somebody asks', async () => {
    answerOffers({ status: 409, headers: { 'retry-after': '60' } }, 'created');
    const { channel, until } = openChannel(src);
    await refusal((await channel.open(sessionEvents())).offer(OFFER));
    channel.reconnect();
    await until('online');
  });

  it('is not looked for while nobody waits for it', async () => {
    answerOffers({ status: 404 }, 'created');
    const { channel, said, until } = openChannel(src, undefined, signallingFor({ transport: 'whep', src }));
    await refusal((await channel.open(sessionEvents())).offer(OFFER));
    channel.watch?.(false);
    // Each of these would look at once.
    channel.reconnect();
    await channel.authenticate('one');
    await channel.authenticate('two');
    expect(server.lines.filter((line) => line.startsWith('POST'))).toHaveLength(1);
    expect(said.at(-1)).toBe('offline');
    channel.watch?.(true);
    await until('online');
  });

  it('may come with another trouble: the next try says which', async () => {
    answerOffers({ status: 404 }, { status: 400, body: 'no' });
    const { channel, until } = openChannel(src);
    await refusal((await channel.open(sessionEvents())).offer(OFFER));
    channel.reconnect();
    await until('online');
    expect(await refusal((await channel.open(sessionEvents())).offer(OFFER))).toBe('bad_request');
  });
});

describe('candidates', () => {
  it('follow the offer together, where the server takes them', async () => {
    const { channel } = openChannel(src, 'secret');
    const session = await channel.open(sessionEvents());
    const answered = session.offer(OFFER);
    session.sendCandidate(candidate('1 1 udp 1 192.0.2.1 5000 typ host generation 0 ufrag abcd'));
    session.sendCandidate(candidate('2 1 udp 1 192.0.2.2 5000 typ srflx'));
    await answered;
    session.sendCandidate(candidate('3 1 udp 1 192.0.2.3 5000 typ relay'));
    const { body, headers } = await server.asked('PATCH /cam/whep/s1');
    expect(headers).toMatchObject({
      'content-type': 'application/trickle-ice-sdpfrag',
      'if-match': '"e"',
      authorization: 'Bearer secret',
    });
    expect(body.split('\r\n')).toEqual([
      'a=group:BUNDLE 0 1',
      'a=ice-ufrag:abcd',
      'a=ice-pwd:secret',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=mid:0',
      'a=candidate:2 1 udp 1 192.0.2.2 5000 typ srflx',
      'a=candidate:3 1 udp 1 192.0.2.3 5000 typ relay',
      '',
    ]);
    expect((await channel.open(sessionEvents())).gatherMs).toBe(0);
  });

  it('are waited for before the offer, once the server has not taken them', async () => {
    server.answers.PATCH = () => ({ status: 405 });
    const { channel } = openChannel(src);
    const session = await channel.open(sessionEvents());
    expect(session.gatherMs).toBe(0);
    await session.offer(OFFER);
    session.sendCandidate(candidate('2'));
    await server.asked('PATCH /cam/whep/s1');
    session.sendCandidate(candidate('3'));
    await expect.poll(async () => (await channel.open(sessionEvents())).gatherMs).toBeGreaterThan(0);
    expect(server.lines.filter((line) => line.startsWith('PATCH'))).toHaveLength(1);
  });

  it('are not waited for for ever to be taken, nor is a goodbye', async () => {
    const fetching = vi.spyOn(globalThis, 'fetch');
    onTestFinished(() => fetching.mockRestore());
    const { channel } = openChannel(src);
    const session = await channel.open(sessionEvents());
    await session.offer(OFFER);
    session.sendCandidate(candidate('2 1 udp 2 192.0.2.1 5002 typ host'));
    await server.asked('PATCH /cam/whep/s1');
    session.leave();
    await server.asked('DELETE /cam/whep/s1');
    for (const [, init] of fetching.mock.calls) expect(init?.signal, init?.method).toBeInstanceOf(AbortSignal);
  });

  it('and goodbyes stay unsaid where the session has no address (go2rtc)', async () => {
    answerOffers({ status: 201, body: 'v=0\r\n' });
    const { channel } = openChannel(src);
    const session = await channel.open(sessionEvents());
    await session.offer(OFFER);
    session.sendCandidate(candidate('2'));
    session.leave();
    expect((await channel.open(sessionEvents())).gatherMs).toBeGreaterThan(0);
    expect(server.lines).toEqual(['OPTIONS /cam/whep', 'POST /cam/whep']);
  });

  it('are waited for from the first offer on where the address says that they cannot follow', async () => {
    const { channel } = openChannel(src.replace('/cam/whep', '/api/webrtc?src=cam'));
    expect((await channel.open(sessionEvents())).gatherMs).toBeGreaterThan(0);
  });
});

it.each(['OPTIONS', 'POST', 'PATCH'])('reads no endless answer: %s', async (method) => {
  const { channel } = openChannel(src);
  let cut = false;
  server.answers[method] = () => ({
    status: method === 'POST' ? 201 : 200,
    endless: 'v=0\r\n'.repeat(10_000),
    onCut: () => (cut = true),
  });
  const session = await channel.open(sessionEvents());
  const code = await refusal(session.offer(OFFER));
  if (method === 'POST') expect(code).toBe('bad_source');
  session.sendCandidate(candidate('2'));
  await expect.poll(() => cut, { timeout: 4_000 }).toBe(true);
});

describe('another origin', () => {
  /** Another server: what is a session there belongs to whoever runs it. */
  async function elsewhere(): Promise<[server: WhepServer, origin: string]> {
    const other = new WhepServer();
    return [other, new URL(await other.listen()).origin];
  }

  it('may have the session, but never gets the token', async () => {
    const [other, origin] = await elsewhere();
    answerOffers(server.created({ location: `${origin}/s1` }));
    const { channel } = openChannel(src, 'secret');
    const session = await channel.open(sessionEvents());
    await session.offer(OFFER);
    session.sendCandidate(candidate('2'));
    await other.asked('PATCH /s1');
    session.leave();
    await other.asked('DELETE /s1');
    expect(other.heard.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it('may be where the offer is sent on to, without the token', async () => {
    const [other, origin] = await elsewhere();
    answerOffers({ status: 307, headers: { location: `${origin}/follow` } });
    const { channel } = openChannel(src, 'secret');
    const session = await channel.open(sessionEvents());
    expect(await session.offer(OFFER)).toBe('v=0\r\n');
    session.leave();
    await other.asked('DELETE /whep/s1');
    expect(other.lines).toContain('POST /follow');
    expect(other.heard.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });
});

describe('the end', () => {
  it('is said to the server once, with the token of today', async () => {
    const { channel } = openChannel(src, 'old');
    const session = await channel.open(sessionEvents());
    await session.offer(OFFER);
    await channel.authenticate('new');
    session.leave();
    session.leave();
    channel.close();
    expect((await server.asked('DELETE /cam/whep/s1')).headers.authorization).toBe('Bearer new');
    expect(server.lines.filter((line) => line.startsWith('DELETE'))).toHaveLength(1);
  });

  it('is said as soon as there is something to end', async () => {
    let answer = (_: Reply) => {};
    server.answers.POST = () => new Promise((resolve) => (answer = resolve));
    const { channel } = openChannel(src);
    const session = await channel.open(sessionEvents());
    const offered = session.offer(OFFER);
    await server.asked('POST /cam/whep');
    channel.close();
    answer(server.created());
    await offered;
    await server.asked('DELETE /cam/whep/s1');
  });

  it('of the channel ends every session, and lets nobody wait', async () => {
    server.answers.OPTIONS = () => ({ status: 401 });
    const { channel, until } = openChannel(src);
    await until('closed token_missing');
    const opening = refusal(channel.open(sessionEvents()));
    channel.close();
    expect(await opening).toBe('server_unreachable');
  });
});

it('has no modes to choose from', async () => {
  const { channel } = openChannel(src);
  expect(await refusal(channel.setMode({ width: 640, height: 360, fps: 30 }))).toBe('not_supported');
});

describe('by its address alone', () => {
  it('is fetched when it is needed, and asked for nothing before', async () => {
    const address = src.replace('http:', 'whep:');
    const { channel, said } = openChannel(address, 'secret', signallingFor({ transport: 'auto', src: address }));
    expect(said).toEqual(['connecting']);
    expect(channel.audio).toBe(true);
    const session = await channel.open(sessionEvents());
    expect(await session.offer(OFFER)).toBe('v=0\r\n');
    expect(said).toEqual(['connecting', 'connecting', 'connected', 'online']);
  });

  it('takes a newer token before it is there', async () => {
    const { channel } = openChannel(src, 'old', signallingFor({ transport: 'whep', src }));
    expect(await channel.authenticate('new')).toBe(true);
    await channel.open(sessionEvents());
    expect(server.heard.map(({ headers }) => headers.authorization)).toEqual(['Bearer new']);
  });

  it('may be closed before it is there', async () => {
    const { channel } = openChannel(src, undefined, signallingFor({ transport: 'whep', src }));
    const opening = refusal(channel.open(sessionEvents()));
    channel.close();
    expect(await opening).toBe('server_unreachable');
    expect(server.lines).toEqual([]);
  });

  it('is not asked for ever with a user and a password in it, which no browser sends', async () => {
    const address = src.replace('//', '//user:secret@');
    const { channel, said } = openChannel(address);
    channel.reconnect();
    expect(said).toEqual(['closed bad_source', 'closed bad_source']);
    expect(server.lines).toEqual([]);
  });

  it('is refused where it is none', () => {
    const open = (src: string) => () => openChannel(src, undefined, signallingFor({ transport: 'whep', src }));
    for (const address of ['ftp://host/whep', 'http://', 'cam:8889/whep'])
      expect(open(address)).toThrow(expect.objectContaining({ code: 'bad_source' }));
    expect(open('rtsp://a:SECRET@host/whep')).toThrow(expect.objectContaining({ code: 'unplayable_source' }));
    expect(open('ftp://a:SECRET@host/whep')).not.toThrow('SECRET');
  });
});
