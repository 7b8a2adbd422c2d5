/*
 * Writes docs/protocol.schema.json and docs/protocol.md from src/protocol, so that neither can say anything else
 * than what the programs check:  npx tsx scripts/protocol-docs.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as protocol from '../src/protocol/index.js';
import { pictureClockSection, sessionSection } from './protocol-prose.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The parts of JSON Schema that src/protocol uses. */
interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

const schemas: [string, unknown][] = Object.entries<unknown>(protocol)
  .filter(([, value]) => typeof value === 'object' && value !== null && Object.hasOwn(value, '~kind'))
  .sort(([a], [b]) => (a < b ? -1 : 1));
/** `FromViewer` is another name of `Ping`: what is a message's own name comes first. */
const names = new Map<unknown, string>(
  [...schemas].sort(([a], [b]) => Number(b.startsWith('From')) - Number(a.startsWith('From'))).map(([n, s]) => [s, n]),
);
/** `Type.Optional` copies a schema: the copy is known by its content. */
const namesByContent = new Map([...names].map(([schema, name]) => [JSON.stringify(schema), name]));

function nameIfAny(schema: unknown): string | undefined {
  return names.get(schema) ?? namesByContent.get(JSON.stringify(schema));
}

function nameOf(schema: unknown): string {
  const name = names.get(schema);
  if (name === undefined) throw new Error('src/protocol uses a schema for an event that it does not export');
  return name;
}

/** docs/protocol.schema.json: every message by its exported name, and the tables as `x-` keys. */
export function schemaFile(): string {
  const $defs = Object.fromEntries(schemas);
  const clientToServer = Object.entries(protocol.EVENTS).map(([event, { from, payload, ack, about }]) => [
    event,
    { from, payload: nameOf(payload), ack: nameOf(ack), about },
  ]);
  const serverToClient = Object.entries(protocol.SERVER_EVENTS).map(([event, { to, payload, ack, about }]) => [
    event,
    { to, payload: nameOf(payload), ack: ack && nameOf(ack), about },
  ]);
  const file = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'webrtc-preview protocol',
    description: 'Written by scripts/protocol-docs.ts from src/protocol. Do not edit.',
    'x-protocol-version': protocol.PROTOCOL_VERSION,
    'x-path': protocol.DEFAULT_PATH,
    'x-data-channel-label': protocol.DATA_CHANNEL_LABEL,
    'x-rtp-clock-rate': protocol.RTP_CLOCK_RATE,
    'x-events': {
      'client-to-server': Object.fromEntries(clientToServer),
      'server-to-client': Object.fromEntries(serverToClient),
      'data-channel': { 'viewer-to-sender': ['Ping'], 'sender-to-viewer': ['Pong', 'Clock', 'Quality'] },
    },
    'x-errors': protocol.ERRORS,
    'x-limits': protocol.LIMITS,
    'x-timeouts': protocol.TIMEOUTS,
    $defs,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

const CHANNEL_MESSAGES = [protocol.Ping, protocol.Pong, protocol.Clock, protocol.Quality];

// ---- docs/protocol.md ---------------------------------------------------------------------------------------------

const comments = {
  ...fieldComments('src/protocol/messages.ts'),
  ...fieldComments('src/protocol/data-channel.ts'),
};
const constantComments = fieldComments('src/protocol/constants.ts');

/** `Publish.instance` → the comment above that field. The source is the only place where fields are explained. */
function fieldComments(path: string): Record<string, string> {
  const found: Record<string, string> = {};
  let owner = '';
  let comment: string[] = [];
  for (const line of readFileSync(`${root}${path}`, 'utf8').split('\n')) {
    const text = line.trim();
    const declared = /^export const (\w+)/.exec(text)?.[1];
    const field = /^(\w+):/.exec(text)?.[1];
    if (text.startsWith('/**') || text.startsWith('* ')) {
      comment.push(text.replace(/^\/?\*+\s?/, '').replace(/\s*\*\/$/, ''));
      continue;
    }
    if (declared) {
      owner = declared;
      if (comment.length > 0) found[owner] = comment.join(' ');
    } else if (field && comment.length > 0) found[`${owner}.${field}`] = comment.join(' ');
    comment = [];
  }
  return found;
}

function range(low: number | undefined, high: number | undefined, unit = ''): string {
  if (low === undefined && high === undefined) return '';
  if (low === undefined) return `, ≤ ${high}${unit}`;
  return high === undefined ? `, ≥ ${low}${unit}` : `, ${low} … ${high}${unit}`;
}

/** A field's type in a few words; named schemas are linked. */
function typeOf(schema: Schema): string {
  const name = nameIfAny(schema);
  if (name === 'Id') return 'id';
  if (name === 'Sdp') return 'SDP';
  if (name !== undefined) return `[${name}](#${name.toLowerCase()})`;
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if ('const' in schema) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return 'a code of [Errors](#errors)';
  if (schema.type === 'array') {
    return `array of ${typeOf(schema.items ?? {})}${range(schema.minItems, schema.maxItems, ' items')}`;
  }
  if (schema.type === 'string') return `string${range(schema.minLength, schema.maxLength, ' characters')}`;
  return `${schema.type}${range(schema.minimum, schema.maximum)}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

function payloadTable(message: unknown): string {
  const schema = message as Schema;
  const name = nameOf(message);
  if (schema.anyOf) return `One of ${schema.anyOf.map(typeOf).join(', ')}.`;
  const rows = Object.entries(schema.properties ?? {}).map(([field, type]) => [
    `\`${field}\`${schema.required?.includes(field) ? '' : ' (optional)'}`,
    typeOf(type),
    comments[`${name}.${field}`] ?? '',
  ]);
  return table(['field', 'type', 'meaning'], rows);
}

