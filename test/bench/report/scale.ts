import { median } from '../lib/statistics.js';
import { type Section, table } from './markdown.js';

/* docs/scale.md: arithmetic from what was measured to a million viewers. Each figure is one of the JSON, or an assumption here. */

/** What is not measured here, and from where it is. */
const ASSUMED = {
  /** The default of the sender, and what every figure was measured with. */
  kbps: 2_500,
  /** Of a line, what can be filled before packets wait. */
  filled: 0.7,
  /** LiveKit's own benchmark: 3000 subscribers of one 720p video on 16 cores. */
  sfuViewersPerCore: 190,
  sfuCores: 16,
  sfuGbps: 10,
  /** Offer, answer, live, leave, and half a dozen candidates each way. */
  messagesPerJoin: 16,
  /** In how many seconds everybody is back after a failure. */
  returnSeconds: 60,
  /** One camera, watched by everyone. */
  viewers: 1_000_000,
  homeMbps: 20,
  officeMbps: 1_000,
} as const;

interface GrowthRaw {
  costs: {
    name: string;
    steps: { x: number; y: number }[];
    curve: { base: number; factor: number; power: number; formula: string };
    knee: { at: number } | null;
  }[];
}

interface SignalingRaw {
  sessions: { perSecond: number }[];
  idle: { server: string; nextRssKb: number }[];
  held: { sockets: number; cpuPercent: number }[];
}

