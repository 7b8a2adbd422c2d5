import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** The cable between one node and Redis: it can be pulled, or be held so that nothing arrives any more. */
export class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isHeld = false;

  private constructor(to: number) {
    this.#server = createServer((near) => {
      const far = connect(to, '127.0.0.1');
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('data', (chunk) => other.write(chunk));
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        if (this.#isHeld) socket.pause();
      }
    });
  }

  /** Ends with the test. */
  static async to(port: number): Promise<Wire> {
    const wire = new Wire(port);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    onTestFinished(() => {
      wire.#server.close();
      wire.pull();
    });
    return wire;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** All connections break; new ones work. */
  pull(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Connections stay open, and new ones can be opened, but nothing passes. */
  hold(): void {
    this.#isHeld = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What was held stays so; new connections work. */
  letGoOfNew(): void {
    this.#isHeld = false;
  }

  letGo(): void {
    this.#isHeld = false;
    for (const socket of this.#sockets) socket.resume();
  }
}
