import { type IceConfig, IceServer, type SenderIceConfig } from '../../protocol/index.js';
import { explain } from '../messages/validate.js';
import type { TurnCredentials } from './allocate.js';

/** The ICE servers in both forms that peers want. */
export interface Ice {
  /** For browsers, and `GET <path>/ice-servers`. */
  readonly browser: IceConfig;
  /** For GStreamer's webrtcbin. */
  readonly gstreamer: SenderIceConfig;
}

/** The environment variables that name ICE servers; docs/turn.md explains them. */
export interface IceEnvironment {
  TURN_SERVER_URL?: string | undefined;
  TURN_SERVER_USERNAME?: string | undefined;
  TURN_SERVER_CREDENTIAL?: string | undefined;
  TURN_SERVER_SECRET?: string | undefined;
  TURN_SERVER_SECRET_FILE?: string | undefined;
  TURN_SERVER_TTL?: string | undefined;
}

export interface IceUrl {
  scheme: 'stun' | 'stuns' | 'turn' | 'turns';
  /** Host name, IPv4 address or IPv6 address in brackets. */
  host: string;
  port: number;
  transport: 'udp' | 'tcp' | undefined;
}

const URL_FORM =
  /^(?<scheme>stuns?|turns?):(?<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(?<port>\d{1,5}))?(?:\?transport=(?<transport>udp|tcp))?$/;

/**
 * Reads a STUN or TURN address (RFC 7064 §3.1, RFC 7065 §3.1).
 *
 * @throws a sentence that says what is wrong with it
 */
export function parseIceUrl(url: string): IceUrl {
  const parts = URL_FORM.exec(url)?.groups;
  const shown = JSON.stringify(url.slice(0, 100));
  if (!parts) {
    const hint = /^(stuns?|turns?):\/\//.test(url) ? ', without "//" and without user name' : '';
    throw new Error(
      `${shown} is not a STUN or TURN address: write turn:host:port?transport=udp, turns:host:port or stun:host:port${hint}`,
    );
  }
  const scheme = parts.scheme as IceUrl['scheme'];
  const port = parts.port === undefined ? (scheme.endsWith('s') ? 5349 : 3478) : Number(parts.port);
  if (port < 1 || port > 65_535) throw new Error(`${shown} has a port outside 1 … 65535`);
  if (scheme.startsWith('stun') && parts.transport) throw new Error(`${shown} is STUN, which takes no transport`);
  return { scheme, host: parts.host ?? '', port, transport: parts.transport as IceUrl['transport'] };
}

/**
 * TURN_SERVER_URL: one address or several, separated by commas or spaces.
 *
 * @throws a sentence that names the variable
 */
export function urlsFromEnv({ TURN_SERVER_URL = '' }: IceEnvironment): string[] {
  const urls = TURN_SERVER_URL.split(/[\s,]+/).filter((url) => url !== '');
  for (const url of urls) {
    try {
      parseIceUrl(url);
    } catch (error) {
      throw new Error(`TURN_SERVER_URL: ${(error as Error).message}`);
    }
  }
  return urls;
}

/**
 * The servers named by TURN_SERVER_URL (one address or several, separated by commas or spaces), TURN_SERVER_USERNAME and
 * TURN_SERVER_CREDENTIAL; none when they are not set.
 *
 * @throws a sentence that names the variable
 */
export function iceServersFromEnv(env: IceEnvironment): IceServer[] {
  const urls = urlsFromEnv(env);
  const username = env.TURN_SERVER_USERNAME || undefined;
  const credential = env.TURN_SERVER_CREDENTIAL || undefined;
  if (urls.length === 0) {
    if (username ?? credential)
      throw new Error('TURN_SERVER_USERNAME or _CREDENTIAL is set, but TURN_SERVER_URL is not');
    return [];
  }
  if (urls.some((url) => url.startsWith('turn')) && !(username && credential)) {
    throw new Error(
      'TURN_SERVER_URL needs TURN_SERVER_USERNAME and TURN_SERVER_CREDENTIAL, or TURN_SERVER_SECRET or TURN_SERVER_SECRET_FILE, beside it',
    );
  }
  return withCredentials(urls, { username: username ?? '', credential: credential ?? '' });
}

/** The addresses in the browser's form: those of TURN with these credentials, those of STUN without any. */
export function withCredentials(urls: readonly string[], { username, credential }: TurnCredentials): IceServer[] {
  const stun = urls.filter((url) => url.startsWith('stun'));
  const turn = urls.filter((url) => !url.startsWith('stun'));
  return [
    ...(stun.length > 0 ? [{ urls: stun }] : []),
    ...(turn.length > 0 ? [{ urls: turn, username, credential }] : []),
  ];
}

/**
 * Checks the servers and makes the sender's form of them.
 *
 * @throws a sentence that says what is wrong
 */
export function staticIce(iceServers: readonly IceServer[]): Ice {
  const turnServers: string[] = [];
  const stunServers: string[] = [];
  for (const server of iceServers) {
    const problem = explain(IceServer, server);
    if (problem) throw new Error(problem.message);
    const { urls, username, credential } = server;
    for (const url of urls) {
      const parsed = parseIceUrl(url);
      if (parsed.scheme.startsWith('stun')) stunServers.push(`stun://${parsed.host}:${parsed.port}`);
      else if (username && credential) turnServers.push(gstreamerTurnUri(parsed, username, credential));
      else throw new Error(`${JSON.stringify(url)} needs a username and a credential`);
    }
  }
  const [stunServer] = stunServers;
  return {
    browser: { iceServers: structuredClone([...iceServers]) },
    gstreamer: { turnServers, ...(stunServer && { stunServer }) },
  };
}

/**
 * `turn://user:password@host:port?transport=udp`, the only form that webrtcbin takes. User and password are fully
 * percent-encoded: GStreamer 1.22 cuts a raw `:` and refuses a raw `/`.
 */
function gstreamerTurnUri({ scheme, host, port, transport }: IceUrl, username: string, credential: string): string {
  const query = transport ? `?transport=${transport}` : '';
  return `${scheme}://${percentEncode(username)}:${percentEncode(credential)}@${host}:${port}${query}`;
}

/** Everything but RFC 3986's unreserved characters; `encodeURIComponent` leaves five more. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
