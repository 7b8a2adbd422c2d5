import fc from 'fast-check';
import { expect, it } from 'vitest';
import { errorInfo } from '../../src/protocol/index.js';
import { parseRemote } from '../../src/server/sessions/address.js';
import type { Notice } from '../../src/server/sessions/decisions.js';
import type { Change, Registry } from '../../src/server/sessions/registry.js';
import { CAMERA, candidate, key, newRegistry, OTHER_SDP, publishing, SDP } from './support.js';

const TIMES = { graceMs: 100, receiverGraceMs: 70, liveMs: 150 };

/** Clients of this node, and whose they are. */
const SUBJECTS: Record<string, string | undefined> = { A: 'ann', B: 'ann', C: 'bob', D: undefined };
const LOCAL = Object.keys(SUBJECTS);
const STREAMS = ['x', 'y'];

const local = fc.constantFrom(...LOCAL);
const remote = fc.constantFrom('n1/R', 'n2/R');
const peer = fc.oneof({ arbitrary: local, weight: 4 }, { arbitrary: remote, weight: 1 });
const stream = fc.constantFrom(...STREAMS);
const session = fc.constantFrom('s1', 's2', 's3');
const guest = fc.constantFrom('g1', 'g2');
const node = fc.constantFrom('n1', 'n2');
const instance = fc.constantFrom('one', 'two');
/** Counted from the epoch of the session. */
const epoch = fc.constantFrom<number>(-1, 0, 0, 0, 1);
const nextEpoch = fc.constantFrom<number>(0, 1, 1, 1, 2);
/** Mostly the one who may. */
const who = fc.constantFrom('receiver', 'receiver', 'sender', 'anyone');
const some = fc.subarray(STREAMS);

