import type {
  ChannelEvents,
  ChosenMode,
  SessionEvents,
  SignallingChannel,
  SignallingSession,
} from '../../src/element/signalling/signalling.js';
import type { ErrorInfo, FromSender, IceConfig, Mode, StreamInfo } from '../../src/protocol/index.js';
import { ONLINE } from '../support/news.js';

export { CAMERA_LOST, ONLINE, REDUCED } from '../support/news.js';

/** A channel driven by hand. `opened` holds every session, `answer` decides what an offer gets. */
export class FakeChannel implements SignallingChannel {
  readonly events: ChannelEvents;
  readonly opened: FakeSession[] = [];
  readonly modes: Mode[] = [];
  answer: (sdp: string) => Promise<string> = () => new Promise(() => {});
  setModeReply: (mode: Mode) => Promise<ChosenMode> = (mode) => Promise.resolve({ mode });
  readonly tokens: (string | undefined)[] = [];
  authenticateReply: () => Promise<boolean> = () => Promise.resolve(true);
  /** What the next sessions are given. */
  ice: IceConfig = { iceServers: [] };
  iceMayFollow = false;
  /** Whether news were wanted, each time that it was said. */
  readonly watched: boolean[] = [];
  reconnects = 0;
  closed = false;

  constructor(events: ChannelEvents) {
    this.events = events;
  }

  async open(events: SessionEvents): Promise<SignallingSession> {
    const session = new FakeSession(this, events);
    this.opened.push(session);
    return session;
  }

  setMode(mode: Mode): Promise<ChosenMode> {
    this.modes.push(mode);
    return this.setModeReply(mode);
  }

  authenticate(token: string | undefined): Promise<boolean> {
    this.tokens.push(token);
    return this.authenticateReply();
  }

  reconnect(): void {
    this.reconnects += 1;
  }

  watch(wanted: boolean): void {
    this.watched.push(wanted);
  }

  close(): void {
    this.closed = true;
  }

  connect(stream: Partial<StreamInfo> = {}): void {
    this.events.onSignalling('connected');
    this.news(stream);
  }

  drop(error?: ErrorInfo): void {
    this.events.onSignalling('connecting', error);
  }

  news(stream: Partial<StreamInfo> = {}): void {
    this.events.onStream({ ...ONLINE, ...stream });
  }
}

export class FakeSession implements SignallingSession {
  readonly ice: IceConfig;
  readonly iceMayFollow: boolean;
  readonly events: SessionEvents;
  readonly #channel: FakeChannel;
  readonly candidates: string[] = [];
  offers = 0;
  live = 0;
  left = 0;

  constructor(channel: FakeChannel, events: SessionEvents) {
    this.#channel = channel;
    this.ice = channel.ice;
    this.iceMayFollow = channel.iceMayFollow;
    this.events = events;
  }

  offer(sdp: string): Promise<string> {
    this.offers += 1;
    return this.#channel.answer(sdp);
  }

  sendCandidate({ candidate }: { candidate: string }): void {
    if (this.offers === 0) throw new Error('a candidate before its offer');
    this.candidates.push(candidate);
  }

  reportLive(): void {
    this.live += 1;
  }

  leave(): void {
    this.left += 1;
  }
}

/** Stands in for RTCPeerConnection where no browser is: states and tracks are set by hand. */
export class FakePeer extends EventTarget {
  static made: FakePeer[] = [];
  connectionState: RTCPeerConnectionState = 'new';
  iceConnectionState: RTCIceConnectionState = 'new';
  iceGatheringState = 'new';
  localDescription: { type: string; sdp: string } | null = null;
  remoteDescription: { type: string; sdp: string } | null = null;
  closed = false;
  configuration: RTCConfiguration;
  framesDecoded = 0;
  bytesReceived = 0;
  /** More fields of the video's report, and more reports. */
  video: Record<string, unknown> = {};
  reports: Record<string, unknown>[] = [];
  statsAsked = 0;
  readonly #channel = new EventTarget();

  constructor(configuration: RTCConfiguration = {}) {
    super();
    this.configuration = configuration;
    FakePeer.made.push(this);
  }

  static get last(): FakePeer {
    const peer = FakePeer.made.at(-1);
    if (!peer) throw new Error('no peer was made');
    return peer;
  }

