import { describe, expect, it } from 'vitest';
import { errorInfo } from '../../src/protocol/index.js';
import { isRemote, parseRemote, remotePeer } from '../../src/server/sessions/address.js';
import { candidate, codeOf, newRegistry, publishing, SDP, watcher } from './support.js';

/** The stream `cam` of the sender `S` here, watched from the node `n` in session `g`. */
function hosting(options = {}) {
  const registry = newRegistry({ graceMs: 100, ...options });
  registry.publish('S', publishing());
  expect(registry.host('n', 'S', { session: 'g', stream: 'cam' })).toBeUndefined();
  return registry;
}

/** The session `s1` of the receiver `R` here, at the sender `S` of the node `n`. */
function watchingRemote() {
  const registry = newRegistry({ graceMs: 100 });
  registry.publish('n/S', publishing());
  registry.join(watcher('R'), 'cam', 0);
  const offer = { session: 's1', epoch: 1, sdp: SDP };
  expect(registry.offer('R', offer)).toMatchObject({ action: 'relay', sender: 'n/S' });
  expect(registry.answered('R', offer, { ok: true, sdp: SDP }, 0)).toMatchObject({ ok: true });
  return registry;
}

it('a peer of another node is named by both', () => {
  expect(remotePeer('n', 'S')).toBe('n/S');
  expect(parseRemote('n/S')).toEqual({ node: 'n', id: 'S' });
  expect([isRemote('n/S'), isRemote('S'), parseRemote('S')]).toEqual([true, false, undefined]);
});

describe('a session of another node', () => {
  it('is spoken of by the sender that was offered it, to that node', () => {
    const registry = hosting();
    const message = candidate('g', 1);
    expect(registry.candidate('S', message)).toEqual({
      ok: true,
      notices: [{ node: 'n', from: 'S', event: 'candidate', message }],
    });
    registry.publish('T', publishing('two', 'other'));
    expect(codeOf(registry.candidate('T', message))).toBe('unknown_session');
    const leave = { session: 'g', error: errorInfo('camera_failed') };
    expect(registry.leave('S', leave)).toEqual({
      ok: true,
      notices: [{ node: 'n', from: 'S', event: 'leave', message: leave }],
    });
    expect(codeOf(registry.leave('S', leave))).toBe('unknown_session');
  });

  it('is spoken of by its own node only', () => {
    const registry = hosting();
    const said = { event: 'candidate', message: candidate('g', 1) } as const;
    expect(registry.fromGuest('n', 'S', said)).toEqual({ to: 'S', ...said });
    expect(registry.fromGuest('m', 'S', said)).toBeUndefined();
    expect(registry.fromGuest('n', 'T', said)).toBeUndefined();
    expect(codeOf(registry.host('m', 'S', { session: 'g', stream: 'cam' }) ?? { ok: true })).toBe('unknown_session');
  });

  it('is not spoken of after its end; after "lost", until the sender says that it is over', () => {
    const registry = hosting();
    const lost = { event: 'session-closed', message: { session: 'g', reason: 'lost' } } as const;
    expect(registry.fromGuest('n', 'S', lost)).toEqual({ to: 'S', ...lost });
    expect(codeOf(registry.candidate('S', candidate('g', 1)))).toBe('ok');
    const left = { event: 'session-closed', message: { session: 'g', reason: 'left' } } as const;
    expect(registry.fromGuest('n', 'S', left)).toEqual({ to: 'S', ...left });
    expect(registry.fromGuest('n', 'S', left)).toBeUndefined();
    expect(codeOf(registry.candidate('S', candidate('g', 1)))).toBe('unknown_session');
  });

  it('counts as a viewer where the sender is', () => {
    const registry = hosting({ maxViewers: 2 });
    expect(registry.host('m', 'S', { session: 'h', stream: 'cam' })).toBeUndefined();
    expect(registry.streams()).toMatchObject([{ sessions: 0, viewers: 2 }]);
    expect(codeOf(registry.host('m', 'S', { session: 'i', stream: 'cam' }) ?? { ok: true })).toBe('stream_full');
    // One that is there may negotiate anew.
    expect(registry.host('m', 'S', { session: 'h', stream: 'cam' })).toBeUndefined();
    registry.join(watcher('R'), 'cam', 0);
    expect(codeOf(registry.offer('R', { session: 's1', epoch: 1, sdp: SDP }))).toBe('stream_full');
    registry.lostNode('m', 0);
    expect(codeOf(registry.offer('R', { session: 's1', epoch: 1, sdp: SDP }))).toBe('ok');
  });

  it('is forgotten with its sender, and comes along when the sender comes to this node', () => {
    const registry = hosting();
    registry.unpublish('S', { stream: 'cam' });
    expect(registry.isEmpty).toBe(true);
    expect(codeOf(registry.host('n', 'S', { session: 'g', stream: 'cam' }) ?? { ok: true })).toBe('stream_offline');
    registry.publish('S', publishing());
    registry.adoptGuests('n', 'S', 'cam', ['g', 'h']);
    registry.adoptGuests('n', 'T', 'cam', ['i']);
    expect(registry.streams()).toMatchObject([{ viewers: 2 }]);
    expect(codeOf(registry.candidate('S', candidate('h', 1)))).toBe('ok');
  });
});

