import { describe, expect, it, vi } from 'vitest';
import { wallClock } from '../../src/element/core/connection.js';
import type { RungName } from '../../src/element/core/facts.js';
import type { RetryPolicy } from '../../src/element/core/retry.js';
import { LIMITS } from '../../src/protocol/constants.js';
import { errorInfo, PreviewError } from '../../src/protocol/errors.js';
import { CAMERA_LOST, FakePeer } from './fakes.js';
import { stage } from './stage.js';

const on = stage();

/** Tries until it is given up, each with these states and figures. */
async function fail(prepare: (peer: FakePeer) => void): Promise<void> {
  on.open();
  on.client.start();
  on.channel.connect();
  for (let attempt = 0; attempt < 12; attempt += 1) {
    await on.pass(0);
    prepare(FakePeer.last);
    await on.pass(13_000);
  }
}

const dead = (id: string, fields: object) => ({ id, timestamp: 0, ...fields });

describe('a step that fails', () => {
  it.each<[string, RungName, string, (peer: FakePeer) => void]>([
    [
      'ice_failed',
      'network',
      '1 candidate here, 1 from the sender, 1 pair tried, none answered.',
      (peer) => {
        peer.become('connecting', 'checking');
        peer.reports = [
          dead('l', { type: 'local-candidate', candidateType: 'host', address: '192.0.2.1' }),
          dead('r', { type: 'remote-candidate', candidateType: 'host', address: '192.0.2.2' }),
          dead('p', { type: 'candidate-pair', state: 'failed' }),
        ];
      },
    ],
    [
      'turn_refused',
      'network',
      '1 candidate here, 1 from the sender, 1 pair tried, none answered. TURN answered 401 Unauthorized.',
      (peer) => {
        peer.become('connecting', 'checking');
        peer.dispatchEvent(Object.assign(new Event('icecandidateerror'), { errorCode: 401 }));
        peer.reports = [
          dead('l', { type: 'local-candidate', candidateType: 'host' }),
          dead('r', { type: 'remote-candidate', candidateType: 'host' }),
          dead('p', { type: 'candidate-pair', state: 'failed' }),
        ];
      },
    ],
    [
      'connection_lost',
      'secure',
      'The network carries data; the DTLS handshake is not done after 10 s (connecting).',
      (peer) => peer.become('connecting', 'connected'),
    ],
    ['no_media', 'packets', 'Connected, and not one packet of video in 10 s.', (peer) => peer.become('connected')],
    [
      'no_keyframe',
      'keyframe',
      '412 packets, no whole frame; 5 keyframes asked for.',
      (peer) => {
        peer.become('connected');
        peer.receive();
        peer.video = { packetsReceived: 412, framesReceived: 0, pliCount: 5 };
      },
    ],
    [
      'no_frames',
      'decode',
      '38 frames of H.264 received, none decoded.',
      (peer) => {
        peer.become('connected');
        peer.receive();
        peer.video = { packetsReceived: 412, framesReceived: 38, codecId: 'c' };
        peer.reports = [dead('c', { type: 'codec', mimeType: 'video/H264' })];
      },
    ],
  ])('is named: %s', async (code, rung, seen, prepare) => {
    await fail(prepare);
    expect(on.client.facts).toMatchObject({ state: 'failed', problem: { code, rung, seen } });
    expect(on.client.facts.rungs.find(({ status }) => status === 'broken')?.name).toBe(rung);
    const report = on.client.report();
    expect(report).toContain(seen);
    expect(report).not.toContain('192.0.2.');
  });
});

