import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { measureQuietly, quietOption } from '../lib/quiet.js';
import {
  type Held,
  HOLD_SECONDS,
  type Idle,
  type RelayCost,
  SESSION_VIEWERS,
  type Server,
  SignalingBench,
} from '../lib/signaling/bench.js';
import type { Kind } from '../lib/signaling/pairs.js';
import { median, medianAndRange } from '../lib/statistics.js';
import { type Aim, countOption, type Suite } from '../lib/suite.js';

const KINDS: Record<Kind, string> = {
  ws: 'raw ws relay',
  plugin: 'plugin',
  'plugin-acks': 'plugin, acknowledging',
  other: 'other build',
  'other-acks': 'other, acknowledging',
  peerjs: 'PeerJS server',
};
const PARTS = ['relay', 'sessions', 'idle', 'close'] as const;
type Part = (typeof PARTS)[number];

const CLOSE_CLIENTS = 1_000;
/** Descriptors that a process needs besides its sockets. */
const SPARE_FILES = 200;
const CPU_AIM = 1.6;
const MEMORY_AIM = 2.2;
const CLOSE_AIM_MS = 1_000;

interface Relay extends RelayCost {
  block: number;
  kind: Kind;
  others: number;
}

const suite: Suite = {
  about: 'the plugin against a raw ws relay and PeerJS: processor time, relay times, memory, sessions, close()',
  options: {
    blocks: { type: 'string', default: '5' },
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
    const bench = new SignalingBench(lab, other);
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

function tell(block: number, blocks: number, kind: Kind, { candidateUs, descriptionUs }: RelayCost) {
  const figures = `candidate ${candidateUs.toFixed(1)} µs, description ${descriptionUs.toFixed(1)} µs`;
  console.log(`block ${block} of ${blocks}, ${KINDS[kind]}: ${figures}`);
}
