import { errorInfo } from '../../protocol/index.js';
import type { Access, Authorize, Grant } from './access.js';
import { DECISION_TIMEOUT_MS } from './default-access.js';
import { readGrant } from './grants.js';
import type { AccessTools } from './tokens.js';
import { within } from './within.js';

/** Asks the app's own function, bounds its time and checks what it returns. */
export function createHookAccess(authorize: Authorize, { log, now = Date.now }: AccessTools): Access {
  return {
    async admit(visitor) {
      let grant: Grant;
      try {
        const decided: unknown = await within(DECISION_TIMEOUT_MS, () => authorize(visitor));
        if (decided === undefined || decided === null) return { ok: false, error: errorInfo('unauthorized') };
        grant = readGrant(decided);
      } catch (err) {
        log.error({ err }, '[WebRTC Signaling] The function "authorize" failed');
        return { ok: false, error: errorInfo('internal') };
      }
      if (grant.expiresAtMs !== undefined && grant.expiresAtMs <= now()) {
        return { ok: false, error: errorInfo('token_expired') };
      }
      return { ok: true, grant };
    },
  };
}
