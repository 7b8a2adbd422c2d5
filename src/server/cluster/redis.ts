import { randomUUID } from 'node:crypto';
import { errorInfo } from '../../protocol/index.js';
import type { Outcome } from '../messages/questions.js';
import { refuse } from '../sessions/decisions.js';
import { safeAdapter } from './adapter.js';
import { Asked, UNAVAILABLE } from './asked.js';
import { Bus, type PublishedStream, type Wire } from './bus.js';
import type {
  Claim,
  ClaimOutcome,
  Cluster,
  ClusterEvents,
  NodeMessage,
  NodeQuestion,
  SenderPolicy,
} from './cluster.js';
import { Leases } from './lease.js';
import { Nodes } from './nodes.js';
import { loadRedis, type RedisSettings } from './redis-options.js';

/** A lease is renewed, and a node heard, this many times in its time. */
const BEATS_PER_LEASE = 3;
/** Longest wait for one answer of Redis. */
const COMMAND_MS = 1_000;
/** How often a Redis that is away is looked for. */
const RETRY_MS = 500;
/** After so many failures in a row it is tried over new connections. */
const FAILURES_PER_CONNECTION = 5;
/** A node that joins waits this long for what the others publish. */
const WELCOME_MS = 500;
/** A goodbye takes this long at most. */
const GOODBYE_MS = 700;

/** What every node must hear of, or ask for afterwards. */
const ABOUT_STREAMS: ReadonlySet<NodeMessage['type']> = new Set(['published', 'camera', 'away', 'gone']);

/** As much of the app's log as is needed. */
export interface ClusterLog {
  error(details: object, message: string): void;
}

/** As much of Socket.IO's server as is needed, whatever its types of messages. */
interface SocketIO {
  adapter(adapter: ReturnType<typeof safeAdapter>['adapter']): unknown;
}

type Loaded = Awaited<ReturnType<typeof loadRedis>>;

/**
 * Several nodes through one Redis: leases as keys (`lease.ts`), messages by PUBLISH (`bus.ts`). While Redis is away a node
 * goes on with what it has, and joins the others again by itself.
 */
export class RedisCluster implements Cluster {
  readonly node = randomUUID();
  readonly #settings: RedisSettings;
  readonly #log: ClusterLog | undefined;
  readonly #connect: Loaded['connect'];
  readonly #createAdapter: Loaded['createAdapter'];
  readonly #clients: { commands: ReturnType<Loaded['connect']>; subscriber: ReturnType<Loaded['connect']> };
  readonly #leases: Leases;
  readonly #bus: Bus;
  readonly #nodes: Nodes;
  readonly #asked = new Asked();
  /** Questions of others that this node is about to answer. */
  readonly #answering = new Set<string>();
  readonly #beatMs: number;
  #closeAdapter: (() => void) | undefined;
  #events: ClusterEvents | undefined;
  /** Nothing before the start has ended. */
  #state: Cluster['state'] | undefined;
  #revision = 0;
  #lastBeatMs = 0;
  #isBeating = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** The last thing that went wrong with a connection. */
  #lastProblem: string | undefined;
  #onSnapshot: (() => void) | undefined;

  /**
   * Connects to nothing yet.
   *
   * @throws {TypeError} when `ioredis` or `@socket.io/redis-streams-adapter` is not installed
   */
  static async create(settings: RedisSettings, policy: SenderPolicy, log?: ClusterLog): Promise<RedisCluster> {
    return new RedisCluster(settings, policy, log, await loadRedis(settings));
  }

