import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** In front of several servers: each connection goes to the next one that takes it. */
export class Balancer {
  /** Ports of the servers. */
  readonly servers: number[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #turn = 0;

  private constructor(servers: number[]) {
    this.servers = servers;
    this.#server = createServer((client) => {
      this.#sockets.add(client);
      client.on('error', () => {});
      client.on('close', () => this.#sockets.delete(client));
      this.#pass(client, this.servers.length);
    });
  }

  /** Ends with the test. */
  static async over(...servers: number[]): Promise<Balancer> {
    const balancer = new Balancer(servers);
    balancer.#server.listen(0, '127.0.0.1');
    await once(balancer.#server, 'listening');
    onTestFinished(() => {
      balancer.#server.close();
      for (const socket of balancer.#sockets) socket.destroy();
    });
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #pass(client: Socket, tries: number): void {
    const port = this.servers[this.#turn++ % this.servers.length];
    if (tries === 0 || port === undefined) {
      client.destroy();
      return;
    }
    const server = connect(port, '127.0.0.1');
    let isConnected = false;
    server.on('connect', () => {
      isConnected = true;
      client.pipe(server).pipe(client);
      client.on('close', () => server.destroy());
    });
    server.on('error', () => {
      if (!isConnected) this.#pass(client, tries - 1);
    });
    server.on('close', () => {
      if (isConnected) client.destroy();
    });
  }
}
