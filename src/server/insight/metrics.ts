import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { EVENTS, isErrorCode } from '../../protocol/index.js';
import type { SignalingEmitter } from '../events.js';
import type { TurnReport } from '../ice/turn-report.js';
import { listen } from './listen.js';

/** What is counted when somebody asks, because the server knows it anyway. */
export interface MetricsSources {
  streams(): readonly { online: boolean }[];
  sessions(): readonly { state: string }[];
  /** As it starts; news come as the event `cluster`. */
  cluster: 'ready' | 'degraded' | 'single';
  version: string;
}

/** From a LAN, where 20 ms are usual, to the deadline of 10 s. */
const SETUP_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const SESSION_STATES = ['joined', 'offered', 'answered', 'live'];
const PREFIX = 'webrtc_preview_';

/**
 * Counts what happens, for Prometheus. Labels have few values, whatever clients send: roles, events and codes of the protocol's
 * tables, never a stream, a subject or an address. Recording costs a fraction of a microsecond.
 *
 * The metrics have a registry of their own: two plugins in one process do not meet, and the app's own metrics stay as they are.
 */
export class Metrics {
  /** To be merged with others: `Registry.merge([mine, metrics.registry])`. */
  readonly registry = new Registry();
  readonly #unlisten: () => void;
  /** Open sessions: when each was last offered, until that is live. */
  readonly #offers = new Map<string, { atMs: number | undefined; wasLive: boolean }>();

