import { afterEach, beforeEach, expect, vi } from 'vitest';
import { Connection } from '../../src/element/core/connection.js';
import type { Facts } from '../../src/element/core/facts.js';
import { PreviewClient, type PreviewClientOptions } from '../../src/element/core/preview-client.js';
// Fetched here, in real time: on the fake clock a minute would pass before it is there.
import '../../src/element/core/insight.js';
import { FakeChannel, FakeMediaStream, FakePage, FakePeer, FakeVideo } from './fakes.js';

/** A client with everything around it driven by hand, on a clock that stands still unless told otherwise. */
export interface Stage {
  page: FakePage;
  video: FakeVideo;
  channels: FakeChannel[];
  readonly channel: FakeChannel;
  client: PreviewClient;
  states: Facts['state'][];
  /** What was asked of the sender: `true` for a pause; and what it answers. */
  pauses: boolean[];
  pausesUnderstood: boolean;
  /** Makes the client; by itself with the first use of `goLive`. */
  open(options?: PreviewClientOptions): PreviewClient;
  pass(ms: number): Promise<unknown>;
  play(ms: number, frame?: object): Promise<void>;
  /** Time passes in a page that cannot see the frames which are decoded. */
  decode(ms: number): Promise<void>;
  /** The newest connection shows its first frames. */
  arrive(): Promise<FakePeer>;
  goLive(): Promise<FakePeer>;
}

/** Sets one up before each test, and sees that nothing is left of it after. */
export function stage(): Stage {
  const stage = {
    get channel() {
      return stage.channels.at(-1);
    },
    open(options: PreviewClientOptions = {}) {
      stage.client = new PreviewClient({
        signalling: (source, events) => {
          stage.channels.push(Object.assign(new FakeChannel(events), { answer: async () => 'v=0', ...source }));
          return stage.channel as FakeChannel;
        },
        random: () => 0,
        createPeer: (configuration) => new FakePeer(configuration) as unknown as RTCPeerConnection,
        ...options,
      });
      stage.client.attach(stage.video as unknown as HTMLVideoElement);
      stage.client.subscribe(({ state }) => stage.states.at(-1) !== state && stage.states.push(state));
      return stage.client;
    },
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
    async play(ms: number, frame = {}) {
      for (let passed = 0; passed < ms; passed += 33) {
        stage.video.showFrame(frame);
        await stage.pass(33);
      }
    },
    async decode(ms: number) {
      for (let passed = 0; passed < ms; passed += 250) {
        FakePeer.last.framesDecoded += 8;
        await stage.pass(250);
      }
    },
    async arrive() {
      const peer = FakePeer.last;
      peer.become('connected');
      peer.receive();
      await stage.play(500);
      return peer;
    },
    async goLive() {
      stage.client.start();
      stage.channel?.connect();
      await stage.pass(0);
      const peer = await stage.arrive();
      expect(stage.client.facts.state).toBe('live');
      return peer;
    },
  } as Stage;

  beforeEach(() => {
    vi.useFakeTimers();
    FakePeer.made = [];
    // Nothing is made ahead, unless the test is about that.
    Connection.pageIsWarm = true;
    stage.page = new FakePage();
    stage.video = new FakeVideo();
    stage.channels = [];
    stage.states = [];
    stage.pauses = [];
    stage.pausesUnderstood = true;
    vi.stubGlobal('MediaStream', FakeMediaStream);
    vi.stubGlobal('document', stage.page);
    vi.stubGlobal('window', stage.page);
    vi.spyOn(Connection.prototype, 'pause').mockImplementation(async (paused) => {
      stage.pauses.push(paused);
      return stage.pausesUnderstood;
    });
  });

  afterEach(() => {
    stage.client.close();
    expect(vi.getTimerCount(), 'timers left behind').toBe(0);
    expect(stage.page.listeners, 'listeners left behind').toBe(0);
    vi.restoreAllMocks();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  return stage;
}
