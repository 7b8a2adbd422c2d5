import { cpus } from 'node:os';
import { join, relative } from 'node:path';
import { LIMITS } from '../../../../src/protocol/constants.js';
import type { Lab } from '../lab.js';
import { outputFolder, projectFolder } from '../paths.js';
import { summarise } from '../statistics.js';
import { Program } from '../talk.js';
import type { Kind } from './pairs.js';

/* Signalling servers, each a process on a core of its own, and their clients in one process on another. */

export type Server = 'ws' | 'plugin' | 'other' | 'peerjs';
/** Of the machine, when it has more than one; the clients have the next one to themselves. */
const SERVER_CORE = 0;
const CLIENT_CORE = 1;
/** More than the plugin relays in a second. */
const MOST_PER_SECOND = 80_000;
/** Until the processes have compiled what is used most. */
const WARM_UP_SECONDS = 1;
export const SESSION_VIEWERS = 32;
const SESSION_STREAMS = 4;
/** Long enough for each socket to be pinged twice. */
export const HOLD_SECONDS = 21;

export interface RelayCost {
  /** Processor time of the server, in µs per relayed message. */
  candidateUs: number;
  descriptionUs: number;
  /** The same at the fixed rate, where it sleeps in between. */
  candidateAtRateUs: number;
  candidatesPerSecond: number;
  /** Relay times at the fixed rate. */
  p50Ms: number;
  p99Ms: number;
}

export interface Idle {
  server: Server;
  sockets: number;
  /** For each of the first ones. */
  rssKb: number;
  heapKb: number;
  /** For each that came after these: a process has some room that is not used at first. */
  nextRssKb: number;
  connectedPerSecond: number;
}

/** Sockets that were held open for a while, and then closed with their server. */
export interface Held {
  sockets: number;
  open: number;
  fewestPings: number;
  rssKb: number;
  /** What a second session adds to each socket. */
  sessionKb: number;
  /** Of one core. */
  cpuPercent: number;
  closeMs: number;
}

export type Running = { url: string; program: Program };

/** The servers and the clients, each on its core. */
export class SignalingBench {
  readonly #lab: Lab;
  readonly #other: string | undefined;
  readonly #pinned = cpus().length > 1;
  #load: Promise<Program> | undefined;
  #started = 0;

  /** @param other another build's `server/index.js` */
  constructor(lab: Lab, other?: string) {
    this.#lab = lab;
    this.#other = other;
  }

  /** @param redis where the plugin's node finds the others */
  async start(server: Server, redis = ''): Promise<Running> {
    this.#started += 1;
    const file = new URL('server-process.ts', import.meta.url);
    const name = `signaling-${server}-${this.#started}`;
    const core = this.#pinned ? SERVER_CORE : undefined;
    const program = await Program.start(this.#lab, name, {
      file,
      words: server === 'other' ? ['plugin', this.#other ?? ''] : [server, '', redis],
      core,
    });
    return { program, url: await program.answer<string>() };
  }

  async startAll(servers: readonly Server[]): Promise<Record<Server, Running>> {
    const started = await Promise.all(servers.map(async (server) => [server, await this.start(server)] as const));
    return Object.fromEntries(started) as Record<Server, Running>;
  }

  async stopAll(servers: Record<Server, Running>): Promise<void> {
    await Promise.all(Object.values(servers).map(({ program }) => program.stop()));
  }

  async relay(
    { url, program }: Running,
    kind: Kind,
    { seconds, pairs, perSecond }: { seconds: number; pairs: number; perSecond: number },
  ): Promise<RelayCost> {
    const load = await this.clients();
    const candidates = mostCandidates(seconds, pairs);
    await load.ask({ do: 'pairs', kind, url, count: pairs, candidates });
    await load.ask({ do: 'candidates', seconds: WARM_UP_SECONDS });
    await load.ask({ do: 'descriptions', seconds: WARM_UP_SECONDS });
    await load.ask({ do: 'close-pairs' });
    await load.ask({ do: 'pairs', kind, url, count: pairs, candidates });
    const flood = await cpuFor(program, () => load.ask<Relayed>({ do: 'candidates', seconds }));
    const steady = await cpuFor(program, () => load.ask<Relayed>({ do: 'rate', seconds, perSecond }));
    const descriptions = await cpuFor(program, () => load.ask<Relayed>({ do: 'descriptions', seconds }));
    await load.ask({ do: 'close-pairs' });
    const { p50, p99 } = summarise(steady.value.timesUs ?? []);
    return {
      candidateUs: flood.cpuUs / flood.value.relayed,
      descriptionUs: descriptions.cpuUs / descriptions.value.relayed,
      candidateAtRateUs: steady.cpuUs / steady.value.relayed,
      candidatesPerSecond: (flood.value.relayed / (flood.value.tookMs ?? Number.NaN)) * 1_000,
      p50Ms: p50 / 1_000,
      p99Ms: p99 / 1_000,
    };
  }

