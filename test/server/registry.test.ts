import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/index.js';
import type { Change, RegistryOptions } from '../../src/server/sessions/registry.js';
import { CAMERA, candidate, codeOf, newRegistry, OTHER_SDP, publishing, SDP, watcher } from './support.js';

const GRACE_MS = 100;

/** A registry with the stream `cam` of the socket `S`, watched by `R` in session `s1`, whose first offer is `state`. */
function watched(
  state: 'joined' | 'offered' | 'answered' | 'live' = 'answered',
  options: Partial<RegistryOptions> = {},
) {
  const registry = newRegistry({ graceMs: GRACE_MS, ...options });
  registry.publish('S', publishing());
  registry.join(watcher('R'), 'cam', 0);
  if (state !== 'joined') registry.offer('R', { session: 's1', epoch: 1, sdp: SDP });
  if (state === 'answered' || state === 'live') {
    registry.answered('R', { session: 's1', epoch: 1 }, { ok: true, sdp: SDP }, 0);
  }
  if (state === 'live') registry.live('R', { session: 's1', epoch: 1 });
  expect(registry.sessions()).toMatchObject([{ session: 's1', state }]);
  return registry;
}

describe('an offer', () => {
  it.each([
    ['joined', 1, SDP, 'ok'],
    ['joined', 2, SDP, 'wrong_state'],
    ['offered', 1, SDP, 'ok'],
    ['offered', 1, OTHER_SDP, 'wrong_state'],
    ['offered', 2, OTHER_SDP, 'ok'],
    ['answered', 1, SDP, 'ok'],
    ['answered', 2, SDP, 'ok'],
    ['answered', 3, SDP, 'wrong_state'],
    ['live', 2, SDP, 'ok'],
    ['live', 1, OTHER_SDP, 'wrong_state'],
  ] as const)('in state %s with epoch %i: %#', (state, epoch, sdp, code) => {
    expect(codeOf(watched(state).offer('R', { session: 's1', epoch, sdp }))).toBe(code);
  });

  it('of an epoch that is over is stale', () => {
    const registry = watched();
    registry.offer('R', { session: 's1', epoch: 2, sdp: OTHER_SDP });
    expect(codeOf(registry.offer('R', { session: 's1', epoch: 1, sdp: SDP }))).toBe('stale_epoch');
  });

  it('repeats what became of it, a refusal too', () => {
    const registry = watched('offered');
    expect(registry.offer('R', { session: 's1', epoch: 1, sdp: SDP })).toEqual({ ok: true, action: 'wait' });
    const error = { code: 'camera_busy', message: '', next: '', retryable: true } as const;
    registry.answered('R', { session: 's1', epoch: 1 }, { ok: false, error }, 0);
    const ack = { ok: false, error };
    expect(registry.offer('R', { session: 's1', epoch: 1, sdp: SDP })).toEqual({ ok: true, action: 'repeat', ack });
    expect(registry.sessions()).toMatchObject([{ state: 'joined', epoch: 1 }]);
  });

  it('to a stream that is offline leaves the epoch alone', () => {
    const registry = watched();
    registry.unpublish('S', { stream: 'cam' });
    expect(codeOf(registry.offer('R', { session: 's1', epoch: 2, sdp: SDP }))).toBe('stream_offline');
    registry.publish('S', publishing());
    expect(codeOf(registry.offer('R', { session: 's1', epoch: 2, sdp: SDP }))).toBe('ok');
  });
});

