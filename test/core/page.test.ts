import { describe, expect, it, vi } from 'vitest';
import { errorInfo, PreviewError } from '../../src/protocol/errors.js';
import { CAMERA_LOST, FakePeer } from './fakes.js';
import { stage } from './stage.js';

const on = stage();

describe('a page that is hidden', () => {
  it('is sent nothing after five seconds, and goes on at once when it is shown', async () => {
    on.open();
    const peer = await on.goLive();
    on.page.hide();
    await on.decode(4_500);
    expect(on.pauses).toEqual([]);
    await on.decode(1_000);
    expect(on.pauses).toEqual([true]);
    expect(on.client.facts).toMatchObject({ state: 'paused', problem: null });
    await on.pass(600_000);
    expect(on.client.facts.state).toBe('paused');
    expect(FakePeer.made).toHaveLength(1);
    on.page.show();
    expect(on.pauses).toEqual([true, false]);
    expect(on.client.facts.state, 'nothing is seen yet').toBe('paused');
    on.video.showFrame();
    expect(on.client.facts.state).toBe('live');
    expect(peer.closed).toBe(false);
    expect(FakePeer.made).toHaveLength(1);
  });

  it('runs nothing while it is paused', async () => {
    on.open();
    await on.goLive();
    on.page.hide();
    await on.decode(6_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves the session of a sender that cannot pause, and keeps the last frame', async () => {
    on.pausesUnderstood = false;
    on.open();
    const peer = await on.goLive();
    on.page.hide();
    await on.decode(6_000);
    expect(on.channel.opened[0]?.left).toBe(1);
    expect(peer.closed, 'its last frame stays').toBe(false);
    expect(on.client.facts.state).toBe('paused');
    expect(FakePeer.made).toHaveLength(1);
    on.page.show();
    await on.pass(0);
    expect(FakePeer.made).toHaveLength(2);
    expect(on.client.facts.state).toBe('reconnecting');
    await on.arrive();
    expect(on.client.facts.state).toBe('live');
    expect(peer.closed).toBe(true);
  });

  it('makes a new session where the old one has nothing to show within a second', async () => {
    on.open();
    const former = await on.goLive();
    on.page.hide();
    await on.decode(6_000);
    await on.pass(60_000);
    on.page.show();
    await on.pass(900);
    expect(FakePeer.made).toHaveLength(1);
    await on.pass(400);
    expect(FakePeer.made).toHaveLength(2);
    expect(on.client.facts.state).toBe('reconnecting');
    expect(former.closed, 'its last frame stays').toBe(false);
    await on.arrive();
    expect(on.client.facts.state).toBe('live');
  });

  it('does not take the frame from before the pause, presented now, for a new one', async () => {
    on.open();
    await on.goLive();
    on.page.hide();
    const receiveTime = performance.now();
    await on.decode(6_000);
    await on.pass(60_000);
    on.page.show();
    on.video.showFrame({ receiveTime });
    expect(on.client.facts.state).toBe('paused');
    on.video.showFrame({ receiveTime: performance.now() });
    expect(on.client.facts.state).toBe('live');
  });

  it('tells the truth while it is paused: a stream that ends is offline', async () => {
    on.open();
    await on.goLive();
    on.page.hide();
    await on.decode(6_000);
    on.channel.news({ online: false });
    expect(on.client.facts.state).toBe('offline');
    on.channel.news({ instance: 'b' });
    await on.pass(0);
    expect(FakePeer.made, 'nobody looks').toHaveLength(1);
    on.page.show();
    await on.pass(0);
    expect(FakePeer.made).toHaveLength(2);
  });

  it('tries nothing when the connection ends meanwhile, and everything when it is shown', async () => {
    on.open();
    const peer = await on.goLive();
    on.page.hide();
    await on.decode(6_000);
    peer.become('failed', 'failed');
    await on.pass(60_000);
    expect(FakePeer.made).toHaveLength(1);
    expect(on.client.facts.state).toBe('paused');
    on.page.show();
    await on.pass(0);
    expect(FakePeer.made).toHaveLength(2);
  });

  it('may be paused and shown in quick succession', async () => {
    on.open();
    await on.goLive();
    for (let round = 0; round < 4; round += 1) {
      on.page.hide();
      await on.decode(5_500);
      expect(on.client.facts.state).toBe('paused');
      on.page.show();
      await on.pass(50);
    }
    await on.play(200);
    expect(on.client.facts.state).toBe('live');
    expect(FakePeer.made).toHaveLength(1);
  });

  it('goes on at once when it is no longer to be paused', async () => {
    on.open();
    await on.goLive();
    on.page.hide();
    await on.decode(6_000);
    on.client.configure({ pauseWhenHiddenMs: null });
    expect(on.pauses).toEqual([true, false]);
    await on.decode(2_000);
    expect(on.client.facts.state).toBe('live');
  });

  it('is paused while it is still trying, too', async () => {
    on.open();
    on.page.hide();
    on.client.start();
    on.channel.connect();
    await on.pass(6_000);
    expect(on.client.facts.state).toBe('paused');
    expect(FakePeer.last.closed).toBe(true);
    on.page.show();
    await on.pass(0);
    expect(FakePeer.made).toHaveLength(2);
    expect(on.client.facts.state).toBe('connecting');
  });

  it.each([
    [
      'the picture is in a window of its own',
      () => Object.assign(on.video.root, { pictureInPictureElement: on.video }),
    ],
    ['it is being recorded', () => on.client.wantFrames()],
    ['the page does not want that', () => on.client.configure({ pauseWhenHiddenMs: null })],
  ])('goes on while %s', async (_, keep) => {
    on.open();
    await on.goLive();
    keep();
    on.page.hide();
    for (let second = 0; second < 20; second += 1) {
      await on.decode(1_000);
      expect(on.client.facts.state).toBe('live');
    }
    expect(on.pauses).toEqual([]);
  });

  it('is paused five seconds after the last reason not to be', async () => {
    on.open();
    await on.goLive();
    const enough = on.client.wantFrames();
    on.page.hide();
    await on.decode(6_000);
    await on.decode(20_000);
    enough();
    await on.decode(4_000);
    expect(on.pauses).toEqual([]);
    await on.decode(2_000);
    expect(on.pauses).toEqual([true]);
    on.client.wantFrames();
    expect(on.pauses, 'and goes on for the next').toEqual([true, false]);
  });
});

describe('a sign that things are better', () => {
  /** The network to the sender is dead: every try fails, until there is a long wait before the next. */
  async function loseNetwork(): Promise<void> {
    on.open();
    (await on.goLive()).become('failed', 'failed');
    while ((on.client.facts.retryAt ?? 0) - Date.now() < 2_000) {
      await on.pass(500);
      if (on.client.facts.retryAt === null) FakePeer.last.become('failed', 'failed');
    }
  }

  it.each(['online', 'resume', 'pageshow'] as const)('ends every wait: %s', async (sign) => {
    await loseNetwork();
    const before = FakePeer.made.length;
    on.page.say(sign);
    await on.pass(0);
    expect(FakePeer.made).toHaveLength(before + 1);
    expect(on.client.facts.attempt, 'with a fresh count').toBe(1);
  });

  it('is heard after everything was given up', async () => {
    on.open({ retryPolicy: { nextDelayMs: () => undefined } });
    const peer = await on.goLive();
    peer.become('failed', 'failed');
    await on.pass(0);
    FakePeer.last.become('failed', 'failed');
    await on.pass(60_000);
    expect(on.client.facts).toMatchObject({ state: 'failed', retryAt: null, problem: { code: 'ice_failed' } });
    on.page.say('online');
    await on.pass(0);
    expect(FakePeer.made).toHaveLength(3);
    expect(on.client.facts).toMatchObject({ state: 'reconnecting', problem: null });
  });

  it('is worth nothing where nothing but a person can help', async () => {
    on.open();
    on.client.start();
    on.channel.answer = () => Promise.reject(new PreviewError('codec_mismatch'));
    on.channel.connect();
    await on.pass(0);
    expect(on.client.facts.problem?.code).toBe('codec_mismatch');
    on.page.say('online');
    await on.pass(100);
    expect(FakePeer.made).toHaveLength(1);
    on.channel.events.onSignalling('closed', errorInfo('unauthorized'));
    on.page.say('online');
    expect(on.channel.reconnects).toBe(0);
  });

  it('asks the server at once, too', async () => {
    on.open();
    await on.goLive();
    on.channel.drop();
    on.page.say('online');
    expect(on.channel.reconnects).toBe(1);
  });

  it('is none that a page is shown for the first time', async () => {
    on.open();
    on.client.start();
    on.page.say('pageshow', false);
    expect(on.channel.reconnects).toBe(0);
  });

  it('makes no storm of tries, and none is lost', async () => {
    on.open();
    (await on.goLive()).become('failed', 'failed');
    for (let passed = 0; passed < 9_000; passed += 300) {
      on.page.say('online');
      await on.pass(300);
    }
    const before = FakePeer.made.length;
    expect(before).toBeGreaterThan(4);
    expect(before).toBeLessThan(8);
    await on.pass(2_500);
    expect(FakePeer.made, 'the last sign').toHaveLength(before + 1);
  });

  it('does not put off what is said of a server that is away', async () => {
    on.open();
    on.client.start();
    const states = new Set<string>();
    for (let passed = 0; passed < 6_000; passed += 300) {
      on.page.say('online');
      await on.pass(300);
      states.add(on.client.facts.state);
    }
    expect([...states]).toContain('failed');
  });

  it('changes nothing where frames flow', async () => {
    on.open();
    await on.goLive();
    for (const sign of ['resume', 'pageshow'] as const) {
      on.page.say(sign);
      await on.play(1_500);
    }
    expect(FakePeer.made).toHaveLength(1);
    expect(on.states).toEqual(['connecting', 'live']);
  });

  it('tries at once on another network, and takes that back at the next frame', async () => {
    on.open();
    await on.goLive();
    on.page.say('online');
    await on.pass(0);
    expect(FakePeer.made).toHaveLength(2);
    await on.play(33);
    expect(FakePeer.last.closed).toBe(true);
    await on.play(3_000);
    expect(FakePeer.made).toHaveLength(2);
    expect(on.states).toEqual(['connecting', 'live']);
  });

  it('does not take what was on its way before for a sign of life on another network', async () => {
    on.open();
    await on.goLive();
    const received = performance.now();
    on.page.say('online');
    await on.play(33, { receiveTime: received - 1 });
    expect(FakePeer.made).toHaveLength(2);
    expect(FakePeer.last.closed).toBe(false);
  });

  it('suspects the picture soon when the server was lost and found again', async () => {
    on.open();
    await on.goLive();
    on.channel.drop();
    await on.pass(60);
    on.channel.connect();
    await on.pass(30);
    expect(FakePeer.made, 'frames may be late').toHaveLength(1);
    await on.pass(10);
    expect(FakePeer.made).toHaveLength(2);
  });

  it('suspects nothing where frames came all the while', async () => {
    on.open();
    await on.goLive();
    on.channel.drop();
    await on.play(3_000);
    on.channel.connect();
    await on.play(3_000);
    expect(FakePeer.made).toHaveLength(1);
  });

  it('does not begin a try anew that has only just begun', async () => {
    on.open();
    const peer = await on.goLive();
    peer.become('failed', 'failed');
    await on.pass(500);
    expect(FakePeer.made).toHaveLength(2);
    on.page.say('online');
    await on.pass(0);
    expect(FakePeer.made).toHaveLength(2);
    await on.pass(2_000);
    on.page.say('online');
    await on.pass(0);
    expect(FakePeer.made, 'one that began without a network').toHaveLength(3);
  });
});

describe('a frozen picture', () => {
  const mode = { width: 640, height: 360, fps: 30 };
  let hidden = false;

  it.each([
    ['wishes for another mode', () => on.client.setMode(mode)],
    [
      'a page that is hidden and shown',
      () => {
        hidden = !hidden;
        if (hidden) on.page.hide();
        else on.page.show();
      },
    ],
    [
      'news of a camera that is lost and found',
      () => on.channel.news(on.client.facts.stream?.camera?.error ? {} : CAMERA_LOST),
    ],
    ['a page that says that it is back', () => on.page.say('resume')],
  ])('is found out, and replaced, among %s', async (_, disturb) => {
    hidden = false;
    on.open();
    await on.goLive();
    for (let passed = 0; passed < 6_000; passed += 400) {
      disturb();
      await on.pass(400);
    }
    for (let passed = 0; passed < 6_000; passed += 400) {
      disturb();
      await on.pass(400);
      expect(on.client.facts.state).toBe('reconnecting');
    }
    expect(FakePeer.made.length).toBeGreaterThan(1);
  });

  it('may rest once for a camera that changes its mode', async () => {
    on.open();
    await on.goLive();
    on.client.setMode(mode);
    await on.pass(1_300);
    expect(on.client.facts.state).toBe('live');
    on.client.setMode(mode);
    await on.pass(600);
    expect(on.client.facts.state).toBe('stalled');
    on.client.setMode(mode);
    expect(on.client.facts.state).toBe('stalled');
    on.video.showFrame();
    expect(on.client.facts.state).toBe('live');
  });
});

describe('a device that slept', () => {
  it('has another connection a second later where the old one is dead', async () => {
    on.open();
    await on.goLive();
    await on.play(1_000);
    vi.setSystemTime(Date.now() + 3_600_000);
    await on.pass(300);
    expect(on.client.facts.state).not.toBe('live');
    expect(FakePeer.made).toHaveLength(1);
    await on.pass(1_100);
    expect(FakePeer.made).toHaveLength(2);
    expect(on.client.facts.state).toBe('reconnecting');
  });

  it('keeps the connection that still works', async () => {
    on.open();
    await on.goLive();
    vi.setSystemTime(Date.now() + 3_600_000);
    await on.play(3_000);
    expect(FakePeer.made).toHaveLength(1);
    expect(on.client.facts.state).toBe('live');
  });
});

it('shows at once that a page which comes back shows an old frame', async () => {
  on.open();
  await on.goLive();
  // Frozen: no timer runs, and no frame is shown.
  vi.setSystemTime(Date.now() + 30_000);
  const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 30_000);
  on.page.say('resume');
  expect(on.client.facts.state).toBe('stalled');
  now.mockRestore();
});

