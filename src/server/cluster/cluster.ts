import type { Camera, Refusal } from '../../protocol/index.js';
import type { Outcome } from '../messages/questions.js';

/** What to do when a second sender wants a stream that is published. */
export type SenderPolicy = 'reject' | 'takeover' | 'same-owner';

/** A sender asks for a stream. */
export interface Claim {
  readonly stream: string;
  /** Socket of the sender, on this node. */
  readonly socket: string;
  /** Public form of the sender's instance: the same process coming back has the same. */
  readonly instance: string;
  /** Subject of the sender's grant. */
  readonly owner?: string;
  /** Only if nobody holds it. */
  readonly standby: boolean;
}

/** Who holds a stream, on all nodes. */
export interface Holder extends Omit<Claim, 'standby'> {
  readonly node: string;
  /** Grows with every change of the holder; the higher one is right. */
  readonly fence: number;
  /** Its connection is lost and may come back: until then anyone who may publish the stream may have it. */
  readonly away: boolean;
}

/** `former`: who held it until now, unless the same instance on the same socket. */
export type ClaimOutcome = { ok: true; fence: number; former?: Holder } | Refusal;

/** What nodes tell each other. Order is kept between two nodes; a message may be lost when Redis is. */
export type NodeMessage =
  | { type: 'published'; holder: Holder; camera: Camera }
  | { type: 'camera'; stream: string; socket: string; camera: Camera }
  | { type: 'away'; stream: string; socket: string }
  | { type: 'gone'; stream: string; socket: string }
  /** From the node of a receiver to the node of the sender, for that socket. */
  | { type: 'to-sender'; socket: string; event: 'candidate' | 'session-closed'; message: unknown }
  /** From the node of the sender to the node of the receiver. */
  | { type: 'from-sender'; socket: string; event: 'candidate' | 'leave'; message: unknown }
  /** The sender came back on another node: these sessions it knows already. */
  | { type: 'guests'; stream: string; socket: string; sessions: string[] }
  /** A session of this node's senders has moved to the asking node. */
  | { type: 'kick'; target: { session?: string; subject?: string; stream?: string } };

/** A question from the node of a receiver to the node of the sender; the answer is the sender's acknowledgement. */
export interface NodeQuestion {
  readonly socket: string;
  readonly event: 'offer' | 'set-mode';
  readonly message: unknown;
}

/** What a cluster tells its node. */
export interface ClusterEvents {
  onMessage(from: string, message: NodeMessage): void;
  onQuestion(from: string, question: NodeQuestion): Promise<Outcome>;
  /** Everything that this node publishes, `away` streams included: for nodes that have just come, or have missed something. */
  published(): { holder: Omit<Holder, 'node' | 'fence'>; camera: Camera }[];
  /** Exactly what another node publishes now; what this node knows of it beyond that is gone. */
  onSnapshot(from: string, streams: { holder: Holder; camera: Camera }[]): void;
  /** Nothing was heard of a node for the time of a lease: its senders are away. */
  onNodeLost(node: string): void;
  /** Somebody else holds the stream now. */
  onLeaseLost(stream: string, holder: Holder | undefined): void;
  onState(state: 'ready' | 'degraded', reason?: string): void;
}

/** The servers that share the streams: one (`SoloCluster`), or several through Redis. */
export interface Cluster {
  /** Name of this node, random for each start. */
  readonly node: string;
  readonly state: 'ready' | 'degraded';
  start(events: ClusterEvents): Promise<void>;
  /** Decides by the policy who has the stream; keeps the lease until {@link release}. Never rejects. */
  claim(claim: Claim): Promise<ClaimOutcome>;
  /** The holder's connection is lost (`away`), the lease is kept for its return. */
  setAway(stream: string): void;
  release(stream: string): void;
  tell(to: string | 'all', message: NodeMessage): void;
  /** Never rejects; ends at once when the node is lost or Redis is away (`cluster_unavailable`). */
  ask(node: string, question: NodeQuestion, timeoutMs: number): Promise<Outcome>;
  /** Other nodes hear that this one goes: its streams are away at once. Resolves within a second. */
  close(): Promise<void>;
}
