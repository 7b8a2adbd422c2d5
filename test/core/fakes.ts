import type {
  ChannelEvents,
  ChosenMode,
  SessionEvents,
  SignallingChannel,
  SignallingSession,
} from '../../src/element/signalling/signalling.js';
import {
  type Camera,
  type ErrorInfo,
  errorInfo,
  type FromSender,
  type Mode,
  type Quality,
  type StreamInfo,
} from '../../src/protocol/index.js';

/** A channel driven by hand. `opened` holds every session, `answer` decides what an offer gets. */
export class FakeChannel implements SignallingChannel {
  readonly events: ChannelEvents;
  readonly opened: FakeSession[] = [];
  readonly modes: Mode[] = [];
  answer: (sdp: string) => Promise<string> = () => new Promise(() => {});
  setModeReply: (mode: Mode) => Promise<ChosenMode> = (mode) => Promise.resolve({ mode });
  readonly tokens: (string | undefined)[] = [];
  authenticateReply: () => Promise<boolean> = () => Promise.resolve(true);
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
  readonly ice = { iceServers: [] };
  readonly events: SessionEvents;
  readonly #channel: FakeChannel;
  readonly candidates: string[] = [];
  offers = 0;
  live = 0;
  left = 0;

  constructor(channel: FakeChannel, events: SessionEvents) {
    this.#channel = channel;
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

export const ONLINE: StreamInfo = {
  stream: 'camera',
  online: true,
  instance: 'a',
  camera: {
    label: 'Bench camera',
    modes: [
      { width: 1280, height: 720, fps: 30 },
      { width: 640, height: 360, fps: 30 },
    ],
    mode: { width: 1280, height: 720, fps: 30 },
  },
};

/** Its news while the sender has lost the camera. */
export const CAMERA_LOST: Partial<StreamInfo> = {
  camera: { ...(ONLINE.camera as Camera), error: errorInfo('camera_missing') },
};

/** What a viewer is sent whose link carries no more. */
export const REDUCED: Quality = {
  type: 'quality',
  level: 1,
  levels: 3,
  width: 640,
  height: 360,
  fps: 30,
  kbps: 700,
  linkKbps: 800,
  reason: 'link',
};

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
    const inbound = {
      id: 'v',
      type: 'inbound-rtp',
      kind: 'video',
      timestamp: Date.now(),
      framesDecoded,
      bytesReceived,
    };
    return new Map([['v', inbound]]);
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

  /** The first packet of the picture arrives. */
  receive(): void {
    const track = Object.assign(new EventTarget(), { muted: false, peer: this });
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

  showFrame(frame: { width?: number; height?: number; rtpTimestamp?: number | undefined } = {}): void {
    const { width = 1280, height = 720 } = frame;
    const rtpTimestamp = 'rtpTimestamp' in frame ? frame.rtpTimestamp : this.#rtpTimestamp + 3_000;
    this.#rtpTimestamp = rtpTimestamp ?? this.#rtpTimestamp;
    const callbacks = [...this.#callbacks.values()];
    this.#callbacks.clear();
    const metadata = { presentationTime: performance.now(), width, height, rtpTimestamp };
    for (const callback of callbacks) callback(0, metadata as VideoFrameCallbackMetadata);
  }
}
