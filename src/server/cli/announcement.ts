import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_PATH } from '../../protocol/index.js';
import { PACKAGE } from '../package.js';
import { type ServeValues, usesTokens } from './serve-options.js';
import type { Paint } from './terminal.js';

/** What was perhaps not meant, and what to do then. */
export interface Warning {
  message: string;
  next: string;
}

/** What a person must know of a server that has just started. */
export interface Announcement {
  /** Addresses to open, this machine's first. */
  addresses: string[];
  /** Who may publish, and who may watch, in a sentence each. */
  publish: string;
  watch: string;
  /** Command lines that start a sender, in their order. */
  sender: string[];
  /** The command line that makes a token for the page, where it needs one that can be made here. */
  viewer: string | undefined;
  /** What may not have been meant. */
  warnings: Warning[];
}

export function announce(values: ServeValues, port: number, { npx = false, tools = process.cwd() } = {}): Announcement {
  const [address = '', ...others] = addresses(values, port);
  return {
    addresses: [address, ...others],
    ...whoMay(values),
    sender: senderCommands(values, others[0] ?? address, npx, tools),
    viewer: values['public-watch'] ? undefined : mintCommand(values, npx, 'receiver', '12h'),
    warnings: announcementWarnings(values),
  };
}

export function announcementText(announcement: Announcement, paint: Paint): string {
  const { addresses, publish, watch, sender, viewer, warnings } = announcement;
  const row = (name: string, text: string) => `  ${paint('bold', name.padEnd(10))}${text}`;
  return [
    '',
    ...addresses.map((address, index) => row(index === 0 ? 'Open' : '', paint('bold', address))),
    row('Publish', publish),
    row('Watch', watch),
    '',
    row('Sender', paint('dim', 'to start it at the camera:')),
    ...sender.map((line) => `    ${line}`),
    ...(viewer === undefined
      ? []
      : [row('Viewer', paint('dim', `to make a token, for ${addresses[0]}/#token=…:`)), `    ${viewer}`]),
    ...(warnings.length > 0 ? [''] : []),
    ...warnings.flatMap(({ message, next }) => [`  ${paint('yellow', '!')} ${message}`, `    ${next}`]),
    '',
    '',
  ].join('\n');
}

/** In plain words. */
export function whoMay(values: ServeValues): { publish: string; watch: string } {
  const pages = values.origin.includes('*')
    ? 'on any web page'
    : `on pages of ${['this server', ...values.origin].join(', ')}`;
  if (usesTokens(values)) {
    return {
      publish: 'whoever has a token that says so, for its streams',
      watch: values['public-watch']
        ? `everybody who reaches this server, without a token, ${pages}`
        : `whoever has a token that says so, for its streams, ${pages}`,
    };
  }
  return {
    publish:
      values['allow-publish'] === 'any'
        ? 'everybody who reaches this server: nobody is asked who they are'
        : 'programs and browsers on this machine only',
    watch: `${isPublic(values.host) ? 'everybody who reaches this server' : 'this machine'}, ${pages}`,
  };
}

export function announcementWarnings(values: ServeValues): Warning[] {
  if (!isPublic(values.host)) return [];
  if (!usesTokens(values)) {
    const may = values['allow-publish'] === 'any' ? 'watch and publish' : 'watch';
    return [
      {
        message: `Everybody who reaches ${values.host} may ${may}: nobody is asked who they are.`,
        next: 'Unless that is meant, ask for tokens: --token-secret-file FILE.',
      },
    ];
  }
  if (values['tls-cert'] === undefined && values['trust-proxy'].length === 0) {
    return [
      {
        message: 'Tokens cross the network readable: this is plain http.',
        next: 'Serve https by --tls-cert and --tls-key, or behind a proxy that does.',
      },
    ];
  }
  return [];
}

function senderCommands(values: ServeValues, server: string, npx: boolean, tools: string): string[] {
  const file = fileURLToPath(new URL('sender/gstreamer-webrtc-sender.py', PACKAGE));
  const near = relative(tools, file);
  const script = near.startsWith('..') ? file : near;
  const path = values.path === DEFAULT_PATH ? '' : ` --path ${values.path}`;
  const start = `${script} --server ${server}${path} --stream camera`;
  if (!usesTokens(values)) return [start];
  return [
    mintCommand(values, npx, 'sender', '30d')?.concat(' > sender.token') ??
      '# a token for it, from whoever signs them, goes into the file sender.token',
    `${start} --token-file sender.token`,
  ];
}

/** Nothing where there are no tokens, or others sign them. */
function mintCommand(values: ServeValues, npx: boolean, role: 'sender' | 'receiver', ttl: string): string | undefined {
  if (!usesTokens(values) || values.jwks !== undefined) return undefined;
  const file = values['token-secret-file'];
  const secret = file === undefined ? '' : ` --token-secret-file ${file}`;
  return `${npx ? 'npx ' : ''}webrtc-preview token${secret} --role ${role} --stream camera --ttl ${ttl}`;
}

function addresses({ host, 'tls-cert': cert }: ServeValues, port: number): string[] {
  const at = (name: string) => `${cert === undefined ? 'http' : 'https'}://${name}:${port}`;
  if (host !== '0.0.0.0' && host !== '::') return [at(isIP(host) === 6 ? `[${host}]` : host)];
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => at(address));
  return [at('localhost'), ...own];
}

/** Whether others than this machine reach it. */
export function isPublic(host: string): boolean {
  return !(host === 'localhost' || host === '::1' || /^127\./.test(host));
}