describe('only through a TURN server', () => {
  const TURN = { iceServers: [{ urls: ['stun:a.example', 'turn:a.example'], username: 'u', credential: 'c' }] };

  it('says at once that the server names none, and asks nothing of the sender', async () => {
    on.open({ icePolicy: 'relay' });
    on.client.start();
    on.channel.ice = { iceServers: [{ urls: ['stun:a.example'] }] };
    on.channel.connect();
    await on.pass(0);
    const problem = { code: 'turn_missing', rung: 'network', retryable: false };
    expect(on.client.facts).toMatchObject({ state: 'failed', problem, retryAt: null });
    expect(on.client.facts.rungs.find(({ status }) => status === 'broken')?.name).toBe('network');
    expect([FakePeer.made.length, FakePeer.last.closed, on.channel.opened[0]?.offers]).toEqual([1, true, 0]);
    // A server that was restarted may name one.
    on.channel.drop();
    on.channel.ice = TURN;
    on.channel.connect();
    await on.pass(0);
    await on.arrive();
    expect(on.client.facts).toMatchObject({ state: 'live', problem: null });
  });

  it('waits for the answer where that may bring one', async () => {
    on.open({ icePolicy: 'relay' });
    on.channel.iceMayFollow = true;
    on.channel.answer = async () => {
      on.channel.opened.at(-1)?.events.onIce(TURN);
      return 'v=0';
    };
    await on.goLive();
    on.client.stop();
    on.channel.answer = async () => 'v=0';
    on.client.start();
    await on.pass(0);
    expect(on.client.facts.problem?.code).toBe('turn_missing');
  });
});

describe('a network that comes back', () => {
  it('finds a try under way: tries that fail slowly follow each other within a second', async () => {
    on.open({ random: () => 0.999 });
    on.client.start();
    on.channel.connect();
    await on.pass(0);
    let idle = 0;
    for (let passed = 0; passed < 80_000; passed += 100) {
      FakePeer.last.become('connecting', 'checking');
      await on.pass(100);
      idle = FakePeer.last.closed ? idle + 100 : 0;
      expect(idle, `at ${passed} ms`).toBeLessThanOrEqual(1_100);
    }
  });

  it('makes no storm of what is refused at once', async () => {
    on.open();
    on.client.start();
    on.channel.connect();
    await on.pass(0);
    on.channel.answer = () => Promise.reject(errorInfo('internal'));
    await on.pass(120_000);
    expect(FakePeer.made.length).toBeLessThanOrEqual(10);
    expect(on.client.facts).toMatchObject({ state: 'failed', retryAt: null });
  });

  const serverBack = () => {
    on.channel.drop();
    on.channel.connect();
  };
  const news = (...all: Parameters<typeof on.channel.news>[0][]) => {
    for (const each of all) on.channel.news(each);
  };
  it.each([
    ['the server is back', serverBack],
    ['the sender is back', () => news({ online: false }, {})],
    ['another sender is there', () => news({ instance: 'b' })],
    ['the camera is back', () => news(CAMERA_LOST, {})],
  ])('is tried again although everything was given up, as soon as %s', async (_, mend) => {
    on.open({ retryPolicy: { nextDelayMs: () => undefined } });
    (await on.goLive()).become('failed', 'failed');
    await on.pass(0);
    FakePeer.last.become('failed', 'failed');
    await on.pass(60_000);
    expect(on.client.facts.state).toBe('failed');
    mend();
    await on.pass(0);
    expect(on.client.facts).toMatchObject({ state: 'reconnecting', problem: null });
    await on.arrive();
    expect(on.client.facts.state).toBe('live');
  });
});

it('gives a picture that stutters more time than one that is lost, before it makes another connection', async () => {
  on.open();
  await on.goLive();
  await on.pass(1_000);
  expect(FakePeer.made, 'within a second').toHaveLength(2);
  await on.play(500);
  expect(FakePeer.last.closed, 'the first came back').toBe(true);
  for (let stutter = 0; stutter < 5; stutter += 1) {
    await on.pass(1_500);
    expect(on.client.facts.state).toBe('stalled');
    await on.play(500);
  }
  expect(FakePeer.made).toHaveLength(2);
  await on.pass(2_500);
  expect(FakePeer.made).toHaveLength(3);
  await on.arrive();
  await on.pass(1_000);
  expect(FakePeer.made, 'as before, after one that was lost').toHaveLength(4);
});

