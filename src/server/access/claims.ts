import type { Role } from '../../protocol/index.js';
import type { Grant, Streams } from './access.js';
import { readStreams, readSubject, readTime } from './grants.js';

/** The claims of ours in a token, beside the registered ones (RFC 7519 §4.1). All may be absent. */
export interface Claims {
  /** Who it is. */
  sub?: string;
  role?: Role | readonly Role[];
  /** Streams to which the roles apply; `*` in a name stands for any run of characters. Without it, a role applies to none. */
  streams?: string | readonly string[];
  /** For the role `receiver`: may change the camera's mode, of all of `streams` or of these. */
  control?: boolean | string | readonly string[];
  /** May see every stream and session, the metrics, and end sessions. */
  manage?: boolean;
  /** When it ends, in Unix seconds. */
  exp?: number;
}

/**
 * What the claims of a token, whose signature and times have been checked, let its bearer do.
 *
 * @param toleranceS how much longer than `exp` the token is accepted, in seconds: a connection ends when it could not be made anew
 * @throws a sentence that names the claim. A claim of ours with a value that is not understood is never taken for absent
 */
export function grantFromClaims(claims: Record<string, unknown>, toleranceS = 0): Grant {
  const { sub, role, streams, control, manage, exp } = claims;
  const roles = readRoles(role);
  const covered = streams === undefined ? [] : readList('streams', streams);
  const receiver = roles.includes('receiver');
  const controlled = readControl(control, covered);
  if (manage !== undefined && typeof manage !== 'boolean') throw new Error('the claim "manage" must be true or false');
  return Object.freeze({
    ...(sub === undefined ? {} : { subject: readSubject('the claim "sub"', sub) }),
    ...(roles.includes('sender') ? { publish: covered } : {}),
    ...(receiver ? { watch: covered } : {}),
    ...(receiver && controlled !== undefined ? { control: controlled } : {}),
    ...(manage === undefined ? {} : { manage }),
    ...(typeof exp === 'number' ? { expiresAtMs: readTime('the claim "exp"', (exp + toleranceS) * 1_000) } : {}),
  });
}

function readRoles(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  const roles = Array.isArray(value) ? value : [value];
  if (!roles.every((role) => role === 'sender' || role === 'receiver')) {
    throw new Error('the claim "role" must be "sender", "receiver" or a list of them');
  }
  return roles;
}

function readControl(value: unknown, covered: Streams): Streams | undefined {
  if (value === undefined || value === false) return undefined;
  return value === true ? covered : readList('control', value);
}

function readList(claim: string, value: unknown): Streams {
  // In JSON, `true` is not a list; "*" says the same.
  if (value === true) throw new Error(`the claim "${claim}" must be a stream name or a list of them`);
  return readStreams(`the claim "${claim}"`, typeof value === 'string' ? [value] : value);
}
