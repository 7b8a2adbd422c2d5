import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ack, type ClientEvent, errorInfo, type IceServer } from '../../src/protocol/index.js';
import type { Doorway } from '../../src/server/doorway.js';
import type { Peer } from '../../src/server/messages/peer.js';
import { WhepDoor } from '../../src/server/whep/door.js';
import { SDP } from './support.js';

/** A server that answers as the test says, and remembers what it was told. */
class FakeDoorway implements Doorway {
  readonly said: string[] = [];
  peer: Peer | undefined;
  iceServers: IceServer[] = [];
  onEnter = (_peer: Peer) => {};
  onOffer = async (_peer: Peer): Promise<Ack<{ ok: true; sdp: string }>> => ({ ok: true, sdp: SDP });

  enter(peer: Peer): void {
    this.peer = peer;
    this.said.push('enter');
    this.onEnter(peer);
  }

  exit(_peer: Peer, _reason: string): void {
    this.said.push('exit');
  }

  async request(peer: Peer, event: ClientEvent, message: unknown): Promise<Ack> {
    this.said.push(event);
    if (event === 'offer') return this.onOffer(peer);
    if (event !== 'join') return { ok: true };
    const { stream } = message as { stream: string };
    return {
      ok: true,
      session: 's1',
      stream: { stream, online: true, instance: 'one' },
      ice: { iceServers: this.iceServers },
      resume: 'r',
    } as Ack;
  }
}

let doorway: FakeDoorway;
let released: string[];
let players: WhepDoor;

beforeEach(() => {
  vi.useFakeTimers();
  doorway = new FakeDoorway();
  released = [];
  players = new WhepDoor({
    doorway,
    newId: () => 'p1',
    limit: () => undefined,
    release: (address) => released.push(address),
  });
});

afterEach(() => {
  expect(vi.getTimerCount(), 'timers left').toBe(0);
  vi.useRealTimers();
});

const watch = (gone = new AbortController().signal) =>
  players.watch({ stream: 'cam', offer: SDP, grant: { watch: true }, address: '192.0.2.1', gone });

function found(candidate: string, epoch = 1): void {
  doorway.peer?.tell('candidate', { session: 's1', epoch, candidate: { candidate, sdpMLineIndex: 0 } });
}

const host = (number: number) => `candidate:${number} 1 UDP 1 192.0.2.9 ${number} typ host`;

/** A session whose answer is there. */
async function watching() {
  doorway.onOffer = async () => {
    queueMicrotask(() => found(''));
    return { ok: true, sdp: SDP };
  };
  const opened = await watch();
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.session;
}

/** Nothing is left of it, and everything was given back once. */
async function expectGone(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  expect(players.size).toBe(0);
  expect(released).toEqual(['192.0.2.1']);
  expect(doorway.said.filter((said) => said === 'exit')).toEqual(['exit']);
}

describe('the answer waits for the candidates of the sender', () => {
  it('until it says that there are no more, whether they come before or after its answer', async () => {
    let answer = (_ack: Ack<{ ok: true; sdp: string }>) => {};
    doorway.onOffer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const opening = watch();
    await vi.advanceTimersByTimeAsync(0);
    found(host(1));
    answer({ ok: true, sdp: SDP });
    await vi.advanceTimersByTimeAsync(0);
    found(host(2));
    found(host(3), 2);
    found('');
    expect(await opening).toMatchObject({
      ok: true,
      answer: `${SDP}a=${host(1)}\r\na=${host(2)}\r\na=end-of-candidates\r\n`,
    });
  });

  it('or until it falls silent, and not for ever', async () => {
    let answer: string | undefined;
    const opening = watch().then((opened) => {
      answer = opened.ok ? opened.answer : 'refused';
    });
    await vi.advanceTimersByTimeAsync(40);
    for (let number = 1; number <= 5; number += 1) {
      found(host(number));
      await vi.advanceTimersByTimeAsync(40);
    }
    expect(answer, 'while they still come').toBeUndefined();
    await vi.advanceTimersByTimeAsync(20);
    await opening;
    expect(answer).toContain(host(5));
    expect(answer).not.toContain('end-of-candidates');
  });

  it('not at all long when none come', async () => {
    const opening = watch();
    await vi.advanceTimersByTimeAsync(500);
    expect(await opening).toMatchObject({ ok: true, answer: SDP });
  });

  it('longer where a server must be asked first', async () => {
    doorway.iceServers = [{ urls: ['stun:a.example'] }];
    const opening = watch();
    await vi.advanceTimersByTimeAsync(0);
    found(host(1));
    await vi.advanceTimersByTimeAsync(400);
    found(host(2));
    await vi.advanceTimersByTimeAsync(500);
    expect(await opening).toMatchObject({ ok: true, answer: expect.stringContaining(host(2)) });
  });
});

