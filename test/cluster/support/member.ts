import { onTestFinished } from 'vitest';
import type { Claim, Holder, NodeMessage, NodeQuestion, SenderPolicy } from '../../../src/server/cluster/cluster.js';
import { RedisCluster } from '../../../src/server/cluster/redis.js';
import { type RedisOptions, readRedisOptions } from '../../../src/server/cluster/redis-options.js';
import type { Outcome } from '../../../src/server/messages/questions.js';
import { CAMERA } from '../../server/support.js';

/** Short, so that tests need not wait long. */
export const LEASE_MS = 1_500;

type Published = { holder: Omit<Holder, 'node' | 'fence'>; camera: typeof CAMERA };

/** One node, and all that its cluster has told it. */
export interface Member {
  cluster: RedisCluster;
  node: string;
  messages: { from: string; message: NodeMessage }[];
  questions: NodeQuestion[];
  /** Answers them. */
  answer: (question: NodeQuestion) => Promise<Outcome>;
  snapshots: { from: string; streams: string[] }[];
  lostNodes: string[];
  lostLeases: { stream: string; holder: Holder | undefined }[];
  states: string[];
  reasons: string[];
  /** What it publishes, for the snapshots. */
  published: Published[];
  /** Claims, and publishes when it gets the stream, as the signalling does. */
  publish(claim: Claim): Promise<boolean>;
}

/** A node that has started, and is closed with the test. */
export async function member(
  options: RedisOptions,
  { policy = 'reject' }: { policy?: SenderPolicy } = {},
): Promise<Member> {
  const settings = readRedisOptions({ leaseMs: LEASE_MS, ...options });
  if (!settings) throw new Error('no settings');
  const cluster = await RedisCluster.create(settings, policy, { error: (details) => console.error(details) });
  const self: Member = {
    cluster,
    node: cluster.node,
    messages: [],
    questions: [],
    answer: async () => ({ answered: true, ack: { ok: true } }),
    snapshots: [],
    lostNodes: [],
    lostLeases: [],
    states: [],
    reasons: [],
    published: [],
    publish: async (claim) => {
      const outcome = await cluster.claim(claim);
      if (!outcome.ok) return false;
      const { standby, ...rest } = claim;
      const holder = { ...rest, away: false };
      self.published.push({ holder, camera: CAMERA });
      cluster.tell('all', {
        type: 'published',
        holder: { ...holder, node: cluster.node, fence: outcome.fence },
        camera: CAMERA,
      });
      return true;
    },
  };
  onTestFinished(() => cluster.close());
  await cluster.start({
    onMessage: (from, message) => self.messages.push({ from, message }),
    onQuestion: async (_from, question) => {
      self.questions.push(question);
      return self.answer(question);
    },
    published: () => self.published,
    onSnapshot: (from, streams) => self.snapshots.push({ from, streams: streams.map(({ holder }) => holder.stream) }),
    onNodeLost: (node) => self.lostNodes.push(node),
    onLeaseLost: (stream, holder) => self.lostLeases.push({ stream, holder }),
    onState: (state, reason) => {
      self.states.push(state);
      if (reason) self.reasons.push(reason);
    },
  });
  return self;
}

export function claim(stream: string, instance: string, more: Partial<Claim> = {}): Claim {
  return { stream, instance, socket: `socket of ${instance}`, standby: false, ...more };
}
