import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Notice } from '../../src/server/decisions.js';
import { Registry } from '../../src/server/registry.js';
import { CAMERA, candidate, OTHER_SDP, SDP } from './support.js';

const GRACE_MS = 100;

function newRegistry() {
  let ids = 0;
  return new Registry({
    newId: () => {
      ids += 1;
      return `s${ids}`;
    },
    graceMs: GRACE_MS,
  });
}

const publishing = (instance = 'one', stream = 'cam') => ({ stream, instance, camera: CAMERA });

const SOCKETS = ['A', 'B', 'C', 'D'];
const socket = fc.constantFrom(...SOCKETS);
const stream = fc.constantFrom('x', 'y');
const session = fc.constantFrom('s1', 's2', 's3', 's4', 's5');
const instance = fc.constantFrom('one', 'two');
const epoch = fc.integer({ min: 1, max: 3 });
const sdp = fc.constantFrom(SDP, OTHER_SDP);
const works = fc.boolean();
const step = fc.oneof(
  fc.record({ kind: fc.constant('publish' as const), socket, stream, instance }),
  fc.record({ kind: fc.constantFrom('unpublish' as const, 'join' as const), socket, stream }),
  fc.record({ kind: fc.constant('offer' as const), socket, session, epoch, sdp }),
  fc.record({ kind: fc.constant('answered' as const), socket, session, epoch, works }),
  fc.record({ kind: fc.constantFrom('live' as const, 'candidate' as const), socket, session, epoch }),
  fc.record({ kind: fc.constant('leave' as const), socket, session }),
  fc.record({ kind: fc.constantFrom('lost' as const, 'expire' as const), socket }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function run(registry: Registry, of: Step, nowMs: number): { ok: boolean; notices?: Notice[]; session?: string } {
  switch (of.kind) {
    case 'publish':
      return registry.publish(of.socket, publishing(of.instance, of.stream));
    case 'unpublish':
      return registry.unpublish(of.socket, of);
    case 'join':
      return registry.join(of.socket, of, nowMs);
    case 'offer':
      return registry.offer(of.socket, of);
    case 'answered': {
      const error = { code: 'sender_failed', message: '', next: '', retryable: true } as const;
      return registry.answered(of.socket, of, of.works ? { ok: true, sdp: SDP } : { ok: false, error });
    }
    case 'live':
      return registry.live(of.socket, of);
    case 'candidate':
      return registry.candidate(of.socket, candidate(of.session, of.epoch));
    case 'leave':
      return registry.leave(of.socket, of);
    case 'lost':
      return { ok: true, notices: registry.lost(of.socket, nowMs) };
    case 'expire':
      return { ok: true, notices: registry.expire(nowMs) };
  }
}

it('whatever happens: one sender a stream, no message to a stranger, no epoch goes back, nothing is left', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
      const registry = newRegistry();
      // A second account of who owns what, kept from the outcomes alone.
      const publishers = new Map<string, { socket: string; instance: string }>();
      const sessions = new Map<string, { receiver: string; stream: string; epoch: number }>();
      let nowMs = 0;
      for (const now of steps) {
        nowMs += 10;
        const { ok, notices = [], session: opened } = run(registry, now, nowMs);
        if (ok && now.kind === 'publish') {
          const former = publishers.get(now.stream);
          if (former && former.socket !== now.socket) expect(now.instance).toBe(former.instance);
          publishers.set(now.stream, now);
        }
        if (ok && now.kind === 'unpublish') {
          expect(publishers.get(now.stream)?.socket).toBe(now.socket);
          publishers.delete(now.stream);
        }
        if (ok && opened && now.kind === 'join') {
          sessions.set(opened, { receiver: now.socket, stream: now.stream, epoch: 0 });
        }
        if (now.kind === 'lost') {
          for (const [id, publisher] of publishers) if (publisher.socket === now.socket) publishers.delete(id);
        }

        for (const { to, event, message } of notices) {
          if (event === 'stream') {
            expect([...sessions.values()]).toContainEqual(
              expect.objectContaining({ receiver: to, stream: message.stream }),
            );
            continue;
          }
          const of = sessions.get(message.session);
          const publisher = of && publishers.get(of.stream)?.socket;
          expect([of?.receiver, publisher]).toContain(to);
          // What one side says goes to the other.
          if (now.kind === 'candidate') expect(to).toBe(now.socket === of?.receiver ? publisher : of?.receiver);
        }

        const open = registry.sessions();
        for (const { session: id, stream: name, epoch: n } of open) {
          const of = sessions.get(id);
          expect(name).toBe(of?.stream);
          expect(n).toBeGreaterThanOrEqual(of?.epoch ?? 0);
          if (of) of.epoch = n;
        }
        for (const { stream: name, online, sessions: count } of registry.streams()) {
          expect(online).toBe(publishers.has(name));
          expect(open.filter((one) => one.stream === name)).toHaveLength(count);
        }
      }
      for (const s of SOCKETS) registry.lost(s, nowMs);
      registry.expire(nowMs + GRACE_MS);
      expect(registry.isEmpty).toBe(true);
      expect(registry.nextExpiryMs()).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