describe('a session ends', () => {
  it('when the player deletes it', async () => {
    const { viewer, resource } = await watching();
    expect(players.find('cam', resource)).toBeDefined();
    expect(players.find('other', resource)).toBeUndefined();
    await viewer.leave('deleted');
    expect(doorway.said).toContain('leave');
    await expectGone();
    await viewer.leave('deleted again');
    expect(doorway.said.filter((said) => said === 'leave')).toHaveLength(1);
  });

  it.each(['sender-closed', 'kicked', 'expired', 'timeout'] as const)('when the server says "%s"', async (reason) => {
    const { viewer } = await watching();
    viewer.tell('session-closed', { session: 's1', reason });
    await expectGone();
    expect(doorway.said).not.toContain('leave');
    expect(await viewer.trickle([{ candidate: host(1) }])).toMatchObject({ ok: false });
  });

  it('when the viewer is cut off', async () => {
    const { viewer } = await watching();
    viewer.cut(errorInfo('token_expired'));
    await expectGone();
  });

  it.each([
    ['is gone', { stream: 'cam', online: false }],
    ['was taken over', { stream: 'cam', online: true, instance: 'two' }],
  ])('when its sender %s, for nobody tells the player', async (_name, news) => {
    const { viewer } = await watching();
    viewer.tell('stream', news);
    await expectGone();
  });

  it('not when its sender is away, and comes back', async () => {
    const { viewer } = await watching();
    viewer.tell('stream', { stream: 'cam', online: false, instance: 'one' });
    viewer.tell('stream', { stream: 'cam', online: true, instance: 'one' });
    viewer.tell('ice-config', { iceServers: [] });
    expect(viewer.over).toBeUndefined();
    expect(players.size).toBe(1);
  });
});

describe('nothing is left', () => {
  it('of a player that the server refuses at the door', async () => {
    doorway.onEnter = (peer) => peer.cut(errorInfo('too_many_connections'));
    expect(await watch()).toMatchObject({ ok: false, error: { code: 'too_many_connections' } });
    expect(doorway.said).not.toContain('join');
    await expectGone();
  });

  it('of an offer that the sender refuses', async () => {
    doorway.onOffer = async () => ({ ok: false, error: errorInfo('codec_mismatch') });
    expect(await watch()).toMatchObject({ ok: false, error: { code: 'codec_mismatch' } });
    expect(doorway.said).toEqual(['enter', 'join', 'offer', 'leave', 'exit']);
    await expectGone();
  });

  it('of a player that went before its answer', async () => {
    const player = new AbortController();
    doorway.onOffer = async () => {
      player.abort();
      return { ok: true, sdp: SDP };
    };
    expect(await watch(player.signal)).toMatchObject({ ok: false });
    expect(doorway.said.filter((said) => said === 'leave')).toHaveLength(1);
    await expectGone();
  });

  it('of a player that went before anything', async () => {
    const player = new AbortController();
    player.abort();
    expect(await watch(player.signal)).toMatchObject({ ok: false });
    expect(doorway.said).not.toContain('join');
    await expectGone();
  });

  it('of a session that is closed while the candidates are waited for', async () => {
    const opening = watch();
    await vi.advanceTimersByTimeAsync(1);
    doorway.peer?.tell('session-closed', { session: 's1', reason: 'kicked', error: errorInfo('kicked') });
    expect(await opening).toMatchObject({ ok: false, error: { code: 'kicked' } });
    await expectGone();
  });
});

it('the server closes without a goodbye, so that media flows on; nobody comes in any more', async () => {
  await watching();
  doorway.onOffer = async () => ({ ok: true, sdp: SDP });
  const opening = watch();
  await vi.advanceTimersByTimeAsync(1);
  players.close();
  expect(await opening).toMatchObject({ ok: false, error: { code: 'server_closing' } });
  expect(await watch()).toMatchObject({ ok: false, error: { code: 'server_closing' } });
  expect(doorway.said).not.toContain('leave');
  expect(players.size).toBe(0);
});