  addTransceiver(): void {}
  createDataChannel(): EventTarget {
    return this.#channel;
  }
  getConfiguration(): object {
    return this.configuration;
  }
  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }
  async createOffer(): Promise<{ type: string; sdp: string }> {
    return { type: 'offer', sdp: 'v=0\n' };
  }
  async setLocalDescription(description: { type: string; sdp: string }): Promise<void> {
    this.localDescription = description;
    this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate: { candidate: 'candidate:1' } }));
  }
  async setRemoteDescription(description: { type: string; sdp: string }): Promise<void> {
    this.remoteDescription = description;
  }
  async addIceCandidate(): Promise<void> {}
  async getStats(): Promise<Map<string, unknown>> {
    const { framesDecoded, bytesReceived } = this;
    this.statsAsked += 1;
    const inbound = {
      id: 'v',
      type: 'inbound-rtp',
      kind: 'video',
      timestamp: Date.now(),
      framesDecoded,
      bytesReceived,
      ...this.video,
    };
    return new Map([['v', inbound], ...this.reports.map((report) => [String(report.id), report] as const)]);
  }
  close(): void {
    this.closed = true;
    this.connectionState = 'closed';
  }

  become(connectionState: RTCPeerConnectionState, iceConnectionState: RTCIceConnectionState = 'connected'): void {
    this.connectionState = connectionState;
    this.iceConnectionState = iceConnectionState;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  /** The sender says something on the data channel. */
  say(message: FromSender): void {
    this.#channel.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }));
  }

  /** The sender closes the data channel. */
  endChannel(): void {
    this.#channel.dispatchEvent(new Event('close'));
  }

  /** The first packet of the picture, or of the sound, arrives. */
  receive(kind = 'video'): void {
    const track = Object.assign(new EventTarget(), { kind, muted: false, peer: this });
    this.dispatchEvent(Object.assign(new Event('track'), { track, streams: [] }));
  }
}

/** Stands in for MediaStream where no browser is. */
export class FakeMediaStream {
  #tracks: unknown[];

  constructor(tracks: unknown[]) {
    this.#tracks = tracks;
  }

  getVideoTracks(): unknown[] {
    return [...this.#tracks];
  }
  removeTrack(track: unknown): void {
    this.#tracks = this.#tracks.filter((other) => other !== track);
  }
  addTrack(track: unknown): void {
    this.#tracks.push(track);
  }
}

/** A video element that shows a frame whenever the test says so. */
export class FakeVideo {
  srcObject: unknown = null;
  muted = false;
  playsInline = false;
  videoWidth = 1280;
  root: { pictureInPictureElement?: unknown } = {};
  play: () => Promise<void> = () => Promise.resolve();
  #callbacks = new Map<number, VideoFrameRequestCallback>();
  #id = 0;
  #rtpTimestamp = 0;

  requestVideoFrameCallback(callback: VideoFrameRequestCallback): number {
    this.#id += 1;
    this.#callbacks.set(this.#id, callback);
    return this.#id;
  }

  cancelVideoFrameCallback(id: number): void {
    this.#callbacks.delete(id);
  }

  getRootNode(): object {
    return this.root;
  }

  showFrame(
    frame: {
      width?: number;
      height?: number;
      rtpTimestamp?: number | undefined;
      receiveTime?: number;
      presentedFrames?: number;
    } = {},
  ): void {
    const { width = 1280, height = 720 } = frame;
    const rtpTimestamp = 'rtpTimestamp' in frame ? frame.rtpTimestamp : this.#rtpTimestamp + 3_000;
    this.#rtpTimestamp = rtpTimestamp ?? this.#rtpTimestamp;
    const callbacks = [...this.#callbacks.values()];
    this.#callbacks.clear();
    const { receiveTime, presentedFrames } = frame;
    const metadata = { presentationTime: performance.now(), width, height, rtpTimestamp, receiveTime, presentedFrames };
    for (const callback of callbacks) callback(0, metadata as VideoFrameCallbackMetadata);
  }
}

/** Stands in for `document` and `window`: hides, shows, sleeps, and loses its network when told to. */
export class FakePage extends EventTarget {
  hidden = false;
  listeners = 0;
  /** Of what is drawn on a canvas. */
  brightness = 128;
  draws = 0;

  createElement(): object {
    const context = {
      drawImage: () => {
        FakePage.shown.draws += 1;
      },
      getImageData: () => ({ data: new Uint8ClampedArray(32 * 18 * 4).fill(FakePage.shown.brightness) }),
    };
    return { getContext: () => context };
  }

  /** The canvas outlives a page that a test has made. */
  static shown: FakePage;

  constructor() {
    super();
    FakePage.shown = this;
  }

  override addEventListener(type: string, listener: (event: Event) => void, { signal }: { signal: AbortSignal }): void {
    super.addEventListener(type, listener, { signal });
    this.listeners += 1;
    signal.addEventListener('abort', () => {
      this.listeners -= 1;
    });
  }

  hide(): void {
    this.hidden = true;
    this.dispatchEvent(new Event('visibilitychange'));
  }

  show(): void {
    this.hidden = false;
    this.dispatchEvent(new Event('visibilitychange'));
  }

  /** @param persisted the page comes out of the browser's cache */
  say(type: 'online' | 'resume' | 'pageshow', persisted = true): void {
    this.dispatchEvent(Object.assign(new Event(type), { persisted }));
  }
}
