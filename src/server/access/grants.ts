import { LIMITS, type Role } from '../../protocol/index.js';
import type { Grant, Streams } from './access.js';

const FIELDS = ['subject', 'publish', 'watch', 'control', 'manage', 'expiresAtMs'];

/** A name of a stream, or a pattern for names. */
const PATTERN = new RegExp(`^[A-Za-z0-9_*-]{1,${LIMITS.idLength}}$`);

/** The last moment that JavaScript's `Date` knows, in Unix ms. */
const END_OF_TIME_MS = 8.64e15;

/**
 * A checked copy of what somebody else's code calls a grant.
 *
 * @throws a sentence that names the field
 */
export function readGrant(value: unknown): Grant {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('a grant must be an object');
  const { subject, publish, watch, control, manage, expiresAtMs, ...unknown } = value as Record<string, unknown>;
  const surplus = Object.keys(unknown)[0];
  // A mistyped right would otherwise be lost in silence, and a mistyped end would never come.
  if (surplus !== undefined) throw new Error(`a grant has no field "${surplus}"; it has ${FIELDS.join(', ')}`);
  if (manage !== undefined && typeof manage !== 'boolean') throw new Error('the field "manage" must be true or false');
  return Object.freeze({
    ...(subject === undefined ? {} : { subject: readSubject('the field "subject"', subject) }),
    ...(publish === undefined ? {} : { publish: readStreams('the field "publish"', publish) }),
    ...(watch === undefined ? {} : { watch: readStreams('the field "watch"', watch) }),
    ...(control === undefined ? {} : { control: readStreams('the field "control"', control) }),
    ...(manage === undefined ? {} : { manage }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs: readTime('the field "expiresAtMs"', expiresAtMs) }),
  });
}

/** Not clipped when it is too long: two owners whose names begin alike must not become one. */
export function readSubject(what: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > LIMITS.textLength) {
    throw new Error(`${what} must be text of 1 to ${LIMITS.textLength} characters`);
  }
  return value;
}

/** True, or a list of names and patterns. */
export function readStreams(what: string, value: unknown): Streams {
  if (value === true) return true;
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && PATTERN.test(name))) {
    throw new Error(`${what} must be a list of stream names (letters, digits, "_", "-", and "*" for any of them)`);
  }
  return value.includes('*') ? true : Object.freeze([...value]);
}

/** A Unix time in ms. */
export function readTime(what: string, value: unknown): number {
  if (typeof value !== 'number' || !(Math.abs(value) <= END_OF_TIME_MS)) throw new Error(`${what} must be a time`);
  return Math.floor(value);
}

/** Whether there is any stream for which somebody may take this role. */
export function allowsRole(grant: Grant, role: Role): boolean {
  const streams = role === 'sender' ? grant.publish : grant.watch;
  return streams === true || (streams !== undefined && streams.length > 0);
}