  async sessions({ url, program }: Running, seconds: number): Promise<{ perSecond: number; cpuMs: number }> {
    const load = await this.clients();
    await load.ask({ do: 'viewers', url, count: SESSION_VIEWERS, streams: SESSION_STREAMS });
    await load.ask({ do: 'sessions', seconds: WARM_UP_SECONDS });
    const { value, cpuUs } = await cpuFor(program, () =>
      load.ask<{ done: number; tookMs: number }>({ do: 'sessions', seconds }),
    );
    await load.ask({ do: 'close-viewers' });
    return { perSecond: (value.done / value.tookMs) * 1_000, cpuMs: cpuUs / 1_000 / value.done };
  }

  /** Where the plugin spends its time, for Chromium's developer tools. */
  async profile({ url, program }: Running, { seconds, pairs }: { seconds: number; pairs: number }): Promise<string> {
    const load = await this.clients();
    const candidates = mostCandidates(seconds, pairs);
    const files = [];
    for (const what of ['candidates', 'descriptions'] as const) {
      await load.ask({ do: 'pairs', kind: 'plugin', url, count: pairs, candidates });
      await program.ask({ do: 'profile-start' });
      await load.ask({ do: what, seconds });
      const file = join(outputFolder, `signaling-${what}.cpuprofile`);
      await program.ask({ do: 'profile-stop', file });
      await load.ask({ do: 'close-pairs' });
      files.push(relative(projectFolder, file));
    }
    return `Profiles of the plugin: ${files.join(', ')}`;
  }

  /**
   * @param sockets to measure
   * @param many sockets in all at the end
   * @param hold whether these stay for a while, and are closed by the server
   */
  async idle(
    server: Server,
    { sockets, many, hold }: { sockets: number; many: number; hold: boolean },
  ): Promise<{ idle: Idle; held?: Held }> {
    const load = await this.clients();
    const { url, program } = await this.start(server);
    const memory = () => program.ask<Memory>({ do: 'memory' });
    const connect = (count: number) => load.ask<{ tookMs: number }>({ do: 'idle', kind: server, url, count });
    // The first ones bring in what is made once.
    await connect(100);
    await load.ask({ do: 'close-idle' });
    const none = await memory();
    const { tookMs } = await connect(sockets);
    const some = await memory();
    await connect(many - sockets);
    const all = await memory();
    const idle: Idle = {
      server,
      sockets,
      rssKb: kbEach(none, some, 'rss', sockets),
      heapKb: kbEach(none, some, 'heapUsed', sockets),
      nextRssKb: kbEach(some, all, 'rss', many - sockets),
      connectedPerSecond: (sockets / tookMs) * 1_000,
    };
    let held: Held | undefined;
    if (hold) {
      const { value, cpuUs } = await cpuFor(program, async () => {
        await new Promise((resolve) => setTimeout(resolve, HOLD_SECONDS * 1_000));
        return load.ask<{ open: number; fewestPings: number }>({ do: 'idle-state' });
      });
      const then = await memory();
      await load.ask({ do: 'join-again' });
      const sessionKb = kbEach(then, await memory(), 'heapUsed', many);
      held = {
        sockets: many,
        ...value,
        rssKb: kbEach(none, then, 'rss', many),
        sessionKb,
        cpuPercent: cpuUs / HOLD_SECONDS / 10_000,
        closeMs: await program.ask<number>({ do: 'close' }),
      };
    }
    await load.ask({ do: 'close-idle' });
    await program.stop();
    return { idle, ...(held && { held }) };
  }

  async close(clients: number): Promise<number> {
    const load = await this.clients();
    const { url, program } = await this.start('plugin');
    await load.ask({ do: 'idle', kind: 'plugin', url, count: clients });
    const tookMs = await program.ask<number>({ do: 'close' });
    await load.ask({ do: 'close-idle' });
    await program.stop();
    return tookMs;
  }

  /** The process of the clients, started when it is first needed. */
  clients(): Promise<Program> {
    this.#load ??= (async () => {
      const file = new URL('load-process.ts', import.meta.url);
      const core = this.#pinned ? CLIENT_CORE : undefined;
      const load = await Program.start(this.#lab, 'signaling-load', { file, core });
      await load.answer();
      return load;
    })();
    return this.#load;
  }
}

export interface Relayed {
  relayed: number;
  tookMs?: number;
  timesUs?: number[];
}

/** What the server needs for it. */
export async function cpuFor<T>(program: Program, work: () => Promise<T>): Promise<{ value: T; cpuUs: number }> {
  const before = await program.ask<number>({ do: 'cpu' });
  const value = await work();
  return { value, cpuUs: (await program.ask<number>({ do: 'cpu' })) - before };
}

/** For one pair. Beyond what its sessions allow, it ends early. */
export function mostCandidates(seconds: number, pairs: number): number {
  const most = LIMITS.sessionsPerSocket * LIMITS.candidatesPerNegotiation;
  return Math.min(most, Math.ceil((seconds * MOST_PER_SECOND) / pairs));
}

export interface Memory {
  rss: number;
  heapUsed: number;
}

export const kbEach = (before: Memory, after: Memory, what: keyof Memory, count: number): number =>
  (after[what] - before[what]) / count / 1_024;
