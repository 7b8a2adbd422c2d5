import type { PreviewCore } from '../../src/element/core/client-interface.js';
import {
  type CoreSettings,
  type Facts,
  NOTHING_KNOWN,
  type PreviewState,
  RUNGS,
  type RungName,
  type Stats,
  type TokenSource,
} from '../../src/element/core/facts.js';
import { errorInfo, type Mode } from '../../src/protocol/index.js';
import { CAMERA_LOST, ONLINE as STREAM } from '../support/news.js';

export { CAMERA_LOST, MODES, ONLINE as STREAM, REDUCED } from '../support/news.js';

/** A core that a test drives by hand: it does nothing by itself, and remembers what it was asked. */
export class FakeCore implements PreviewCore {
  facts: Facts;
  readonly calls: string[] = [];
  readonly modes: Mode[] = [];
  readonly settings: Partial<CoreSettings> = {};
  video: HTMLVideoElement | null = null;
  statsWanted = 0;
  framesWanted = 0;
  listeners = new Set<(facts: Facts) => void>();
  closed = false;

  constructor(facts: Partial<Facts> = {}) {
    this.facts = { ...IDLE, ...facts };
  }

  /** New facts, as the real core would tell them. */
  tell(changes: Partial<Facts>): void {
    this.facts = { ...this.facts, ...changes };
    for (const listener of this.listeners) listener(this.facts);
    if (this.video && this.video.srcObject !== this.facts.media) this.video.srcObject = this.facts.media;
  }

  subscribe(listener: (facts: Facts) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  start(): void {
    this.calls.push('start');
    this.tell({ started: true });
  }

  stop(): void {
    this.calls.push('stop');
    this.tell({ started: false });
  }

  retry(): void {
    this.calls.push('retry');
  }

  setMode(mode: Mode): void {
    this.modes.push(mode);
    this.tell({ pendingMode: mode });
  }

  setToken(token: TokenSource): void {
    this.calls.push(`token ${token}`);
  }

  configure(settings: Partial<CoreSettings>): void {
    Object.assign(this.settings, settings);
  }

  attach(video: HTMLVideoElement): () => void {
    this.calls.push('attach');
    this.video = video;
    video.srcObject = this.facts.media;
    return () => {
      this.calls.push('detach');
      video.srcObject = null;
      this.video = null;
    };
  }

  wantStats(): () => void {
    this.statsWanted += 1;
    return () => {
      this.statsWanted -= 1;
    };
  }

  wantFrames(): () => void {
    this.framesWanted += 1;
    return () => {
      this.framesWanted -= 1;
    };
  }

  report(): string {
    return 'the report';
  }

  close(): void {
    this.calls.push('close');
    this.closed = true;
  }
}

export const STATS: Stats = {
  at: 0,
  bitrateKbps: 2480,
  shownFps: 29.3,
  decodedFps: 29.3,
  lossPercent: 0,
  jitterMs: 0.4,
  jitterBufferMs: 0.6,
  decodeMs: 1.2,
  rttMs: 1.3,
  framesDecoded: 12_408,
  framesDropped: 0,
  keyframes: 12,
  freezes: 0,
  freezesMs: 0,
  codec: 'H.264',
  path: { type: 'direct', protocol: 'udp' },
  latency: {
    totalMs: 8.2,
    complete: true,
    legs: { encode: 4.4, send: 0.3, network: 0.8, buffer: 0.6, decode: 1.2, display: 0.9 },
  },
};

/** The ladder with everything below `at` done; without `at` all of it. */
export function rungs(at?: RungName, status: 'active' | 'broken' = 'active'): Facts['rungs'] {
  const reached = at === undefined ? RUNGS.length : RUNGS.indexOf(at);
  return RUNGS.map((name, index) => ({
    name,
    status: index < reached ? 'done' : index === reached ? status : 'waiting',
  }));
}

export const IDLE: Facts = { ...NOTHING_KNOWN, signalling: 'connected', stream: STREAM };

/** Facts as they are in each state, `now` being the time at which they are looked at. */
export function factsOf(state: PreviewState, now = Date.now()): Facts {
  const shown = { lastFrameAt: now, shownSize: { width: 1280, height: 720 }, stats: STATS, latencyHistory: history() };
  switch (state) {
    case 'idle':
      return IDLE;
    case 'offline':
      return { ...IDLE, state, started: true, stream: { stream: 'camera', online: false } };
    case 'connecting':
      return {
        ...IDLE,
        state,
        started: true,
        connection: 'connecting',
        ice: 'checking',
        attempt: 1,
        rungs: rungs('network'),
      };
    case 'live':
      return { ...IDLE, ...shown, state, started: true, connection: 'connected', ice: 'connected', rungs: rungs() };
    case 'camera-lost':
      return {
        ...factsOf('live', now),
        state,
        stats: { ...STATS, latency: null },
        stream: CAMERA_LOST,
        latencyHistory: [...history().slice(3), null, null, null],
      };
    case 'stalled':
      return {
        ...IDLE,
        ...shown,
        state,
        started: true,
        connection: 'connected',
        ice: 'disconnected',
        lastFrameAt: now - 2_300,
        latencyHistory: [...history().slice(2), null, null],
        rungs: rungs('decode'),
      };
    case 'paused':
      return { ...factsOf('live', now), state, lastFrameAt: now - 60_000, rungs: rungs('packets') };
    case 'reconnecting':
      return {
        ...IDLE,
        ...shown,
        state,
        started: true,
        connection: 'connecting',
        ice: 'disconnected',
        attempt: 2,
        lastFrameAt: now - 4_100,
        rungs: rungs('offer'),
      };
    case 'failed':
      return {
        ...IDLE,
        ...shown,
        state,
        started: true,
        connection: 'connecting',
        ice: 'failed',
        attempt: 3,
        rungs: rungs('network', 'broken'),
        problem: {
          ...errorInfo(
            'ice_failed',
            'No pair of addresses worked, and the relay refused us: TURN answered 401 Unauthorized.',
          ),
          rung: 'network',
        },
      };
  }
}

/** A minute that wavers a little, with a spike and a gap. */
function history(): (number | null)[] {
  return Array.from({ length: 60 }, (_, second) => {
    if (second > 20 && second < 24) return null;
    return second === 41 ? 14.5 : 8.2 + Math.sin(second / 2) * 0.7 + Math.sin(second * 1.7) * 0.4;
  });
}
