import { isPrivate } from './addresses.js';
import { type AllocateOptions, allocate, type Outcome, type TurnCredentials, transportOf } from './allocate.js';
import { type IceUrl, parseIceUrl } from './static.js';
import type { TurnCheck, TurnCode } from './turn-report.js';

/** What is to be said: what happened, and what to do next. */
export interface Finding {
  readonly code: TurnCode;
  readonly message: string;
  readonly next: string;
}

/** What to try with a server, and what its refusals would mean. */
export interface TurnTrial {
  readonly url: string;
  /** Absent for a `stun:` address, which wants none. */
  readonly credentials?: TurnCredentials;
  /** After a 401, one after the other: when the server takes these, that is the reason. */
  readonly alternatives?: readonly { readonly credentials: TurnCredentials; readonly finding: Finding }[];
  /** When the server takes none of them. */
  readonly refused?: Finding;
}

export const WRONG_PASSWORD: Finding = {
  code: 'wrong_credentials',
  message: 'The TURN server does not accept the user name and password (401).',
  next: 'Check them against the "user" lines of coturn, and that its "realm" is the one they were made for.',
};

/**
 * Allocates at one server with fresh credentials, gives the allocation back, and says in words what came of it.
 * Never rejects; takes at most `timeoutMs` for each of the trial's credentials.
 */
export async function checkTurn(trial: TurnTrial, options: AllocateOptions = {}): Promise<TurnCheck> {
  const { url, credentials, alternatives = [], refused = WRONG_PASSWORD } = trial;
  const server = parseIceUrl(url);
  if (server.scheme === 'turns' && server.transport === 'udp') return { url, ...DTLS };
  const outcome = await allocate(server, credentials, options);
  if (outcome.kind === 'allocated') return { url, ...relays(server, outcome) };
  if (outcome.kind !== 'error' || outcome.code !== 401) return { url, ...explain(server, outcome) };
  for (const { credentials, finding } of alternatives) {
    const another = await allocate(server, credentials, options);
    // A quota is counted after the password was found to be right.
    if (another.kind === 'allocated' || (another.kind === 'error' && another.code !== 401)) return { url, ...finding };
  }
  return { url, ...refused };
}

const DTLS: Finding = {
  code: 'tls',
  message: '"turns:" with "transport=udp" means DTLS, which this test does not speak, and many browsers neither.',
  next: 'Write the address with "?transport=tcp".',
};

function relays(server: IceUrl, { relayed, tookMs }: Extract<Outcome, { kind: 'allocated' }>): Omit<TurnCheck, 'url'> {
  const took = { tookMs: Math.round(tookMs * 10) / 10 };
  if (server.scheme.startsWith('stun')) return { code: 'ok', message: 'The STUN server answers.', next: '', ...took };
  const hidden = relayed !== undefined && isPrivate(relayed) && !isPrivate(server.host);
  return {
    code: 'ok',
    message: `The TURN server gave ${relayed ?? 'an address'} to relay on.`,
    next: hidden
      ? 'It is a private address: when the server stands behind NAT, set "external-ip" of coturn to its public one.'
      : '',
    ...(relayed !== undefined && { relayed }),
    ...took,
  };
}

/** Everything but success, and but a 401 that was looked into. */
function explain(server: IceUrl, outcome: Exclude<Outcome, { kind: 'allocated' }>): Finding {
  const port = `${transportOf(server).toUpperCase()} port ${server.port}`;
  switch (outcome.kind) {
    case 'no_address':
      return unreachable(outcome.why, "Check the host name in the TURN address, and this machine's DNS.");
    case 'closed_port':
      return unreachable(
        outcome.why,
        'Start the TURN server, and check the port in the address against "listening-port" of coturn.',
      );
    case 'silent':
      return unreachable(
        outcome.why,
        `Check that the TURN server runs, and that firewalls let ${port} and its relay ports through (coturn: UDP 49152 to 65535).`,
      );
    case 'ended':
      return unreachable(outcome.why, 'Nothing: the program is stopping.');
    case 'not_stun':
    case 'not_turn':
      return {
        code: 'not_turn',
        message: outcome.why,
        next: 'Check host and port of the TURN address, and that the server there relays (coturn: without "stun-only").',
      };
    case 'tls':
      return {
        code: 'tls',
        message: outcome.why,
        next: 'Check "cert" and "pkey" of coturn: the certificate has to be valid for this host name, complete with its chain. Or use "turn:" when the port has no TLS.',
      };
    case 'unsigned':
      return {
        code: 'refused',
        message: outcome.why,
        next: 'Something between here and the TURN server may change its packets: look for a firewall that reads STUN.',
      };
    case 'error':
      return refusedWith(outcome);
  }
}

function unreachable(message: string, next: string): Finding {
  return { code: 'unreachable', message, next };
}

function refusedWith({ code, reason }: { code: number; reason: string }): Finding {
  const answer = `${code}${reason ? ` ${reason}` : ''}`;
  if (code === 486) {
    return {
      code: 'quota',
      message: `The TURN server has given this user as many allocations as it allows (${answer}).`,
      next: 'Raise "user-quota" or "total-quota" of coturn, or use a secret instead of one user name for all.',
    };
  }
  if (code === 508) {
    return {
      code: 'no_capacity',
      message: `The TURN server has no port left to relay on (${answer}).`,
      next: 'Widen "min-port" to "max-port" of coturn, and let them through the firewall.',
    };
  }
  return {
    code: 'refused',
    message: `The TURN server refuses (${answer}).`,
    next: "Look at the TURN server's log for the reason.",
  };
}
