import { DEFAULT_PATH } from '../../protocol/index.js';
import { parseIceUrl } from '../ice/static.js';
import { address, type Command, duration, network, oneOf, onOff, origin, text, value, whole } from './options.js';

/** The plugin's own default. */
const TURN_TTL_S = 3_600;

const SECRETS = {
  'token-secret-file': value(text, {
    group: 'Tokens',
    value: 'FILE',
    env: 'WEBRTC_PREVIEW_TOKEN_SECRET_FILE',
    help: 'file with the secret that signs tokens; of several lines the first one signs, all are accepted',
  }),
  'token-secret': value(text, {
    group: 'Tokens',
    value: 'SECRET',
    env: 'WEBRTC_PREVIEW_TOKEN_SECRET',
    secret: true,
    help: 'the secret itself; “webrtc-preview token --new-secret” makes one',
  }),
};

const SERVER = {
  // ---- where it listens
  host: value(text, {
    group: 'Where it listens',
    value: 'ADDRESS',
    env: 'HOST',
    default: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 or :: lets the network in',
  }),
  port: value(whole(0, 65_535), {
    group: 'Where it listens',
    value: 'PORT',
    env: 'PORT',
    default: 8_080,
    help: 'port to listen on; 0 takes a free one',
  }),
  path: value(text, {
    group: 'Where it listens',
    value: 'PATH',
    env: 'WEBRTC_PREVIEW_PATH',
    default: DEFAULT_PATH,
    help: 'path of Socket.IO and of the HTTP routes',
  }),
  'tls-cert': value(text, {
    group: 'Where it listens',
    value: 'FILE',
    env: 'WEBRTC_PREVIEW_TLS_CERT',
    help: 'certificate with its chain, in PEM: serves https; SIGHUP reads it again, connections stay',
  }),
  'tls-key': value(text, {
    group: 'Where it listens',
    value: 'FILE',
    env: 'WEBRTC_PREVIEW_TLS_KEY',
    help: 'private key of that certificate, in PEM',
  }),
  'trust-proxy': value(network, {
    group: 'Where it listens',
    value: 'CIDR',
    env: 'WEBRTC_PREVIEW_TRUST_PROXY',
    many: true,
    help: 'address or network of the reverse proxy, whose X-Forwarded-For is believed; may be repeated',
  }),

  // ---- who may do what
  origin: value(origin, {
    group: 'Who may publish and watch',
    value: 'ORIGIN',
    env: 'WEBRTC_PREVIEW_ORIGIN',
    many: true,
    defaultText: 'only pages of this server',
    help: 'page of another server that may connect, as in https://my.page; “*” is any; may be repeated',
  }),
  'allow-publish': value(oneOf('loopback', 'any'), {
    group: 'Who may publish and watch',
    value: 'WHO',
    env: 'WEBRTC_PREVIEW_ALLOW_PUBLISH',
    default: 'loopback',
    help: 'without tokens, who may publish a camera: loopback (this machine) or any',
  }),
  ...SECRETS,
  jwks: value(address('https', 'http'), {
    group: 'Tokens',
    value: 'URL',
    env: 'WEBRTC_PREVIEW_JWKS',
    help: 'instead of a secret: address of the public keys (JWKS) of whoever signs the tokens',
  }),
  'public-watch': onOff({
    group: 'Tokens',
    env: 'WEBRTC_PREVIEW_PUBLIC_WATCH',
    help: 'everybody may watch without a token; publishing still needs one',
  }),

  // ---- TURN
  turn: value(turnUrl, {
    group: 'TURN, for networks that need a relay',
    value: 'URL',
    env: 'TURN_SERVER_URL',
    many: true,
    help: 'TURN or STUN server, as in turn:turn.example.org:3478 or turns:turn.example.org:443?transport=tcp; may be repeated',
  }),
  'turn-username': value(text, {
    group: 'TURN, for networks that need a relay',
    value: 'NAME',
    env: 'TURN_SERVER_USERNAME',
    help: 'user name there, for a fixed user',
  }),
  'turn-credential': value(text, {
    group: 'TURN, for networks that need a relay',
    value: 'PASSWORD',
    env: 'TURN_SERVER_CREDENTIAL',
    secret: true,
    help: "that user's password",
  }),
  'turn-secret-file': value(text, {
    group: 'TURN, for networks that need a relay',
    value: 'FILE',
    env: 'TURN_SERVER_SECRET_FILE',
    help: "instead of a fixed user: file with coturn's static-auth-secret; each peer gets its own short-lived user",
  }),
  'turn-secret': value(text, {
    group: 'TURN, for networks that need a relay',
    value: 'SECRET',
    env: 'TURN_SERVER_SECRET',
    secret: true,
    help: 'that secret itself',
  }),
  'turn-ttl': value(duration, {
    group: 'TURN, for networks that need a relay',
    value: 'DURATION',
    env: 'TURN_SERVER_TTL',
    default: TURN_TTL_S,
    help: 'how long such a user is good for; renewed in time, calls go on',
  }),

  // ---- streams
  'max-viewers': value(whole(1, 100_000), {
    group: 'Streams',
    value: 'N',
    env: 'WEBRTC_PREVIEW_MAX_VIEWERS',
    defaultText: 'as many as come',
    help: 'viewers of one stream; the next one is refused in words',
  }),
  'sender-policy': value(oneOf('reject', 'takeover', 'same-owner'), {
    group: 'Streams',
    value: 'POLICY',
    env: 'WEBRTC_PREVIEW_SENDER_POLICY',
    defaultText: 'same-owner',
    help: 'a second sender of a stream is refused (reject), takes it over (takeover), or does so only with the same subject in its token (same-owner)',
  }),

  // ---- several servers
  redis: value(address('redis', 'rediss'), {
    group: 'Several servers',
    value: 'URL',
    env: 'REDIS_URL',
    help: 'Redis 6.2 or newer through which several servers share their streams; a password belongs in the variable',
  }),
} as const;

