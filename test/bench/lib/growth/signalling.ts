import { cpuSeconds } from '../cpu.js';
import type { Lab } from '../lab.js';
import { startRedis } from '../redis.js';
import { cpuFor, type Memory, type Relayed, type Running, SignalingBench } from '../signaling/bench.js';
import { percentile } from '../statistics.js';
import type { Cost } from './cost.js';

/** Candidates a second, whatever happens: what each costs is compared at one rate. */
const PER_SECOND = 2_000;
const WARM_UP_SECONDS = 1;
/** Between the nodes; each is a camera with its own viewer. */
const NODE_PAIRS = 60;
const MB = 2 ** 20;

interface Plan {
  blocks: number;
  seconds: number;
}

/** What a server takes by the number of streams; each has a camera and a viewer, whose session is answered. */
export async function measureStreams(lab: Lab, counts: readonly number[], { blocks, seconds }: Plan): Promise<Cost[]> {
  const bench = new SignalingBench(lab);
  const load = await bench.clients();
  const [cpu, memory, delay]: [Cost, Cost, Cost] = [
    cost('streams-cpu', 'Processor time of the server for each relayed message', 'streams', 'µs'),
    cost('streams-memory', 'Memory of the server, each stream with a camera and a viewer', 'streams', 'MB of RSS'),
    cost('streams-delay', 'Relay time, 99th percentile', 'streams', 'ms'),
  ];
  for (let block = 1; block <= blocks; block += 1) {
    for (const x of counts) {
      // A new process each time: what one has once used it keeps.
      const server = await bench.start('plugin');
      await openPairs(bench, server, [], x, seconds);
      await load.ask({ do: 'rate', seconds: WARM_UP_SECONDS, perSecond: PER_SECOND });
      const { value, cpuUs } = await cpuFor(server.program, () =>
        load.ask<Relayed>({ do: 'rate', seconds, perSecond: PER_SECOND }),
      );
      const { rss } = await server.program.ask<Memory>({ do: 'memory' });
      await load.ask({ do: 'close-pairs' });
      await server.program.stop();
      cpu.steps.push({ x, y: cpuUs / value.relayed });
      memory.steps.push({ x, y: rss / MB });
      delay.steps.push({ x, y: p99Ms(value) });
      console.log(
        `block ${block} of ${blocks}, ${x} streams: ${(cpuUs / value.relayed).toFixed(0)} µs a message, ${(rss / MB).toFixed(0)} MB`,
      );
    }
  }
  return [cpu, memory, delay];
}

/**
 * What relaying takes by the number of nodes that share a Redis. Of one node both sides are clients; of several the cameras
 * are on others than the viewers, so that every message passes Redis: the dearest case.
 */
export async function measureNodes(lab: Lab, counts: readonly number[], { blocks, seconds }: Plan): Promise<Cost[]> {
  const bench = new SignalingBench(lab);
  const load = await bench.clients();
  const [cpu, redisCpu, memory, delay]: [Cost, Cost, Cost, Cost] = [
    cost('nodes-cpu', 'Processor time of all nodes and Redis for each relayed message', 'nodes', 'µs'),
    cost('nodes-redis', 'Processor time of Redis alone for each relayed message', 'nodes', 'µs'),
    cost('nodes-memory', 'Memory of a node', 'nodes', 'MB of RSS'),
    cost('nodes-delay', 'Relay time, 99th percentile', 'nodes', 'ms'),
  ];
  for (let block = 1; block <= blocks; block += 1) {
    for (const x of counts) {
      const redis = await startRedis(lab);
      const nodes: Running[] = [];
      for (let node = 0; node < x; node += 1) nodes.push(await bench.start('plugin', redis.url));
      const [first, ...others] = nodes as [Running, ...Running[]];
      await openPairs(bench, first, others, NODE_PAIRS, seconds);
      await load.ask({ do: 'rate', seconds: WARM_UP_SECONDS, perSecond: PER_SECOND });
      const redisBefore = cpuSeconds(redis.pid);
      const before = await Promise.all(nodes.map(({ program }) => program.ask<number>({ do: 'cpu' })));
      const relayed = await load.ask<Relayed>({ do: 'rate', seconds, perSecond: PER_SECOND });
      const after = await Promise.all(nodes.map(({ program }) => program.ask<number>({ do: 'cpu' })));
      const redisUs = (cpuSeconds(redis.pid) - redisBefore) * 1e6;
      const nodesUs = after.reduce((sum, used, index) => sum + used - (before[index] ?? 0), 0);
      const memories = await Promise.all(nodes.map(({ program }) => program.ask<Memory>({ do: 'memory' })));
      await load.ask({ do: 'close-pairs' });
      for (const { program } of nodes) await program.stop();
      await redis.stop();
      cpu.steps.push({ x, y: (nodesUs + redisUs) / relayed.relayed });
      redisCpu.steps.push({ x, y: redisUs / relayed.relayed });
      memory.steps.push({ x, y: memories.reduce((sum, { rss }) => sum + rss, 0) / memories.length / MB });
      delay.steps.push({ x, y: p99Ms(relayed) });
      console.log(
        `block ${block} of ${blocks}, ${x} nodes: ${((nodesUs + redisUs) / relayed.relayed).toFixed(0)} µs a message`,
      );
    }
  }
  return [cpu, redisCpu, memory, delay];
}

/** One camera and one viewer each, with a session that is answered; enough negotiations for the candidates that follow. */
async function openPairs(
  bench: SignalingBench,
  near: Running,
  far: readonly Running[],
  count: number,
  seconds: number,
): Promise<void> {
  const candidates = Math.ceil(((seconds + WARM_UP_SECONDS) * PER_SECOND) / count) + 1;
  const load = await bench.clients();
  const where = far.length > 0 ? { far: far.map(({ url }) => url) } : {};
  await load.ask({ do: 'pairs', kind: 'plugin', url: near.url, ...where, count, candidates });
}

const p99Ms = ({ timesUs = [] }: Relayed): number => percentile(timesUs, 99) / 1_000;

const cost = (name: string, title: string, variable: string, unit: string): Cost => ({
  name,
  title,
  variable,
  unit,
  steps: [],
});
