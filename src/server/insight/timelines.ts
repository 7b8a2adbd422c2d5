import type { CloseReason, ErrorCode, ErrorInfo } from '../../protocol/index.js';
import type { CandidateKind, SignalingEmitter } from '../events.js';
import { listen } from './listen.js';

/** What can stand in a {@link SessionStory}. */
export type StoryEvent =
  | 'joined'
  | 'offered'
  | 'answered'
  | 'refused'
  | 'candidate'
  | 'live'
  | 'receiver-away'
  | 'receiver-back'
  | 'sender-away'
  | 'sender-back'
  | 'sender-gone'
  | 'closed';

export interface StoryEntry {
  /** Unix time in ms. */
  readonly atMs: number;
  readonly event: StoryEvent;
  /** Why, where something was refused or ended with an error. */
  readonly code?: ErrorCode;
  /** More for a person: an epoch, the kind of a candidate, a reason. */
  readonly detail?: string;
}

/** How many candidates of each kind one side has sent in the present negotiation. */
export type CandidateCounts = Partial<Record<CandidateKind, number>>;

/** What has happened to one session, oldest first. */
export interface SessionStory {
  readonly session: string;
  readonly stream: string;
  readonly via: 'socket' | 'whep';
  readonly subject?: string;
  readonly state: 'joined' | 'offered' | 'answered' | 'live' | 'closed';
  /** Unix time in ms, as are all below. */
  readonly joinedAtMs: number;
  readonly offeredAtMs?: number;
  readonly answeredAtMs?: number;
  /** The first frame that was ever shown. */
  readonly liveAtMs?: number;
  readonly closedAtMs?: number;
  /** How long the last answer or refusal took the sender, in ms. */
  readonly answerTookMs?: number;
  /** Why the last offer got no answer, until the next offer. */
  readonly refusal?: ErrorInfo;
  readonly senderAway: boolean;
  readonly receiverAway: boolean;
  readonly closed?: { readonly reason: CloseReason; readonly error?: ErrorInfo };
  readonly candidates: { readonly sender: CandidateCounts; readonly receiver: CandidateCounts };
  readonly entries: readonly StoryEntry[];
  /** Entries that had no room any more. */
  readonly dropped: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
interface Story extends Omit<Writable<SessionStory>, 'entries'> {
  entries: StoryEntry[];
}

/** A session has about 12 in its usual life; a link that breaks again and again has more. */
const ENTRIES_PER_SESSION = 64;

/** Monotonic, so that no story runs backwards when the clock is set. */
const steadyUnixMs = () => Math.round(performance.timeOrigin + performance.now());

/** Writes down what happens to each session, for {@link verdict} and for people. Of those that ended, the last ones are kept. */
export class Timelines {
  readonly #now: () => number;
  readonly #keep: number;
  readonly #open = new Map<string, Story>();
  readonly #openByStream = new Map<string, Set<Story>>();
  /** In the order of their ends. */
  readonly #closed = new Map<string, Story>();
  readonly #unlisten: () => void;

  /**
   * @param options.now Unix time in ms, on a clock that does not jump
   * @param options.keep how many stories of ended sessions; 200 unless told otherwise
   */
  constructor(
    events: SignalingEmitter,
    { now = steadyUnixMs, keep = 200 }: { now?: () => number; keep?: number } = {},
  ) {
    this.#now = now;
    this.#keep = keep;
    this.#unlisten = this.#listen(events);
  }

  get(session: string): SessionStory | undefined {
    return this.#open.get(session) ?? this.#closed.get(session);
  }