const LOGGING = {
  'no-demo': onOff({
    group: 'Running',
    env: 'WEBRTC_PREVIEW_NO_DEMO',
    help: 'signalling only, without the page',
  }),
  'log-level': value(oneOf('debug', 'info', 'warn', 'error', 'silent'), {
    group: 'Running',
    value: 'LEVEL',
    env: 'WEBRTC_PREVIEW_LOG_LEVEL',
    default: 'info',
    help: 'debug, info, warn, error or silent; debug has a line for each request',
  }),
  'log-format': value(oneOf('json', 'pretty'), {
    group: 'Running',
    value: 'FORMAT',
    env: 'WEBRTC_PREVIEW_LOG_FORMAT',
    defaultText: 'pretty on a terminal, else json',
    help: 'pretty: lines for people; json: an object a line, for programs',
  }),
} as const;

/** An option of `doctor --url` that is the same as the sender's. */
const THERE = {
  url: value(address('https', 'http'), {
    group: 'A server that runs',
    value: 'URL',
    help: `look at this server from outside, instead of at this machine; its path is ${DEFAULT_PATH} unless one is given`,
  }),
  'token-file': value(text, {
    group: 'A server that runs',
    value: 'FILE',
    env: 'WEBRTC_PREVIEW_TOKEN_FILE',
    help: 'file with a token to show there',
  }),
  token: value(text, {
    group: 'A server that runs',
    value: 'TOKEN',
    env: 'WEBRTC_PREVIEW_TOKEN',
    secret: true,
    help: 'the token itself',
  }),
  stream: value(text, {
    group: 'A server that runs',
    value: 'NAME',
    default: 'camera',
    help: 'stream to ask for',
  }),
  json: onOff({ group: 'What it prints', help: 'one JSON object, for programs' }),
} as const;

const NEVER_AS_ARGUMENT = 'Secrets are never given as arguments: every user of a machine sees its command lines.';