/** @returns nothing where not enough was measured */
export function scalePage(sections: readonly Section[]): string | null {
  const raw = <T>(name: string) => sections.find((section) => section.name === name)?.report.raw as T | undefined;
  const costs = raw<GrowthRaw>('growth')?.costs ?? [];
  const signaling = raw<SignalingRaw>('signaling');
  const curve = (name: string) => costs.find((cost) => cost.name === name)?.curve;
  const cpu = curve('viewers-cpu');
  const redisSteps = costs.find(({ name }) => name === 'nodes-redis')?.steps ?? [];
  if (!cpu || redisSteps.length === 0 || !signaling) return null;

  const { kbps, filled, viewers } = ASSUMED;
  const perCore = ((100 - cpu.base) / cpu.factor) ** (1 / cpu.power);
  const tried = Math.max(...(costs.find(({ name }) => name === 'viewers-cpu')?.steps ?? []).map(({ x }) => x));
  const onHome = Math.floor((ASSUMED.homeMbps * 1_000 * filled) / kbps);
  const onOffice = Math.floor((ASSUMED.officeMbps * 1_000 * filled) / kbps);
  const sessions = median(signaling.sessions.map(({ perSecond }) => perSecond));
  const socketKb = median(signaling.idle.filter(({ server }) => server === 'plugin').map(({ nextRssKb }) => nextRssKb));
  const [held] = signaling.held;
  const idlePercent = held ? (held.cpuPercent / held.sockets) * 1_000 : Number.NaN;
  const redisUs = median(redisSteps.filter(({ x }) => x === 2).map(({ y }) => y));
  const redisMessages = 1e6 / redisUs;
  const redisJoins = redisMessages / ASSUMED.messagesPerJoin;
  const bits = (viewers * kbps) / 1e9;
  const boxesByLine = Math.ceil(bits / ((ASSUMED.sfuGbps / 1_000) * filled));
  const boxesByCpu = Math.ceil(viewers / (ASSUMED.sfuViewersPerCore * ASSUMED.sfuCores));
  const boxes = Math.max(boxesByLine, boxesByCpu);
  const returning = viewers / ASSUMED.returnSeconds;
  const socketNodes = Math.ceil((viewers * idlePercent) / 1_000 / 50);
  const returnNodes = Math.ceil(returning / sessions);

  const limits: Limit[] = [
    [
      onHome,
      `an uplink of ${ASSUMED.homeMbps} Mbit/s (*assumed*), filled to ${filled * 100} % (*assumed*): ${ASSUMED.homeMbps * filled} ÷ ${kbps / 1_000}`,
      'smaller levels: who cannot have all of it is moved to half the size, then to a quarter; or publish by WHIP to a server with a line',
    ],
    [
      Math.floor(perCore),
      `one core of the sender, which is full at ${cpu.formula} = 100 % ([growth](benchmarks.md#growth), measured up to ${tried})`,
      'a second core, as each viewer has a thread of its own (not measured here, where viewers fill the other one); beyond that an SFU',
    ],
    [
      onOffice,
      `a line of ${ASSUMED.officeMbps / 1_000} Gbit/s at the sender (*assumed*)`,
      '`--whip`: the sender sends once, to an SFU that has the lines',
    ],
    [
      ASSUMED.sfuViewersPerCore * ASSUMED.sfuCores,
      `one SFU of ${ASSUMED.sfuCores} cores, ${ASSUMED.sfuViewersPerCore} viewers a core (*assumed*, LiveKit’s own figure); its ${ASSUMED.sfuGbps} Gbit/s line carries ${thousands(Math.floor((ASSUMED.sfuGbps * 1e6 * filled) / kbps))}`,
      'a cluster: one SFU takes the WHIP, others take the stream from it',
    ],
    [
      Math.round(sessions * ASSUMED.returnSeconds),
      `one node of the plugin when all come back within ${ASSUMED.returnSeconds} s (*assumed*): ${thousands(Math.round(sessions))} sessions a second ([signaling](benchmarks.md#signaling))`,
      'more nodes with Redis; elements spread their retries (`retryPolicy`), so that a node which is late stays alive',
    ],
    [
      Math.round(redisJoins * ASSUMED.returnSeconds),
      `one Redis in the same minute: ${round(redisUs)} µs a message of one core ([growth](benchmarks.md#growth)), ${ASSUMED.messagesPerJoin} messages a join (*assumed*): ${thousands(Math.round(redisJoins))} joins a second`,
      'keep viewers and their camera on one node where it can be done (sticky by stream), which sends nothing through Redis; or let viewers use the SFU’s own WHEP, which does not ask the plugin',
    ],
  ];

  return `${[
    '# How far it goes',
    '<!-- Written by `npm run bench -- report` from the JSON of the benchmarks. Change test/bench/report/scale.ts, not this page. -->',
    [
      'From one viewer to a million, in arithmetic. What was measured has a link to where; what was not is marked *assumed*, and is only as',
      'good as that. All of it is for one camera of 720p30 at',
      `${kbps / 1_000} Mbit/s, on processors like those that the benchmarks ran on.`,
    ].join('\n'),
    '## What breaks first',
    breaksTable(limits),
    '## A million',
    [
      `- **Media**: 1,000,000 × ${kbps / 1_000} Mbit/s = ${thousands(Math.round(bits * 1_000))} Gbit/s. With lines of ${ASSUMED.sfuGbps} Gbit/s filled to ${filled * 100} % (*assumed*) that is ${thousands(boxesByLine)} SFUs, by processors`,
      `  (${ASSUMED.sfuViewersPerCore} viewers a core, *assumed*) ${thousands(boxesByCpu)} of ${ASSUMED.sfuCores} cores: ${thousands(boxes)} boxes. One of them feeds the others: ${thousands(boxes)} × ${kbps / 1_000} Mbit/s = ${round((boxes * kbps) / 1e6)} Gbit/s, and a second one`,
      '  stands by. That is one hop more, of a few milliseconds (*assumed*), and no transcoding. The sender does what it does for one viewer.',
      '- **An SFU does not change the rate for one viewer**: what levels do here, simulcast has to do there, and the sender’s WHIP sends one level today.',
      '  A viewer on a bad link then loses frames instead of pixels. That, and not the number, is what is lost first on the way to a million.',
      `- **Signalling at rest**: ${thousands(viewers)} sockets × ${round(socketKb)} kB ([signaling](benchmarks.md#signaling)) = ${round((viewers * socketKb) / 1e6)} GB, and ${round(idlePercent)} % of a core for each thousand that is idle`,
      `  ([signaling](benchmarks.md#signaling)): ${thousands(Math.round((viewers * idlePercent) / 1e5))} cores, so ${socketNodes} nodes at half of a core each (*assumed*). More than ${thousands(held?.sockets ?? 0)} sockets on one node`,
      `  were not measured: with no more, it is ${thousands(Math.ceil(viewers / (held?.sockets ?? 1)))} nodes. Viewers by WHEP at the SFU hold no socket: then it is none.`,
      `- **Everybody comes back within a minute** (*assumed*): ${thousands(Math.round(returning))} sessions a second ÷ ${thousands(Math.round(sessions))} = ${returnNodes} nodes for that minute. This is what to size for, not the rest. Limits by address`,
      '  and the spread of the retries keep a smaller cluster alive, more slowly.',
      `- **Redis** would see ${thousands(Math.round(returning * ASSUMED.messagesPerJoin))} messages a second if every viewer sat on another node than the camera; one core passes ${thousands(Math.round(redisMessages))}. So one camera’s viewers belong on the`,
      '  nodes that have the camera, or on WHEP. With many cameras it spreads by itself: the load is by session, not by stream, and each camera is one lease in Redis.',
    ].join('\n'),
    '## How each cost grows',
    [
      'Fitted to what was measured, and good only as far as it was measured ([growth](benchmarks.md#growth)):',
      '',
      table(
        [
          ['', 'curve', 'up to'],
          ...costs.map(({ name, curve, knee }) => [
            name,
            curve.formula,
            knee ? String(knee.at) : 'the most that was tried',
          ]),
        ],
        'lll',
      ),
    ].join('\n'),
  ].join('\n\n')}\n`;
}

/** At so many viewers what gives way, and what to do about it. */
type Limit = [viewers: number, what: string, then: string];

function breaksTable(limits: readonly Limit[]): string {
  const rows = [...limits].sort(([a], [b]) => a - b).map(([viewers, ...words]) => [thousands(viewers), ...words]);
  return table([['viewers of one camera', 'what gives way', 'what to do'], ...rows], 'rll');
}

const round = (value: number): string => String(Number(value.toPrecision(3)));
const thousands = (value: number): string => value.toLocaleString('en-US');