function list(roles: readonly string[]): string {
  return roles.join(' or ');
}

function ackSentence(ack: unknown): string {
  return ack === null
    ? 'No acknowledgement.'
    : `Acknowledged with ${typeOf(ack as Schema)}, or [Refusal](#refusal) with a code.`;
}

function eventSections(): string {
  const parts: string[] = ['## What clients send'];
  for (const [event, { from, payload, ack, about }] of Object.entries(protocol.EVENTS)) {
    parts.push(`### \`${event}\` (${list(from)} → server)`, about, payloadTable(payload), ackSentence(ack));
  }
  parts.push('## What the server sends');
  for (const [event, { to, payload, ack, about }] of Object.entries(protocol.SERVER_EVENTS)) {
    parts.push(`### \`${event}\` (server → ${list(to)})`, about, payloadTable(payload), ackSentence(ack));
  }
  return parts.join('\n\n');
}

function objectSections(): string {
  const payloads = new Set<unknown>(
    [...Object.values(protocol.EVENTS), ...Object.values(protocol.SERVER_EVENTS)].map(({ payload }) => payload),
  );
  const channel = new Set<unknown>(CHANNEL_MESSAGES);
  const parts = ['## Objects in messages', 'No object may have fields that are not listed.'];
  for (const [schema, name] of names) {
    const isObject = (schema as Schema).type === 'object';
    if (isObject && (!payloads.has(schema) || schema === protocol.StreamInfo) && !channel.has(schema)) {
      parts.push(`### ${name}`);
      if (comments[name]) parts.push(comments[name]);
      parts.push(payloadTable(schema));
    }
  }
  for (const schema of [protocol.Role, protocol.CloseReason]) {
    parts.push(`### ${nameOf(schema)}`, `One of ${(schema as Schema).anyOf?.map(typeOf).join(', ')}.`);
  }
  return parts.join('\n\n');
}

function channelSection(): string {
  const parts = [
    '## The data channel',
    `The viewer opens one unordered data channel with the label \`${protocol.DATA_CHANNEL_LABEL}\`. Each message on it is one JSON object as text. ` +
      'It carries time, so that latency is measured and not guessed: the four times of `ping` and `pong` give the offset between the two clocks ' +
      '(NTP, RFC 5905 §8), and `clock` says which capture time belongs to which RTP timestamp. `quality` says what this viewer is being sent. ' +
      'A program ignores types and fields that it does not know.',
  ];
  for (const schema of CHANNEL_MESSAGES) {
    const name = nameOf(schema);
    parts.push(`### ${name}`, comments[name] ?? '', payloadTable(schema));
  }
  return parts.join('\n\n');
}

function errorSection(): string {
  const rows = Object.entries(protocol.ERRORS).map(([code, { message, next, retryable }]) => [
    `\`${code}\``,
    message,
    next,
    retryable ? 'yes' : 'no',
  ]);
  return [
    '## Errors',
    'A refusal names one of these codes. Its `message` may be more exact than the one below; `retryable` says whether the same request may succeed later without anyone changing anything. A program must accept codes that it does not know.',
    table(['code', 'what happened', 'what to do', 'retryable'], rows),
  ].join('\n\n');
}

function limitSection(): string {
  const rows = (name: string, values: Record<string, number>) =>
    Object.entries(values).map(([key, value]) => [
      `\`${key}\``,
      value.toLocaleString('en'),
      constantComments[`${name}.${key}`] ?? '',
    ]);
  return [
    '## Limits',
    constantComments.LIMITS ?? '',
    table(['limit', 'value', 'meaning'], rows('LIMITS', protocol.LIMITS)),
    '## Deadlines',
    'In milliseconds.',
    table(['deadline', 'value', 'meaning'], rows('TIMEOUTS', protocol.TIMEOUTS)),
  ].join('\n\n');
}

/** docs/protocol.md */
export function pageFile(): string {
  const parts = [
    '<!-- Written by scripts/protocol-docs.ts from src/protocol. Do not edit. -->',
    sessionSection(),
    eventSections(),
    objectSections(),
    channelSection(),
    pictureClockSection(),
    errorSection(),
    limitSection(),
  ];
  return `${parts.join('\n\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(`${root}docs/protocol.schema.json`, schemaFile());
  writeFileSync(`${root}docs/protocol.md`, pageFile());
}
