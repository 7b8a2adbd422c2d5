import type { Connection } from './connection.js';

/*
 * The page's first connection, made before anybody needs it, up to its offer: it costs 25 to 250 ms, each later one 5. It holds no
 * socket and runs no timer.
 */

let spare: { kind: string; connection: Connection } | undefined;
/** Calls the making off. */
let coming: (() => void) | undefined;
/** Who may need one. */
const users = new Set<object>();

/** Makes it when the page has nothing else to do, for the first of `users` who wants one of this kind; unless it has had one by then. */
export function makeSpare(user: object, kind: string, isWarm: () => boolean, make: () => Connection): void {
  if (isWarm()) return;
  users.add(user);
  coming ??= whenIdle(() => {
    coming = undefined;
    if (isWarm()) return;
    try {
      spare = { kind, connection: make() };
    } catch {
      // That is said where one is needed.
    }
  });
}

export function takeSpare(kind: string): Connection | undefined {
  if (spare?.kind !== kind) return undefined;
  const { connection } = spare;
  spare = undefined;
  return connection;
}

/** This user needs none any more. After the last of them none is kept. */
export function leaveSpare(user: object): void {
  users.delete(user);
  if (users.size > 0) return;
  coming?.();
  spare?.connection.close();
  coming = spare = undefined;
}

/** Safari has no idle callbacks: there it is a second later. Returns what calls it off. */
function whenIdle(act: () => void): () => void {
  if (typeof requestIdleCallback === 'function') {
    const id = requestIdleCallback(act);
    return () => cancelIdleCallback(id);
  }
  const timer = setTimeout(act, 1_000);
  return () => clearTimeout(timer);
}
