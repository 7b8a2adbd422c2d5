import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection, wallClock } from '../../src/element/core/connection.js';
import type { Facts } from '../../src/element/core/facts.js';
import { PreviewClient } from '../../src/element/core/preview-client.js';
import type { SignallingFactory } from '../../src/element/signalling/signalling.js';
import { errorInfo, PreviewError } from '../../src/protocol/errors.js';
import type { Camera } from '../../src/protocol/messages.js';
import { CAMERA_LOST, FakeChannel, FakeMediaStream, FakePeer, FakeVideo, ONLINE, REDUCED } from './fakes.js';

let channel: FakeChannel;
let channels: FakeChannel[];
let client: PreviewClient;
let video: FakeVideo;
let states: Facts['state'][];

const fakePeer = (configuration: RTCConfiguration) => new FakePeer(configuration) as unknown as RTCPeerConnection;

beforeEach(() => {
  Connection.pageIsWarm = true;
  vi.useFakeTimers();
  vi.stubGlobal('MediaStream', FakeMediaStream);
  FakePeer.made = [];
  channels = [];
  video = new FakeVideo();
  client = new PreviewClient({
    signalling: (_, events) => {
      channel = new FakeChannel(events);
      channels.push(channel);
      return channel;
    },
    random: () => 0,
    createPeer: fakePeer,
  });
  client.attach(video as unknown as HTMLVideoElement);
  states = [];
  client.subscribe(({ state }) => states.at(-1) !== state && states.push(state));
});