it('says of an answer that is of no use why, and never what stands in it', async () => {
  vi.spyOn(FakePeer.prototype, 'setRemoteDescription').mockRejectedValue(
    new DOMException('Failed to parse. a=candidate:1 1 udp 1 192.0.2.7 notaport typ host', 'OperationError'),
  );
  on.open({ retryPolicy: { nextDelayMs: () => undefined } });
  on.client.start();
  on.channel.connect();
  await on.pass(100);
  expect(on.client.facts.problem).toMatchObject({
    code: 'sender_failed',
    message: "The browser cannot use the sender's answer (OperationError).",
  });
  expect(on.client.report()).not.toContain('192.0.2.7');
});

describe('a policy of the page that answers', () => {
  const refuse = async (nextDelayMs: () => unknown) => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
    on.open({ retryPolicy: { nextDelayMs } as unknown as RetryPolicy });
    on.channel.answer = () => Promise.reject(new PreviewError('sender_failed'));
    on.client.start();
    on.channel.connect();
    await on.pass(60_000);
    return warned;
  };

  it.each([
    ['what is no number', () => Number.NaN],
    ['less than nothing', () => -1e9],
    ['words', () => 'soon'],
    [
      'with an exception',
      () => {
        throw new Error('boom');
      },
    ],
  ])('%s is replaced by the default one, and complained of once', async (_, policy) => {
    const warned = await refuse(policy);
    expect(FakePeer.made).toHaveLength(9);
    expect(on.client.facts).toMatchObject({ state: 'failed', retryAt: null });
    expect(warned).toHaveBeenCalledTimes(1);
  });

  it.each([Number.POSITIVE_INFINITY, undefined, null])('%s: never', async (never) => {
    await refuse(() => never);
    expect(FakePeer.made).toHaveLength(1);
    expect(on.client.facts).toMatchObject({ state: 'failed', retryAt: null, problem: { code: 'sender_failed' } });
  });

  it('more than a timer holds waits for a day', async () => {
    await refuse(() => 2 ** 40);
    expect(FakePeer.made).toHaveLength(1);
    expect(on.client.facts.retryAt).toBe(Date.now() + 86_400_000 - 60_000);
  });

  it('nothing at all makes no storm', async () => {
    await refuse(() => 0);
    expect(FakePeer.made.length).toBeLessThan(610);
  });
});

it('takes another policy while it runs', async () => {
  on.open();
  (await on.goLive()).become('failed', 'failed');
  await on.pass(0);
  on.client.configure({ retryPolicy: { nextDelayMs: (attempt) => (attempt < 2 ? 500 : undefined) } });
  FakePeer.last.become('failed', 'failed');
  expect(on.client.facts.retryAt).toBe(Date.now() + 500);
  await on.pass(500);
  FakePeer.last.become('failed', 'failed');
  expect(on.client.facts).toMatchObject({ state: 'failed', retryAt: null });
});

it('makes another connection as soon as the sender says goodbye on the one that there is', async () => {
  on.open();
  const former = await on.goLive();
  former.say({ type: 'pong', t: 0, received: 0, sent: 0 });
  former.endChannel();
  await on.play(100);
  expect(FakePeer.made).toHaveLength(2);
  expect(former.closed, 'its last frame stays').toBe(false);
  expect(on.client.facts.state, 'its frames still come').toBe('live');
  await on.arrive();
  expect(former.closed).toBe(true);
});

describe('a picture that is black', () => {
  it('stays live, and the last step says so, until there is light', async () => {
    on.open();
    const enough = on.client.wantStats();
    await on.goLive();
    await on.play(3_000);
    expect(on.client.facts).toMatchObject({ state: 'live', black: false });
    on.page.brightness = 8;
    await on.play(12_000);
    expect(on.client.facts).toMatchObject({ state: 'live', black: true, problem: null });
    expect(on.client.facts.rungs.at(-1)).toEqual({ name: 'picture', status: 'broken' });
    on.page.brightness = 90;
    await on.play(2_000);
    expect(on.client.facts.black).toBe(false);
    expect(on.client.facts.rungs.every(({ status }) => status === 'done')).toBe(true);
    enough();
  });

  it('is looked at once, and then only for somebody who reads the figures', async () => {
    on.open();
    await on.goLive();
    await on.play(20_000);
    expect(on.page.draws).toBe(1);
    const enough = on.client.wantStats();
    await on.play(20_000);
    expect(on.page.draws).toBeGreaterThan(3);
    expect(on.page.draws).toBeLessThan(7);
    enough();
  });

  it('is not what a sender shows in place of its camera', async () => {
    on.open();
    const enough = on.client.wantStats();
    await on.goLive();
    on.page.brightness = 8;
    on.channel.news(CAMERA_LOST);
    await on.play(20_000);
    expect(on.client.facts.black).toBe(false);
    enough();
  });
});

