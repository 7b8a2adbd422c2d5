import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockSync } from '../../src/element/core/clock-sync.js';
import { LatencyMeter } from '../../src/element/core/latency.js';
import { defaultRetryPolicy } from '../../src/element/core/retry.js';
import { deriveState, firstOpenRung, NO_PROGRESS, rungsOf } from '../../src/element/core/state.js';
import { readStats } from '../../src/element/core/stats.js';
import { parseSource } from '../../src/element/signalling/shared-socket.js';
import { errorInfo } from '../../src/protocol/errors.js';
import type { Camera } from '../../src/protocol/messages.js';
import { ONLINE } from './fakes.js';

describe('ClockSync', () => {
  it('finds the offset exactly on a symmetric way, and within half the round trip on any', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.nat(200), fc.nat(200), (offset, out, back) => {
        const sync = new ClockSync();
        sync.setClock({ type: 'clock', rtp: 0, captureMs: 1_000_000, origin: 'drawn' });
        const sentAt = 5_000;
        const received = sentAt + out + offset;
        sync.addPong({ type: 'pong', t: sentAt, received, sent: received + 1 }, sentAt + out + 1 + back);
        const error = (sync.captureTime(0) ?? Number.NaN) - (1_000_000 - offset);
        expect(Math.abs(error)).toBeLessThanOrEqual((out + back) / 2 + 1e-6);
        expect(sync.roundTripMs).toBeCloseTo(out + back, 6);
      }),
    );
  });

  it('believes the shortest round trip of the last minute', () => {
    const sync = new ClockSync();
    sync.setClock({ type: 'clock', rtp: 0, captureMs: 0, origin: 'drawn' });
    sync.addPong({ type: 'pong', t: 0, received: 50, sent: 50 }, 2);
    sync.addPong({ type: 'pong', t: 10, received: 110, sent: 110 }, 90);
    expect(sync.roundTripMs).toBe(2);
    sync.addPong({ type: 'pong', t: 70_000, received: 70_060, sent: 70_060 }, 70_020);
    expect(sync.roundTripMs, 'the old sample is forgotten').toBe(20);
  });

  it('follows RTP time across its wrap', () => {
    const sync = new ClockSync();
    sync.addPong({ type: 'pong', t: 0, received: 0, sent: 0 }, 0);
    sync.setClock({ type: 'clock', rtp: 0xffff_ffff - 44_999, captureMs: 10_000, origin: 'drawn' });
    expect(sync.captureTime(45_000)).toBeCloseTo(11_000, 6);
    expect(sync.captureTime((0xffff_ffff - 89_999) >>> 0)).toBeCloseTo(9_500, 6);
  });

  it('knows nothing before both halves are there', () => {
    const sync = new ClockSync();
    expect(sync.captureTime(0)).toBeUndefined();
    sync.addPong({ type: 'pong', t: 10, received: 0, sent: 0 }, 5);
    expect(sync.roundTripMs, 'a pong from before its ping').toBeUndefined();
  });
});

