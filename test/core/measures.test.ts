import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Blackness } from '../../src/element/core/blackness.js';
import { LatencyBudget } from '../../src/element/core/budget.js';
import { ClockSync } from '../../src/element/core/clock-sync.js';
import { RUNGS } from '../../src/element/core/facts.js';
import { LatencyMeter } from '../../src/element/core/latency.js';
import { defaultRetryPolicy, waitMs } from '../../src/element/core/retry.js';
import { deriveState, firstOpenRung, NO_PROGRESS, type Progress, rungsOf } from '../../src/element/core/state.js';
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

  it('says nothing of what a browser does not count', () => {
    const bare = { bytesReceived: 0 };
    const first = readStats(reports(bare), 0, undefined);
    const { stats } = readStats(reports({ timestamp: 2_000, bytesReceived: 125 }), 0, first.baseline);
    expect(stats).toMatchObject({
      bitrateKbps: 1,
      decodedFps: null,
      lossPercent: null,
      jitterMs: null,
      jitterBufferMs: null,
      decodeMs: null,
      rttMs: null,
    });
  });

  it('keeps the last figure of the buffer through a second without a frame', () => {
    const at = (timestamp: number, jitterBufferDelay: number, frames: number) =>
      reports({
        timestamp,
        bytesReceived: 0,
        framesDecoded: frames,
        totalDecodeTime: frames / 500,
        jitterBufferDelay,
        jitterBufferEmittedCount: frames,
      });
    const first = readStats(at(1_000, 0, 0), 0, undefined);
    const second = readStats(at(2_000, 0.3, 30), 30, first.baseline);
    const third = readStats(at(3_000, 0.3, 30), 30, second.baseline);
    expect(third.stats).toMatchObject({ jitterBufferMs: 10, decodeMs: 2, decodedFps: 0, shownFps: 0 });
  });

  it('counts decoded frames as shown where nobody can see them', () => {
    const first = readStats(reports({ bytesReceived: 0, framesDecoded: 0 }), null, undefined);
    const second = reports({ timestamp: 2_000, bytesReceived: 9, framesDecoded: 30 });
    expect(readStats(second, null, first.baseline).stats.shownFps).toBe(30);
  });

  it('never shows a negative rate, though a decoder may begin to count anew', () => {
    const first = readStats(reports({ bytesReceived: 1, framesDecoded: 900, totalDecodeTime: 3 }), 0, undefined);
    const { stats } = readStats(
      reports({ timestamp: 2_000, bytesReceived: 9, framesDecoded: 5, totalDecodeTime: 0.1 }),
      0,
      first.baseline,
    );
    expect(stats).toMatchObject({ decodedFps: null, decodeMs: null });
  });

  it('knows the pair of a Firefox that has no transport report', () => {
    const { stats } = readStats(
      reports({}, [
        { id: 'a', type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.014 },
        { id: 'b', type: 'candidate-pair', nominated: true, selected: true, currentRoundTripTime: 0.002 },
      ]),
      0,
      undefined,
    );
    expect(stats.rttMs).toBe(2);
  });

  it('counts keyframes, jitter and how long the picture stood still', () => {
    const { stats } = readStats(
      reports({ keyFramesDecoded: 3, jitter: 0.004, freezeCount: 2, totalFreezesDuration: 1.5 }),
      0,
      undefined,
    );
    expect(stats).toMatchObject({ keyframes: 3, jitterMs: 4, freezes: 2, freezesMs: 1_500 });
  });

  it('knows nothing of a connection without video', () => {
    expect(readStats([], 0, undefined)).toMatchObject({
      baseline: undefined,
      stats: { codec: null, path: null },
    });
  });
});

describe('deriveState', () => {
  const base = {
    started: true,
    stream: ONLINE,
    flowing: false,
    hasFrame: false,
    paused: false,
    trying: true,
    problem: null,
  };
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
    ['paused', { hasFrame: true, paused: true, trying: false }],
    ['reconnecting', { hasFrame: true, trying: true }],
  ])('%s: %o', (state, inputs) => {
    expect(deriveState({ ...base, ...inputs })).toBe(state);
  });
});

