import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressLimits, type LimitOptions, readLimitOptions } from '../../../src/server/access/address-limits.js';

const CLIENT = '203.0.113.9';

function open(options: LimitOptions = {}, { exemptLoopback = true } = {}) {
  let nowMs = 0;
  const limits = new AddressLimits(readLimitOptions(options), { exemptLoopback, now: () => nowMs });
  return {
    limits,
    pass(ms: number) {
      nowMs += ms;
    },
    /** How many of so many connections are let in. */
    admitted(times: number, address: string | ((n: number) => string) = CLIENT): number {
      let admitted = 0;
      for (let n = 0; n < times; n += 1) {
        if (limits.admit(typeof address === 'string' ? address : address(n)) === undefined) admitted += 1;
      }
      return admitted;
    },
  };
}

const negotiate = (limits: AddressLimits, address = CLIENT) => {
  const outcome = limits.tryNegotiate(address);
  return typeof outcome === 'function' ? outcome : outcome.code;
};

describe('attack 29: 10,000 connections', () => {
  const lots = { connectRate: false } as const;

  it('from one address: as many as it may have', () => {
    const { admitted, limits } = open(lots);
    expect(admitted(10_000)).toBe(512);
    expect(limits.admit(CLIENT)).toMatchObject({ code: 'too_many_connections', retryable: true });
    expect(limits.admit('203.0.113.10')).toBeUndefined();
    expect(limits.snapshot()).toMatchObject({ connections: 513, refused: { connectionsPerAddress: 9_489 } });
  });

  it('from one IPv6 /64 it is one address; another /64 is another', () => {
    const { admitted } = open(lots);
    expect(admitted(10_000, (n) => `2001:db8:0:1::${n.toString(16)}`)).toBe(512);
    expect(admitted(10_000, (n) => `2001:db8:0:2:${n.toString(16)}::1`)).toBe(512);
  });

  it('from as many addresses: as many as the server holds', () => {
    const { admitted, limits } = open({ ...lots, connections: 3_000 });
    expect(admitted(10_000, (n) => `2001:db8:${n.toString(16)}::1`)).toBe(3_000);
    expect(limits.admit('198.51.100.1')).toMatchObject({ code: 'too_many_connections' });
    expect(limits.snapshot().addresses).toBe(3_000);
    limits.release('2001:db8:7::9');
    expect(limits.admit('198.51.100.1')).toBeUndefined();
  });

  it('quickly after each other: a burst, and then what drips in', () => {
    const { admitted, limits, pass } = open();
    for (let n = 0; n < 10_000; n += 1) if (limits.admit(CLIENT) === undefined) limits.release(CLIENT);
    expect(limits.snapshot().refused.connectRate).toBe(9_500);
    expect(limits.admit(CLIENT)).toMatchObject({ code: 'rate_limited', retryable: true });
    pass(1_000);
    expect(admitted(100)).toBe(50);
    expect(limits.visit(CLIENT)).toMatchObject({ code: 'rate_limited' });
    expect(limits.visit('198.51.100.1')).toBeUndefined();
  });

  it('that are closed are free again', () => {
    const { admitted, limits } = open({ ...lots, connectionsPerAddress: 2 });
    expect(admitted(3)).toBe(2);
    limits.release(CLIENT);
    expect(admitted(3)).toBe(1);
  });
});