describe('LatencyMeter', () => {
  function synced(clock: { encodeMs?: number; sendMs?: number; origin: 'drawn' | 'arrival' }): ClockSync {
    const sync = new ClockSync();
    sync.addPong({ type: 'pong', t: 0, received: 0, sent: 0 }, 0);
    sync.setClock({ type: 'clock', rtp: 0, captureMs: 1_000, ...clock });
    return sync;
  }

  it('takes the median of the second, and its legs add up to it', () => {
    const meter = new LatencyMeter();
    meter.follow(synced({ encodeMs: 4, origin: 'drawn' }));
    for (const age of [8, 9, 30]) {
      meter.add({ presentedAt: 1_000 + age, receivedAt: 1_005.5, rtpTimestamp: 0, decodeMs: 1.2 });
    }
    const latency = meter.sum(0.6);
    expect(latency).toMatchObject({
      totalMs: 9,
      complete: true,
      legs: { encode: 4, network: 1.5, buffer: 0.6, decode: 1.2 },
    });
    const sum = Object.values(latency?.legs ?? {}).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(9, 6);
  });

  it('parts what the sender says that sending took from the way through the network', () => {
    const meter = new LatencyMeter();
    meter.follow(synced({ encodeMs: 4, sendMs: 0.5, origin: 'drawn' }));
    meter.add({ presentedAt: 1_009, receivedAt: 1_005.5, rtpTimestamp: 0, decodeMs: 1.2 });
    const latency = meter.sum(0.6);
    expect(latency?.legs).toMatchObject({ encode: 4, send: 0.5, network: 1, buffer: 0.6, decode: 1.2 });
    const sum = Object.values(latency?.legs ?? {}).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(9, 6);
  });

  it('adds up to the whole, whatever the legs say of themselves', () => {
    const ms = fc.double({ min: 0, max: 1e3, noNaN: true });
    const perhaps = fc.option(ms, { nil: undefined });
    fc.assert(
      fc.property(ms, ms, perhaps, perhaps, perhaps, perhaps, (way, rest, encodeMs, sendMs, bufferMs, decodeMs) => {
        const meter = new LatencyMeter();
        meter.follow(synced({ ...(encodeMs && { encodeMs }), ...(sendMs && { sendMs }), origin: 'drawn' }));
        meter.add({ presentedAt: 1_000 + way + rest, receivedAt: 1_000 + way, rtpTimestamp: 0, decodeMs });
        const { totalMs, legs } = meter.sum(bufferMs ?? null) ?? { totalMs: Number.NaN, legs: {} };
        expect(Object.values(legs).every((leg) => leg >= 0)).toBe(true);
        expect(Object.values(legs).reduce((a, b) => a + b, 0)).toBeCloseTo(totalMs, 6);
      }),
    );
  });

  it('never has legs longer than the whole', () => {
    const meter = new LatencyMeter();
    meter.follow(synced({ encodeMs: 20, origin: 'drawn' }));
    meter.add({ presentedAt: 1_008, receivedAt: 1_006, rtpTimestamp: 0, decodeMs: 5 });
    expect(meter.sum(5)).toMatchObject({
      totalMs: 8,
      legs: { encode: 6, network: 0, buffer: 2, decode: 0, display: 0 },
    });
  });

  it('says that it is a lower bound where the camera’s own time is not known', () => {
    const meter = new LatencyMeter();
    meter.follow(synced({ origin: 'arrival' }));
    meter.add({ presentedAt: 1_020, receivedAt: 1_010, rtpTimestamp: 0 });
    expect(meter.sum(null)).toMatchObject({ totalMs: 20, complete: false });
  });

  it('falls back to the browser’s own share without a word from the sender', () => {
    const meter = new LatencyMeter();
    meter.add({ presentedAt: 1_020, receivedAt: 1_010, rtpTimestamp: 0 });
    expect(meter.sum(null)).toMatchObject({ totalMs: 10, complete: false });
  });

  it('keeps a minute, with a gap for each second without a frame', () => {
    const meter = new LatencyMeter();
    meter.add({ presentedAt: 10, receivedAt: 0 });
    meter.sum(null);
    expect(meter.sum(null)).toBeNull();
    expect(meter.history).toEqual([10, null]);
    for (let second = 0; second < 100; second += 1) meter.sum(null);
    expect(meter.history).toHaveLength(60);
  });
});

