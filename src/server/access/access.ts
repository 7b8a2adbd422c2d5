import type { IncomingMessage } from 'node:http';
import type { ErrorInfo, Role } from '../../protocol/index.js';

/** Streams that a right covers: all, or those whose name is listed; `*` in a listed name stands for any run of characters. */
export type Streams = true | readonly string[];

/** What somebody may do. A right that is absent is not given. */
export interface Grant {
  /** Who it is: the `sub` of a token. Two senders with the same subject have the same owner. At most 200 characters. */
  readonly subject?: string;
  /** Streams that may be published. */
  readonly publish?: Streams;
  /** Streams that may be watched. */
  readonly watch?: Streams;
  /** Streams whose mode may be changed by a viewer. */
  readonly control?: Streams;
  /** May see every stream and session, the metrics, and end sessions. */
  readonly manage?: boolean;
  /** Unix time in ms at which all of it ends; absent when it does not. */
  readonly expiresAtMs?: number;
}

/** Somebody at the door. */
export interface Visitor {
  /** `socket`: Socket.IO; `http`: one of the routes, WHEP included. */
  readonly via: 'socket' | 'http';
  /** As it was shown: Socket.IO's `auth.token`, or `Authorization: Bearer …`. */
  readonly token: string | undefined;
  /** What it wants to be; `undefined` for a route that is neither. A grant decides, not this. */
  readonly role: Role | undefined;
  /** IP address of the client, proxies that are trusted taken into account. */
  readonly address: string;
  readonly request: IncomingMessage;
}

/** What becomes of a visitor. */
export type Admission = { ok: true; grant: Grant } | { ok: false; error: ErrorInfo };

/**
 * The hook: who may do what. Returning nothing refuses with `unauthorized`; throwing refuses with `internal` and is logged.
 */
export type Authorize = (visitor: Visitor) => Grant | undefined | Promise<Grant | undefined>;

/** Decides on each visitor: by the `authorize` hook, by signed tokens, or by the address when nothing is configured. */
export interface Access {
  /** Never rejects. The error says no more than it must: a wrong token is `unauthorized` whatever is wrong with it, but for `token_expired`. */
  admit(visitor: Visitor): Promise<Admission>;
}

/** True when `streams` covers the stream of this name. */
export function covers(streams: Streams | undefined, stream: string): boolean {
  if (streams === undefined) return false;
  if (streams === true) return true;
  return streams.some((name) => (name.includes('*') ? matchesPattern(name, stream) : name === stream));
}

/** Only `*` is special. Linear in practice: names are short, and each part is looked for once, from left to right. */
function matchesPattern(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
