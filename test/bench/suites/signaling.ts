import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { LIMITS } from '../../../src/protocol/constants.js';
import type { Lab } from '../lib/lab.js';
import { outputFolder, projectFolder } from '../lib/paths.js';
import { measureQuietly, quietOption } from '../lib/quiet.js';
import type { Kind } from '../lib/signaling/pairs.js';
import { median, medianAndRange, summarise } from '../lib/statistics.js';
import { type Aim, countOption, type Suite } from '../lib/suite.js';
import { Program } from '../lib/talk.js';

const KINDS: Record<Kind, string> = {
  ws: 'raw ws relay',
  plugin: 'plugin',
  'plugin-acks': 'plugin, acknowledging',
  other: 'other build',
  'other-acks': 'other, acknowledging',
  peerjs: 'PeerJS server',
};
type Server = 'ws' | 'plugin' | 'other' | 'peerjs';
const PARTS = ['relay', 'sessions', 'idle', 'close'] as const;
type Part = (typeof PARTS)[number];

/** Of the machine, when it has more than one; the clients have the next one to themselves. */
const SERVER_CORE = 0;
const CLIENT_CORE = 1;
/** More than the plugin relays in a second. */
const MOST_PER_SECOND = 80_000;
/** Until the processes have compiled what is used most. */
const WARM_UP_SECONDS = 1;
const SESSION_VIEWERS = 32;
const SESSION_STREAMS = 4;
/** Long enough for each socket to be pinged twice. */
const HOLD_SECONDS = 21;
const CLOSE_CLIENTS = 1_000;
/** Descriptors that a process needs besides its sockets. */
const SPARE_FILES = 200;

const CPU_AIM = 1.6;
const MEMORY_AIM = 2.2;
const CLOSE_AIM_MS = 1_000;

interface Relay {
  block: number;
  kind: Kind;
  /** Processor time of the server, in µs per relayed message. */
  candidateUs: number;
  descriptionUs: number;
  /** The same at the fixed rate, where it sleeps in between. */
  candidateAtRateUs: number;
  candidatesPerSecond: number;
  /** Relay times at the fixed rate. */
  p50Ms: number;
  p99Ms: number;
  others: number;
}

