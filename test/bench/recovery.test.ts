import { describe, expect, it } from 'vitest';
import { recoveryOf, type Witnessed } from './lib/recovery.js';

const how = { freshMs: 110, fps: 25 };

/** Frames 40 ms apart, but for those numbers. */
function frames(from: number, to: number, missing: (sequence: number) => boolean = () => false): Witnessed['frames'] {
  const all = [];
  let presentedFrames = 0;
  for (let sequence = from; sequence <= to; sequence += 1) {
    if (missing(sequence)) continue;
    presentedFrames += 1;
    all.push({ atMs: sequence * 40, ageMs: 30, sequence: sequence & 0xffff, presentedFrames, skippedFrames: 0 });
  }
  return all;
}

const quiet = { said: [{ atMs: 0, state: 'live', code: null }], signalling: [{ atMs: 0, state: 'connected' }] };

describe('what became of a picture', () => {
  it('counts from the end of the cause to the first fresh frame', () => {
    const shown = frames(0, 100, (sequence) => (sequence > 25 && sequence < 51) || (sequence > 60 && sequence < 70));
    const late = shown.find(({ sequence }) => sequence === 51);
    if (late) late.ageMs = 500;
    const { backMs, gapMs, gapAfterMs } = recoveryOf({ ...quiet, frames: shown }, 1_000, 2_000, how);
    expect(backMs).toBe(52 * 40 - 2_000);
    expect(gapMs).toBe((51 - 25) * 40);
    expect(gapAfterMs).toBe(10 * 40);
  });

  it('says that nothing came back', () => {
    expect(recoveryOf({ ...quiet, frames: frames(0, 25) }, 1_000, 2_000, how).backMs).toBeNull();
  });

  it('does not take for back what was on its way when the camera died', () => {
    const shown = frames(0, 100, (sequence) => sequence > 25 && sequence < 51);
    expect(recoveryOf({ ...quiet, frames: shown }, 990, 995, how).backMs).toBe(5);
    expect(recoveryOf({ ...quiet, frames: shown }, 990, 995, { ...how, bornAnew: true }).backMs).toBe(51 * 40 - 995);
  });

  it('counts what was lost, and not what was presented without a callback', () => {
    const shown = frames(65_530, 65_600, (sequence) => sequence === 65_540 || sequence === 65_560);
    for (const frame of shown) if (frame.sequence > 24 && frame.sequence < 1_000) frame.presentedFrames += 1;
    expect(recoveryOf({ ...quiet, frames: shown }, 0, 0, how).lost).toBe(1);
  });

  it('does not count what a busy browser had and did not draw', () => {
    const shown = frames(0, 25, (sequence) => sequence === 10);
    for (const frame of shown) if (frame.sequence > 10) frame.skippedFrames = 1;
    expect(recoveryOf({ ...quiet, frames: shown }, 0, 0, how).lost).toBe(0);
  });

  it('counts by time where a sender was started anew', () => {
    const again = frames(50, 60).map((frame) => ({ ...frame, sequence: frame.sequence - 50 }));
    expect(recoveryOf({ ...quiet, frames: [...frames(0, 25), ...again] }, 1_000, 2_000, how).lost).toBe(24);
  });

  it('tells when the element said the truth, and when it had the server again', () => {
    const said = [
      ...quiet.said,
      { atMs: 1_400, state: 'stalled', code: null },
      { atMs: 2_100, state: 'live', code: null },
    ];
    const signalling = [...quiet.signalling, { atMs: 1_500, state: 'connecting' }, { atMs: 2_300, state: 'connected' }];
    const { truthMs, serverMs } = recoveryOf({ frames: frames(0, 25), said, signalling }, 1_000, 2_000, how);
    expect(truthMs).toBe(400);
    expect(serverMs).toBe(300);
    expect(recoveryOf({ ...quiet, frames: frames(0, 90) }, 1_000, 2_000, how)).toMatchObject({
      truthMs: null,
      serverMs: null,
      lost: 0,
    });
  });
});