describe('an answer', () => {
  const answer = { ok: true, sdp: SDP } as const;

  it('finds the session gone', () => {
    const registry = watched('offered');
    registry.leave('R', { session: 's1' });
    expect(codeOf(registry.answered('R', { session: 's1', epoch: 1 }, answer, 0))).toBe('unknown_session');
  });

  it('finds a newer offer', () => {
    const registry = watched('offered');
    registry.offer('R', { session: 's1', epoch: 2, sdp: SDP });
    expect(codeOf(registry.answered('R', { session: 's1', epoch: 1 }, answer, 0))).toBe('stale_epoch');
    expect(registry.sessions()).toMatchObject([{ state: 'offered', epoch: 2 }]);
  });

  it('finds another sender', () => {
    const registry = watched('offered');
    registry.lost('S', 0);
    registry.publish('T', publishing('two'));
    expect(codeOf(registry.answered('R', { session: 's1', epoch: 1 }, answer, 0))).toBe('stream_offline');
    expect(registry.sessions()).toMatchObject([{ state: 'joined', epoch: 1 }]);
  });
});

describe('candidates', () => {
  it.each([
    ['joined', 'R', 1, 'wrong_state'],
    ['joined', 'S', 1, 'unknown_session'],
    ['offered', 'R', 1, 'ok'],
    ['offered', 'S', 1, 'ok'],
    ['answered', 'R', 1, 'ok'],
    ['answered', 'S', 1, 'ok'],
    ['live', 'S', 2, 'wrong_state'],
    ['live', 'stranger', 1, 'unknown_session'],
  ] as const)('in state %s from %s with epoch %i: %s', (state, socket, epoch, code) => {
    expect(codeOf(watched(state).candidate(socket, candidate('s1', epoch)))).toBe(code);
  });

  it('of an older epoch are stale', () => {
    const registry = watched();
    registry.offer('R', { session: 's1', epoch: 2, sdp: SDP });
    for (const socket of ['R', 'S']) expect(codeOf(registry.candidate(socket, candidate('s1', 1)))).toBe('stale_epoch');
  });

  it('of the sender wait for the answer', () => {
    const registry = watched('offered');
    expect(registry.candidate('S', candidate('s1', 1))).toEqual({ ok: true, notices: [] });
    expect(registry.answered('R', { session: 's1', epoch: 1 }, { ok: true, sdp: SDP }, 0)).toEqual({
      ok: true,
      notices: [{ to: 'R', event: 'candidate', message: candidate('s1', 1) }],
    });
  });

  it('are counted for each side and each offer', () => {
    const registry = watched();
    for (let count = 0; count < LIMITS.candidatesPerNegotiation; count += 1) {
      expect(codeOf(registry.candidate('R', candidate('s1', 1)))).toBe('ok');
    }
    expect(codeOf(registry.candidate('R', candidate('s1', 1)))).toBe('rate_limited');
    expect(codeOf(registry.candidate('S', candidate('s1', 1)))).toBe('ok');
    registry.offer('R', { session: 's1', epoch: 2, sdp: SDP });
    expect(codeOf(registry.candidate('R', candidate('s1', 2)))).toBe('ok');
  });
});

describe('ownership', () => {
  it('of a session: to everyone else it does not exist, and nothing changes', () => {
    const registry = watched();
    registry.publish('T', publishing('two', 'other'));
    registry.join(watcher('Q'), 'cam', 0);
    for (const socket of ['T', 'Q', 'nobody']) {
      expect(codeOf(registry.leave(socket, { session: 's1' }))).toBe('unknown_session');
      expect(codeOf(registry.candidate(socket, candidate('s1', 1)))).toBe('unknown_session');
      expect(codeOf(registry.offer(socket, { session: 's1', epoch: 2, sdp: SDP }))).toBe('unknown_session');
      expect(codeOf(registry.live(socket, { session: 's1', epoch: 1 }))).toBe('unknown_session');
      expect(codeOf(registry.setMode(socket, { session: 's1', mode: CAMERA.mode }))).toBe('unknown_session');
    }
    expect(registry.sessions()[0]).toMatchObject({ session: 's1', state: 'answered', epoch: 1 });
  });

  it('of a stream', () => {
    const registry = watched();
    for (const stream of ['cam', 'never-heard-of']) {
      expect(codeOf(registry.unpublish('T', { stream }))).toBe('forbidden');
      expect(codeOf(registry.updateCamera('T', { stream, camera: CAMERA }))).toBe('forbidden');
    }
    expect(registry.streams()).toMatchObject([{ stream: 'cam', online: true }]);
  });

  it('goes to the same sender on another socket, with what had been answered', () => {
    const registry = watched('live');
    registry.join(watcher('R'), 'cam', 0);
    registry.offer('R', { session: 's2', epoch: 1, sdp: SDP });
    expect(registry.publish('S2', publishing())).toMatchObject({ ok: true, displaced: 'S' });
    expect(registry.sessions()).toMatchObject([
      { session: 's1', state: 'live' },
      { session: 's2', state: 'joined' },
    ]);
    expect(registry.lost('S', 0)).toEqual([]);
    expect(registry.streams()).toMatchObject([{ online: true }]);
  });

  it('does not displace a socket that has another stream', () => {
    const registry = watched();
    registry.publish('S', publishing('one', 'second'));
    expect(registry.publish('S2', publishing())).toMatchObject({ ok: true, displaced: undefined });
    expect(registry.publish('S2', publishing('one', 'second'))).toMatchObject({ ok: true, displaced: 'S' });
  });
});