interface Idle {
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
interface Held {
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

const suite: Suite = {
  about: 'the plugin against a raw ws relay and PeerJS: processor time, relay times, memory, sessions, close()',
  options: {
    blocks: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    pairs: { type: 'string', default: '50' },
    rate: { type: 'string', default: '2000' },
    sockets: { type: 'string', default: '5000' },
    many: { type: 'string', default: '10000' },
    parts: { type: 'string', default: PARTS.join() },
    profile: { type: 'boolean', default: false },
    other: { type: 'string' },
    ...quietOption,
  },
  async run(lab, options) {
    const [blocks, seconds] = [countOption(options, 'blocks'), countOption(options, 'seconds')];
    const [pairs, perSecond] = [countOption(options, 'pairs'), countOption(options, 'rate')];
    const parts = parseParts(String(options.parts));
    const other = typeof options.other === 'string' ? resolve(options.other) : undefined;
    const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => other !== undefined || serverOf(kind) !== 'other');
    const allServers = [...new Set(kinds.map(serverOf))];
    const bench = new Bench(lab, other);
    const notes: string[] = [];
    const failures: string[] = [];

    const relays: Relay[] = [];
    const sessions: { perSecond: number; cpuMs: number }[] = [];
    if (parts.includes('relay') || parts.includes('sessions')) {
      for (let block = 1; block <= blocks; block += 1) {
        // New processes each time: two of the same program differ by more than two blocks of one do.
        const servers = await bench.startAll(allServers);
        for (const kind of parts.includes('relay') ? inTurn(kinds, block) : []) {
          const { value, others } = await measureQuietly(options.quiet === true, () =>
            bench.relay(servers[serverOf(kind)], kind, { seconds, pairs, perSecond }),
          );
          relays.push({ block, kind, others, ...value });
          tell(block, blocks, kind, value);
        }
        if (parts.includes('sessions')) sessions.push(await bench.sessions(servers.plugin, seconds));
        if (options.profile === true && block === blocks) {
          notes.push(await bench.profile(servers.plugin, { seconds, pairs }));
        }
        await bench.stopAll(servers);
      }
    }

    const idle: Idle[] = [];
    const held: Held[] = [];
    if (parts.includes('idle')) {
      const { sockets, many, note } = fitted(countOption(options, 'sockets'), countOption(options, 'many'));
      if (note) notes.push(note);
      for (let block = 1; block <= blocks; block += 1) {
        for (const server of inTurn(allServers, block)) {
          const hold = server === 'plugin' && block === 1;
          const reading = await bench.idle(server, { sockets, many, hold });
          idle.push(reading.idle);
          if (reading.held) held.push(reading.held);
          console.log(
            `block ${block} of ${blocks}, ${sockets} idle, ${KINDS[server]}: ${reading.idle.rssKb.toFixed(1)} KB each`,
          );
        }
      }
      for (const { sockets, open, fewestPings } of held) {
        if (open < sockets) failures.push(`${sockets - open} of ${sockets} sockets were lost`);
        if (fewestPings < 1) failures.push('a socket was not pinged');
      }
    }

    const closeMs = parts.includes('close') ? await bench.close(CLOSE_CLIENTS) : Number.NaN;
    if (relays.length > 0) {
      notes.push(
        `Processor time is the server's own, user and system. “µs” is with one message on its way in each of ${pairs} pairs ` +
          `(${kinds.map((kind) => median(readings(relays, kind, 'candidatesPerSecond')).toFixed(0)).join(', ')} candidates a second), “µs at rate” and the ` +
          `relay times with ${perSecond} a second whatever happens. The plugin checks every message; “acknowledging”: its ` +
          'client asks for an acknowledgement of each candidate, which is one message more. The other two check and ' +
          'acknowledge nothing.',
        `Others used ${medianAndRange(
          relays.map(({ others }) => others),
          0,
        )} % of a core meanwhile.`,
      );
    }
    if (sessions.length > 0) {
      notes.push(
        `Sessions, from join over offer, answer and live to leave, ${SESSION_VIEWERS} viewers at a time: ` +
          `${medianAndRange(
            sessions.map((each) => each.perSecond),
            0,
          )} a second, ` +
          `${medianAndRange(
            sessions.map((each) => each.cpuMs),
            2,
          )} ms of the server each, its log at “info” included.`,
      );
    }
    for (const each of held) {
      notes.push(
        `${each.sockets} idle sockets on one node for ${HOLD_SECONDS} s: ${each.open} are open, each was pinged ` +
          `${each.fewestPings} times or more, ${each.rssKb.toFixed(1)} KB each, ${each.cpuPercent.toFixed(1)} % of a core; ` +
          `fastify.close() took ${each.closeMs.toFixed(0)} ms. Each has joined a stream that is offline (without, it would ` +
          `soon be closed); a second session adds ${each.sessionKb.toFixed(1)} KB.`,
      );
    }
    return {
      title: `Signalling on loopback, ${blocks} blocks of ${seconds} s: median (lowest–highest)`,
      columns: ['', ...kinds.map((kind) => KINDS[kind])],
      rows: rowsOf(kinds, relays, idle),
      aims: [...relayAims(relays), ...idleAims(idle), ...closeAims(closeMs)],
      notes,
      failures,
      raw: { relays, sessions, idle, held, closeMs },
    };
  },
};

export default suite;

type Running = { url: string; program: Program };

/** The servers and the clients, each on its core. */
class Bench {
  readonly #lab: Lab;
  readonly #other: string | undefined;
  readonly #pinned = cpus().length > 1;
  #load: Promise<Program> | undefined;
  #started = 0;

