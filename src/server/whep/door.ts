import { randomBytes } from 'node:crypto';
import type { ErrorInfo, IceConfig, Refusal } from '../../protocol/index.js';
import { errorInfo } from '../../protocol/index.js';
import type { Grant } from '../access/access.js';
import type { Doorway } from '../doorway.js';
import { WhepViewer } from './viewer.js';

/** What the WHEP players' door needs of the server behind it. */
export interface WhepDoorContext {
  readonly doorway: Doorway;
  /** An id for a peer: `[A-Za-z0-9_-]+`, never given before. */
  newId(): string;
  /** Takes a place for one more connection from this address, or says why there is none. */
  limit(address: string): ErrorInfo | undefined;
  /** Gives back what {@link limit} took. */
  release(address: string): void;
}

/** Somebody who wants to watch. */
export interface Visit {
  stream: string;
  /** SDP. */
  offer: string;
  grant: Grant;
  address: string;
  /** The player does not wait for the answer any more. */
  gone: AbortSignal;
}

/** A WHEP session (the draft's term: an HTTP resource), from its answer until it is deleted or its media ends. */
export interface WhepSession {
  /** The last part of its URL. Whoever knows it may delete it. */
  readonly resource: string;
  /** Names its one ICE session. */
  readonly etag: string;
  readonly viewer: WhepViewer;
}

/** All WHEP sessions of this server. */
export class WhepDoor {
  readonly #context: WhepDoorContext;
  readonly #sessions = new Map<string, WhepSession>();
  readonly #opening = new Set<WhepViewer>();
  #closed = false;

  constructor(context: WhepDoorContext) {
    this.#context = context;
  }

  /** The caller has taken the address's place; from here on it is given back by itself. */
  async watch(visit: Visit): Promise<{ ok: true; session: WhepSession; answer: string; ice: IceConfig } | Refusal> {
    const { doorway, newId, release } = this.#context;
    // Not the peer's id, which is in logs and events.
    const resource = randomBytes(32).toString('base64url');
    const viewer = new WhepViewer({ id: newId(), ...visit }, visit, doorway, () => {
      this.#sessions.delete(resource);
      release(visit.address);
    });
    if (this.#closed) {
      release(visit.address);
      return { ok: false, error: errorInfo('server_closing') };
    }
    const withdraw = () => viewer.withdraw();
    visit.gone.addEventListener('abort', withdraw);
    if (visit.gone.aborted) withdraw();
    this.#opening.add(viewer);
    try {
      const opened = await viewer.open();
      if (!opened.ok) return opened;
      // Nothing would take a session away again that was over before it was here.
      if (viewer.over) return { ok: false, error: viewer.over };
      const session = { resource, etag: `"${randomBytes(9).toString('base64url')}"`, viewer };
      this.#sessions.set(resource, session);
      return { ...opened, session };
    } finally {
      visit.gone.removeEventListener('abort', withdraw);
      this.#opening.delete(viewer);
    }
  }

  find(stream: string, resource: string): WhepSession | undefined {
    const session = this.#sessions.get(resource);
    return session?.viewer.stream === stream ? session : undefined;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Lets go of everything without a word: media outlives the server. */
  close(): void {
    this.#closed = true;
    for (const viewer of this.#opening) viewer.abandon();
    for (const { viewer } of this.#sessions.values()) viewer.abandon();
    this.#sessions.clear();
  }
}