  /** The open ones, newest first, then those that ended, the last one first. */
  list(): SessionStory[] {
    return [...[...this.#open.values()].reverse(), ...[...this.#closed.values()].reverse()];
  }

  /** Listens no more and forgets everything. */
  close(): void {
    this.#unlisten();
    this.#open.clear();
    this.#openByStream.clear();
    this.#closed.clear();
  }

  #listen(events: SignalingEmitter): () => void {
    return listen(events, {
      'session-joined': ({ session, stream, via, subject }) => this.#begin(session, stream, via, subject),
      'session-offered': ({ session, epoch }) =>
        this.#change(session, { event: 'offered', detail: `epoch ${epoch}` }, (story) => {
          story.state = 'offered';
          story.offeredAtMs = this.#now();
          story.candidates = { sender: {}, receiver: {} };
          delete story.answeredAtMs;
          delete story.answerTookMs;
          delete story.refusal;
        }),
      'session-answered': ({ session, tookMs }) =>
        this.#change(session, { event: 'answered', detail: `after ${Math.round(tookMs)} ms` }, (story) => {
          story.state = 'answered';
          story.answeredAtMs = this.#now();
          story.answerTookMs = tookMs;
        }),
      'session-refused': ({ session, tookMs, error }) =>
        this.#change(session, { event: 'refused', code: error.code, detail: error.message }, (story) => {
          story.state = 'joined';
          story.answerTookMs = tookMs;
          story.refusal = error;
        }),
      'session-candidate': ({ session, from, kind }) => this.#count(session, from, kind),
      'session-live': ({ session }) =>
        this.#change(session, { event: 'live' }, (story) => {
          story.state = 'live';
          story.liveAtMs ??= this.#now();
        }),
      'session-detached': ({ session }) =>
        this.#change(session, { event: 'receiver-away' }, (story) => {
          story.receiverAway = true;
        }),
      'session-resumed': ({ session }) =>
        this.#change(session, { event: 'receiver-back' }, (story) => {
          story.receiverAway = false;
        }),
      'session-closed': ({ session, reason, error }) => this.#end(session, reason, error),
      'stream-published': ({ stream, takeover }) => this.#published(stream, takeover),
      'stream-away': ({ stream }) => this.#senderAway(stream, 'sender-away'),
      'stream-gone': ({ stream }) => this.#senderAway(stream, 'sender-gone'),
    });
  }

  #begin(session: string, stream: string, via: SessionStory['via'], subject: string | undefined): void {
    const story: Story = {
      session,
      stream,
      via,
      ...(subject !== undefined && { subject }),
      state: 'joined',
      joinedAtMs: this.#now(),
      senderAway: false,
      receiverAway: false,
      candidates: { sender: {}, receiver: {} },
      entries: [],
      dropped: 0,
    };
    this.#open.set(session, story);
    const beside = this.#openByStream.get(stream) ?? new Set();
    this.#openByStream.set(stream, beside.add(story));
    this.#write(story, { event: 'joined' });
  }

  #change(session: string, entry: Omit<StoryEntry, 'atMs'>, change: (story: Story) => void): void {
    const story = this.#open.get(session);
    if (!story) return;
    change(story);
    this.#write(story, entry);
  }

  #count(session: string, from: 'sender' | 'receiver', kind: CandidateKind): void {
    const story = this.#open.get(session);
    if (!story) return;
    const counts = story.candidates[from];
    const seen = counts[kind] ?? 0;
    counts[kind] = seen + 1;
    // One line for each kind: how many there were is in the counts.
    if (seen === 0) this.#write(story, { event: 'candidate', detail: `${kind} from the ${from}` });
  }

  #published(stream: string, takeover: boolean): void {
    for (const story of this.#openByStream.get(stream) ?? []) {
      if (takeover) story.state = 'joined';
      else if (!story.senderAway) continue;
      story.senderAway = false;
      this.#write(story, { event: 'sender-back', ...(takeover && { detail: 'another sender' }) });
    }
  }

  #senderAway(stream: string, event: 'sender-away' | 'sender-gone'): void {
    for (const story of this.#openByStream.get(stream) ?? []) {
      story.senderAway = true;
      // What was negotiated died with the sender; while it is only away, media may flow on.
      if (event === 'sender-gone') story.state = 'joined';
      this.#write(story, { event });
    }
  }

  #end(session: string, reason: CloseReason, error: ErrorInfo | undefined): void {
    const story = this.#open.get(session);
    if (!story) return;
    story.state = 'closed';
    story.closedAtMs = this.#now();
    story.closed = { reason, ...(error && { error }) };
    this.#write(story, { event: 'closed', ...(error && { code: error.code }), detail: reason });
    this.#open.delete(session);
    const beside = this.#openByStream.get(story.stream);
    beside?.delete(story);
    if (beside?.size === 0) this.#openByStream.delete(story.stream);
    this.#closed.set(session, story);
    for (const oldest of this.#closed.keys()) {
      if (this.#closed.size <= this.#keep) break;
      this.#closed.delete(oldest);
    }
  }

  #write(story: Story, entry: Omit<StoryEntry, 'atMs'>): void {
    // The last place is for the end, which says most.
    const room = entry.event === 'closed' ? ENTRIES_PER_SESSION : ENTRIES_PER_SESSION - 1;
    if (story.entries.length < room) story.entries.push({ atMs: this.#now(), ...entry });
    else story.dropped += 1;
  }
}
