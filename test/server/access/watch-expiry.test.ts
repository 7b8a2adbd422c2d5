import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Grant } from '../../../src/server/access/access.js';
import { GrantExpiry } from '../../../src/server/access/watch-expiry.js';
import { NOW_MS } from './support.js';

const HOUR_MS = 3_600_000;

interface Peer {
  id: string;
  grant: Grant;
}

/** Time that passes by fake timers, and a wall clock beside it that can be set. */
function rig(told: (what: string, peer: Peer) => void = () => {}) {
  const start = performance.now();
  let setByMs = 0;
  const events: string[] = [];
  const monotonic = () => performance.now() - start;
  const tell = (what: string) => (peer: Peer) => {
    events.push(`${what} ${peer.id} ${Math.round(monotonic())}`);
    told(what, peer);
  };
  const expiry = new GrantExpiry<Peer>(
    { onWarning: tell('warning'), onExpired: tell('expired') },
    { wall: () => NOW_MS + monotonic() + setByMs, monotonic },
  );
  return {
    expiry,
    events,
    watch(id: string, lastsMs?: number): Peer {
      const peer = {
        id,
        grant: lastsMs === undefined ? {} : { expiresAtMs: NOW_MS + monotonic() + setByMs + lastsMs },
      };
      expiry.watch(peer);
      return peer;
    },
    setClockBy(ms: number) {
      setByMs += ms;
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('attack 5: rights that end while connected', () => {
  it('warns a minute before, then ends it', () => {
    const { watch, events, expiry } = rig();
    watch('a', HOUR_MS);
    vi.advanceTimersByTime(HOUR_MS - 60_000 - 1);
    expect(events).toEqual([]);
    vi.advanceTimersByTime(2 * HOUR_MS);
    expect(events).toEqual([`warning a ${HOUR_MS - 60_000}`, `expired a ${HOUR_MS}`]);
    expect(expiry.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('warns at the half of a short life', () => {
    const { watch, events } = rig();
    watch('a', 90_000);
    watch('b', 10_000);
    vi.advanceTimersByTime(HOUR_MS);
    expect(events).toEqual(['warning b 5000', 'expired b 10000', 'warning a 45000', 'expired a 90000']);
  });

  it('ends what is over already, but not before watch returns', () => {
    const { watch, events } = rig();
    watch('a', -5);
    watch('b', 0);
    expect(events).toEqual([]);
    vi.advanceTimersByTime(0);
    expect(events).toEqual(['expired a 0', 'expired b 0']);
  });

  it('does nothing about rights that do not end', () => {
    const { watch, expiry } = rig();
    watch('a');
    expect(expiry.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a newer grant keeps it, a shorter one ends it sooner, one without an end lets it go', () => {
    const { watch, events, expiry } = rig();
    for (const id of ['a', 'b', 'c']) watch(id, 200_000);
    vi.advanceTimersByTime(150_000);
    expect(events).toEqual(['warning a 140000', 'warning b 140000', 'warning c 140000']);
    events.length = 0;
    watch('a', 200_000);
    watch('b', 10_000);
    watch('c');
    expect(expiry.size).toBe(2);
    vi.advanceTimersByTime(HOUR_MS);
    expect(events).toEqual(['warning b 155000', 'expired b 160000', 'warning a 290000', 'expired a 350000']);
  });

  it('who is gone is not spoken of', () => {
    const { watch, events, expiry } = rig();
    watch('a', 1_000);
    watch('b', 1_000);
    expiry.forget('a');
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual(['warning b 500', 'expired b 1000']);
    watch('c', 1_000);
    expiry.forget('c');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a thousand peers have one timer', () => {
    const { watch, events, expiry } = rig();
    for (let n = 0; n < 1_000; n += 1) watch(`${n}`, HOUR_MS - n * 1_000);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(2 * HOUR_MS);
    expect(events).toHaveLength(2_000);
    expect(expiry.size).toBe(0);
  });

  it('what is called may forget, watch and close', () => {
    const peers = rig((what, { id }) => {
      if (what === 'warning' && id === 'a') peers.expiry.forget('b');
      if (what === 'warning' && id === 'c') peers.watch('c', 60_000);
      if (what === 'expired' && id === 'a') peers.expiry.close();
    });
    for (const id of ['a', 'b']) peers.watch(id, 10_000);
    peers.watch('c', 8_000);
    vi.advanceTimersByTime(HOUR_MS);
    expect(peers.events).toEqual(['warning c 4000', 'warning a 5000', 'expired a 10000']);
  });

  it('one that throws does not stop the others', () => {
    const peers = rig((_what, { id }) => {
      if (id === 'a') throw new Error('bug');
    });
    for (const id of ['a', 'b']) peers.watch(id, 10_000);
    expect(() => vi.advanceTimersByTime(5_000)).toThrow('bug');
    expect(() => vi.advanceTimersByTime(5_000)).toThrow('bug');
    vi.advanceTimersByTime(1_000);
    expect(peers.events.map((event) => event.split(' ', 2).join(' '))).toEqual([
      'warning a',
      'warning b',
      'expired a',
      'expired b',
    ]);
  });

  it('closed, it leaves nothing', () => {
    const { watch, expiry, events } = rig();
    watch('a', 1_000);
    expiry.close();
    watch('b', 1_000);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual([]);
    expect(expiry.size).toBe(0);
  });
});

describe('attack 47: the clock jumps', () => {
  it('an hour forward: what is over by it ends within half a minute, the rest goes on', () => {
    const { watch, events, setClockBy } = rig();
    watch('a', HOUR_MS / 2);
    watch('b', 2 * HOUR_MS);
    vi.advanceTimersByTime(60_000);
    setClockBy(HOUR_MS);
    vi.advanceTimersByTime(30_000);
    expect(events).toEqual(['expired a 90000']);
    vi.advanceTimersByTime(2 * HOUR_MS);
    expect(events.slice(1)).toEqual([`warning b ${HOUR_MS - 60_000}`, `expired b ${HOUR_MS}`]);
  });

  it('an hour back: nothing lasts longer for it', () => {
    const { watch, events, setClockBy } = rig();
    watch('a', HOUR_MS / 2);
    vi.advanceTimersByTime(60_000);
    setClockBy(-HOUR_MS);
    vi.advanceTimersByTime(3 * HOUR_MS);
    expect(events).toEqual([`warning a ${HOUR_MS / 2 - 60_000}`, `expired a ${HOUR_MS / 2}`]);
  });

  it('forth and back between two looks: nothing happens', () => {
    const { watch, events, setClockBy } = rig();
    watch('a', 2 * HOUR_MS);
    vi.advanceTimersByTime(1_000);
    setClockBy(10 * HOUR_MS);
    setClockBy(-10 * HOUR_MS);
    vi.advanceTimersByTime(HOUR_MS);
    expect(events).toEqual([]);
  });

  it('ten years are no problem for a timer', () => {
    const { watch, events } = rig();
    watch('a', 10 * 365 * 24 * HOUR_MS);
    vi.advanceTimersByTime(24 * HOUR_MS);
    expect(events).toEqual([]);
    expect(vi.getTimerCount()).toBe(1);
  });
});
