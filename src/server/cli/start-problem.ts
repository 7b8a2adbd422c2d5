import { EXIT, Problem } from './problem.js';

/** The plugin speaks of its options; this is what they are called here. */
const CALLED: Readonly<Record<string, string>> = {
  path: '--path',
  origins: '--origin',
  'tokens.secret': 'WEBRTC_PREVIEW_TOKEN_SECRET',
  'tokens.secretFile': '--token-secret-file',
  'tokens.jwks': '--jwks',
  iceServers: '--turn',
  'turn.urls': '--turn',
  'turn.secret': 'TURN_SERVER_SECRET',
  'turn.secretFile': '--turn-secret-file',
  'turn.ttlS': '--turn-ttl',
  'redis.url': 'REDIS_URL',
  redis: '--redis',
  trustProxy: '--trust-proxy',
  maxViewers: '--max-viewers',
  senderPolicy: '--sender-policy',
};

/** Why a server did not start, for a person. */
export function startProblem(error: unknown, { host, port }: { host: string; port: number }): Error {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE':
      return new Problem(
        `Port ${port} on ${host} is in use by another program.`,
        `Choose another one by --port, or end that program: “ss -ltnp sport = :${port}” names it.`,
      );
    case 'EACCES':
      return new Problem(
        `This user may not listen on port ${port}.`,
        'Ports below 1024 are for root: take one above, behind a proxy or a port forwarding.',
      );
    case 'EADDRNOTAVAIL':
      return new Problem(
        `This machine has no address ${host}.`,
        'Use 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses.',
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Problem(`The name ${host} of --host is unknown.`, 'Use an address, such as 127.0.0.1 or 0.0.0.0.');
  }
  if (error instanceof TypeError && error.message.startsWith('webrtc-preview: ')) {
    const sentence = error.message
      .slice('webrtc-preview: '.length)
      .replace(/^the option "([^"]+)"/, (whole, name) => CALLED[name] ?? whole);
    return new Problem(sentence, 'All options: webrtc-preview serve --help', EXIT.usage);
  }
  return error as Error;
}