  private constructor(settings: RedisSettings, policy: SenderPolicy, log: ClusterLog | undefined, loaded: Loaded) {
    const { prefix, leaseMs } = settings;
    this.#settings = settings;
    this.#log = log;
    this.#connect = loaded.connect;
    this.#createAdapter = loaded.createAdapter;
    this.#beatMs = leaseMs / BEATS_PER_LEASE;
    const timeoutMs = Math.min(COMMAND_MS, this.#beatMs);
    // What cannot be done now is not done later: by then it would be wrong.
    const impatient = {
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      commandTimeout: timeoutMs,
    };
    this.#clients = {
      commands: this.#connect('commands', impatient),
      subscriber: this.#connect('subscriber', impatient),
    };
    for (const client of Object.values(this.#clients)) {
      client.on('error', (error: Error) => {
        this.#lastProblem = error.message || (error as NodeJS.ErrnoException).code;
      });
      client.on('close', () => this.#degrade(this.#lastProblem ?? 'the connection is closed'));
      client.on('ready', () => {
        this.#lastProblem = undefined;
        if (this.#state === 'degraded') void this.#beat();
      });
    }
    const { commands, subscriber } = this.#clients;
    this.#leases = new Leases({
      node: this.node,
      client: commands,
      prefix,
      leaseMs,
      policy,
      onLost: (stream, holder) => this.#events?.onLeaseLost(stream, holder),
    });
    this.#bus = new Bus({
      node: this.node,
      prefix,
      publisher: commands,
      subscriber,
      timeoutMs,
      receive: (from, wire) => this.#receive(from, wire),
    });
    this.#nodes = new Nodes({
      silenceMs: leaseMs,
      isDeaf: () => this.state !== 'ready' || this.#wasStopped(),
      onLost: (node) => {
        this.#asked.abandon(node);
        this.#events?.onNodeLost(node);
      },
    });
  }

  get state(): Cluster['state'] {
    return this.#state ?? 'degraded';
  }

  /** What the app broadcasts with its own `io` reaches the sockets of all nodes. Before the first socket comes. */
  attach(io: SocketIO): void {
    const { adapter, close } = safeAdapter(this.#createAdapter, this.#connect, this.#settings.prefix);
    this.#closeAdapter = close;
    io.adapter(adapter);
  }

  /** Resolves within seconds also when Redis cannot be reached; then the state is `degraded`. */
  async start(events: ClusterEvents): Promise<void> {
    this.#events = events;
    const clients = Object.values(this.#clients);
    await Promise.all(clients.map((client) => client.connect().catch(() => {})));
    await this.#beat();
  }

  async claim(claim: Claim): Promise<ClaimOutcome> {
    if (this.state === 'ready') {
      try {
        return await this.#leases.claim(claim);
      } catch (error) {
        this.#degrade(error);
      }
    }
    return this.#leases.claimHere(claim) ?? refuse('cluster_unavailable');
  }

  setAway(stream: string): void {
    this.#leases.setAway(stream);
    if (this.state === 'ready') this.#leases.renew(stream).catch((error) => this.#degrade(error));
  }

  release(stream: string): void {
    const remove = this.#leases.drop(stream);
    // Nobody renews it any more, so that it ends by itself.
    if (this.state === 'ready') remove?.().catch((error) => this.#degrade(error));
  }

  tell(to: string | 'all', message: NodeMessage): void {
    const isNumbered = to === 'all' && ABOUT_STREAMS.has(message.type);
    if (isNumbered) this.#revision++;
    this.#say(to, { type: 'tell', ...(isNumbered && { revision: this.#revision }), message });
  }

  async ask(node: string, question: NodeQuestion, timeoutMs: number): Promise<Outcome> {
    if (this.state !== 'ready') return UNAVAILABLE;
    return this.#asked.ask(node, timeoutMs, async (id) => {
      const reached = await this.#say(node, { type: 'ask', id, question });
      return reached > 0;
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#onSnapshot?.();
    this.#nodes.clear();
    this.#asked.abandon();
    if (this.state === 'ready') {
      let timer: NodeJS.Timeout | undefined;
      const goodbye = this.#leases.leaveAll().then(() => this.#bus.publish('all', { type: 'bye' }));
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, GOODBYE_MS);
      });
      await Promise.race([goodbye.catch(() => {}), late]);
      clearTimeout(timer);
    }
    this.#state = 'degraded';
    this.#closeAdapter?.();
    for (const client of Object.values(this.#clients)) client.disconnect();
  }

  // ---- Redis: there or not -----------------------------------------------------------------------------------------

  /** Renews the leases, is heard by the others, and by both finds out whether Redis is there. */
  async #beat(): Promise<void> {
    if (this.#isBeating || this.#isClosed) return;
    this.#isBeating = true;
    clearTimeout(this.#timer);
    if (this.#wasStopped()) this.#nodes.forgive();
    const startedAtMs = performance.now();
    this.#lastBeatMs = startedAtMs;
    try {
      await this.#bus.listen();
      await Promise.all([this.#showPresence(), this.#leases.renew(), this.#bus.beat(this.#revision)]);
      if (this.state !== 'ready') await this.#join();
    } catch (error) {
      this.#degrade(error);
    }
    this.#isBeating = false;
    if (this.#isClosed) return;
    const isReady = this.state === 'ready';
    this.#failures = isReady ? 0 : this.#failures + 1;
    if (this.#failures % FAILURES_PER_CONNECTION === FAILURES_PER_CONNECTION - 1) this.#reconnect();
    this.#beatIn(isReady ? startedAtMs + this.#beatMs - performance.now() : Math.min(RETRY_MS, this.#beatMs));
  }

  /** This process has not run for a while: it is not the others who were silent. */
  #wasStopped(): boolean {
    return performance.now() - this.#lastBeatMs > 2 * this.#beatMs;
  }

  /** A connection whose other end is gone without a word looks like one whose other end is slow. */
  #reconnect(): void {
    for (const client of Object.values(this.#clients)) if (client.status === 'ready') client.disconnect(true);
  }

  /** A key for whoever looks into Redis; and a Redis that only reads, a replica, is found out. */
  async #showPresence(): Promise<void> {
    await this.#clients.commands.set(`${this.#settings.prefix}:node:${this.node}`, '1', 'PX', this.#settings.leaseMs);
  }

  /** Exchanges with all others what each publishes, and is ready. */
  async #join(): Promise<void> {
    this.#nodes.forgive();
    let others = Number.POSITIVE_INFINITY;
    let snapshots = 0;
    let timer: NodeJS.Timeout | undefined;
    const welcomed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WELCOME_MS);
      this.#onSnapshot = () => {
        snapshots++;
        if (snapshots >= others || this.#isClosed) resolve();
      };
    });
    const hello = { type: 'hello', revision: this.#revision, streams: this.#streams() } as const;
    try {
      others = (await this.#bus.publish('all', hello)) - 1;
      if (snapshots < others) await welcomed;
    } finally {
      clearTimeout(timer);
      this.#onSnapshot = undefined;
    }
    const { commands, subscriber } = this.#clients;
    if (commands.status !== 'ready' || subscriber.status !== 'ready') throw new Error('the connection broke again');
    if (this.#isClosed) return;
    this.#state = 'ready';
    this.#events?.onState('ready');
  }

  #degrade(why: unknown): void {
    if (this.#state === 'degraded' || this.#isClosed) return;
    this.#state = 'degraded';
    this.#asked.abandon();
    const { message } = why instanceof Error ? why : { message: String(why) };
    this.#events?.onState('degraded', `Redis at ${this.#settings.address}: ${message}`);
    if (!this.#isBeating) this.#beatIn(Math.min(RETRY_MS, this.#beatMs));
  }

  #beatIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#beat(), Math.max(0, ms));
  }

  // ---- messages ----------------------------------------------------------------------------------------------------

  /** Sends what is of use only now. @returns how many nodes it has reached */
  async #say(to: string | 'all', wire: Wire): Promise<number> {
    if (this.state !== 'ready') return 0;
    try {
      return await this.#bus.publish(to, wire);
    } catch (error) {
      this.#degrade(error);
      return 0;
    }
  }

  /** Answers in any state: who asks has reached this node. */
  #reply(to: string, wire: Wire): void {
    this.#bus.publish(to, wire).catch(() => {});
  }

  /** Whatever a node sends, this one lives. */
  #receive(from: string, wire: Wire): void {
    if (this.#isClosed) return;
    try {
      this.#understand(from, wire);
    } catch (err) {
      this.#log?.error({ err, from, type: wire.type }, '[WebRTC Signaling] A message of another node was not handled');
    }
  }

  #understand(from: string, wire: Wire): void {
    switch (wire.type) {
      case 'beat':
        if (this.#nodes.beat(from, wire.revision)) this.#reply(from, { type: 'want' });
        return;
      case 'hello':
        this.#take(from, wire);
        this.#reply(from, this.#snapshot());
        return;
      case 'snapshot':
        this.#take(from, wire);
        return;
      case 'want':
        this.#reply(from, this.#snapshot());
        return;
      case 'bye':
        this.#nodes.lose(from);
        return;
      case 'tell': {
        const news = this.#nodes.told(from, wire.revision);
        if (news === 'ask') this.#reply(from, { type: 'want' });
        if (news === 'old') return;
        if (wire.message.type === 'published') this.#leases.yieldTo(wire.message.holder);
        this.#events?.onMessage(from, wire.message);
        return;
      }
      case 'ask':
        this.#nodes.told(from);
        void this.#answer(from, wire.id, wire.question);
        return;
      case 'answer':
        this.#nodes.told(from);
        this.#asked.answered(from, wire.id, wire.outcome);
    }
  }

  #take(from: string, { revision, streams }: { revision: number; streams: PublishedStream[] }): void {
    this.#nodes.snapshot(from, revision);
    for (const { holder } of streams) this.#leases.yieldTo(holder);
    this.#events?.onSnapshot(from, streams);
    this.#onSnapshot?.();
  }

  async #answer(from: string, id: string, question: NodeQuestion): Promise<void> {
    const key = `${from} ${id}`;
    if (!this.#events || this.#answering.has(key)) return;
    this.#answering.add(key);
    let outcome: Outcome;
    try {
      outcome = await this.#events.onQuestion(from, question);
    } catch (err) {
      this.#log?.error({ err, from }, '[WebRTC Signaling] A question of another node was not answered');
      outcome = { answered: false, error: errorInfo('internal') };
    }
    this.#answering.delete(key);
    if (!this.#isClosed) this.#reply(from, { type: 'answer', id, outcome });
  }

  #snapshot(): Wire {
    return { type: 'snapshot', revision: this.#revision, streams: this.#streams() };
  }

  /** What this node publishes, as far as it holds the lease for it. */
  #streams(): PublishedStream[] {
    return (this.#events?.published() ?? []).flatMap(({ holder, camera }) => {
      const lease = this.#leases.get(holder.stream);
      return lease ? [{ holder: { ...holder, node: this.node, fence: lease.fence }, camera }] : [];
    });
  }
}
