import { createHmac } from 'node:crypto';
import type { TurnCredentials } from './allocate.js';

/**
 * Credentials that end by themselves: `<unix seconds>:<user>`, and the base64 of its HMAC-SHA1 ("A REST API for Access to
 * TURN Services", draft-uberti-behave-turn-rest-00; coturn: `use-auth-secret`). Measured with coturn 4.6: milliseconds,
 * base64url, and base64 without padding are all refused.
 *
 * @param user letters, digits, `_` and `-`; coturn's `user-quota` counts by it
 * @param expiresAtS Unix time in seconds
 */
export function signCredentials(secret: string, user: string, expiresAtS: number): TurnCredentials {
  const username = `${expiresAtS}:${user}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}

/** `user` without what a username of this form cannot have. */
export function asUser(user: string): string {
  return user.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 128) || 'peer';
}
