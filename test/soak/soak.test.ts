import { describe, expect, it } from 'vitest';
import { plan, type Visit } from './plan.js';
import { judge } from './sender-log.js';

function visits(seed: number, count: number): Visit[] {
  const guests = plan(seed);
  return Array.from({ length: count }, () => guests.next().value);
}

describe('the plan of the visits', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(visits(7, 50)).toEqual(visits(7, 50));
    expect(visits(7, 50)).not.toEqual(visits(8, 50));
  });

  it('has one in five killed, and a few browsers', () => {
    const many = visits(1, 5_000);
    expect(many.filter(({ end }) => end === 'killed').length / many.length).toBeCloseTo(1 / 5, 1);
    expect(many.filter(({ kind }) => kind === 'browser').length / many.length).toBeCloseTo(1 / 12, 1);
    expect(many.every(({ pauseMs, staysMs }) => pauseMs >= 0 && staysMs >= 0 && staysMs <= 20_000)).toBe(true);
  });
});

describe('the judgement of the log', () => {
  const line = (level: string, event: string, fields: object = {}) => JSON.stringify({ level, event, ...fields });
  const silent = line('warning', 'viewer-failed', { code: 'connection_lost' });

  it('finds nothing in a log without errors', () => {
    const quiet = [line('info', 'viewer-live'), line('info', 'viewer-closed', { reason: 'left' })].join('\n');
    expect(judge(quiet, 0)).toEqual({ errors: [], explained: 0, unexplained: [], foreign: [], lost: 0 });
  });

  it('explains as many silent viewers as were killed, and no more', () => {
    expect(judge([silent, silent].join('\n'), 2)).toMatchObject({ explained: 2, unexplained: [] });
    expect(judge([silent, silent].join('\n'), 1)).toMatchObject({ explained: 1, unexplained: [silent] });
  });

  it('explains no other warning', () => {
    const other = line('warning', 'camera-close-hangs');
    expect(judge(other, 5).unexplained).toEqual([other]);
  });

  it('keeps errors, and whatever the sender did not write', () => {
    const error = line('error', 'encoder-failed');
    const critical = '(python3:1): GStreamer-CRITICAL **: assertion failed';
    expect(judge([error, critical].join('\n'), 5)).toMatchObject({ errors: [error], foreign: [critical] });
  });

  it('counts those who went without a goodbye', () => {
    const closed = (reason: string) => line('info', 'viewer-closed', { reason });
    expect(judge(['left', 'hung-up', 'connection_lost'].map(closed).join('\n'), 1).lost).toBe(1);
  });
});