it('marks a picture that is older than its budget, and no other', async () => {
  on.open({ latencyBudgetMs: 100 });
  const peer = await on.goLive();
  peer.say({ type: 'pong', t: wallClock(), received: wallClock(), sent: wallClock() });
  let rtp = 1_000_000;
  const show = async (ageMs: number) => {
    for (let frame = 0; frame < 100; frame += 1) {
      rtp += 3_000;
      peer.say({ type: 'clock', rtp, captureMs: wallClock() - ageMs, origin: 'drawn' });
      on.video.showFrame({ rtpTimestamp: rtp, receiveTime: performance.now() });
      await on.pass(33);
    }
  };
  await show(30);
  expect(on.client.facts.overBudget).toBe(false);
  await show(160);
  expect(on.client.facts.overBudget).toBe(true);
  on.client.configure({ latencyBudgetMs: 300 });
  await show(160);
  expect(on.client.facts.overBudget).toBe(false);
  on.client.configure({ latencyBudgetMs: null });
  await show(160);
  expect(on.client.facts.overBudget).toBeNull();
});

it('does not ask a browser that has not answered yet', async () => {
  on.open();
  const enough = on.client.wantStats();
  const peer = await on.goLive();
  let answer = () => {};
  const getStats = vi
    .spyOn(peer, 'getStats')
    .mockImplementation(() => new Promise((resolve) => (answer = () => resolve(new Map()))));
  await on.play(5_000);
  expect(getStats).toHaveBeenCalledTimes(1);
  answer();
  await on.play(1_500);
  expect(getStats).toHaveBeenCalledTimes(2);
  getStats.mockRejectedValue(new Error('closed'));
  answer();
  await on.play(3_000);
  expect(on.client.facts.state).toBe('live');
  enough();
});

it('counts a frame once that two videos show', async () => {
  on.open();
  const enough = on.client.wantStats();
  const peer = await on.goLive();
  peer.bytesReceived = 1;
  const second = new (on.video.constructor as new () => typeof on.video)();
  on.client.attach(second as never);
  for (let frame = 0; frame < 120; frame += 1) {
    on.video.showFrame({ rtpTimestamp: 100_000 + 3_000 * frame });
    second.showFrame({ rtpTimestamp: 100_000 + 3_000 * (frame - 1) });
    await on.pass(33);
  }
  expect(on.client.facts.stats?.shownFps).toBeGreaterThan(25);
  expect(on.client.facts.stats?.shownFps).toBeLessThan(36);
  enough();
});

it('counts the frames of which a busy page was not told', async () => {
  on.open();
  const enough = on.client.wantStats();
  await on.goLive();
  for (let frame = 1; frame < 60; frame += 1) {
    on.video.showFrame({ presentedFrames: 2 * frame });
    await on.pass(66);
  }
  expect(on.client.facts.stats?.shownFps).toBeGreaterThan(25);
  enough();
});

describe('sound', () => {
  it('is apart from the picture, and changes over with it', async () => {
    on.open();
    const former = await on.goLive();
    expect(on.client.facts.audio).toBeNull();
    former.receive('audio');
    const { audio, media } = on.client.facts;
    expect(audio).not.toBeNull();
    expect(audio).not.toBe(media);
    on.channel.news({ instance: 'b' });
    await on.play(100);
    FakePeer.last.receive('audio');
    expect(on.client.facts.audio, 'the picture is still the former one').toBe(audio);
    await on.arrive();
    expect(on.client.facts.audio).not.toBe(audio);
    expect(on.client.facts.audio).not.toBeNull();
    on.client.stop();
    expect(on.client.facts.audio).toBeNull();
  });
});

