import { Alarm, type Clocks, DueTime, SYSTEM_CLOCKS } from './alarm.js';
import type { IceSource, PeerIce } from './ice.js';

/** Somebody who is connected and is to have credentials that are good. */
export interface RotatedPeer {
  readonly id: string;
  /** Tells it. Must not throw. */
  push(ice: PeerIce): void;
}

export interface RotationOptions {
  clocks?: Clocks;
  /** Told how many peers were given fresh ones, after each round. */
  onPushed?(peers: number): void;
}

interface Tracked {
  readonly peer: RotatedPeer;
  expiresAtMs: number | undefined;
  due: DueTime | undefined;
}

/** Where there is nothing newer yet (a provider that fails), it is asked for again after this. */
const RETRY_MS = 10_000;
/** Peers whose times are close together share a round. */
const ROUND_MS = 1_000;
/** Signing and sending for so many takes a few ms; the others have their turn after whatever else waits. */
const PEERS_PER_ROUND = 250;

/**
 * Gives connected peers fresh ICE servers before the credentials of the old ones end, and all of them new ones when the
 * source says that they have changed. One timer for all.
 */
export class IceRotation {
  readonly #source: IceSource;
  readonly #clocks: Clocks;
  readonly #onPushed: (peers: number) => void;
  readonly #tracked = new Map<string, Tracked>();
  /** Who is to be given new ones whatever their times say. */
  readonly #all = new Set<string>();
  readonly #alarm = new Alarm(() => this.#round());
  #next: DueTime | undefined;
  #closed = false;

  constructor(source: IceSource, { clocks = SYSTEM_CLOCKS, onPushed = () => {} }: RotationOptions = {}) {
    this.#source = source;
    this.#clocks = clocks;
    this.#onPushed = onPushed;
    source.onChange(() => this.refreshAll());
  }

  get size(): number {
    return this.#tracked.size;
  }

  /** From now on this peer is kept up to date. @returns what it gets to begin with */
  track(peer: RotatedPeer): PeerIce {
    const ice = this.#source.forPeer(peer.id);
    if (!this.#closed) this.#tracked.set(peer.id, this.#remember(peer, ice));
    return ice;
  }

  untrack(id: string): void {
    this.#tracked.delete(id);
    this.#all.delete(id);
    if (this.#tracked.size === 0) this.#sleep();
  }

  /** Every peer gets new ones, soon: a few at a time. */
  refreshAll(): void {
    if (this.#closed || this.#tracked.size === 0) return;
    for (const id of this.#tracked.keys()) this.#all.add(id);
    this.#wakeAt(this.#in(0));
  }

  close(): void {
    this.#closed = true;
    this.#tracked.clear();
    this.#all.clear();
    this.#sleep();
  }

  #round(): void {
    this.#next = undefined;
    let pushed = 0;
    let tried = 0;
    for (const [id, tracked] of this.#tracked) {
      const forced = this.#all.has(id);
      if (!forced && !(tracked.due && tracked.due.leftMs <= 0)) continue;
      if (tried === PEERS_PER_ROUND) break;
      tried += 1;
      this.#all.delete(id);
      if (this.#renew(tracked, forced)) pushed += 1;
    }
    if (pushed > 0) this.#onPushed(pushed);
    if (this.#closed) return;
    if (tried === PEERS_PER_ROUND || this.#all.size > 0) {
      this.#wakeAt(this.#in(0));
      return;
    }
    let leftMs = Number.POSITIVE_INFINITY;
    for (const { due } of this.#tracked.values()) leftMs = Math.min(leftMs, due?.leftMs ?? leftMs);
    if (leftMs !== Number.POSITIVE_INFINITY) this.#wakeAt(this.#in(Math.max(leftMs, ROUND_MS)));
  }

  /** @returns whether there was something new to give */
  #renew({ peer, expiresAtMs }: Tracked, forced: boolean): boolean {
    const ice = this.#source.forPeer(peer.id);
    const isNewer = ice.expiresAtMs !== expiresAtMs;
    const renewed = this.#remember(peer, ice);
    // Due and nothing newer, or what is newer is due as well: not in a circle.
    if (renewed.due && renewed.due.leftMs < RETRY_MS) renewed.due = this.#in(RETRY_MS);
    this.#tracked.set(peer.id, renewed);
    if (!forced && !isNewer) return false;
    peer.push(ice);
    return true;
  }

  #remember(peer: RotatedPeer, { expiresAtMs, refreshAtMs }: PeerIce): Tracked {
    const due = refreshAtMs === undefined ? undefined : new DueTime(refreshAtMs, this.#clocks);
    if (due) this.#wakeAt(due);
    return { peer, expiresAtMs, due };
  }

  #wakeAt(due: DueTime): void {
    if (this.#closed || (this.#next && this.#next.leftMs <= due.leftMs)) return;
    this.#next = due;
    this.#alarm.set(due);
  }

  #sleep(): void {
    this.#next = undefined;
    this.#alarm.clear();
  }

  #in(ms: number): DueTime {
    return new DueTime(this.#clocks.now() + ms, this.#clocks);
  }
}