  /** @param other another build's `server/index.js` */
  constructor(lab: Lab, other: string | undefined) {
    this.#lab = lab;
    this.#other = other;
  }

  async start(server: Server): Promise<Running> {
    this.#started += 1;
    const file = new URL('../lib/signaling/server-process.ts', import.meta.url);
    const name = `signaling-${server}-${this.#started}`;
    const core = this.#pinned ? SERVER_CORE : undefined;
    const program = await Program.start(this.#lab, name, {
      file,
      words: server === 'other' ? ['plugin', this.#other ?? ''] : [server],
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
  ): Promise<Omit<Relay, 'block' | 'kind' | 'others'>> {
    const load = await this.#clients();
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
    const load = await this.#clients();
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
    const load = await this.#clients();
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
    const load = await this.#clients();
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
    const load = await this.#clients();
    const { url, program } = await this.start('plugin');
    await load.ask({ do: 'idle', kind: 'plugin', url, count: clients });
    const tookMs = await program.ask<number>({ do: 'close' });
    await load.ask({ do: 'close-idle' });
    await program.stop();
    return tookMs;
  }

  #clients(): Promise<Program> {
    this.#load ??= (async () => {
      const file = new URL('../lib/signaling/load-process.ts', import.meta.url);
      const core = this.#pinned ? CLIENT_CORE : undefined;
      const load = await Program.start(this.#lab, 'signaling-load', { file, core });
      await load.answer();
      return load;
    })();
    return this.#load;
  }
}

interface Relayed {
  relayed: number;
  tookMs?: number;
  timesUs?: number[];
}

/** What the server needs for it. */
async function cpuFor<T>(program: Program, work: () => Promise<T>): Promise<{ value: T; cpuUs: number }> {
  const before = await program.ask<number>({ do: 'cpu' });
  const value = await work();
  return { value, cpuUs: (await program.ask<number>({ do: 'cpu' })) - before };
}

/** For one pair. Beyond what its sessions allow, it ends early. */
function mostCandidates(seconds: number, pairs: number): number {
  const most = LIMITS.sessionsPerSocket * LIMITS.candidatesPerNegotiation;
  return Math.min(most, Math.ceil((seconds * MOST_PER_SECOND) / pairs));
}

interface Memory {
  rss: number;
  heapUsed: number;
}

const kbEach = (before: Memory, after: Memory, what: keyof Memory, count: number): number =>
  (after[what] - before[what]) / count / 1_024;

const serverOf = (kind: Kind) => kind.replace('-acks', '') as Server;

/** Every other block goes backwards, so that a drift favours nobody. */
const inTurn = <T>(all: readonly T[], block: number): T[] => (block % 2 ? [...all] : [...all].reverse());

function parseParts(words: string): Part[] {
  const parts = words.split(',');
  const unknown = parts.find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown !== undefined) throw new Error(`--parts knows ${PARTS.join(', ')}; not “${unknown}”`);
  return parts as Part[];
}

/** As many sockets as one process may have. */
function fitted(sockets: number, many: number): { sockets: number; many: number; note?: string } {
  if (many <= sockets) throw new Error('--many wants more than --sockets');
  const limit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
  const most = Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit - SPARE_FILES;
  if (many <= most) return { sockets, many };
  return {
    sockets: Math.min(sockets, Math.floor(most / 2)),
    many: most,
    note: `A process may have ${limit} open files here (ulimit -Hn), so there are ${most} sockets and not ${many}.`,
  };
}

// ---- what is printed -----------------------------------------------------------------------------------------------

type Figure = Exclude<keyof Relay, 'kind' | 'block'>;

const readings = (relays: readonly Relay[], kind: Kind, figure: Figure) =>
  relays.filter((each) => each.kind === kind).map((each) => each[figure]);

type IdleFigure = Exclude<keyof Idle, 'server' | 'sockets'>;

