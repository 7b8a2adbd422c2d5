import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** Sockets that Fastify does not know to be in our use. */
export class OpenSockets {
  readonly #held = new Set<Duplex>();
  #onEmpty: (() => void) | undefined;

  /** @returns lets it go again */
  hold(socket: Duplex): () => void {
    this.#held.add(socket);
    return () => {
      this.#held.delete(socket);
      if (this.#held.size === 0) this.#onEmpty?.();
    };
  }

  /** Waits until all are let go; destroys those that are not after `deadlineMs`. */
  async drained(deadlineMs: number): Promise<void> {
    if (this.#held.size === 0) return;
    const timer = setTimeout(() => {
      for (const socket of this.#held) socket.destroy();
    }, deadlineMs);
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    clearTimeout(timer);
  }
}

/**
 * Connections on which nothing has been asked yet. Chromium keeps such spares open; Node does not count them as idle, so
 * that `server.close()` would wait for its own time-outs: 95 s, measured with one page that had just been closed.
 */
export class SilentConnections {
  static readonly #known = new WeakMap<HttpServer, SilentConnections>();
  readonly #sockets = new Set<Duplex>();

  /** The one of this server: two mounts that counted apart would take each other's websockets for silent. */
  static of(server: HttpServer): SilentConnections {
    let connections = SilentConnections.#known.get(server);
    if (!connections) {
      connections = new SilentConnections(server);
      SilentConnections.#known.set(server, connections);
    }
    return connections;
  }

  private constructor(server: HttpServer) {
    const isTls = 'setSecureContext' in server;
    server.on(isTls ? 'secureConnection' : 'connection', (socket: Duplex) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('request', ({ socket }: IncomingMessage) => this.spoke(socket));
  }

  /** Somebody asked for something on this one. */
  spoke(socket: Duplex): void {
    this.#sockets.delete(socket);
  }

  /** Nothing is lost by it: no request has been read. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