describe('rungsOf', () => {
  it('marks the first broken rung, and nothing above it as done', () => {
    const progress = { ...NO_PROGRESS, server: true, stream: true, camera: true, packets: true };
    expect(firstOpenRung(progress)).toBe('offer');
    const rungs = rungsOf(progress, true, { ...errorInfo('sender_timeout'), rung: 'offer' });
    expect(rungs.map(({ status }) => status)).toEqual([
      ...['done', 'done', 'done', 'broken'],
      ...Array(6).fill('waiting'),
    ]);
  });

  it('marks the last as broken where the picture is there, but black', () => {
    const progress = Object.fromEntries(RUNGS.map((name) => [name, name !== 'picture'])) as Progress;
    expect(rungsOf(progress, true, null, true).at(-1)).toEqual({ name: 'picture', status: 'broken' });
    expect(rungsOf(progress, true, null, false).at(-1)).toEqual({ name: 'picture', status: 'active' });
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

describe('waitMs', () => {
  it.each([
    ['one that was refused at once waits for what the policy says', 2_700, 50, 4, 0.5, 2_650],
    ['one that ran into a dead network does not: it is under way when the network is back', 2_700, 10_000, 4, 0, 0],
    ['but not all viewers at the same moment', 2_700, 10_000, 4, 0.5, 500],
    ['the first is for the person who waits', 0, 10_000, 1, 0.9, 0],
  ])('%s', (_, delay, took, attempt, random, expected) => {
    expect(waitMs(delay, took, attempt, random)).toBe(expected);
  });
});

describe('LatencyBudget', () => {
  const age = (totalMs: number, complete = true) => ({ totalMs, complete, legs: {} });
  const judge = (...ages: (number | null)[]) => {
    const budget = new LatencyBudget();
    return ages.map((ms) => budget.judge(ms === null ? null : age(ms), 100));
  };

  it('takes two seconds to say so, and two to take it back', () => {
    expect(judge(150, 150, 50, 50)).toEqual([false, true, true, false]);
  });

  it('does not flicker at the edge', () => {
    expect(judge(150, 150, 95, 105, 95, 105)).toEqual([false, true, true, true, true, true]);
    expect(judge(95, 105, 95, 105)).toEqual([false, false, false, false]);
  });

  it('knows nothing without an age or a budget, and begins anew', () => {
    expect(judge(150, 150, null, 150)).toEqual([false, true, null, false]);
    expect(new LatencyBudget().judge(age(150), null)).toBeNull();
  });

  it('takes a lower bound for a proof only where it is over', () => {
    const budget = new LatencyBudget();
    expect(budget.judge(age(50, false), 100)).toBeNull();
    budget.judge(age(150, false), 100);
    expect(budget.judge(age(150, false), 100)).toBe(true);
  });
});

describe('Blackness', () => {
  const judge = (...looks: (number | undefined)[]) => {
    const blackness = new Blackness();
    return looks.map((brightest) => blackness.judge(brightest));
  };

  it('is sure after three looks, and gives it up at the first light', () => {
    expect(judge(5, 5, 5, 200)).toEqual([false, false, true, false]);
  });

  it('changes nothing by a look that is neither, or that saw nothing', () => {
    expect(judge(5, 5, 5, 34, undefined)).toEqual([false, false, true, true, true]);
    expect(judge(34, 34, 34, 34)).toEqual([false, false, false, false]);
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

  it.each([
    ['http://', 'bad_source'],
    ['ftp://x', 'bad_source'],
    ['javascript:alert(1)', 'bad_source'],
    ['cam:8080/?token=SECRET', 'bad_source'],
    ['10.1.2.3:8080/?token=SECRET', 'bad_source'],
    ['admin:SECRET@cam/stream', 'bad_source'],
    ['rtsp://admin:SECRET@10.1.2.3/stream', 'unplayable_source'],
    ['RTSPS://cam/stream', 'unplayable_source'],
  ])('refuses %s in words that do not repeat it', (src, code) => {
    const refusal = expect.objectContaining({ code, message: expect.not.stringContaining(src) });
    expect(() => parseSource(src, page)).toThrow(refusal);
    expect(() => parseSource(src, page)).not.toThrow(/SECRET/);
  });
});
