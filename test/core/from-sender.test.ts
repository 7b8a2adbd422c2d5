import { describe, expect, it } from 'vitest';
import { readFromSender } from '../../src/element/core/from-sender.js';

const read = (message: unknown) => readFromSender(JSON.stringify(message));

describe('what a sender says on the data channel', () => {
  const pong = { type: 'pong', t: 1, received: 2.5, sent: 3.5 };
  const clock = { type: 'clock', rtp: 90_000, captureMs: 1.5, origin: 'driver' };
  const quality = { type: 'quality', level: 1, levels: 3, width: 640, height: 360, fps: 15, kbps: 700, reason: 'link' };

  it.each([
    pong,
    clock,
    { ...clock, encodeMs: 4.1, sendMs: 0.3 },
    quality,
    { ...quality, linkKbps: 800 },
    { ...clock, from: 'a newer sender' },
  ])('is read: %o', (message) => {
    expect(read(message)).toEqual(message);
  });

  it.each([
    { ...pong, t: '1' },
    { ...clock, captureMs: null },
    { ...clock, sendMs: -1 },
    { ...clock, encodeMs: 'fast' },
    { ...quality, width: undefined },
    { ...quality, fps: -30 },
    { ...quality, linkKbps: 'much' },
    { type: 'from a newer sender' },
    {},
    null,
    [],
    7,
  ])('is dropped: %o', (message) => {
    expect(read(message)).toBeUndefined();
  });

  it.each(['', '{', 'x'.repeat(2_000), new ArrayBuffer(8), undefined])('is dropped: %o', (data) => {
    expect(readFromSender(data)).toBeUndefined();
  });
});