afterEach(() => {
  client.close();
  expect(vi.getTimerCount(), 'timers left behind').toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The peer connection whose track the video element shows. */
const shownPeer = () => ((video.srcObject as FakeMediaStream).getVideoTracks()[0] as { peer: FakePeer }).peer;

const settle = () => vi.advanceTimersByTimeAsync(0);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Shows frames at 30 fps for a while. */
async function play(ms: number, frame = {}): Promise<void> {
  for (let passed = 0; passed < ms; passed += 33) {
    video.showFrame(frame);
    await pass(33);
  }
}

async function goLive(): Promise<FakePeer> {
  channel.answer = async () => 'v=0';
  client.start();
  channel.connect();
  await settle();
  const peer = FakePeer.last;
  peer.become('connected');
  peer.receive();
  await play(500);
  expect(client.facts.state).toBe('live');
  return peer;
}

describe('before it is started', () => {
  it('is idle while the camera is there and offline while it is not', async () => {
    channel.connect();
    expect(client.facts.state).toBe('idle');
    channel.news({ online: false });
    expect(client.facts.state).toBe('offline');
    await settle();
    expect(FakePeer.made).toHaveLength(0);
  });

  it('shows at once why the server refuses it', () => {
    channel.events.onSignalling('closed', errorInfo('unauthorized'));
    expect(client.facts).toMatchObject({ state: 'failed', problem: { code: 'unauthorized', rung: 'server' } });
  });
});

describe('a connection that is made ahead', () => {
  /** As a page has it: nobody else makes its peers. */
  const open = () => {
    client.close();
    Connection.pageIsWarm = false;
    vi.stubGlobal('RTCPeerConnection', FakePeer);
    client = new PreviewClient({ signalling: (_, events) => (channel = new FakeChannel(events)), random: () => 0 });
    client.attach(video as unknown as HTMLVideoElement);
  };
  /** Node has no idle callbacks, nor has Safari. */
  const idle = () => pass(1_000);

  it('is there once there is something to see, holds nothing, and is the one that the start uses', async () => {
    open();
    await idle();
    expect(FakePeer.made, 'nothing is to be seen').toHaveLength(0);
    channel.connect();
    expect(FakePeer.made, 'there is something else to do').toHaveLength(0);
    await idle();
    expect(FakePeer.made).toHaveLength(1);
    const spare = FakePeer.last;
    expect(spare.localDescription, 'nothing is gathered, no socket held').toBeNull();
    expect(client.facts).toMatchObject({ state: 'idle', connection: null, attempt: 0 });
    await pass(60_000);
    expect(vi.getTimerCount(), 'nothing runs').toBe(0);
    client.start();
    await settle();
    expect(FakePeer.made).toEqual([spare]);
    expect(spare.localDescription).not.toBeNull();
    expect(channel.opened[0]?.offers).toBe(1);
  });

  it('is not made where the page has had one: another one is made in no time', async () => {
    open();
    await goLive();
    await play(1_000);
    const other = new PreviewClient({ signalling: (_, events) => (channel = new FakeChannel(events)) });
    channel.connect();
    await play(1_500);
    expect(FakePeer.made).toHaveLength(1);
    other.close();
  });

  it('is one for the page, and is let go with the last client of it', async () => {
    open();
    let second = channel;
    const other = new PreviewClient({ signalling: (_, events) => (second = new FakeChannel(events)) });
    channel.connect();
    second.connect();
    await idle();
    expect(FakePeer.made).toHaveLength(1);
    client.close();
    expect(FakePeer.last.closed).toBe(false);
    other.close();
    expect(FakePeer.last.closed).toBe(true);
  });

  it('is of its kind: another one is not given in its place', async () => {
    open();
    channel.connect();
    await idle();
    let second = channel;
    const signalling: SignallingFactory = (_, events) => (second = new FakeChannel(events));
    const other = new PreviewClient({ signalling, codecs: ['vp8'], icePolicy: 'relay' });
    other.start();
    second.connect();
    await settle();
    expect(FakePeer.made).toHaveLength(2);
    expect(FakePeer.last.configuration.iceTransportPolicy).toBe('relay');
    expect(FakePeer.made[0]?.localDescription).toBeNull();
    other.close();
  });

  it('is not made for a stream that is offline, nor after the client has gone', async () => {
    open();
    channel.connect({ online: false });
    await idle();
    channel.news();
    client.close();
    await idle();
    expect(FakePeer.made).toHaveLength(0);
  });
});

describe("a page's first connection", () => {
  it('comes after the way to the server, where it is made at the start', async () => {
    Connection.pageIsWarm = false;
    client.start();
    expect(FakePeer.made, 'who asks for the server in a microtask goes first').toHaveLength(0);
    await settle();
    expect(FakePeer.made).toHaveLength(1);
    client.stop();
    expect(FakePeer.last.closed).toBe(true);
  });
});

describe('starting', () => {
  it('makes its offer while the server is still being reached', async () => {
    client.start();
    await settle();
    expect(FakePeer.made).toHaveLength(1);
    expect(client.facts.state).toBe('connecting');
  });

  it('is live with the first shown frame, not with the first packet', async () => {
    channel.answer = async () => 'v=0';
    client.start();
    channel.connect();
    await settle();
    FakePeer.last.become('connected');
    FakePeer.last.receive();
    await settle();
    expect(client.facts.state).toBe('connecting');
    video.showFrame();
    expect(client.facts).toMatchObject({ state: 'live', shownSize: { width: 1280, height: 720 }, attempt: 0 });
    expect(channel.opened[0]?.live).toBe(1);
  });

  it('waits for the camera where nothing streams, and starts by itself when it comes', async () => {
    client.start();
    channel.connect({ online: false });
    await settle();
    expect(client.facts.state).toBe('offline');
    expect(FakePeer.made.every((peer) => peer.closed)).toBe(true);
    const before = FakePeer.made.length;
    channel.news();
    await settle();
    expect(FakePeer.made).toHaveLength(before + 1);
    expect(client.facts.state).toBe('connecting');
  });

  it('says which step failed when no picture comes in time', async () => {
    channel.answer = async () => 'v=0';
    client.start();
    channel.connect();
    await settle();
    for (let attempt = 0; attempt < 12; attempt += 1) {
      FakePeer.last.become('connecting', 'checking');
      await pass(13_000);
    }
    expect(client.facts).toMatchObject({
      state: 'failed',
      problem: { code: 'ice_failed', rung: 'network' },
      retryAt: null,
    });
    expect(client.facts.rungs.map(({ status }) => status)).toEqual([
      ...['done', 'done', 'done', 'done', 'broken'],
      ...Array(5).fill('waiting'),
    ]);
    const tries = FakePeer.made.length;
    await pass(120_000);
    expect(FakePeer.made, 'no storm after giving up').toHaveLength(tries);
    client.retry();
    await settle();
    expect(FakePeer.made).toHaveLength(tries + 1);
    expect(client.facts).toMatchObject({ state: 'connecting', problem: null });
  });

  it("shows the sender's own words at once, and goes on trying where that may help", async () => {
    channel.answer = () => Promise.reject(new PreviewError('camera_busy'));
    client.start();
    channel.connect();
    await settle();
    expect(client.facts).toMatchObject({ state: 'failed', problem: { code: 'camera_busy', rung: 'camera' } });
    expect(client.facts.retryAt).not.toBeNull();
    channel.answer = () => Promise.reject(new PreviewError('codec_mismatch'));
    await pass(400);
    expect(client.facts).toMatchObject({ problem: { code: 'codec_mismatch' }, retryAt: null });
  });

  it('names the server when it cannot be reached, and is back when it can', async () => {
    client.start();
    channel.drop(errorInfo('server_unreachable'));
    await pass(5_000);
    expect(client.facts).toMatchObject({ state: 'failed', problem: { code: 'server_unreachable', rung: 'server' } });
    channel.connect();
    await settle();
    expect(client.facts).toMatchObject({ state: 'connecting', problem: null });
  });
});

describe('the picture', () => {
  it('is never called live when frames have stopped, whatever the connection says', async () => {
    await goLive();
    await pass(700);
    expect(client.facts).toMatchObject({ state: 'stalled', connection: 'connected' });
    expect(client.facts.lastFrameAt).not.toBeNull();
  });

  it('is known to be fresh: the time of the last frame is at most a second old while frames come', async () => {
    await goLive();
    for (let second = 0; second < 5; second += 1) {
      await play(1_000);
      expect(Date.now() - (client.facts.lastFrameAt ?? 0)).toBeLessThanOrEqual(1_100);
    }
    const last = client.facts.lastFrameAt ?? 0;
    await pass(3_000);
    expect(client.facts.lastFrameAt, 'no later than the last one that was shown').toBeLessThan(last + 1_100);
    expect(Date.now() - (client.facts.lastFrameAt ?? 0)).toBeGreaterThanOrEqual(3_000);
    client.stop();
    expect(client.facts.lastFrameAt).toBeNull();
  });

  it('does not come to life by a frame that is presented twice', async () => {
    await goLive();
    video.showFrame({ rtpTimestamp: 90_000 });
    await pass(700);
    video.showFrame({ rtpTimestamp: 90_000 });
    video.showFrame({ rtpTimestamp: undefined });
    expect(client.facts.state).toBe('stalled');
  });

  it('is live again with the next frame, on the same connection', async () => {
    const peer = await goLive();
    await pass(700);
    await play(100);
    expect(client.facts.state).toBe('live');
    expect(peer.closed).toBe(false);
    expect(FakePeer.made).toHaveLength(1);
  });

  it('does not come to life by a wish for another mode', async () => {
    await goLive();
    await pass(700);
    expect(client.facts.state).toBe('stalled');
    client.setMode({ width: 640, height: 360, fps: 30 });
    await pass(200);
    expect(client.facts.state).not.toBe('live');
  });

  it('stays live, on one connection, in a hidden page whose timers run once a second', async () => {
    client.configure({ pauseWhenHiddenMs: null });
    const page = { hidden: false };
    vi.stubGlobal('document', page);
    const peer = await goLive();
    page.hidden = true;
    for (let second = 0; second < 20; second += 1) {
      peer.framesDecoded += 30;
      peer.bytesReceived += 1_000;
      await pass(1_000);
      expect(client.facts.state).toBe('live');
    }
    expect(FakePeer.made).toHaveLength(1);
    await pass(5_000);
    expect(client.facts.state, 'no frame was decoded').not.toBe('live');
  });

  it('does not take the frames of an old connection for new ones in a hidden page', async () => {
    client.configure({ pauseWhenHiddenMs: null });
    const page = { hidden: false };
    vi.stubGlobal('document', page);
    const peer = await goLive();
    peer.framesDecoded = 500;
    page.hidden = true;
    await pass(2_000);
    // The sender hangs: nothing is decoded any more, while tries come and go.
    for (let second = 0; second < 40; second += 1) {
      await pass(1_000);
      if (second > 6) expect(client.facts.state, `second ${second}`).not.toBe('live');
    }
  });

  it('gets a second connection before the first is given up, and keeps the last frame meanwhile', async () => {
    const first = await goLive();
    const media = video.srcObject;
    await pass(3_000);
    expect(FakePeer.made).toHaveLength(2);
    expect(client.facts.state).toBe('reconnecting');
    expect(first.closed).toBe(false);
    expect(shownPeer()).toBe(first);
    FakePeer.last.become('connected');
    FakePeer.last.receive();
    video.showFrame();
    expect(client.facts.state).toBe('live');
    expect(first.closed).toBe(true);
    expect(channel.opened[0]?.left).toBe(1);
    expect(channel.opened[1]?.live).toBe(1);
    expect(shownPeer()).toBe(FakePeer.last);
    expect(video.srcObject, 'the same stream: no flash of black').toBe(media);
  });

  it('drops the second connection when the first comes back', async () => {
    const first = await goLive();
    await pass(3_000);
    const second = FakePeer.last;
    video.showFrame();
    await settle();
    expect(client.facts.state).toBe('live');
    expect(second.closed).toBe(true);
    expect(first.closed).toBe(false);
  });

  it('is offline, not live, when the sender has gone and its frames have stopped', async () => {
    const peer = await goLive();
    channel.events.onStream({ stream: 'camera', online: false });
    expect(client.facts).toMatchObject({ state: 'offline', connection: null, ice: null });
    video.showFrame();
    expect(client.facts.state, 'a frame that was still on its way').toBe('offline');
    expect(channel.opened[0]?.left).toBe(1);
    expect(peer.closed, 'its last frame stays').toBe(false);
    await pass(20_000);
    expect(FakePeer.made, 'no try while nothing streams').toHaveLength(1);
    channel.news({ instance: 'b' });
    await settle();
    expect(FakePeer.made).toHaveLength(2);
  });

  it('flows on while a restarted server has not heard of the sender yet', async () => {
    await goLive();
    channel.drop();
    channel.events.onSignalling('connected');
    channel.events.onStream({ stream: 'camera', online: false });
    await play(500);
    expect(client.facts.state).toBe('live');
    channel.news();
    await play(500);
    expect(client.facts.state).toBe('live');
    expect(FakePeer.made).toHaveLength(1);
  });

  it('is not live again because the page comes back from the background', async () => {
    client.configure({ pauseWhenHiddenMs: null });
    const page = { hidden: false };
    vi.stubGlobal('document', page);
    await goLive();
    page.hidden = true;
    channel.news({ online: false });
    await pass(6_000);
    expect(client.facts.state).toBe('offline');
    page.hidden = false;
    for (let passed = 0; passed < 2_000; passed += 100) {
      await pass(100);
      expect(client.facts.state).toBe('offline');
    }
  });

  it('keeps the connection of a sender that only lost the server, in case that its frames come back', async () => {
    const peer = await goLive();
    channel.news({ online: false });
    await pass(3_000);
    expect(client.facts.state).toBe('offline');
    expect(peer.closed).toBe(false);
    await play(100);
    expect(client.facts.state).toBe('live');
    channel.news();
    await settle();
    expect(FakePeer.made).toHaveLength(1);
  });

  it('goes over to a sender that has replaced the former one', async () => {
    await goLive();
    channel.news({ instance: 'b' });
    await settle();
    expect(FakePeer.made).toHaveLength(2);
    expect(client.facts.state).toBe('live');
  });

  it('goes over to it although the former one still sends, until the first frame of the new one', async () => {
    const former = await goLive();
    channel.news({ instance: 'b' });
    await play(2_000);
    const next = FakePeer.last;
    expect(FakePeer.made).toHaveLength(2);
    expect(next.closed).toBe(false);
    next.become('connected');
    next.receive();
    video.showFrame();
    await settle();
    expect(former.closed).toBe(true);
    expect(shownPeer()).toBe(next);
    expect(states).toEqual(['connecting', 'live']);
  });

  it('tries again where the new sender does not answer, and shows the former one meanwhile', async () => {
    const former = await goLive();
    channel.answer = () => new Promise(() => {});
    channel.news({ instance: 'b' });
    await play(12_000);
    expect(FakePeer.made.length).toBeGreaterThan(2);
    expect(former.closed).toBe(false);
    expect(states).toEqual(['connecting', 'live']);
  });

  it('flows on through a restart of the server', async () => {
    await goLive();
    channel.drop();
    await play(6_000);
    expect(client.facts).toMatchObject({ state: 'live', signalling: 'connecting', problem: null });
    channel.connect();
    await play(500);
    expect(FakePeer.made).toHaveLength(1);
    expect(states).toEqual(['connecting', 'live']);
  });

  it('ends with stop(), and everything with it', async () => {
    const peer = await goLive();
    client.stop();
    expect(peer.closed).toBe(true);
    expect(video.srcObject).toBeNull();
    expect(client.facts).toMatchObject({ state: 'idle', started: false, media: null, stats: null, shownSize: null });
    expect(channel.closed, 'the news go on').toBe(false);
    client.close();
    expect(channel.closed).toBe(true);
  });

  it('tries again at once when the connection itself says that it failed', async () => {
    const first = await goLive();
    first.become('failed', 'failed');
    await settle();
    expect(first.closed, 'its last frame stays, and it may come back').toBe(false);
    expect(FakePeer.made).toHaveLength(2);
    FakePeer.last.become('connected');
    FakePeer.last.receive();
    video.showFrame();
    expect(first.closed).toBe(true);
    expect(channel.opened[0]?.left).toBe(1);
  });

  it('goes on with a connection that ICE had given up, when its network comes back first', async () => {
    const first = await goLive();
    first.become('failed', 'failed');
    await settle();
    expect(client.facts.state).toBe('reconnecting');
    expect(FakePeer.made).toHaveLength(2);
    video.showFrame();
    await settle();
    expect(client.facts.state).toBe('live');
    expect(FakePeer.last.closed, 'the other one').toBe(true);
    expect(first.closed).toBe(false);
    expect(channel.opened[0]?.left).toBe(0);
  });

  it('gives up at once what fails before it has shown anything', async () => {
    channel.connect();
    client.start();
    await settle();
    FakePeer.last.become('connected');
    FakePeer.last.become('failed', 'failed');
    await settle();
    expect(FakePeer.made[0]?.closed).toBe(true);
  });
});

it('leaves the session of a start that was taken back at once', async () => {
  channel.connect();
  await settle();
  client.start();
  client.stop();
  await settle();
  expect(channel.opened).toHaveLength(1);
  expect(channel.opened[0]).toMatchObject({ left: 1, offers: 0 });
});

describe('what the server takes away', () => {
  it('is not shown any more after a kick, and only a person begins again', async () => {
    const peer = await goLive();
    channel.opened[0]?.events.onClosed('kicked', errorInfo('kicked', 'Kicked by the operator.'));
    expect(client.facts).toMatchObject({
      state: 'failed',
      started: false,
      media: null,
      problem: { code: 'kicked', message: 'Kicked by the operator.', rung: 'server' },
    });
    expect(peer.closed).toBe(true);
    await pass(120_000);
    expect(FakePeer.made).toHaveLength(1);
    client.retry();
    await settle();
    expect(FakePeer.made).toHaveLength(2);
  });

  it('is over with the token, and goes on with a new one', async () => {
    await goLive();
    channel.opened[0]?.events.onClosed('expired');
    channel.events.onSignalling('closed', errorInfo('token_expired'));
    expect(client.facts).toMatchObject({ state: 'failed', media: null, problem: { code: 'token_expired' } });
    await pass(120_000);
    expect(FakePeer.made).toHaveLength(1);
    client.setToken('newer');
    channel.connect();
    await settle();
    expect(channel.tokens).toEqual(['newer']);
    expect(client.facts).toMatchObject({ state: 'connecting', problem: null });
    expect(FakePeer.made).toHaveLength(2);
  });

  it('is tried again when a session only took too long', async () => {
    await goLive();
    channel.opened[0]?.events.onClosed('timeout');
    await settle();
    expect(FakePeer.made).toHaveLength(2);
  });
});

describe('a new token', () => {
  it('changes nothing that is seen', async () => {
    await goLive();
    channel.events.onTokenExpiring(5_000);
    expect(client.facts.tokenExpiresAt).toBe(5_000);
    client.setToken('newer');
    await play(500);
    expect(client.facts.tokenExpiresAt).toBeNull();
    expect(states).toEqual(['connecting', 'live']);
    expect(FakePeer.made).toHaveLength(1);
    expect(channels).toHaveLength(1);
  });

  it('that is refused is named, and what runs goes on', async () => {
    await goLive();
    channel.authenticateReply = () => Promise.reject(new PreviewError('unauthorized'));
    client.setToken('wrong');
    await play(500);
    expect(client.facts).toMatchObject({ state: 'live', tokenProblem: { code: 'unauthorized' }, problem: null });
  });

  it('that the others on the connection do not have takes another channel, without a gap', async () => {
    const former = await goLive();
    const formerChannel = channel;
    channel.authenticateReply = async () => false;
    client.setToken('newer');
    await play(500);
    expect(channels).toHaveLength(2);
    expect(formerChannel.closed, 'its media is shown').toBe(false);
    channel.answer = async () => 'v=0';
    channel.connect();
    formerChannel.news({ online: false });
    await play(500);
    const next = FakePeer.last;
    expect(next).not.toBe(former);
    next.become('connected');
    next.receive();
    video.showFrame();
    await settle();
    expect(former.closed).toBe(true);
    expect(formerChannel.closed).toBe(true);
    expect(channel.closed).toBe(false);
    expect(states).toEqual(['connecting', 'live']);
  });
});

it('takes fresh ICE servers for the connection that there is, and keeps the rest of its settings', async () => {
  const peer = await goLive();
  const before = peer.configuration;
  const iceServers = [{ urls: ['turn:turn.example'], username: 'u', credential: 'c' }];
  channel.opened[0]?.events.onIce({ iceServers });
  expect(peer.configuration).toEqual({ ...before, iceServers });
  expect(before).toMatchObject({ bundlePolicy: 'max-bundle', iceTransportPolicy: 'all' });
  peer.setConfiguration = () => {
    throw new Error('not in this browser');
  };
  channel.opened[0]?.events.onIce({ iceServers });
  await play(500);
  expect(client.facts.state).toBe('live');
});

describe('another mode', () => {
  const small = { width: 640, height: 360, fps: 30 };

  it('is pending until a frame of that size is shown', async () => {
    await goLive();
    client.setMode(small);
    await settle();
    expect(channel.modes).toEqual([small]);
    expect(client.facts.pendingMode).toEqual(small);
    channel.news({ camera: { ...ONLINE.camera, label: 'Bench camera', modes: [], mode: small } });
    expect(client.facts.pendingMode, 'the camera says so, but it is not seen').toEqual(small);
    await play(50, { width: 640, height: 360 });
    expect(client.facts).toMatchObject({
      pendingMode: null,
      modeProblem: null,
      shownSize: { width: 640, height: 360 },
    });
    expect(FakePeer.made, 'on the same connection').toHaveLength(1);
  });

  it('says why the sender chose another one', async () => {
    await goLive();
    const notice = 'The camera has no 640x360 at 60; 640x360 at 30 is nearest.';
    channel.setModeReply = async () => ({ mode: small, notice });
    client.setMode({ ...small, fps: 60 });
    expect(client.facts.modeNotice).toBeNull();
    await settle();
    expect(client.facts).toMatchObject({ pendingMode: small, modeNotice: notice, modeProblem: null });
    channel.news({ camera: { label: 'Bench camera', modes: [], mode: small } });
    await play(50, small);
    expect(client.facts).toMatchObject({ pendingMode: null, modeNotice: notice });
    client.setMode(small);
    expect(client.facts.modeNotice).toBeNull();
  });

  it('is seen in the smaller frames that the link carries, once the camera has it', async () => {
    const peer = await goLive();
    const large = { width: 1920, height: 1080, fps: 30 };
    const reduced = { ...REDUCED, width: 960, height: 540 };
    peer.say(REDUCED);
    await play(500, REDUCED);
    client.setMode(large);
    await play(500, REDUCED);
    expect(client.facts.pendingMode, 'the camera has not changed').toEqual(large);
    channel.news({ camera: { label: 'Bench camera', modes: [], mode: large } });
    peer.say(reduced);
    await play(500, reduced);
    expect(client.facts).toMatchObject({ pendingMode: null, modeProblem: null });
  });

  it('is not seen in frames of the size that was sent before', async () => {
    const peer = await goLive();
    peer.say({ ...REDUCED, width: 960, height: 540 });
    await play(500, { width: 960, height: 540 });
    client.setMode(small);
    channel.news({ camera: { label: 'Bench camera', modes: [], mode: small } });
    await play(500, { width: 960, height: 540 });
    expect(client.facts.pendingMode).toEqual(small);
    peer.say({ ...REDUCED, level: 0, reason: 'full' });
    await play(500, small);
    expect(client.facts).toMatchObject({ pendingMode: null, modeProblem: null });
  });

  it('is refused in words', async () => {
    await goLive();
    channel.setModeReply = () => Promise.reject(new PreviewError('no_such_mode'));
    client.setMode(small);
    await settle();
    expect(client.facts).toMatchObject({ pendingMode: null, modeProblem: { code: 'no_such_mode' } });
  });

  it('is given up when it is never seen', async () => {
    await goLive();
    client.setMode(small);
    await play(7_000);
    expect(client.facts.pendingMode).toBeNull();
    expect(client.facts.modeProblem).not.toBeNull();
  });
});

describe('a camera that is lost', () => {
  it('is named as such at once, on the connection that there is, and is live again as soon as it is back', async () => {
    const peer = await goLive();
    channel.news(CAMERA_LOST);
    expect(client.facts).toMatchObject({ state: 'camera-lost', problem: null });
    await play(20_000);
    expect(client.facts.state).toBe('camera-lost');
    channel.news();
    expect(client.facts.state).toBe('live');
    await play(2_000);
    expect(states).toEqual(['connecting', 'live', 'camera-lost', 'live']);
    expect(FakePeer.made).toHaveLength(1);
    expect(peer.closed).toBe(false);
  });

  it('leaves a picture that need not move: one frame a second is enough', async () => {
    await goLive();
    channel.news(CAMERA_LOST);
    for (let second = 0; second < 10; second += 1) {
      await pass(1_000);
      video.showFrame();
    }
    expect(states).toEqual(['connecting', 'live', 'camera-lost']);
  });

  it('is not named when no frames come: then the connection is broken, whatever the news say', async () => {
    await goLive();
    channel.news(CAMERA_LOST);
    await pass(5_000);
    expect(client.facts.state).toBe('reconnecting');
  });

  it('stays lost while the server is away: what was heard last counts', async () => {
    await goLive();
    channel.news(CAMERA_LOST);
    channel.drop();
    await play(6_000);
    expect(client.facts.state).toBe('camera-lost');
    channel.connect();
    expect(client.facts.state).toBe('live');
  });

  it('has no latency', async () => {
    const peer = await goLive();
    const enough = client.wantStats();
    peer.say({ type: 'pong', t: wallClock(), received: wallClock(), sent: wallClock() });
    peer.say({ type: 'clock', rtp: 0, captureMs: wallClock(), origin: 'drawn' });
    await play(2_500);
    expect(client.facts.stats?.latency).not.toBeNull();
    channel.news(CAMERA_LOST);
    await play(2_500);
    expect(client.facts.stats?.latency).toBeNull();
    expect(client.facts.latencyHistory.at(-1)).toBeNull();
    enough();
  });

  it('ends the wait for another mode without blaming the mode', async () => {
    await goLive();
    client.setMode({ width: 640, height: 360, fps: 30 });
    await settle();
    channel.news(CAMERA_LOST);
    await play(7_000);
    expect(client.facts).toMatchObject({ pendingMode: null, modeProblem: null });
  });

  it.each(['camera_missing', 'camera_denied'] as const)(
    'and was so before anyone watched: %s is shown, and the picture comes by itself when the error goes',
    async (code) => {
      channel.answer = () => Promise.reject(new PreviewError(code));
      client.start();
      channel.connect(CAMERA_LOST);
      await pass(180_000);
      expect(client.facts).toMatchObject({ state: 'failed', problem: { code, rung: 'camera' }, retryAt: null });
      channel.answer = async () => 'v=0';
      channel.news();
      await settle();
      expect(client.facts).toMatchObject({ state: 'connecting', problem: null });
      FakePeer.last.become('connected');
      FakePeer.last.receive();
      video.showFrame();
      expect(client.facts.state).toBe('live');
    },
  );
});

describe('what is sent', () => {
  it('is known from the sender, for the connection that is shown', async () => {
    const peer = await goLive();
    expect(client.facts.quality).toBeNull();
    peer.say(REDUCED);
    expect(client.facts.quality).toEqual(REDUCED);
    const { linkKbps: _, ...full } = { ...REDUCED, level: 0, width: 1280, height: 720, reason: 'full' as const };
    peer.say(full);
    expect(client.facts.quality).toEqual(full);
    client.stop();
    expect(client.facts.quality).toBeNull();
  });

  it('may be slow: few frames a second are no stall when the sender said so', async () => {
    const peer = await goLive();
    peer.say({ ...REDUCED, fps: 5 });
    for (let frame = 0; frame < 20; frame += 1) {
      video.showFrame();
      await pass(600);
    }
    expect(states).toEqual(['connecting', 'live']);
  });
});

it('reports what the sender says: its camera, its legs and what it sends', async () => {
  const peer = await goLive();
  peer.say({ type: 'clock', rtp: 0, captureMs: 0, encodeMs: 4.1, sendMs: 0.3, origin: 'driver' });
  peer.say(REDUCED);
  const { camera } = CAMERA_LOST;
  channel.news({ camera: { ...(camera as Camera), notice: 'The camera has no 1280x720 at 60.' } });
  const report = client.report();
  expect(report).toContain('sender: encode 4.1 ms, send 0.3 ms, capture time driver');
  expect(report).toContain('"width":640,"height":360');
  expect(report).toContain('"linkKbps":800');
  expect(report).toContain('"code":"camera_missing"');
  expect(report).toContain('"notice":"The camera has no 1280x720 at 60."');
  expect(report).toContain('state: camera-lost');
});

it('reports without addresses, credentials or SDP', async () => {
  const peer = await goLive();
  peer.localDescription = {
    type: 'offer',
    sdp: 'a=candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host\r\na=ice-pwd:secretsecret\r\n',
  };
  const report = client.report();
  expect(report).toContain('1 host/udp');
  expect(report).toContain('state: live');
  expect(report).not.toMatch(/192\.0\.2\.7|secret|a=candidate/);
});
