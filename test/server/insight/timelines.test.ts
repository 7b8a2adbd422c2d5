import { describe, expect, it } from 'vitest';
import { errorInfo } from '../../../src/protocol/index.js';
import { Timelines } from '../../../src/server/insight/timelines.js';
import { START_MS, Stage, storyOf } from './story.js';

function timelines(options: { keep?: number } = {}) {
  const stage = new Stage();
  return { stage, timelines: new Timelines(stage.events, { now: () => stage.nowMs, ...options }) };
}

describe('a session’s story', () => {
  it('tells what happened, in order and with the time of each', () => {
    const { story } = storyOf((stage) =>
      stage
        .join()
        .wait(1_000)
        .offer()
        .wait(12)
        .answer()
        .candidates('sender', 'host', 'host', 'srflx', 'end')
        .candidates('receiver', 'host')
        .wait(90)
        .live()
        .wait(5_000)
        .close('left'),
    );
    expect(story).toMatchObject({
      state: 'closed',
      joinedAtMs: START_MS,
      offeredAtMs: START_MS + 1_000,
      answeredAtMs: START_MS + 1_012,
      liveAtMs: START_MS + 1_102,
      closedAtMs: START_MS + 6_102,
      closed: { reason: 'left' },
      candidates: { sender: { host: 2, srflx: 1, end: 1 }, receiver: { host: 1 } },
      dropped: 0,
    });
    expect(story.entries.map(({ event, detail }) => [event, detail].filter(Boolean).join(': '))).toEqual([
      'joined',
      'offered: epoch 1',
      'answered: after 12 ms',
      'candidate: host from the sender',
      'candidate: srflx from the sender',
      'candidate: end from the sender',
      'candidate: host from the receiver',
      'live',
      'closed: left',
    ]);
    expect(story.entries.at(-1)?.atMs).toBe(START_MS + 6_102);
  });

  it('keeps why an offer was refused until the next offer', () => {
    const { stage, timelines: all } = timelines();
    stage.join().offer();
    stage.emit('session-refused', {
      session: 's1',
      stream: 'cam',
      epoch: 1,
      tookMs: 3,
      error: errorInfo('camera_busy'),
    });
    expect(all.get('s1')).toMatchObject({ state: 'joined', refusal: { code: 'camera_busy' } });
    expect(all.get('s1')?.entries.at(-1)).toMatchObject({ event: 'refused', code: 'camera_busy' });
    stage.offer('s1', 2);
    expect(all.get('s1')).toMatchObject({ state: 'offered' });
    expect(all.get('s1')).not.toHaveProperty('refusal');
  });

  it('counts the candidates of the present negotiation only', () => {
    const { story } = storyOf((stage) =>
      stage.join().offer().answer().candidates('sender', 'relay').offer('s1', 2).answer('s1', 2),
    );
    expect(story.candidates).toEqual({ sender: {}, receiver: {} });
  });

  it('knows that a sender is away, back, replaced or gone', () => {
    const { stage, timelines: all } = timelines();
    stage.join().offer().answer().live();
    const state = () => [all.get('s1')?.state, all.get('s1')?.senderAway];
    stage.emit('stream-away', { stream: 'cam' });
    expect(state()).toEqual(['live', true]);
    stage.emit('stream-published', { stream: 'cam', takeover: false });
    expect(state()).toEqual(['live', false]);
    stage.emit('stream-published', { stream: 'cam', takeover: true });
    expect(state()).toEqual(['joined', false]);
    stage.emit('stream-gone', { stream: 'cam' });
    expect(state()).toEqual(['joined', true]);
    expect(all.get('s1')?.entries.map(({ event }) => event)).toEqual([
      'joined',
      'offered',
      'answered',
      'live',
      'sender-away',
      'sender-back',
      'sender-back',
      'sender-gone',
    ]);
  });

  it('says nothing of other streams', () => {
    const { stage, timelines: all } = timelines();
    stage.join('s1', 'cam').emit('stream-away', { stream: 'other' });
    expect(all.get('s1')).toMatchObject({ senderAway: false });
  });

  it('knows that a receiver is away and back', () => {
    const { stage, timelines: all } = timelines();
    stage.join().emit('session-detached', { session: 's1', stream: 'cam' });
    expect(all.get('s1')?.receiverAway).toBe(true);
    stage.emit('session-resumed', { session: 's1', stream: 'cam' });
    expect(all.get('s1')?.receiverAway).toBe(false);
  });

  it('has room for 64 entries, the last for the end, and counts the others', () => {
    const { story } = storyOf((stage) => {
      stage.join();
      for (let epoch = 1; epoch <= 100; epoch++) stage.offer('s1', epoch);
      stage.close('left');
    });
    expect(story.entries).toHaveLength(64);
    expect(story.entries.at(-1)).toMatchObject({ event: 'closed', detail: 'left' });
    expect(story.dropped).toBe(101 - 63);
  });
});

describe('all stories', () => {
  it('lists the open ones newest first, then the ended ones, the last one first', () => {
    const { stage, timelines: all } = timelines();
    stage.join('a').join('b').join('c').join('d');
    stage.close('left', undefined, 'a').close('left', undefined, 'c');
    expect(all.list().map(({ session }) => session)).toEqual(['d', 'b', 'c', 'a']);
  });

  it('keeps only so many ended ones, and every open one', () => {
    const { stage, timelines: all } = timelines({ keep: 2 });
    for (const session of ['a', 'b', 'c', 'd']) stage.join(session);
    for (const session of ['a', 'b', 'c']) stage.close('left', undefined, session);
    expect(all.list().map(({ session }) => session)).toEqual(['d', 'c', 'b']);
    expect(all.get('a')).toBeUndefined();
  });

  it('lets news of a session that it does not know pass', () => {
    const { stage, timelines: all } = timelines();
    stage.offer().answer().candidates('sender', 'host').live().close('left');
    expect(all.list()).toEqual([]);
  });

  it('tells no more of a session when it has ended', () => {
    const { story } = storyOf((stage) =>
      stage.join().close('left').live().offer().emit('stream-gone', { stream: 'cam' }),
    );
    expect(story.state).toBe('closed');
    expect(story.entries.at(-1)?.event).toBe('closed');
  });

  it('listens to nothing and holds nothing once it is closed', () => {
    const { stage, timelines: all } = timelines();
    stage.join();
    all.close();
    expect(all.list()).toEqual([]);
    expect(stage.events.eventNames()).toEqual([]);
  });

  it('has times that do not jump with the wall clock', () => {
    const stage = new Stage();
    const all = new Timelines(stage.events);
    stage.join();
    const { joinedAtMs } = all.get('s1') ?? {};
    expect(Math.abs((joinedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});