describe('limits', () => {
  it('of sessions on a socket', () => {
    const registry = newRegistry();
    for (let count = 0; count < LIMITS.sessionsPerSocket; count += 1) registry.join(watcher('R'), `c${count}`, 0);
    expect(codeOf(registry.join(watcher('R'), 'more', 0))).toBe('too_many_sessions');
    expect(registry.streams()).toHaveLength(LIMITS.sessionsPerSocket);
  });

  it('of streams on a socket', () => {
    const registry = newRegistry();
    for (let count = 0; count < LIMITS.streamsPerSocket; count += 1)
      registry.publish('S', publishing('one', `c${count}`));
    expect(registry.checkPublish('S', 'more')).toMatchObject({ error: { code: 'too_many_sessions' } });
    expect(registry.checkPublish('S', 'c0')).toBeUndefined();
    expect(registry.checkPublish('T', 'more')).toBeUndefined();
  });
});

describe('time', () => {
  it('gives up a sender at the end of its grace and not before', () => {
    const registry = watched('live');
    registry.lost('S', 1_000);
    expect(registry.nextExpiryMs()).toBe(1_000 + GRACE_MS);
    expect(registry.expire(1_000 + GRACE_MS - 1)).toEqual([]);
    expect(registry.sessions()).toMatchObject([{ state: 'live' }]);
    expect(registry.expire(1_000 + GRACE_MS)).toEqual([
      { to: 'R', event: 'stream', message: { stream: 'cam', online: false } },
    ]);
    expect(registry.sessions()).toMatchObject([{ state: 'joined', epoch: 1 }]);
    expect(registry.nextExpiryMs()).toBeUndefined();
  });

  it('forgets a lost sender without sessions only after its grace, so that it hears who has left', () => {
    const registry = watched();
    registry.lost('S', 0);
    registry.leave('R', { session: 's1' });
    const decision = registry.publish('S2', publishing());
    expect(decision).toMatchObject({ notices: [{ to: 'S2', event: 'session-closed', message: { session: 's1' } }] });
    registry.lost('S2', 0);
    registry.expire(GRACE_MS);
    expect(registry.streams()).toEqual([]);
  });

  it('may run out for a session in several ways at once, and ends it once', () => {
    const closed: string[] = [];
    const observe = (change: Change) => change.kind === 'closed' && closed.push(change.session.id);
    for (const lost of [[], ['S']]) {
      const registry = watched('answered', { liveMs: GRACE_MS, observe });
      for (const peer of lost) registry.lost(peer, 0);
      registry.lost('R', 0, GRACE_MS);
      registry.expire(GRACE_MS);
      expect(registry.sessions()).toEqual([]);
    }
    expect(closed).toEqual(['s1', 's1']);
  });
});
