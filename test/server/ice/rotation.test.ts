import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IceSource, PeerIce } from '../../../src/server/ice/ice.js';
import { readIceOptions } from '../../../src/server/ice/options.js';
import { IceRotation } from '../../../src/server/ice/rotation.js';
import { createIceSource } from '../../../src/server/ice/source.js';
import { HOUR_MS, MINUTE_MS, TestClocks } from './clocks.js';

const SECRET = '5f2c8c0e4b9d4f0da37d6f10b0c1e2a4';
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

let clocks: TestClocks;
let rotation: IceRotation | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  clocks = new TestClocks();
});

afterEach(() => {
  rotation?.close();
  rotation = undefined;
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function withSecret(ttlS = 3_600, random = () => 0.5) {
  const settings = readIceOptions({ turn: { urls: 'turn:t', secret: SECRET, ttlS } }, {});
  const source = createIceSource(settings, { log: quiet, clocks, random });
  const rounds: number[] = [];
  rotation = new IceRotation(source, { clocks, onPushed: (peers) => rounds.push(peers) });
  return { source, rotation, rounds };
}

function peer(id = 'peer-1') {
  const got: PeerIce[] = [];
  return { id, got, push: (ice: PeerIce) => void got.push(ice) };
}

/** When a TURN server whose clock is right stops taking them, on the monotonic clock. */
const leftMs = (ice: PeerIce | undefined) => (ice?.expiresAtMs ?? 0) - clocks.now();

it('a peer gets new credentials at three quarters of their time, again and again', async () => {
  const { rotation } = withSecret();
  const one = peer();
  const first = rotation.track(one);
  expect(leftMs(first)).toBe(HOUR_MS);
  await clocks.pass(44 * MINUTE_MS);
  expect(one.got).toHaveLength(0);
  await clocks.pass(2 * MINUTE_MS);
  expect(one.got).toHaveLength(1);
  expect(one.got[0]?.browser.iceServers[0]?.username).toMatch(/^\d+:peer-1$/);
  expect(one.got[0]?.expiresAtMs).toBeGreaterThan(first.expiresAtMs ?? 0);
  await clocks.pass(10 * HOUR_MS);
  expect(one.got.length).toBeGreaterThan(12);
  expect(leftMs(one.got.at(-1))).toBeGreaterThan(0);
});

it('peers that came together are not refreshed together', async () => {
  let n = 0;
  const { rotation } = withSecret(3_600, () => (n++ % 100) / 100);
  const at = new Map<string, number>();
  for (let id = 0; id < 100; id += 1) {
    rotation.track({ id: `p${id}`, push: () => void at.set(`p${id}`, Math.floor(clocks.monotonic() / 1_000)) });
  }
  await clocks.pass(HOUR_MS);
  expect(at.size).toBe(100);
  expect(new Set(at.values()).size).toBeGreaterThan(50);
  for (const second of at.values()) expect(second).toBeLessThan(0.82 * 3_600);
});

it('one timer does for a thousand peers, and none is left when they are gone', () => {
  const { rotation } = withSecret();
  for (let id = 0; id < 1_000; id += 1) rotation.track(peer(`p${id}`));
  expect(rotation.size).toBe(1_000);
  // The source has none: its secret is not in a file.
  expect(vi.getTimerCount()).toBe(1);
  for (let id = 0; id < 1_000; id += 1) rotation.untrack(`p${id}`);
  expect(rotation.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

it('after a rotation everybody gets new ones, a few at a time', async () => {
  const { source, rotation, rounds } = withSecret();
  const peers = Array.from({ length: 1_000 }, (_, id) => peer(`p${id}`));
  for (const one of peers) rotation.track(one);
  await source.rotate();
  await clocks.pass(1_000);
  expect(peers.every(({ got }) => got.length === 1)).toBe(true);
  expect(rounds.reduce((sum, count) => sum + count)).toBe(1_000);
  expect(Math.max(...rounds)).toBeLessThan(1_000);
});

it('who is gone gets nothing; who goes because of it harms nobody', async () => {
  const { source, rotation } = withSecret();
  const [gone, stays] = [peer('gone'), peer('stays')];
  rotation.track(gone);
  rotation.track({ id: 'leaves', push: () => rotation.untrack('leaves') });
  rotation.track(stays);
  rotation.untrack('gone');
  rotation.untrack('never-there');
  await source.rotate();
  await clocks.pass(1_000);
  expect(gone.got).toHaveLength(0);
  expect(stays.got).toHaveLength(1);
  expect(rotation.size).toBe(1);
});

it('closed, it does nothing any more', async () => {
  const { source, rotation } = withSecret();
  const one = peer();
  rotation.track(one);
  rotation.close();
  await source.rotate();
  rotation.track(one);
  await clocks.pass(2 * HOUR_MS);
  expect(one.got).toHaveLength(0);
  expect(rotation.size).toBe(0);
});

it('what does not expire is not refreshed', async () => {
  const settings = readIceOptions({ iceServers: [{ urls: ['stun:s'] }] }, {});
  const source = createIceSource(settings, { log: quiet, clocks });
  rotation = new IceRotation(source, { clocks });
  const one = peer();
  expect(rotation.track(one)).toEqual({
    browser: { iceServers: [{ urls: ['stun:s'] }] },
    gstreamer: { turnServers: [], stunServer: 'stun://s:3478' },
  });
  expect(vi.getTimerCount()).toBe(0);
  await clocks.pass(24 * HOUR_MS);
  expect(one.got).toHaveLength(0);
});

describe('attack 47: the clock jumps by an hour', () => {
  it('ahead: what has ended by the new clock is replaced within half a minute', async () => {
    const { rotation } = withSecret();
    const one = peer();
    rotation.track(one);
    await clocks.pass(10 * MINUTE_MS);
    clocks.jump(HOUR_MS);
    await clocks.pass(31_000);
    expect(one.got).toHaveLength(1);
    expect(leftMs(one.got[0])).toBeGreaterThan(59 * MINUTE_MS);
    await clocks.pass(40 * MINUTE_MS);
    expect(one.got).toHaveLength(1);
  });

  it('back: they are refreshed after the time that has really passed', async () => {
    const { rotation } = withSecret();
    const one = peer();
    rotation.track(one);
    await clocks.pass(10 * MINUTE_MS);
    clocks.jump(-HOUR_MS);
    await clocks.pass(34 * MINUTE_MS);
    expect(one.got).toHaveLength(0);
    await clocks.pass(2 * MINUTE_MS);
    expect(one.got).toHaveLength(1);
    await clocks.pass(60 * MINUTE_MS);
    expect(one.got.length).toBeLessThanOrEqual(3);
  });

  it('to and fro many times: still no flood', async () => {
    const { rotation } = withSecret();
    const one = peer();
    rotation.track(one);
    for (let n = 0; n < 60; n += 1) {
      clocks.jump(n % 2 === 0 ? HOUR_MS : -HOUR_MS);
      await clocks.pass(1_000);
    }
    expect(one.got.length).toBeLessThanOrEqual(8);
  });
});

it('a source that has nothing newer is asked now and then, and peers are left in peace', async () => {
  const ice: PeerIce = {
    browser: { iceServers: [] },
    gstreamer: { turnServers: [] },
    expiresAtMs: clocks.now() + HOUR_MS,
    refreshAtMs: clocks.now() + 30 * MINUTE_MS,
  };
  const forPeer = vi.fn(() => ice);
  rotation = new IceRotation({ forPeer, onChange: () => {} } as unknown as IceSource, { clocks });
  const one = peer();
  rotation.track(one);
  await clocks.pass(31 * MINUTE_MS);
  expect(one.got).toHaveLength(0);
  expect(forPeer.mock.calls.length).toBeGreaterThan(2);
  expect(forPeer.mock.calls.length).toBeLessThan(12);
});
