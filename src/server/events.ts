import type { EventEmitter } from 'node:events';
import type { CloseReason, ErrorCode, ErrorInfo, Role } from '../protocol/index.js';
import type { TurnReport } from './ice/turn-report.js';

/** Kind of an ICE candidate (RFC 8445 §5.1.1), `tcp` for any of them over TCP (RFC 6544); `end`: there are no more. */
export type CandidateKind = 'host' | 'srflx' | 'prflx' | 'relay' | 'tcp' | 'end';

/**
 * What happens, for whoever wants to watch: `fastify.webrtcSignaling.events`. Names of sessions, streams and subjects, never
 * tokens, SDP, or addresses out of candidates. Listeners run at once and must not throw.
 */
export interface SignalingEvents {
  'client-connected': [{ peer: string; role: Role; via: 'socket' | 'whep'; subject?: string; address: string }];
  'client-refused': [{ code: ErrorCode; role?: Role; via: 'socket' | 'http'; address: string }];
  'client-disconnected': [{ peer: string; role: Role; via: 'socket' | 'whep'; reason: string; connectedMs: number }];
  /** Every message that was answered; `code` says why, when it was refused. Several thousand a second are possible. */
  message: [{ peer: string; event: string; code?: ErrorCode }];
  'stream-published': [{ stream: string; owner?: string; takeover: boolean }];
  /** Its sender's connection is lost, and may come back. */
  'stream-away': [{ stream: string }];
  'stream-gone': [{ stream: string }];
  'session-joined': [{ session: string; stream: string; via: 'socket' | 'whep'; subject?: string }];
  'session-offered': [{ session: string; stream: string; epoch: number }];
  'session-answered': [{ session: string; stream: string; epoch: number; tookMs: number }];
  'session-refused': [{ session: string; stream: string; epoch: number; tookMs: number; error: ErrorInfo }];
  'session-candidate': [{ session: string; from: 'sender' | 'receiver'; kind: CandidateKind }];
  'session-live': [{ session: string; stream: string; sinceJoinMs: number }];
  /** The receiver's connection is lost; it may resume. */
  'session-detached': [{ session: string; stream: string }];
  'session-resumed': [{ session: string; stream: string }];
  'session-closed': [{ session: string; stream: string; reason: CloseReason; error?: ErrorInfo }];
  'ice-refreshed': [{ peers: number }];
  'turn-tested': [TurnReport];
  /** Several nodes: `degraded` while Redis is away. */
  cluster: [{ state: 'ready' | 'degraded'; reason?: string }];
}

export type SignalingEmitter = EventEmitter<SignalingEvents>;