it('reports how it came to this, and how long each step took', async () => {
  on.open();
  const peer = await on.goLive();
  peer.become('failed', 'failed');
  await on.pass(100);
  const report = on.client.report();
  expect(report).toMatch(/^\+\d+ signalling connected/m);
  expect(report).toMatch(/^\+\d+ .*state live/m);
  expect(report).toMatch(/^\+\d+ .*state reconnecting/m);
  await on.arrive();
  expect(on.client.report()).toMatch(/done after: .*answer \d+ ms.*frame \d+ ms/);
});

it('keeps a bounded past', async () => {
  on.open();
  await on.goLive();
  for (let round = 0; round < 50; round += 1) {
    await on.pass(600);
    await on.play(300);
  }
  const report = on.client.report();
  expect(report.split('\n').filter((line) => line.startsWith('+')).length).toBeLessThanOrEqual(40);
});

describe('an address or a name that cannot be', () => {
  it.each([
    [{ src: 'rtsp://admin:hunter2@10.1.2.3/stream' }, 'unplayable_source'],
    [{ src: 'cam:8080/?token=hunter2' }, 'bad_source'],
    [{ src: 'ftp://admin:hunter2@cam', transport: 'whep' }, 'bad_source'],
    [{ src: 'http://127.0.0.1:9', stream: 'my cam' }, 'bad_stream_name'],
    [{ src: 'http://127.0.0.1:9', stream: 'rtsp://admin:hunter2@10.1.2.3' }, 'bad_stream_name'],
    [{ src: 'http://127.0.0.1:9', stream: 'x'.repeat(LIMITS.idLength + 1) }, 'bad_stream_name'],
  ] as const)('is said without a word to anybody, and without repeating it: %j', async (options, code) => {
    const client = on.open({ ...options, signalling: undefined as never });
    await on.pass(0);
    expect(client.facts).toMatchObject({ state: 'failed', started: false, problem: { code, rung: 'server' } });
    client.start();
    await on.pass(0);
    expect(JSON.stringify([client.facts, client.report()])).not.toMatch(/hunter2|10\.1\.2\.3|my cam/);
  });
});

describe('what a report says of the token', () => {
  it.each([
    [undefined, true, 'none'],
    ['t', false, 'none'],
    ['t', true, 'accepted'],
  ])('%s, with the server reached: %s', async (token, reached, word) => {
    on.open({ token });
    on.client.start();
    if (reached) on.channel.connect();
    await on.pass(250); // by then it is fetched
    expect(on.client.report()).toContain(`token ${word}`);
  });
});

it('tells the way to the server whether anybody waits for news', async () => {
  on.open();
  on.client.start();
  on.channel.connect({ online: false });
  await on.pass(0);
  on.client.stop();
  on.client.start();
  expect(on.channel.watched).toEqual([true, false, true]);
});

it('says what is known best of why the server is not reached', async () => {
  const problem = () => on.client.facts.problem?.code;
  on.open();
  on.client.start();
  await on.pass(10_000);
  expect(problem()).toBe('server_unreachable');
  on.channel.drop(errorInfo('wrong_server'));
  await on.pass(1_000);
  expect(problem()).toBe('wrong_server');
  // Tried anew: nothing is known yet that is better.
  on.channel.drop();
  await on.pass(10_000);
  expect(problem()).toBe('wrong_server');
  expect(on.states).toEqual(['connecting', 'failed']);
});

it('does not say of what answers, and is no server of ours, that it is not reached', async () => {
  on.open();
  on.client.start();
  on.channel.drop(errorInfo('wrong_server'));
  await on.pass(60_000);
  expect(on.client.facts).toMatchObject({ state: 'failed', problem: { code: 'wrong_server', rung: 'server' } });
  expect(on.client.facts.problem).not.toHaveProperty('seen');
});

it('says since when the server is away, which stays true', async () => {
  on.open();
  on.client.start();
  const since = new Date().toTimeString().slice(0, 8);
  await on.pass(60_000);
  expect(on.client.facts.problem).toMatchObject({ code: 'server_unreachable', seen: `Not reached since ${since}.` });
});