describe('wrong tokens', () => {
  it('ten in half an hour close the door until one is so long ago', () => {
    const { limits, pass } = open();
    for (let n = 0; n < 10; n += 1) {
      expect(limits.admit(CLIENT)).toBeUndefined();
      limits.failed(CLIENT);
      limits.release(CLIENT);
      pass(60_000);
    }
    expect(limits.admit(CLIENT)).toMatchObject({
      code: 'rate_limited',
      next: expect.stringContaining('in 20 minutes'),
    });
    expect(limits.visit(CLIENT)).toMatchObject({ code: 'rate_limited' });
    expect(limits.admit('203.0.113.10')).toBeUndefined();
    pass(19 * 60_000);
    expect(limits.admit(CLIENT)).toMatchObject({ next: expect.stringContaining('in 1 minute.') });
    pass(60_000);
    expect(limits.admit(CLIENT)).toBeUndefined();
    limits.failed(CLIENT);
    expect(limits.admit(CLIENT)).toMatchObject({ code: 'rate_limited' });
    expect(limits.snapshot().refused.wrongTokens).toBe(4);
  });

  it('of a whole /64 count together', () => {
    const { limits } = open();
    for (let n = 0; n < 10; n += 1) limits.failed(`2001:db8::${n}`);
    expect(limits.admit('2001:db8::ffff')).toMatchObject({ code: 'rate_limited' });
  });

  it('do not end the connections that are there', () => {
    const { limits } = open();
    limits.admit(CLIENT);
    for (let n = 0; n < 10; n += 1) limits.failed(CLIENT);
    expect(limits.join(CLIENT)).toBeUndefined();
    expect(negotiate(limits)).toBeTypeOf('function');
  });
});

describe('joins and negotiations', () => {
  it('joins have a burst and a rate', () => {
    const { limits, pass } = open({ joinRate: { perSecond: 10, burst: 2 } });
    const joins = () => [1, 2, 3].map(() => limits.join(CLIENT)?.code);
    expect(joins()).toEqual([undefined, undefined, 'rate_limited']);
    pass(100);
    expect(joins()).toEqual([undefined, 'rate_limited', 'rate_limited']);
  });

  it('so many negotiations may be under way; each ends once', () => {
    const { limits } = open({ negotiationsPerAddress: 2 });
    const [first, second, third] = [negotiate(limits), negotiate(limits), negotiate(limits)];
    expect(third).toBe('rate_limited');
    expect(negotiate(limits, '198.51.100.1')).toBeTypeOf('function');
    for (let n = 0; n < 3; n += 1) (first as () => void)();
    expect(limits.snapshot().negotiations).toBe(2);
    expect(negotiate(limits)).toBeTypeOf('function');
    expect(negotiate(limits)).toBe('rate_limited');
    (second as () => void)();
  });
});

describe('loopback', () => {
  it.each(['127.0.0.1', '::1', '127.9.9.9', ''])(
    '%o is free of the limits per address, not of the one for all',
    (address) => {
      const { limits, admitted } = open({ connectionsPerAddress: 1, connections: 50, negotiationsPerAddress: 1 });
      for (let n = 0; n < 100; n += 1) limits.failed(address);
      expect(admitted(100, address)).toBe(50);
      expect(limits.snapshot()).toMatchObject({ connections: 50, addresses: 0 });
      for (let n = 0; n < 50; n += 1) limits.release(address);
      expect([negotiate(limits, address), negotiate(limits, address)]).toEqual([
        expect.any(Function),
        expect.any(Function),
      ]);
      expect(limits.snapshot()).toMatchObject({ connections: 0, negotiations: 2 });
    },
  );

  it('is an address like any other where a proxy says the addresses', () => {
    const { admitted } = open({ connectionsPerAddress: 1 }, { exemptLoopback: false });
    expect(admitted(10, '127.0.0.1')).toBe(1);
    expect(admitted(10, '')).toBe(1);
  });
});