const idleReadings = (idle: readonly Idle[], of: Server, figure: IdleFigure) =>
  idle.filter(({ server }) => server === of).map((each) => each[figure]);

function rowsOf(kinds: readonly Kind[], relays: readonly Relay[], idle: readonly Idle[]): string[][] {
  const relayRow = (name: string, figure: Figure, digits: number, of: readonly Kind[] = kinds) => {
    const cell = (kind: Kind) => (of.includes(kind) ? medianAndRange(readings(relays, kind, figure), digits) : '');
    return [name, ...kinds.map(cell)];
  };
  const idleRow = (name: string, figure: IdleFigure, digits: number) => {
    const cell = (kind: Kind) =>
      kind.endsWith('-acks') ? '' : medianAndRange(idleReadings(idle, serverOf(kind), figure), digits);
    return [name, ...kinds.map(cell)];
  };
  const rows = [];
  if (relays.length > 0) {
    rows.push(
      relayRow('candidate of 200 B: µs', 'candidateUs', 1),
      relayRow('candidate of 200 B: µs at rate', 'candidateAtRateUs', 1),
      relayRow('description of 3 KB: µs', 'descriptionUs', 1),
      relayRow('relay time p50, ms', 'p50Ms', 2),
      relayRow('relay time p99, ms', 'p99Ms', 2),
    );
  }
  const [first] = idle;
  if (first) {
    rows.push(
      idleRow(`each of ${first.sockets} idle sockets: KB of RSS`, 'rssKb', 1),
      idleRow('each that came after these: KB of RSS', 'nextRssKb', 1),
      idleRow(`each of ${first.sockets} idle sockets: KB of heap`, 'heapKb', 1),
      idleRow('connections a second', 'connectedPerSecond', 0),
    );
  }
  return rows;
}

/** By the ratios within each block: what disturbs a block disturbs all of it. */
function relayAims(relays: readonly Relay[]): Aim[] {
  if (relays.length === 0) return [];
  const ratio = (kind: Kind, figure: Figure) => {
    const base = readings(relays, 'ws', figure);
    return median(readings(relays, kind, figure).map((value, block) => value / (base[block] ?? Number.NaN)));
  };
  const aim = (name: string, kind: Kind, figure: Figure): Aim => {
    return { name, value: ratio(kind, figure), atMost: CPU_AIM, unit: '× ws', digits: 2 };
  };
  return [
    aim('CPU per candidate', 'plugin', 'candidateUs'),
    aim('CPU per candidate, acknowledging', 'plugin-acks', 'candidateUs'),
    aim('CPU per candidate at the fixed rate', 'plugin', 'candidateAtRateUs'),
    aim('CPU per candidate at the fixed rate, acknowledging', 'plugin-acks', 'candidateAtRateUs'),
    aim('CPU per description', 'plugin', 'descriptionUs'),
  ];
}

function idleAims(idle: readonly Idle[]): Aim[] {
  const rssKb = (of: Server) => median(idleReadings(idle, of, 'rssKb'));
  if (idle.length === 0) return [];
  const value = rssKb('plugin') / rssKb('ws');
  return [{ name: 'RSS per idle socket', value, atMost: MEMORY_AIM, unit: '× ws', digits: 2 }];
}

function closeAims(closeMs: number): Aim[] {
  if (Number.isNaN(closeMs)) return [];
  const name = `fastify.close() with ${CLOSE_CLIENTS} clients`;
  return [{ name, value: closeMs, atMost: CLOSE_AIM_MS, unit: 'ms', digits: 0 }];
}

function tell(
  block: number,
  blocks: number,
  kind: Kind,
  { candidateUs, descriptionUs }: Omit<Relay, 'block' | 'kind' | 'others'>,
) {
  const figures = `candidate ${candidateUs.toFixed(1)} µs, description ${descriptionUs.toFixed(1)} µs`;
  console.log(`block ${block} of ${blocks}, ${KINDS[kind]}: ${figures}`);
}