/** The whole command line. */
export const COMMANDS = {
  serve: {
    summary: 'serve signalling, and a page that shows the camera',
    about: `Serves signalling and a page that shows the camera: no server of your own is needed. With nothing configured, this machine may publish and pages of this server may watch. With a secret for tokens (or --jwks), nobody does either without one. ${NEVER_AS_ARGUMENT}`,
    options: { ...SERVER, ...LOGGING },
    examples: [
      ['webrtc-preview serve', 'try it on this machine'],
      ['webrtc-preview serve --host 0.0.0.0 --allow-publish any', 'a private network, where everybody is trusted'],
      [
        'webrtc-preview serve --host 0.0.0.0 --token-secret-file secret --tls-cert fullchain.pem --tls-key privkey.pem',
        'the internet: tokens and https',
      ],
      [
        'TURN_SERVER_SECRET=… webrtc-preview serve --turn turn:turn.example.org',
        'with a relay, for viewers behind strict firewalls',
      ],
      [
        'REDIS_URL=redis://10.0.0.5 webrtc-preview serve --trust-proxy 10.0.0.0/8',
        'one of several, behind a load balancer',
      ],
    ],
  },
  token: {
    summary: 'make a token, or a secret to sign tokens with, or look into one',
    about: `Makes a token for a server that was given the same secret. The token alone goes to standard output, what it allows to standard error. ${NEVER_AS_ARGUMENT}`,
    options: {
      role: value(oneOf('sender', 'receiver'), {
        group: 'What the token allows',
        value: 'ROLE',
        many: true,
        help: 'sender: publish; receiver: watch; may be given twice, for both',
      }),
      stream: value(text, {
        group: 'What the token allows',
        value: 'NAME',
        many: true,
        help: 'stream that it is for; “*” stands for any characters; may be repeated',
      }),
      control: onOff({ group: 'What the token allows', help: "also change those streams' size and frame rate" }),
      manage: onOff({ group: 'What the token allows', help: 'also see all streams and metrics, and end sessions' }),
      subject: value(text, {
        group: 'What the token allows',
        value: 'NAME',
        help: 'who it is for, as logs and metrics name it; senders with the same one have the same owner',
      }),
      ttl: value(duration, {
        group: 'What the token allows',
        value: 'DURATION',
        default: 12 * 3_600,
        help: 'how long it is good for: 90s, 15m, 12h, 30d',
      }),
      ...SECRETS,
      'new-secret': onOff({ group: 'Instead of making one', help: 'print a new secret of 256 random bits' }),
      inspect: value(text, {
        group: 'Instead of making one',
        value: 'TOKEN|-',
        help: 'say in words what a token allows, and whether the secret signed it; “-” reads it from standard input, where nobody sees it',
      }),
    },
    examples: [
      ['webrtc-preview token --new-secret > secret && chmod 600 secret', 'once'],
      [
        'webrtc-preview token --token-secret-file secret --role sender --stream robot-1 --ttl 30d > sender.token',
        "for the camera's machine: its sender takes --token-file sender.token",
      ],
      [
        'webrtc-preview token --token-secret-file secret --role receiver --stream robot-1 --control --ttl 12h',
        'for one who watches',
      ],
      ['webrtc-preview token --token-secret-file secret --inspect - < sender.token', 'what was that for?'],
    ],
  },
  doctor: {
    summary: 'say what works, what does not, and what to do about it',
    about:
      'Checks what “serve” with the same options and environment would use; with --url, a running server from outside. Exit code 1 when something fails.',
    options: { ...THERE, ...SERVER },
    examples: [
      ['webrtc-preview doctor', 'this machine'],
      ['webrtc-preview doctor --url https://cameras.example.org', 'a server, from where its viewers are'],
      [
        'webrtc-preview doctor --url https://cameras.example.org --origin https://my.page --token-file viewer.token',
        'as a page of another server would use it',
      ],
    ],
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

/** Options that every command has; they are read before all others. */
export const ALWAYS = [
  ['-h, --help', 'this text'],
  ['--version', 'the version'],
] as const;

function turnUrl(text: string): string {
  parseIceUrl(text);
  return text;
}
