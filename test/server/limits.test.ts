import { expect, it } from 'vitest';
import { MessageLimit, TokenBucket } from '../../src/server/limits.js';

it('a bucket gives its burst at once and then what drips in, up to the burst', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false]);
  expect([bucket.take(99), bucket.take(100), bucket.take(100)]).toEqual([false, true, false]);
  expect([1, 2, 3].map(() => bucket.take(60_000))).toEqual([true, true, false]);
});

it('who goes on after as many refusals as a burst is abusive', () => {
  const limit = new MessageLimit({ perSecond: 1, burst: 2 }, 0);
  expect([1, 2, 3, 4, 5].map(() => limit.judge(0))).toEqual(['fine', 'fine', 'limited', 'limited', 'abusive']);
  expect(limit.judge(1_000)).toBe('fine');
});