it('has its deadlines by a clock that nobody sets back', async () => {
  const setBack = () => vi.setSystemTime(Date.now() - 3_600_000);
  on.open();
  on.client.start();
  await on.pass(1_000);
  setBack();
  await on.pass(2_000);
  expect(on.client.facts).toMatchObject({ state: 'connecting', problem: null });
  await on.pass(2_000);
  expect(on.client.facts.problem).toMatchObject({ code: 'server_unreachable' });
  on.channel.connect();
  await on.pass(0);
  expect(FakePeer.made).toHaveLength(1);
  setBack();
  await on.pass(9_000);
  expect(FakePeer.made).toHaveLength(1);
  await on.pass(2_000);
  expect(FakePeer.made, 'the deadline of the first frame').toHaveLength(2);
});

it('says that the device has no network, where frames stop for it', async () => {
  on.open();
  await on.goLive();
  vi.stubGlobal('navigator', { onLine: false });
  await on.play(2_000);
  expect(on.client.facts).toMatchObject({ state: 'live', problem: null });
  on.channel.drop(errorInfo('server_unreachable'));
  await on.play(2_000);
  expect(on.client.facts.state, 'frames still come').toBe('live');
  await on.pass(1_000);
  expect(on.client.facts).toMatchObject({ state: 'failed', problem: { code: 'device_offline', rung: 'server' } });
  vi.stubGlobal('navigator', { onLine: true });
  on.page.say('online');
  on.channel.connect();
  await on.pass(0);
  expect(on.client.facts.problem).toBeNull();
});

it('says that the picture stands still when that is so, and not at the next look', async () => {
  on.open();
  await on.goLive();
  // Wherever the last frame lies between two looks.
  for (let late = 0; late < 8; late += 1) {
    await on.play(33 * (8 + late));
    await on.pass(400 - 33 - 1);
    expect(on.client.facts.state).toBe('live');
    await on.pass(2);
    expect(on.client.facts.state).toBe('stalled');
  }
});