  constructor(events: SignalingEmitter, sources: MetricsSources, nowMs: () => number = () => performance.now()) {
    const info = this.#gauge('info', 'Always 1; the label names the version of webrtc-preview.', ['version']);
    info.labels(sources.version).set(1);

    const connections = this.#gauge('connections', 'Open connections.', ['role', 'via']);
    const refused = this.#counter('connections_refused_total', 'Visitors that were not let in.', ['via', 'code']);
    const messages = this.#tally('messages_total', 'Messages of clients, by what they were answered.', [
      'event',
      'code',
    ]);
    const changes = this.#counter('stream_changes_total', 'What happened to streams.', ['change']);
    this.#streams(sources);
    this.#sessions(sources);
    const refusals = this.#counter('sessions_refused_total', 'Offers that got no answer.', ['code']);
    const closed = this.#counter('sessions_closed_total', 'Sessions that ended.', ['reason', 'code']);
    const interruptions = this.#counter('session_interruptions_total', 'Receivers that were lost, and came back.', [
      'change',
    ]);
    const joinToLive = this.#histogram(
      'session_join_to_live_seconds',
      'From join to the first frame shown; people may press Start in between.',
    );
    const offerToLive = this.#histogram('session_offer_to_live_seconds', 'From the offer to the first frame shown.');
    const offerToAnswer = this.#histogram(
      'session_offer_to_answer_seconds',
      'From the offer to the answer of the sender.',
    );
    const candidates = this.#tally('candidates_total', 'ICE candidates that were passed on.', ['side', 'kind']);
    const refreshes = this.#counter('ice_refreshes_total', 'Peers that were given fresh ICE servers.', []);
    const turn = this.#turn();
    const degraded = this.#gauge('cluster_degraded', '1 while Redis cannot be reached; 0 with a single server.', []);
    degraded.set(sources.cluster === 'degraded' ? 1 : 0);

    this.#unlisten = listen(events, {
      'client-connected': ({ role, via }) => connections.inc({ role, via }),
      'client-disconnected': ({ role, via }) => connections.dec({ role, via }),
      'client-refused': ({ via, code }) => refused.inc({ via, code: knownCode(code) }),
      message: ({ event, code }) =>
        messages(Object.hasOwn(EVENTS, event) ? event : 'unknown', code ? knownCode(code) : 'ok'),
      'stream-published': ({ takeover }) => changes.inc({ change: takeover ? 'takeover' : 'published' }),
      'stream-away': () => changes.inc({ change: 'away' }),
      'stream-gone': () => changes.inc({ change: 'gone' }),
      'session-offered': ({ session }) => {
        this.#offers.set(session, { atMs: nowMs(), wasLive: this.#offers.get(session)?.wasLive ?? false });
      },
      'session-answered': ({ tookMs }) => offerToAnswer.observe(tookMs / 1_000),
      'session-refused': ({ error }) => refusals.inc({ code: knownCode(error.code) }),
      'session-candidate': ({ from, kind }) => candidates(from, kind),
      'session-live': ({ session, sinceJoinMs }) => {
        const offer = this.#offers.get(session);
        if (offer?.atMs === undefined) return;
        offerToLive.observe((nowMs() - offer.atMs) / 1_000);
        // Later negotiations of a session say nothing of how long people wait for their first picture.
        if (!offer.wasLive) joinToLive.observe(sinceJoinMs / 1_000);
        this.#offers.set(session, { atMs: undefined, wasLive: true });
      },
      'session-detached': () => interruptions.inc({ change: 'detached' }),
      'session-resumed': () => interruptions.inc({ change: 'resumed' }),
      'session-closed': ({ session, reason, error }) => {
        this.#offers.delete(session);
        closed.inc({ reason, code: error ? knownCode(error.code) : 'none' });
      },
      'ice-refreshed': ({ peers }) => refreshes.inc(peers),
      'turn-tested': turn,
      cluster: ({ state }) => degraded.set(state === 'degraded' ? 1 : 0),
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** What Prometheus reads. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  close(): void {
    this.#unlisten();
    this.#offers.clear();
    this.registry.clear();
  }

  #streams(sources: MetricsSources): void {
    this.#gauge('streams', 'Streams that are published, or waited for.', ['state'], (gauge) => {
      const streams = sources.streams();
      const online = streams.filter((stream) => stream.online).length;
      gauge.set({ state: 'online' }, online);
      gauge.set({ state: 'offline' }, streams.length - online);
    });
  }

  #sessions(sources: MetricsSources): void {
    this.#gauge('sessions', 'Open sessions.', ['state'], (gauge) => {
      gauge.reset();
      const counts = new Map<string, number>(SESSION_STATES.map((state) => [state, 0]));
      for (const { state } of sources.sessions()) {
        const label = counts.has(state) ? state : 'other';
        counts.set(label, (counts.get(label) ?? 0) + 1);
      }
      for (const [state, count] of counts) gauge.set({ state }, count);
    });
  }

  /** By number and host: a host may have several servers, and an address in full may hold what is nobody's business. */
  #turn(): (report: TurnReport) => void {
    const ok = this.#gauge('turn_allocate_ok', '1 when the TURN server gave an allocation at the last test.', [
      'server',
      'host',
    ]);
    const took = this.#gauge('turn_allocate_seconds', 'How long the last allocation took.', ['server', 'host']);
    const at = this.#gauge('turn_tested_timestamp_seconds', 'Unix time of the last test of the TURN servers.', []);
    return ({ servers, checkedAtMs }) => {
      // A server that is no longer configured must not be shown as it was.
      ok.reset();
      took.reset();
      for (const [index, { url, code, tookMs }] of servers.entries()) {
        const labels = { server: String(index), host: hostOf(url) };
        ok.set(labels, code === 'ok' ? 1 : 0);
        if (tookMs !== undefined) took.set(labels, tookMs / 1_000);
      }
      at.set(checkedAtMs / 1_000);
    };
  }

  #gauge<L extends string>(name: string, help: string, labelNames: L[], collect?: (gauge: Gauge<L>) => void): Gauge<L> {
    const gauge: Gauge<L> = new Gauge({
      name: PREFIX + name,
      help,
      labelNames,
      registers: [this.registry],
      ...(collect && { collect: () => collect(gauge) }),
    });
    return gauge;
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string): Histogram {
    return new Histogram({ name: PREFIX + name, help, buckets: SETUP_BUCKETS_S, registers: [this.registry] });
  }

  /** A counter with two labels for what comes thousands of times a second: its children are bound once. */
  #tally(name: string, help: string, labelNames: [string, string]): (first: string, second: string) => void {
    const counter = this.#counter(name, help, labelNames);
    const rows = new Map<string, Map<string, Counter.Internal>>();
    const bind = (first: string, second: string) => {
      const child = counter.labels(first, second);
      const row = rows.get(first) ?? new Map<string, Counter.Internal>();
      rows.set(first, row.set(second, child));
      return child;
    };
    return (first, second) => (rows.get(first)?.get(second) ?? bind(first, second)).inc();
  }
}

/** A peer may send an error that this version does not know. */
function knownCode(code: string): string {
  return isErrorCode(code) ? code : 'unknown';
}

/** Host and port of `turn:host:port?transport=udp`. */
function hostOf(url: string): string {
  return /^(?:stuns?|turns?):(?:\/\/)?(?:[^@]*@)?([^?/]{1,260})/.exec(url)?.[1] ?? 'unknown';
}
