import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import { SignJWT } from 'jose';
import type { Visitor } from '../../../src/server/access/access.js';

export const SECRET = 'S6Rk-uhJ2vQ8nZxw0pTfLd3YbGm7Ae5C';
export const OTHER_SECRET = 'qW9zXc4vBn1mLk7jHg3fDs5aPo8iUy2T';

/** A moment that all tests of times begin at, in Unix ms. */
export const NOW_MS = Date.UTC(2026, 0, 15, 12);
export const NOW_S = NOW_MS / 1_000;

export interface Line {
  level: string;
  details: Record<string, unknown>;
  text: string;
}

/** A log that keeps its lines. */
export function keepLog(): { log: FastifyBaseLogger; lines: Line[]; text(): string } {
  const lines: Line[] = [];
  const at = (level: string) => (details: Record<string, unknown>, text: string) => {
    lines.push({ level, details, text });
  };
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { log: log as unknown as FastifyBaseLogger, lines, text: () => JSON.stringify(lines) };
}

/** A request from this address with these headers, as far as access looks at it. */
export function requestFrom(remoteAddress: string | undefined, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

/** Somebody at the door, from a public address unless told otherwise. */
export function visitor(fields: Partial<Visitor> = {}): Visitor {
  const address = fields.address ?? '203.0.113.9';
  return { via: 'socket', token: undefined, role: undefined, address, request: requestFrom(address), ...fields };
}

/** A token with exactly these claims, right or wrong. */
export function sign(claims: Record<string, unknown>, secret = SECRET, alg = 'HS256'): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}

/** A token with any header and payload, and this signature or none. */
export function forge(header: unknown, payload: unknown, signature = ''): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(payload)}.${signature}`;
}

export type KeyKind = 'rsa' | 'ec' | 'ed25519';

/** A key pair in PEM form. */
export function keyPair(
  kind: KeyKind,
  { bits = 2_048, curve = 'P-256' } = {},
): { publicKey: string; privateKey: string } {
  const { publicKey, privateKey } = {
    rsa: () => generateKeyPairSync('rsa', { modulusLength: bits }),
    ec: () => generateKeyPairSync('ec', { namedCurve: curve }),
    ed25519: () => generateKeyPairSync('ed25519'),
  }[kind]();
  return {
    publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
    privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}
