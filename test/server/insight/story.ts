import { EventEmitter } from 'node:events';
import type { CandidateKind, SignalingEmitter, SignalingEvents } from '../../../src/server/events.js';
import { type SessionStory, Timelines } from '../../../src/server/insight/timelines.js';

/** 2026-01-01T00:00:00.000Z: where the clock of these tests starts. */
export const START_MS = Date.UTC(2026, 0, 1);

/** A server's events and clock, played by hand. */
export class Stage {
  readonly events: SignalingEmitter = new EventEmitter<SignalingEvents>();
  nowMs = START_MS;

  wait(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  emit<E extends keyof SignalingEvents>(event: E, of: SignalingEvents[E][0]): this {
    (this.events as EventEmitter).emit(event, of);
    return this;
  }

  join(session = 's1', stream = 'cam', via: 'socket' | 'whep' = 'socket'): this {
    return this.emit('session-joined', { session, stream, via });
  }

  offer(session = 's1', epoch = 1): this {
    return this.emit('session-offered', { session, stream: 'cam', epoch });
  }

  answer(session = 's1', epoch = 1): this {
    return this.emit('session-answered', { session, stream: 'cam', epoch, tookMs: 12.4 });
  }

  candidates(from: 'sender' | 'receiver', ...kinds: CandidateKind[]): this {
    for (const kind of kinds) this.emit('session-candidate', { session: 's1', from, kind });
    return this;
  }

  live(session = 's1'): this {
    return this.emit('session-live', { session, stream: 'cam', sinceJoinMs: 0 });
  }

  close(
    reason: SignalingEvents['session-closed'][0]['reason'],
    error?: SignalingEvents['session-closed'][0]['error'],
    session = 's1',
  ): this {
    return this.emit('session-closed', { session, stream: 'cam', reason, ...(error && { error }) });
  }
}

/** The story of the session `s1` after what `play` does. */
export function storyOf(play: (stage: Stage) => void): { story: SessionStory; nowMs: number } {
  const stage = new Stage();
  const timelines = new Timelines(stage.events, { now: () => stage.nowMs });
  play(stage);
  const story = timelines.get('s1');
  if (!story) throw new Error('nothing is told of session s1');
  return { story, nowMs: stage.nowMs };
}
