import { io } from 'socket.io-client';
import { DEFAULT_PATH, type ErrorInfo, type Joined, PROTOCOL_VERSION, type Refusal } from '../../../protocol/index.js';
import { reasonOf } from '../problem.js';
import { type Answer, ask, explainFailure } from './ask.js';
import { type Check, certificateCheck, clockCheck, fail, ok, warn } from './check.js';
import { checkHandedOut } from './turn.js';

/** A server that runs, and as who to look at it. */
export interface Target {
  url: string;
  token: string | undefined;
  stream: string;
  /** Pages of other servers that should be let in. */
  origins: readonly string[];
}

/** A page that no server has reason to let in (RFC 6761 §6.4). */
const FOREIGN = 'https://doctor.invalid';

/** Between the packets of one answer (Engine.IO 4). */
const SEPARATOR = '\u001e';

const PROXY = {
  websocket:
    'Let the proxy pass upgrades. nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_read_timeout 60s;',
  host: 'Let the proxy keep the name: nginx: proxy_set_header Host $host; or name the page by --origin.',
  path: 'Check the path in --url against the server’s --path, and that the proxy passes it on unchanged.',
} as const;

/** Looks at a running server from outside, as a page and as a program would. Never throws. */
export async function* checkThere(target: Target): AsyncGenerator<Check> {
  const base = signallingUrl(target.url);
  let first: Answer;
  try {
    first = await ask(at(base, '/?EIO=4&transport=polling'));
  } catch (error) {
    yield fail('reachable', ...explainFailure(error, base));
    return;
  }
  yield ok('reachable', `${base.host} answers in ${Math.round(first.tookMs)} ms.`);
  if (first.certificateEndsAt) yield certificateCheck('certificate', 'Its certificate', first.certificateEndsAt);
  else if (!isLoopback(base)) {
    yield warn(
      'certificate',
      'It is plain http.',
      'Serve https: over http, everybody on the way can read tokens, and change what is said.',
    );
  }
  const path = pathCheck(first, base);
  yield path;
  if (path.status === 'fail') return;

  const date = Date.parse(first.headers.date ?? '');
  if (!Number.isNaN(date)) yield clockCheck(base.host, Date.now() - date);
  yield await safely('health', () => health(base));
  yield await safely('polling', () => polling(base, first, target.token));
  yield await safely('websocket', () => websocket(base));
  yield* joining(base, target);
  yield* origins(base, target);
  yield await safely('WHEP', () => whep(base, target));
}

/** An address without a path has the plugin at its usual one. */
export function signallingUrl(text: string): URL {
  const url = new URL(text);
  url.search = '';
  url.hash = '';
  url.pathname = url.pathname.replace(/\/+$/, '') || DEFAULT_PATH;
  return url;
}

function at(base: URL, rest: string): URL {
  return new URL(`${base.href}${rest}`);
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

async function safely(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    return fail(
      name,
      `It broke off: ${reasonOf(error)}.`,
      'Try again; if it stays so, look at the log of the server and of its proxy.',
    );
  }
}

/** Engine.IO opens with `0{"sid":…}`; everything else is somebody else. */
export function pathCheck({ status, headers, body }: Answer, base: URL): Check {
  const name = 'path';
  if (status === 200 && /^0\{.*"sid"/.test(body)) return ok(name, `Signalling is at ${base.pathname}.`);
  if (status >= 300 && status < 400 && headers.location) {
    const place = new URL(headers.location, base);
    return fail(
      name,
      `It sends on to ${place.origin}${place.pathname}.`,
      'Use that address: what connects does not follow.',
    );
  }
  if (status >= 502 && status <= 504) {
    return fail(
      name,
      `The proxy answers ${status}: the server behind it does not.`,
      'Start the server, and check its address in the configuration of the proxy.',
    );
  }
  if (status === 403) {
    return fail(
      name,
      'It forbids the connection (403).',
      'Look for a rule of the proxy; the server asks programs for no origin.',
    );
  }
  if (status === 401) {
    return fail(
      name,
      'The proxy wants a password (401).',
      'Spare the signalling path from it: tokens are asked for by the server itself.',
    );
  }
  if (status === 429)
    return fail(name, 'It has too many connections from here (429).', 'Wait a minute, then try again.');
  return fail(name, `There is no signalling at ${base.pathname} (it answers ${status}).`, PROXY.path);
}

async function health(base: URL): Promise<Check> {
  const { status, body } = await ask(at(base, '/health'));
  if (status === 200) return ok('health', 'It says that it is well.');
  if (status === 404) {
    return warn(
      'health',
      'It has no /health.',
      'Install the current version of webrtc-preview there, or let the proxy pass the path on.',
    );
  }
  return fail('health', `It says that it is not well (${status}): ${clipped(body)}`, 'Look at the log of the server.');
}

/** Socket.IO's handshake by hand: every status is seen. */
async function polling(base: URL, first: Answer, token: string | undefined): Promise<Check> {
  const { sid } = JSON.parse(first.body.slice(1));
  const url = at(base, `/?EIO=4&transport=polling&sid=${encodeURIComponent(sid)}`);
  const headers = { 'content-type': 'text/plain;charset=UTF-8' };
  const posted = await ask(url, { method: 'POST', headers, body: `40${JSON.stringify(auth(token))}` });
  if (isElsewhere(posted)) return elsewhere;
  if (posted.status !== 200) {
    return fail(
      'polling',
      `A POST is answered with ${posted.status}.`,
      'Let the proxy pass POST requests on, of up to 160 KiB.',
    );
  }
  const polled = await ask(url);
  if (isElsewhere(polled)) return elsewhere;
  await ask(url, { method: 'POST', headers, body: '1' }).catch(() => {});
  const packets = polled.body.split(SEPARATOR);
  if (packets.some((packet) => packet.startsWith('40'))) return ok('polling', 'Connected by long polling.');
  const refused = packets.find((packet) => packet.startsWith('44'));
  if (refused) {
    const { message, data } = JSON.parse(refused.slice(2));
    return refusal('polling', data ?? { message, next: '' }, token);
  }
  return fail('polling', `Nothing understandable came back: ${clipped(polled.body)}`, PROXY.path);
}

const isElsewhere = ({ status, body }: Answer) => status === 400 && body.includes('Session ID unknown');
const elsewhere = fail(
  'polling',
  'Not all requests of one client come to the same server.',
  'Let the load balancer keep a client on one server (nginx: ip_hash, or a cookie). Browsers with websockets are not affected.',
);

/** Before Socket.IO hides the reason: what becomes of a bare upgrade. */
async function websocket(base: URL): Promise<Check> {
  const { status } = await ask(at(base, '/?EIO=4&transport=websocket'), {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.from('webrtc-preview 1').toString('base64'),
    },
  });
  if (status === 101) return ok('websocket', 'Upgrades come through.');
  return fail(
    'websocket',
    `An upgrade to a websocket is answered with ${status}: the proxy does not pass it on.`,
    `${PROXY.websocket} Until then everything goes by polling, which is slower and costs more.`,
  );
}

