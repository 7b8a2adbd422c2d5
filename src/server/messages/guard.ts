import { type ClientEvent, EVENTS, type Role } from '../../protocol/index.js';
import type { MessageLimit } from '../access/limits.js';
import { type Refused, refuse } from '../sessions/decisions.js';
import { explain } from './validate.js';

/** A message as it came from the wire: anything at all. */
export interface RawMessage {
  event: unknown;
  payload: unknown[];
  /** Answers the message; does nothing when the client did not ask for an answer. */
  acknowledge: (ack: unknown) => void;
}

/** Takes apart what Socket.IO hands over: the acknowledgement, if there is one, is its own function at the end. */
export function readRaw(event: unknown, args: unknown[]): RawMessage {
  const last = args.at(-1);
  if (typeof last !== 'function') return { event, payload: args, acknowledge: () => {} };
  return { event, payload: args.slice(0, -1), acknowledge: (ack) => last(ack) };
}

/** Everything that can be said about a message before its meaning: rate, name, role, shape. */
export function inspect(
  { event, payload }: RawMessage,
  role: Role,
  verdict: ReturnType<MessageLimit['judge']>,
): Refused | { ok: true; event: ClientEvent; message: unknown } {
  if (verdict !== 'fine') return refuse('rate_limited');
  if (!isClientEvent(event)) {
    const name = String(event)
      .replace(/[^ !#-~]/g, '?')
      .slice(0, 40);
    return refuse('unknown_event', `The server does not know the message "${name}".`);
  }
  const { from, payload: schema } = EVENTS[event];
  if (!(from as readonly Role[]).includes(role)) {
    return refuse('wrong_role', `Only a ${from.join(' or ')} may send "${event}"; this connection is a ${role}.`);
  }
  if (payload.length !== 1) return refuse('bad_request', `The message "${event}" takes exactly one object.`);
  const error = explain(schema, payload[0]);
  return error ? { ok: false, error } : { ok: true, event, message: payload[0] };
}

function isClientEvent(event: unknown): event is ClientEvent {
  return typeof event === 'string' && Object.hasOwn(EVENTS, event);
}
