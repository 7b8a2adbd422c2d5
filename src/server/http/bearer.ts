import type { IncomingMessage } from 'node:http';
import { LIMITS } from '../../protocol/index.js';

/** RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
const BEARER = /^bearer(?: +([A-Za-z0-9._~+/-]+=*) *$| |$)/i;

/**
 * The token of `Authorization: Bearer …`; `undefined` when none was shown, or something of another scheme, which may be for a
 * proxy before the server. What is no token comes back as it stands: it was shown, and must be refused rather than overlooked.
 * Nothing is longer than a token may be and one character more.
 */
export function bearerOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const shown = headers.authorization ?? '';
  const bearer = BEARER.exec(shown);
  return bearer ? (bearer[1] ?? shown).slice(0, LIMITS.tokenLength + 1) : undefined;
}