describe('memory', () => {
  it('a flood of addresses does not grow it', () => {
    const { limits } = open();
    for (let n = 0; n < 60_000; n += 1) {
      const address = `2001:db8:${(n >> 8).toString(16)}:${(n & 0xff).toString(16)}::1`;
      limits.admit(address);
      limits.failed(address);
      limits.release(address);
    }
    expect(limits.snapshot()).toMatchObject({ connections: 0, addresses: 10_000 });
  });

  it('and does not make it forget who is connected', () => {
    const { limits } = open({ connectionsPerAddress: 1 });
    limits.admit(CLIENT);
    for (let n = 0; n < 20_000; n += 1) limits.visit(`10.1.${n >> 8}.${n & 0xff}`);
    expect(limits.admit(CLIENT)).toMatchObject({ code: 'too_many_connections' });
  });

  it('what has been idle for so long that nothing of it counts is dropped', () => {
    const { limits, pass } = open();
    for (let n = 0; n < 100; n += 1) limits.visit(`10.0.0.${n}`);
    pass(30 * 60_000 + 1);
    limits.visit(CLIENT);
    expect(limits.snapshot().addresses).toBe(1);
  });

  it('whatever the order, counts come back to nothing, and limits hold', () => {
    const addresses = ['192.0.2.1', '2001:db8::1', '2001:db8::2', '127.0.0.1', ''];
    const step = fc.tuple(
      fc.constantFrom('admit', 'release', 'failed', 'join', 'negotiate', 'end', 'pass'),
      fc.constantFrom(...addresses),
      fc.nat(2_000_000),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { limits, pass } = open({
          connections: 9,
          connectionsPerAddress: 3,
          negotiationsPerAddress: 2,
          wrongTokens: { count: 2, windowMs: 1_000 },
        });
        const connected: string[] = [];
        const negotiating: (() => void)[] = [];
        for (const [what, address, number] of steps) {
          if (what === 'admit' && limits.admit(address) === undefined) connected.push(address);
          if (what === 'release' && connected.length > 0)
            limits.release(connected.splice(number % connected.length, 1)[0] ?? '');
          if (what === 'failed') limits.failed(address);
          if (what === 'join') limits.join(address);
          if (what === 'end') negotiating.pop()?.();
          if (what === 'pass') pass(number);
          const outcome = what === 'negotiate' ? limits.tryNegotiate(address) : undefined;
          if (typeof outcome === 'function') negotiating.push(outcome);
          expect(limits.snapshot()).toMatchObject({ connections: connected.length, negotiations: negotiating.length });
          expect(connected.length).toBeLessThanOrEqual(9);
          expect(connected.filter((one) => one === '192.0.2.1').length).toBeLessThanOrEqual(3);
          expect(connected.filter((one) => one.startsWith('2001')).length).toBeLessThanOrEqual(3);
        }
        for (const address of connected) limits.release(address);
        for (const end of negotiating) end();
        pass(3_600_000);
        limits.visit(CLIENT);
        expect(limits.snapshot()).toMatchObject({ connections: 0, negotiations: 0, addresses: 1 });
      }),
    );
  });
});

describe('the option "limits"', () => {
  it('false lifts each', () => {
    const { admitted, limits } = open({
      connections: false,
      connectionsPerAddress: false,
      connectRate: false,
      joinRate: false,
      negotiationsPerAddress: false,
      wrongTokens: false,
    });
    for (let n = 0; n < 30_000; n += 1) {
      limits.failed(CLIENT);
      if (limits.join(CLIENT) !== undefined || typeof limits.tryNegotiate(CLIENT) !== 'function') expect.unreachable();
    }
    expect(admitted(30_000)).toBe(30_000);
  });

  it.each<[unknown, string]>([
    [null, '"limits" must be an object'],
    [{ conections: 1 }, '"limits.conections" does not exist'],
    [{ connections: 0 }, '"limits.connections" must be a whole number'],
    [{ connectionsPerAddress: 1.5 }, '"limits.connectionsPerAddress"'],
    [{ negotiationsPerAddress: true }, '"limits.negotiationsPerAddress"'],
    [{ connectRate: { perSecond: 1 } }, '"limits.connectRate"'],
    [{ connectRate: { perSecond: 1, burst: 0.5 } }, 'burst at least 1'],
    [{ joinRate: null }, '"limits.joinRate"'],
    [{ wrongTokens: { count: 0, windowMs: 1 } }, '"limits.wrongTokens"'],
    [{ wrongTokens: { count: 1e9, windowMs: 1 } }, '"limits.wrongTokens"'],
    [{ wrongTokens: null }, '"limits.wrongTokens"'],
  ])('%o is refused with a sentence', (options, problem) => {
    expect(() => readLimitOptions(options as LimitOptions)).toThrow(TypeError);
    expect(() => readLimitOptions(options as LimitOptions)).toThrow(problem);
  });
});