function auth(token: string | undefined) {
  return { role: 'receiver', protocol: PROTOCOL_VERSION, ...(token !== undefined && { token }) };
}

/** Joins the stream as a viewer: it wakes no camera. */
async function* joining(base: URL, { token, stream }: Target): AsyncGenerator<Check> {
  const socket = io(base.origin, {
    path: base.pathname,
    auth: auth(token),
    // Polling is there for servers whose proxy passes no websocket; that was said already.
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    forceNew: true,
    reconnection: false,
    timeout: 8_000,
  });
  try {
    const refused = await new Promise<Error | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('connect_error', resolve);
    });
    if (refused) {
      const { data, message } = refused as Error & { data?: ErrorInfo };
      yield refusal('watching', data?.message ? data : { message, next: '' }, token);
      return;
    }
    const joined: Joined | Refusal = await socket.timeout(8_000).emitWithAck('join', { stream });
    if (!joined.ok) {
      yield refusal('watching', joined.error, token);
      return;
    }
    const { online } = joined.stream;
    yield online
      ? ok('watching', `May watch “${stream}”: it is online.`)
      : warn(
          'watching',
          `May watch “${stream}”, but nobody publishes it.`,
          'Start its sender, or name another stream by --stream.',
        );
    yield* await checkHandedOut(joined.ice.iceServers);
    await socket
      .timeout(2_000)
      .emitWithAck('leave', { session: joined.session })
      .catch(() => {});
  } catch (error) {
    yield fail('watching', `It broke off: ${reasonOf(error)}.`, 'Look at the log of the server and of its proxy.');
  } finally {
    socket.disconnect();
  }
}

function refusal(
  name: string,
  { message, next }: Pick<ErrorInfo, 'message' | 'next'>,
  token: string | undefined,
): Check {
  const advice =
    token === undefined
      ? 'Show a token: --token-file FILE, or WEBRTC_PREVIEW_TOKEN.'
      : next || 'webrtc-preview token --inspect - says what is in the token.';
  return fail(name, `It refuses: ${message}`, advice);
}

async function* origins(base: URL, target: Target): AsyncGenerator<Check> {
  const name = 'origins';
  const letsIn = async (origin: string) => {
    const { status, headers } = await ask(at(base, '/?EIO=4&transport=polling'), { headers: { origin } });
    return { status, shared: headers['access-control-allow-origin'] };
  };
  try {
    const own = await letsIn(base.origin);
    yield own.status === 200
      ? ok(name, `Pages of ${base.origin} may connect.`)
      : fail(name, `It does not let its own pages in (${own.status}): it sees another name than they do.`, PROXY.host);
    for (const origin of target.origins.filter((origin) => origin !== '*' && origin !== base.origin)) {
      const { status, shared } = await letsIn(origin);
      if (status !== 200) {
        yield fail(
          name,
          `It does not let pages of ${origin} in (${status}).`,
          `Name them in the server: --origin ${origin}.`,
        );
      } else if (shared !== origin && shared !== '*') {
        yield fail(
          name,
          `It lets pages of ${origin} in, but its CORS headers are missing on the way.`,
          'Let the proxy pass Access-Control-Allow-Origin on, and set none itself.',
        );
      } else yield ok(name, `Pages of ${origin} may connect.`);
    }
    const foreign = await letsIn(FOREIGN);
    yield foreign.status === 200
      ? warn(name, 'Pages of any server may connect.', 'Unless that is meant, name those that may: --origin.')
      : ok(name, 'Pages of other servers are kept out.');
  } catch (error) {
    yield fail(name, `It broke off: ${reasonOf(error)}.`, 'Look at the log of the server and of its proxy.');
  }
}

async function whep(base: URL, { stream, token }: Target): Promise<Check> {
  const { status } = await ask(at(base, `/whep/${encodeURIComponent(stream)}`), {
    method: 'OPTIONS',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  if (status >= 200 && status < 300) return ok('WHEP', `Players find “${stream}” at ${base.href}/whep/${stream}.`);
  if (status === 401 || status === 403)
    return warn('WHEP', `It refuses players (${status}).`, 'Show a token that may watch: --token-file FILE.');
  return warn(
    'WHEP',
    `OPTIONS is answered with ${status}.`,
    'Only WHEP players need it: let the proxy pass OPTIONS, POST, PATCH and DELETE on.',
  );
}

function clipped(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 120);
}
