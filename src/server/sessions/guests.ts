interface Guest {
  readonly node: string;
  readonly stream: string;
}

/** Sessions that other nodes hold and that were offered to a sender of this one: it may speak of them, and they count as viewers. */
export class Guests {
  readonly #guests = new Map<string, Guest>();

  add(session: string, guest: Guest): void {
    this.#guests.set(session, guest);
  }

  get(session: string): Guest | undefined {
    return this.#guests.get(session);
  }

  delete(session: string): void {
    this.#guests.delete(session);
  }

  countOf(stream: string): number {
    let count = 0;
    for (const guest of this.#guests.values()) if (guest.stream === stream) count += 1;
    return count;
  }

  /** Their node is gone: nobody is told, for their media flows on. */
  dropNode(node: string): void {
    for (const [session, guest] of this.#guests) if (guest.node === node) this.#guests.delete(session);
  }

  dropStream(stream: string): void {
    for (const [session, guest] of this.#guests) if (guest.stream === stream) this.#guests.delete(session);
  }

  get size(): number {
    return this.#guests.size;
  }
}
