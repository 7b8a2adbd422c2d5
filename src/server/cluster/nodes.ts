interface Node {
  /** What is known of it is as it was then. */
  revision?: number;
  /** A snapshot is on its way. */
  isAsked: boolean;
  silence: NodeJS.Timeout;
}

/** The other nodes: who is there, and up to where each has been heard. */
export class Nodes {
  readonly #nodes = new Map<string, Node>();
  readonly #silenceMs: number;
  readonly #isDeaf: () => boolean;
  readonly #onLost: (node: string) => void;

  /**
   * @param isDeaf whether it is this node that cannot hear
   * @param onLost a node that was there has been silent for that time, or has gone
   */
  constructor(options: { silenceMs: number; isDeaf: () => boolean; onLost: (node: string) => void }) {
    this.#silenceMs = options.silenceMs;
    this.#isDeaf = options.isDeaf;
    this.#onLost = options.onLost;
  }

  /** Each is given its whole time again. */
  forgive(): void {
    for (const { silence } of this.#nodes.values()) silence.refresh();
  }

  /** @returns whether a snapshot must be asked for */
  beat(id: string, revision: number): boolean {
    const node = this.#heard(id);
    if (node.revision === revision) return false;
    // Once more with each beat, in case the question or its answer was lost.
    node.isAsked = true;
    return true;
  }

  /**
   * A message, with its number when it is about the node's streams.
   *
   * @returns `old`: a snapshot that has arrived knew it already
   */
  told(id: string, revision?: number): 'fine' | 'old' | 'ask' {
    const node = this.#heard(id);
    if (revision === undefined) return 'fine';
    if (node.revision !== undefined && revision <= node.revision) return 'old';
    if (revision - 1 === node.revision) {
      node.revision = revision;
      return 'fine';
    }
    if (node.isAsked) return 'fine';
    node.isAsked = true;
    return 'ask';
  }

  snapshot(id: string, revision: number): void {
    const node = this.#heard(id);
    node.revision = revision;
    node.isAsked = false;
  }

  lose(id: string): void {
    const node = this.#nodes.get(id);
    if (!node) return;
    clearTimeout(node.silence);
    this.#nodes.delete(id);
    this.#onLost(id);
  }

  clear(): void {
    for (const { silence } of this.#nodes.values()) clearTimeout(silence);
    this.#nodes.clear();
  }

  #heard(id: string): Node {
    const known = this.#nodes.get(id);
    if (known) {
      known.silence.refresh();
      return known;
    }
    const silence = setTimeout(() => {
      if (this.#isDeaf()) silence.refresh();
      else this.lose(id);
    }, this.#silenceMs);
    const node: Node = { isAsked: false, silence };
    this.#nodes.set(id, node);
    return node;
  }
}