const kind = <K extends string>(...kinds: K[]) => fc.constantFrom(...kinds);
const often = <T>(arbitrary: fc.Arbitrary<T>) => ({ arbitrary, weight: 3 });
const step = fc.oneof(
  often(fc.record({ kind: kind('publish'), peer, stream, instance, isLate: fc.boolean() })),
  fc.record({ kind: kind('join'), peer: local, stream, via: fc.constantFrom('socket', 'socket', 'whep') }),
  often(
    fc.record({
      kind: kind('offer'),
      peer: local,
      who,
      session,
      epoch: nextEpoch,
      sdp: fc.constantFrom(SDP, OTHER_SDP),
    }),
  ),
  often(fc.record({ kind: kind('answered'), peer: local, who, session, epoch, works: fc.boolean() })),
  often(fc.record({ kind: kind('live', 'candidate'), peer, who, session, epoch })),
  often(fc.record({ kind: kind('resume'), peer: local, session, with: fc.constantFrom('right', 'old', 'wrong') })),
  fc.record({ kind: kind('unpublish', 'update-camera'), peer, stream }),
  fc.record({ kind: kind('leave'), peer, who, session: fc.oneof(session, guest) }),
  fc.record({ kind: kind('guest-candidate'), peer, who, session: guest, epoch }),
  fc.record({ kind: kind('lost'), peer: local, rightsLeftMs: fc.option(fc.nat(200), { nil: undefined }) }),
  fc.record({ kind: kind('end'), target: fc.oneof(fc.record({ session }), fc.record({ stream }), subjects()) }),
  fc.record({ kind: kind('restrict'), peer: local, publish: some, watch: some }),
  fc.record({ kind: kind('away', 'gone'), peer: remote, stream }),
  fc.record({ kind: kind('lost-node'), node }),
  fc.record({ kind: kind('retain'), node, streams: some }),
  fc.record({ kind: kind('dispossess'), stream }),
  fc.record({ kind: kind('host', 'adopt'), node, peer: local, stream, session: guest }),
  fc.record({ kind: kind('guest-says'), node, peer: local, session: guest, closed: fc.boolean() }),
  fc.record({ kind: kind('time'), ms: fc.nat(120) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Something to begin with: a sender that is watched by everyone, or chance alone would seldom get there. */
const WATCHED: Step[] = [
  { kind: 'publish', peer: 'A', stream: 'x', instance: 'one', isLate: false },
  ...['B', 'C', 'D'].flatMap((watching, index): Step[] => {
    const about = { who: 'receiver', peer: watching, session: `s${index + 1}` as 's1' } as const;
    return [
      { kind: 'join', peer: watching, stream: 'x', via: 'socket' },
      { kind: 'offer', ...about, epoch: 1, sdp: SDP },
      { kind: 'answered', ...about, epoch: 0, works: true },
    ];
  }),
];

/** The step as it is taken: who speaks, and of which epoch, depends on how far things are. */
function resolve(now: Step, account: Account): Step {
  if (!('who' in now)) return now;
  const of = account.sessions.get(now.session);
  const chosen =
    now.who === 'receiver' ? of?.receiver : now.who === 'sender' ? account.publisherOf(now.session) : now.peer;
  const about = 'epoch' in now ? { epoch: Math.max(1, (of?.epoch ?? 0) + now.epoch) } : {};
  return { ...now, peer: chosen ?? now.peer, ...about };
}

function subjects() {
  return fc.record({ subject: fc.constantFrom('ann', 'bob') });
}

interface Outcome {
  ok: boolean;
  notices?: Notice[] | undefined;
  session?: string;
  resume?: string;
  sender?: string;
}

const told = (notices: Notice[]): Outcome => ({ ok: true, notices });

/** A second account of who owns what, kept from what was done and whether it was granted. */
class Account {
  readonly publishers = new Map<string, string>();
  readonly sessions = new Map<
    string,
    { stream: string; receiver: string | undefined; subject: string | undefined; epoch: number; keys: string[] }
  >();
  readonly guests = new Map<string, { node: string; stream: string }>();
  fence = 1;

  copy(): Account {
    const copy = new Account();
    for (const [id, publisher] of this.publishers) copy.publishers.set(id, publisher);
    for (const [id, of] of this.sessions) copy.sessions.set(id, { ...of, keys: [...of.keys] });
    for (const [id, of] of this.guests) copy.guests.set(id, of);
    return copy;
  }

  publisherOf(session: string): string | undefined {
    const stream = this.sessions.get(session)?.stream ?? this.guests.get(session)?.stream;
    return stream === undefined ? undefined : this.publishers.get(stream);
  }

  /** The key that is good, one that was, or one that never was. */
  keyOf(session: string, which: string): string {
    const keys = this.sessions.get(session)?.keys ?? [];
    return (which === 'right' ? keys.at(-1) : which === 'old' ? keys.at(-2) : undefined) ?? key(0);
  }

  unpublishIf(lost: (publisher: string, stream: string) => boolean): void {
    for (const [id, publisher] of this.publishers) if (lost(publisher, id)) this.publishers.delete(id);
  }

  note(now: Step, { ok, session: opened, resume }: Outcome): void {
    if (!ok) return;
    switch (now.kind) {
      case 'publish':
        this.publishers.set(now.stream, now.peer);
        break;
      case 'unpublish':
        this.publishers.delete(now.stream);
        break;
      case 'join':
        this.sessions.set(opened ?? '', {
          stream: now.stream,
          receiver: now.peer,
          subject: SUBJECTS[now.peer],
          epoch: 0,
          keys: [resume ?? ''],
        });
        break;
      case 'resume': {
        const of = this.sessions.get(now.session);
        if (of) of.receiver = now.peer;
        of?.keys.push(resume ?? '');
        break;
      }
      case 'lost':
        for (const of of this.sessions.values()) if (of.receiver === now.peer) of.receiver = undefined;
        this.unpublishIf((publisher) => publisher === now.peer);
        break;
      case 'restrict':
        this.unpublishIf((publisher, id) => publisher === now.peer && !now.publish.includes(id));
        break;
      case 'away':
      case 'gone':
        this.unpublishIf((publisher, id) => publisher === now.peer && id === now.stream);
        break;
      case 'lost-node':
        this.unpublishIf((publisher) => parseRemote(publisher)?.node === now.node);
        break;
      case 'retain':
        this.unpublishIf((publisher, id) => parseRemote(publisher)?.node === now.node && !now.streams.includes(id));
        break;
      case 'dispossess':
        this.unpublishIf((publisher, id) => parseRemote(publisher) === undefined && id === now.stream);
        break;
      case 'host':
      case 'adopt':
        if (this.publishers.get(now.stream) === now.peer) this.guests.set(now.session, now);
    }
  }
}

function run(registry: Registry, now: Step, account: Account, nowMs: number): Outcome {
  switch (now.kind) {
    case 'publish': {
      account.fence += 1;
      const fence = now.isLate ? 1 : account.fence;
      return registry.publish(now.peer, publishing(now.instance, now.stream, { fence }));
    }
    case 'unpublish':
      return registry.unpublish(now.peer, now);
    case 'update-camera':
      return registry.updateCamera(now.peer, { ...now, camera: CAMERA });
    case 'join': {
      const via = now.via as 'socket' | 'whep';
      return registry.join({ id: now.peer, via, subject: SUBJECTS[now.peer] }, now.stream, nowMs);
    }
    case 'resume': {
      const resume = account.keyOf(now.session, now.with);
      return registry.resume({ id: now.peer, subject: SUBJECTS[now.peer] }, { session: now.session, resume });
    }
    case 'offer':
      return registry.offer(now.peer, now);
    case 'answered': {
      const answer = now.works ? { ok: true as const, sdp: SDP } : { ok: false as const, error: errorInfo('internal') };
      return registry.answered(now.peer, now, answer, nowMs);
    }
    case 'live':
      return registry.live(now.peer, now);
    case 'candidate':
    case 'guest-candidate':
      return registry.candidate(now.peer, candidate(now.session, now.epoch));
    case 'leave':
      return registry.leave(now.peer, now);
    case 'lost':
      return told(registry.lost(now.peer, nowMs, now.rightsLeftMs));
    case 'end':
      return told(registry.end(now.target, 'kicked', errorInfo('kicked')).notices);
    case 'restrict': {
      const { publish, watch } = now;
      const may = { publish: (id: string) => publish.includes(id), watch: (id: string) => watch.includes(id) };
      return told(registry.restrict(now.peer, may));
    }
    case 'away':
    case 'gone':
      return told(registry.remoteChange(now.peer, now.stream, now.kind, nowMs));
    case 'lost-node':
      return told(registry.lostNode(now.node, nowMs));
    case 'retain':
      return told(registry.retainOfNode(now.node, new Set(now.streams)));
    case 'dispossess':
      return told(registry.dispossess(now.stream));
    case 'host':
      return registry.host(now.node, now.peer, now) ?? told([]);
    case 'adopt':
      registry.adoptGuests(now.node, now.peer, now.stream, [now.session]);
      return told([]);
    case 'guest-says': {
      const said = now.closed
        ? { event: 'session-closed' as const, message: { session: now.session, reason: 'left' as const } }
        : { event: 'candidate' as const, message: candidate(now.session, 1) };
      const notice = registry.fromGuest(now.node, now.peer, said);
      return told(notice ? [notice] : []);
    }
    case 'time':
      return told(registry.expire(nowMs));
  }
}

/** Nobody hears of what is not his. */
function checkNotice(notice: Notice, now: Step, before: Account, after: Account): void {
  if ('node' in notice) {
    // What a sender says of a session goes to the node that has it.
    expect(notice.node).toBe(after.guests.get(notice.message.session)?.node);
    expect(notice.from).toBe(after.publisherOf(notice.message.session));
    return;
  }
  const { to, event, message } = notice;
  if (event === 'stream') {
    const theirs = [...after.sessions.values()].filter(({ receiver }) => receiver === to);
    expect(theirs.map((of) => of.stream)).toContain(message.stream);
    expect(message.online).toBe(after.publishers.has(message.stream));
  } else if (event === 'replaced') {
    expect(before.publishers.get(message.stream)).toBe(to);
    expect(after.publishers.get(message.stream)).not.toBe(to);
  } else {
    const id = message.session;
    const receivers = [before, after].map(({ sessions }) => sessions.get(id)?.receiver);
    expect([...receivers, after.publisherOf(id)]).toContain(to);
    // What one side says goes to the other.
    if (now.kind === 'candidate') {
      const isReceiver = now.peer === before.sessions.get(id)?.receiver;
      if (isReceiver) expect(to).toBe(after.publisherOf(id));
      else expect([now.peer, to]).toEqual([after.publisherOf(id), receivers[0]]);
    }
  }
}

const everything = (registry: Registry) => [registry.streams(), registry.sessions(), registry.nextExpiryMs()];

it('whatever happens: one sender a stream, no message to a stranger, no epoch goes back, nothing is left', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { minLength: 10, maxLength: 60 }), (isWatched, steps) => {
      const open = new Set<string>();
      const observe = (change: Change) => {
        if (change.kind === 'joined') open.add(change.session.id);
        // Each session ends once.
        if (change.kind === 'closed') expect(open.delete(change.session.id)).toBe(true);
      };
      const registry = newRegistry({ ...TIMES, maxViewers: 3, observe });
      const account = new Account();
      const fenced = new Set<string>();
      let nowMs = 0;
      for (const one of isWatched ? [...WATCHED, ...steps] : steps) {
        const now = resolve(one, account);
        nowMs += now.kind === 'time' ? now.ms : 5;
        const before = account.copy();
        const was = everything(registry);
        const outcome = run(registry, now, account, nowMs);
        account.note(now, outcome);

        // What is refused changes nothing: foreign, stale, full or too late.
        if (!outcome.ok) expect(everything(registry)).toEqual(was);
        for (const notice of outcome.notices ?? []) checkNotice(notice, now, before, account);
        // Old news of a stream that is known is no news.
        if (now.kind === 'publish') expect(outcome.ok).toBe(!(now.isLate && fenced.has(now.stream)));
        if (now.kind === 'publish' && !now.isLate) fenced.add(now.stream);
        for (const name of fenced) if (!registry.streams().some((known) => known.stream === name)) fenced.delete(name);
        if (outcome.ok && now.kind === 'resume') {
          const of = before.sessions.get(now.session);
          expect([now.with, SUBJECTS[now.peer]]).toEqual(['right', of?.subject]);
        }
        if (outcome.ok && now.kind === 'offer' && outcome.sender !== undefined) {
          expect([now.peer, outcome.sender]).toEqual([
            before.sessions.get(now.session)?.receiver,
            before.publisherOf(now.session),
          ]);
        }

        expect(registry.sessions().map(({ session: id }) => id)).toEqual([...open]);
        for (const { session: id, stream: name, epoch: n, attached, subject, state, via } of registry.sessions()) {
          const of = account.sessions.get(id);
          expect([name, subject, attached]).toEqual([of?.stream, of?.subject, of?.receiver !== undefined]);
          expect(n).toBeGreaterThanOrEqual(of?.epoch ?? 0);
          if (of) of.epoch = n;
          const resumption = { session: id, resume: account.keyOf(id, 'right') };
          const isAwaited = !attached && registry.resumable({ subject }, resumption) !== undefined;
          if (isAwaited || (state === 'answered' && via === 'socket')) expect(registry.nextExpiryMs()).toBeDefined();
        }
        for (const { stream: name, online, sessions: count } of registry.streams()) {
          const publisher = account.publishers.get(name);
          const known = registry.senderOf(name);
          expect([online, known?.away === false ? known.peer : undefined]).toEqual([
            publisher !== undefined,
            publisher,
          ]);
          if (known?.away) expect(registry.nextExpiryMs()).toBeLessThanOrEqual(nowMs + TIMES.graceMs);
          expect(registry.sessions().filter((one) => one.stream === name)).toHaveLength(count);
        }
        for (const name of account.publishers.keys()) expect(registry.senderOf(name)).toMatchObject({ away: false });
        if (now.kind === 'time') expect(registry.nextExpiryMs() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(nowMs);
      }
      for (const one of LOCAL) registry.lost(one, nowMs);
      for (const one of ['n1', 'n2']) registry.lostNode(one, nowMs);
      for (let due = registry.nextExpiryMs(); due !== undefined; due = registry.nextExpiryMs()) registry.expire(due);
      expect(registry.isEmpty).toBe(true);
      expect(open.size).toBe(0);
    }),
    { numRuns: 400 },
  );
});
