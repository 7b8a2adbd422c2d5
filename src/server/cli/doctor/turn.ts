import type { IceServer } from '../../../protocol/index.js';
import { checkTurn, type TurnTrial } from '../../ice/turn-check.js';
import type { TurnReport } from '../../ice/turn-report.js';
import { type Check, fail, ok, warn } from './check.js';

/** What the Allocates of a report came to. */
export function turnChecks({ servers }: Pick<TurnReport, 'servers'>): Check[] {
  return servers.map(({ url, code, message, next, tookMs }) => {
    const found = `${url}: ${message}`;
    if (code !== 'ok') return fail('TURN', found, next);
    return next === ''
      ? ok('TURN', tookMs === undefined ? found : `${found} (${tookMs} ms)`)
      : warn('TURN', found, next);
  });
}

/** Allocates with what a server hands out to its viewers, from here: where the viewers are. */
export async function checkHandedOut(iceServers: readonly IceServer[]): Promise<Check[]> {
  const trials: TurnTrial[] = iceServers.flatMap(({ urls, username, credential }) =>
    urls.map((url) => ({
      url,
      ...(url.startsWith('turn') && username !== undefined && credential !== undefined
        ? { credentials: { username, credential } }
        : {}),
    })),
  );
  if (!trials.some(({ url }) => url.startsWith('turn'))) {
    return [
      warn(
        'TURN',
        'The server hands out no TURN server.',
        'Viewers behind strict firewalls see nothing: give “serve” one by --turn.',
      ),
    ];
  }
  const servers: TurnReport['servers'][number][] = [];
  // One after the other: several at once by one user could be over its quota.
  for (const trial of trials) servers.push(await checkTurn(trial));
  return turnChecks({ servers });
}