describe('readStats', () => {
  const reports = (video: object, more: object[] = []): Map<string, unknown> =>
    new Map(
      [{ id: 'v', type: 'inbound-rtp', kind: 'video', timestamp: 1_000, ...video }, ...more].map((report) => [
        (report as { id: string }).id,
        report,
      ]),
    );

  it('makes rates of the differences between two readings', () => {
    const first = readStats(
      reports({ bytesReceived: 1_000, packetsReceived: 10, packetsLost: 0, framesDecoded: 5 }),
      5,
      undefined,
    );
    expect(first.stats.bitrateKbps).toBeNull();
    const second = readStats(
      reports({
        timestamp: 3_000,
        bytesReceived: 501_000,
        packetsReceived: 100,
        packetsLost: 10,
        framesDecoded: 65,
        totalDecodeTime: 0.09,
        jitterBufferDelay: 0.6,
        jitterBufferEmittedCount: 60,
      }),
      63,
      first.baseline,
    );
    expect(second.stats).toMatchObject({
      bitrateKbps: 2_000,
      decodedFps: 30,
      shownFps: 29,
      lossPercent: 10,
      jitterBufferMs: 10,
      decodeMs: 1.5,
    });
  });

  it('drops the baseline when counters go back: it is another connection', () => {
    const first = readStats(reports({ bytesReceived: 9_000 }), 0, undefined);
    expect(readStats(reports({ timestamp: 2_000, bytesReceived: 10 }), 0, first.baseline).stats.bitrateKbps).toBeNull();
  });

  it('never shows a negative loss, though packetsLost may fall', () => {
    const first = readStats(reports({ packetsLost: 5, packetsReceived: 0, bytesReceived: 0 }), 0, undefined);
    const { stats } = readStats(
      reports({ timestamp: 2_000, packetsLost: 3, packetsReceived: 9, bytesReceived: 9 }),
      0,
      first.baseline,
    );
    expect(stats.lossPercent).toBe(0);
  });

  it('reads path and round trip from the selected pair, not from any that succeeded', () => {
    const { stats } = readStats(
      reports({ codecId: 'c' }, [
        { id: 'c', type: 'codec', mimeType: 'video/H264' },
        { id: 'wrong', type: 'candidate-pair', state: 'succeeded', nominated: true, currentRoundTripTime: 0.014 },
        {
          id: 'right',
          type: 'candidate-pair',
          state: 'succeeded',
          currentRoundTripTime: 0.001,
          localCandidateId: 'l',
          remoteCandidateId: 'r',
        },
        { id: 'l', type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tcp' },
        { id: 'r', type: 'remote-candidate', candidateType: 'host', protocol: 'udp' },
        { id: 't', type: 'transport', selectedCandidatePairId: 'right' },
      ]),
      0,
      undefined,
    );
    expect(stats).toMatchObject({ rttMs: 1, codec: 'H.264', path: { type: 'relay', protocol: 'tcp' } });
  });

  it('knows nothing of a connection without video', () => {
    expect(readStats([], 0, undefined)).toMatchObject({
      bytesReceived: 0,
      baseline: undefined,
      stats: { codec: null, path: null },
    });
  });
});

describe('deriveState', () => {
  const base = { started: true, stream: ONLINE, flowing: false, hasFrame: false, trying: true, problem: null };
  const problem = { ...errorInfo('ice_failed'), rung: 'network' as const };
  const offline = { ...ONLINE, online: false };
  const lost = { ...ONLINE, camera: { ...(ONLINE.camera as Camera), error: errorInfo('camera_missing') } };
  it.each([
    ['idle', { started: false }],
    ['idle', { started: false, stream: null }],
    ['offline', { started: false, stream: offline }],
    ['failed', { started: false, problem }],
    ['connecting', {}],
    ['connecting', { stream: null }],
    ['live', { flowing: true }],
    ['camera-lost', { flowing: true, stream: lost }],
    ['stalled', { hasFrame: true, trying: false, stream: lost }],
    ['failed', { problem, stream: lost }],
    ['live', { flowing: true, stream: offline }],
    ['offline', { stream: offline, hasFrame: true }],
    ['offline', { stream: offline, problem }],
    ['failed', { problem }],
    ['failed', { stream: offline, problem: { ...problem, rung: 'server' as const } }],
    ['stalled', { hasFrame: true, trying: false }],
    ['reconnecting', { hasFrame: true, trying: true }],
  ])('%s: %o', (state, inputs) => {
    expect(deriveState({ ...base, ...inputs })).toBe(state);
  });
});

describe('rungsOf', () => {
  it('marks the first broken rung, and nothing above it as done', () => {
    const progress = { ...NO_PROGRESS, server: true, camera: true, packets: true };
    expect(firstOpenRung(progress)).toBe('offer');
    const rungs = rungsOf(progress, true, { ...errorInfo('sender_timeout'), rung: 'offer' });
    expect(rungs.map(({ status }) => status)).toEqual([
      'done',
      'done',
      'broken',
      'waiting',
      'waiting',
      'waiting',
      'waiting',
    ]);
  });
});

describe('defaultRetryPolicy', () => {
  it.each([
    [1, 0],
    [2, 300],
    [3, 1_200],
    [8, 10_000],
    [9, undefined],
  ])('after try %i waits %s ms, and up to a second more', (attempt, delay) => {
    expect(defaultRetryPolicy.nextDelayMs(attempt, 0)).toBe(delay);
    const most = defaultRetryPolicy.nextDelayMs(attempt, 0.999);
    expect(most).toBe(delay === undefined || attempt === 1 ? delay : delay + 999);
  });
});

describe('parseSource', () => {
  const page = 'https://shop.example/cameras/view.html?x=1';
  it.each([
    ['', 'https://shop.example', '/webrtc-signaling'],
    ['/', 'https://shop.example', '/webrtc-signaling'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080', '/webrtc-signaling'],
    ['https://robot.local/rtc/', 'https://robot.local', '/rtc'],
    ['wss://robot.local:444', 'https://robot.local:444', '/webrtc-signaling'],
    ['/rtc', 'https://shop.example', '/rtc'],
  ])('%s', (src, origin, path) => {
    expect(parseSource(src, page)).toEqual({ origin, path });
  });

  it.each(['http://', 'ftp://x', 'javascript:alert(1)'])('refuses %s in words', (src) => {
    expect(() => parseSource(src, page)).toThrow(expect.objectContaining({ code: 'bad_source' }));
  });
});
