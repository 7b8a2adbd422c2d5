import { randomBytes } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { decodeJwt } from 'jose';
import type { Grant, Streams } from '../access/access.js';
import { grantFromClaims } from '../access/claims.js';
import { mintToken } from '../access/mint.js';
import { createTokenAccess, readTokenOptions } from '../access/tokens.js';
import type { Values } from './options.js';
import { EXIT, Problem, reasonOf, usage } from './problem.js';
import { readOptions } from './read.js';
import { onlyOne } from './serve-options.js';
import { COMMANDS } from './table.js';
import type { Terminal } from './terminal.js';
import { readTokenSecrets } from './token-secrets.js';

type TokenTable = typeof COMMANDS.token.options;

/** Makes a token, or looks into one. */
export async function token(args: readonly string[], terminal: Terminal): Promise<number> {
  const { out } = terminal;
  const { values, source } = readOptions('token', COMMANDS.token.options, args, terminal.env);
  if (values['new-secret']) {
    out.write(`${newSecret()}\n`);
    return EXIT.ok;
  }
  const secrets = await readTokenSecrets(onlyOne(values, source, 'token-secret', 'token-secret-file'));
  return values.inspect === undefined ? mint(values, secrets, terminal) : inspect(values.inspect, secrets, terminal);
}

/** 256 bits, as many as HS256 can use (RFC 7518 §3.2). */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

async function mint(values: Values<TokenTable>, [secret]: string[], { out, err }: Terminal): Promise<number> {
  const { role, stream, control, manage, subject, ttl } = values;
  if (secret === undefined) {
    throw usage(
      'There is no secret to sign the token with.',
      'Give the one that the server has: --token-secret-file FILE, or WEBRTC_PREVIEW_TOKEN_SECRET.',
    );
  }
  if (role.length === 0 && !manage) throw usage('A token needs --role sender, --role receiver or --manage.');
  if (role.length > 0 && stream.length === 0) {
    throw usage('A role needs a stream to apply to.', 'Write --stream camera, or --stream "*" for all.');
  }
  if (control && !role.includes('receiver')) throw usage('--control is for those who watch: it needs --role receiver.');
  const made = await mintToken({
    secret,
    role: [...role],
    streams: [...stream],
    control,
    manage,
    ttlS: ttl,
    ...(subject !== undefined && { subject }),
  }).catch((error) => {
    throw usage(
      reasonOf(error)
        .replace(/^webrtc-preview: /, '')
        .replace(/\.$/, '')
        .concat('.'),
      'webrtc-preview token --help',
    );
  });
  out.write(`${made}\n`);
  // Only where a person would read it; a program asked for the token.
  err.write(`${grantWords(grantFromClaims(decodeJwt(made))).join('\n')}\n`);
  return EXIT.ok;
}

async function inspect(shown: string, secrets: string[], { out }: Terminal): Promise<number> {
  const text = (shown === '-' ? await readInput() : shown).trim();
  const { claims, grant } = readClaims(text);
  const verdict = await verify(text, secrets);
  out.write(`${[...grantWords(grant), ...otherClaims(claims), '', verdict.sentence, ''].join('\n')}`);
  return verdict.good ? EXIT.ok : EXIT.failed;
}

async function readInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  return text;
}

function readClaims(text: string): { claims: Record<string, unknown>; grant: Grant } {
  try {
    const claims = decodeJwt(text);
    return { claims, grant: grantFromClaims(claims) };
  } catch (error) {
    throw new Problem(
      `This is not a token that webrtc-preview understands: ${reasonOf(error)}.`,
      'A token is three parts with dots between them, on one line.',
    );
  }
}

/** Asks what a server with this secret would ask. */
async function verify(text: string, secrets: string[]): Promise<{ good: boolean; sentence: string }> {
  if (secrets.length === 0) {
    return {
      good: false,
      sentence: 'Not checked: without a secret, nobody knows who signed it. Give --token-secret-file FILE.',
    };
  }
  let reason = '';
  const ignore = () => {};
  const log = {
    debug: ({ problem }: { problem: string }) => {
      reason = problem;
    },
    info: ignore,
    warn: ignore,
    error: ignore,
  } as unknown as FastifyBaseLogger;
  const access = createTokenAccess(readTokenOptions({ secret: secrets }), { log });
  const admission = await access.admit({
    via: 'http',
    token: text,
    role: undefined,
    address: '',
    request: undefined as never,
  });
  if (admission.ok) return { good: true, sentence: 'Valid: a server with this secret accepts it.' };
  const { message } = admission.error;
  return { good: false, sentence: `Not valid: ${message}${reason ? ` (${reason})` : ''}` };
}

/** What somebody with this grant may do, a line each. */
export function grantWords(grant: Grant, now = Date.now()): string[] {
  const { subject, publish, watch, control, manage, expiresAtMs } = grant;
  const may = [
    publish && `publish ${streamWords(publish)}`,
    watch && `watch ${streamWords(watch)}`,
    control && `control ${streamWords(control)}`,
    manage && 'see all streams and metrics, and end sessions',
  ].filter((right) => right !== undefined && right !== false);
  return [
    ...(subject === undefined ? [] : [`For    ${subject}`]),
    ...(may.length > 0 ? may : ['nothing']).map((right, index) => `${index === 0 ? 'May  ' : '     '}  ${right}`),
    `Until  ${expiresAtMs === undefined ? 'for ever: it has no end' : timeWords(expiresAtMs, now)}`,
  ];
}

function streamWords(streams: Streams): string {
  if (streams === true) return 'every stream';
  return streams.length === 0 ? 'no stream' : streams.join(', ');
}

function timeWords(atMs: number, now: number): string {
  const at = new Date(atMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
  const left = about(Math.abs(atMs - now) / 1_000);
  return `${at} (${atMs > now ? `in ${left}` : `${left} ago`})`;
}

function about(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ] as const;
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? (['second', 1] as const);
  const count = Math.round(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Said in words already. */
const SAID = new Set(['sub', 'role', 'streams', 'control', 'manage', 'exp', 'iat']);

function otherClaims(claims: Record<string, unknown>): string[] {
  const { iat } = claims;
  const others = Object.entries(claims).filter(([name]) => !SAID.has(name));
  return [
    ...(typeof iat === 'number' ? [`Made   ${timeWords(iat * 1_000, Date.now())}`] : []),
    ...others.map(([name, value]) => `Claim  ${name}: ${JSON.stringify(value)}`),
  ];
}