describe('a sender of another node', () => {
  it('is there for its viewers like one of this node', () => {
    const registry = watchingRemote();
    const message = candidate('s1', 1);
    expect(registry.candidate('n/S', message)).toEqual({
      ok: true,
      notices: [{ to: 'R', event: 'candidate', message }],
    });
    expect(registry.candidate('R', message)).toEqual({
      ok: true,
      notices: [{ to: 'n/S', event: 'candidate', message }],
    });
    expect(codeOf(registry.candidate('m/S', message))).toBe('unknown_session');
    expect(registry.streams()).toMatchObject([{ stream: 'cam', online: true, node: 'n' }]);
    expect(registry.ownPublications()).toEqual([]);
  });

  it('is waited for when its node is lost, and its sessions go on when it comes to another one', () => {
    const registry = watchingRemote();
    expect(registry.lostNode('n', 0)).toMatchObject([{ to: 'R', event: 'stream', message: { online: false } }]);
    expect(registry.publish('m/S', publishing('one', 'cam', { fence: 2 }))).toMatchObject({
      known: ['s1'],
      displaced: undefined,
    });
    expect(registry.sessions()).toMatchObject([{ state: 'answered' }]);
    // What is still said of the first is old news.
    expect(codeOf(registry.publish('n/S', publishing()))).toBe('stream_taken');
    expect(registry.remoteChange('n/S', 'cam', 'gone', 0)).toEqual([]);
    expect(registry.streams()).toMatchObject([{ online: true, node: 'm' }]);
  });

  it('is given up when it does not come back', () => {
    const registry = watchingRemote();
    registry.remoteChange('n/S', 'cam', 'away', 0);
    expect(registry.senderOf('cam')).toEqual({ peer: 'n/S', away: true });
    expect(registry.expire(100)).toEqual([{ to: 'R', event: 'stream', message: { stream: 'cam', online: false } }]);
    expect(registry.sessions()).toMatchObject([{ state: 'joined', epoch: 1 }]);
  });

  it('may be gone at once, also while it is waited for', () => {
    for (const before of [[], ['away']] as const) {
      const registry = watchingRemote();
      for (const kind of before) registry.remoteChange('n/S', 'cam', kind, 0);
      expect(registry.remoteChange('n/S', 'cam', 'gone', 0)).toMatchObject([{ to: 'R', event: 'stream' }]);
      expect(registry.nextExpiryMs()).toBeUndefined();
    }
  });

  it('has only what its node says that it has', () => {
    const registry = watchingRemote();
    expect(registry.retainOfNode('n', new Set(['cam']))).toEqual([]);
    expect(registry.retainOfNode('m', new Set())).toEqual([]);
    expect(registry.retainOfNode('n', new Set())).toMatchObject([{ to: 'R', message: { online: false } }]);
  });
});

describe('a stream goes to another node', () => {
  it('with the same sender: the connection here is of no use any more', () => {
    const registry = hosting();
    expect(registry.publish('n/S', publishing('one', 'cam', { fence: 2 }))).toMatchObject({
      displaced: 'S',
      notices: [],
    });
    expect(codeOf(registry.candidate('S', candidate('g', 1)))).toBe('unknown_session');
  });

  it('with another sender: the one here hears it', () => {
    const registry = hosting();
    expect(registry.publish('n/T', publishing('two', 'cam', { fence: 2 }))).toMatchObject({
      displaced: undefined,
      notices: [{ to: 'S', event: 'replaced', message: { stream: 'cam' } }],
    });
  });

  it('without a word, when its lease was lost', () => {
    const registry = hosting();
    registry.join(watcher('R'), 'cam', 0);
    expect(registry.dispossess('cam')).toMatchObject([
      { to: 'S', event: 'replaced' },
      { to: 'R', event: 'stream', message: { online: false } },
    ]);
    expect(registry.dispossess('cam')).toEqual([]);
  });
});
