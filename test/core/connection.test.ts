import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { preferred } from '../../src/element/core/codecs.js';
import { Connection } from '../../src/element/core/connection.js';
import type { FromSender, FromViewer, Pause } from '../../src/protocol/data-channel.js';
import { FakeChannel, FakePeer, REDUCED } from './fakes.js';

/** The data channel as the other side's stand-in sees it. */
class FakeDataChannel extends EventTarget {
  readyState = 'connecting';
  readonly heard: FromViewer[] = [];
  onHeard: (message: FromViewer) => void = () => {};

  send(text: string): void {
    const message = JSON.parse(text) as FromViewer;
    this.heard.push(message);
    this.onHeard(message);
  }

  become(readyState: 'open' | 'closed'): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event(readyState === 'open' ? 'open' : 'close'));
  }

  say(message: FromSender): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }));
  }

  get pauses(): boolean[] {
    return this.heard.filter((message): message is Pause => message.type === 'pause').map(({ paused }) => paused);
  }

  get pings(): number {
    return this.heard.filter(({ type }) => type === 'ping').length;
  }
}

class Peer extends FakePeer {
  readonly data = new FakeDataChannel();
  readonly offered: string[] = [];
  override addTransceiver(kind?: string): void {
    this.offered.push(String(kind));
  }
  override createDataChannel(): EventTarget {
    return this.data;
  }
}

let peer: Peer;
let channel: FakeChannel;
let connection: Connection;
let said: string[];

beforeEach(() => {
  vi.useFakeTimers();
  peer = new Peer();
  channel = new FakeChannel({ onSignalling() {}, onStream() {}, onTokenExpiring() {} });
  channel.answer = async () => 'v=0';
  said = [];
  connection = new Connection(() => peer as unknown as RTCPeerConnection);
  connection.events = {
    onChange: () => said.push('change'),
    onTrack: () => said.push('picture'),
    onAudio: (track) => said.push(track ? 'sound' : 'silence'),
    onEnded: ({ code }) => said.push(`ended ${code}`),
  };
});

afterEach(() => {
  connection.close();
  expect(vi.getTimerCount(), 'timers left behind').toBe(0);
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const track = (kind: string, muted = false) => {
  const track = Object.assign(new EventTarget(), { kind, muted });
  peer.dispatchEvent(Object.assign(new Event('track'), { track }));
  return track;
};

describe('what is offered', () => {
  it('is a picture alone', async () => {
    await connection.open(channel);
    expect(peer.offered).toEqual(['video']);
  });

  it('has a place for sound where the channel may carry it', async () => {
    await connection.open(Object.assign(channel, { audio: true }));
    expect(peer.offered).toEqual(['video', 'audio']);
  });

  it('waits for its candidates where they cannot follow it, but not for ever', async () => {
    const open = channel.open.bind(channel);
    channel.open = async (events) => Object.assign(await open(events), { gatherMs: 1_000 });
    const opening = connection.open(channel);
    await pass(999);
    expect(channel.opened[0]?.offers).toBe(0);
    peer.iceGatheringState = 'complete';
    peer.dispatchEvent(new Event('icegatheringstatechange'));
    await opening;
    expect(channel.opened[0]?.offers).toBe(1);
  });

  it('is made at the latest when that time is over', async () => {
    const open = channel.open.bind(channel);
    channel.open = async (events) => Object.assign(await open(events), { gatherMs: 1_000 });
    void connection.open(channel);
    await pass(1_000);
    expect(channel.opened[0]?.offers).toBe(1);
  });
});

describe('sound', () => {
  it('is told apart from the picture, once there is something to hear, and when there is no more', () => {
    track('video');
    const sound = track('audio', true);
    expect(said).toEqual(['picture']);
    sound.dispatchEvent(new Event('unmute'));
    expect(connection.audio).toBe(sound);
    sound.dispatchEvent(new Event('ended'));
    expect(connection.audio).toBe(null);
    expect(said).toEqual(['picture', 'sound', 'silence']);
  });
});

describe('pausing', () => {
  it('is done when the sender says so', async () => {
    peer.data.become('open');
    peer.data.onHeard = (message) => message.type === 'pause' && peer.data.say({ ...message, type: 'paused' });
    expect(await connection.pause(true)).toBe(true);
    expect(await connection.pause(false)).toBe(true);
    expect(peer.data.pauses).toEqual([true, false]);
  });

  it('is not done where there is no channel, or nobody who understands', async () => {
    expect(await connection.pause(true)).toBe(false);
    peer.data.become('open');
    const asked = connection.pause(true);
    await pass(1_000);
    expect(await asked).toBe(false);
  });

  it('is asked for one after the other: the channel may change the order', async () => {
    peer.data.become('open');
    const first = connection.pause(true);
    const second = connection.pause(false);
    await pass(10);
    expect(peer.data.pauses).toEqual([true]);
    peer.data.say({ type: 'paused', paused: true });
    await pass(10);
    // Late, and no answer to this.
    peer.data.say({ type: 'paused', paused: true });
    peer.data.say({ type: 'paused', paused: false });
    expect(await Promise.all([first, second])).toEqual([true, true]);
  });

  it('is over with the connection', async () => {
    peer.data.become('open');
    const asked = connection.pause(true);
    await pass(0);
    connection.close();
    expect(await asked).toBe(false);
  });
});

describe('a sender that goes', () => {
  it('is gone when it closes what it spoke on', () => {
    peer.data.become('open');
    peer.data.say(REDUCED);
    said = [];
    peer.data.become('closed');
    expect(connection.senderGone).toBe(true);
    expect(said).toEqual(['change']);
  });

  it('is not gone where it never was ours: some close what they do not know', () => {
    peer.data.become('open');
    peer.data.become('closed');
    expect(connection.senderGone).toBe(false);
  });

  it('is not gone when it is we who end it', () => {
    peer.data.become('open');
    peer.data.say(REDUCED);
    connection.close();
    peer.data.become('closed');
    expect(connection.senderGone).toBe(false);
  });
});

describe('pings', () => {
  it('go on while they are answered', async () => {
    peer.data.onHeard = (message) =>
      message.type === 'ping' && peer.data.say({ type: 'pong', t: message.t, received: message.t, sent: message.t });
    peer.data.become('open');
    await pass(60_000);
    const { pings } = peer.data;
    await pass(60_000);
    expect(peer.data.pings).toBeGreaterThan(pings);
  });

  it('end where nobody answers', async () => {
    peer.data.become('open');
    await pass(60_000);
    const { pings } = peer.data;
    expect(pings).toBeGreaterThan(0);
    await pass(600_000);
    expect(peer.data.pings).toBe(pings);
  });
});

describe('what a report may say', () => {
  it('is when each step was reached', async () => {
    await connection.open(channel);
    expect(Object.keys(connection.timings)).toEqual(['session', 'offer', 'answer']);
    await pass(100);
    peer.become('connecting', 'connected');
    await pass(20);
    peer.become('connected', 'connected');
    peer.become('connected', 'disconnected');
    track('video');
    expect(connection.timings).toMatchObject({ ice: expect.closeTo(100, -1), dtls: expect.closeTo(120, -1) });
    expect(connection.timings.packet).toBe(connection.timings.dtls);
  });

  it('is which errors were met on the way, and how often, and no address', () => {
    const fail = (errorCode: number) =>
      peer.dispatchEvent(Object.assign(new Event('icecandidateerror'), { errorCode, url: 'turn:secret.example.org' }));
    fail(701);
    fail(401);
    fail(701);
    expect([...connection.iceErrors]).toEqual([
      [701, 2],
      [401, 1],
    ]);
  });
});

describe('the order of codecs', () => {
  const codec = (name: string, sdpFmtpLine?: string) => ({
    mimeType: `video/${name}`,
    clockRate: 90_000,
    ...(sdpFmtpLine && { sdpFmtpLine }),
  });
  const H264_HIGH = codec('H264', 'profile-level-id=64001f');
  const H264_BASE = codec('H264', 'profile-level-id=42e01f');
  const CODECS = [codec('VP8'), codec('rtx'), codec('VP9'), H264_HIGH, H264_BASE, codec('AV1'), codec('red')];
  const names = (wanted: string[]) => preferred(CODECS, wanted)?.map(({ mimeType }) => mimeType.slice(6));

  it.each([
    [['h264'], ['H264', 'H264', 'VP8', 'rtx', 'VP9', 'AV1', 'red']],
    [
      ['av1', 'vp8'],
      ['AV1', 'VP8', 'rtx', 'VP9', 'H264', 'H264', 'red'],
    ],
    [
      ['H.264', 'video/VP9'],
      ['H264', 'H264', 'VP9', 'VP8', 'rtx', 'AV1', 'red'],
    ],
    [
      ['theora', 'vp9'],
      ['VP9', 'VP8', 'rtx', 'H264', 'H264', 'AV1', 'red'],
    ],
    [['theora'], undefined],
    [[], undefined],
  ])('%j', (wanted, order) => {
    expect(names(wanted)).toEqual(order);
  });

  it('leaves the profiles of one codec as they were', () => {
    expect(preferred(CODECS, ['h264'])?.slice(0, 2)).toEqual([H264_HIGH, H264_BASE]);
  });
});
