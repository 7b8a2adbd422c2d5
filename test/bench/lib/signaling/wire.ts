import { WebSocket } from 'ws';

/** A websocket that hands out text: first to who waits for it, then to `onText`. */
export class Wire {
  onText: ((text: string) => void) | undefined;
  readonly #socket: WebSocket;
  readonly #unread: string[] = [];
  #wake = () => {};

  /** @param from the address of this machine to connect from */
  static async open(url: string, from: string): Promise<Wire> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { localAddress: from, perMessageDeflate: false });
    const wire = new Wire(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('error', (error) => console.error(error));
    return wire;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const text = String(data);
      if (this.onText) return this.onText(text);
      this.#unread.push(text);
      this.#wake();
    });
    socket.once('close', () => this.#wake());
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  /** The next text, which must begin like this. */
  async expect(beginning: string): Promise<string> {
    while (this.#unread.length === 0) {
      if (!this.isOpen) throw new Error('the server has closed the connection');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const text = this.#unread.shift() ?? '';
    if (!text.startsWith(beginning)) throw new Error(`not what was expected: ${text.slice(0, 200)}`);
    return text;
  }

  close(): void {
    this.#socket.close();
  }

  /** Without a goodbye to wait for. */
  destroy(): void {
    this.#socket.terminate();
  }
}

/** Just enough of Engine.IO 4 and Socket.IO 5, by hand: their own client would need more of the machine than the server. */
export class SocketIoWire {
  /** Events, and acknowledgements that nobody waits for. */
  onText: (text: string) => void = () => {};
  pings = 0;
  readonly #wire: Wire;
  readonly #waiting = new Map<string, (ack: Record<string, unknown>) => void>();
  #lastId = 0;

  static async open(url: string, from: string, role: 'sender' | 'receiver'): Promise<SocketIoWire> {
    const wire = await Wire.open(`${url}/webrtc-signaling/?EIO=4&transport=websocket`, from);
    await wire.expect('0{');
    wire.send(`40{"role":"${role}","protocol":1}`);
    await wire.expect('40{');
    return new SocketIoWire(wire);
  }

  private constructor(wire: Wire) {
    this.#wire = wire;
    wire.onText = (text) => {
      if (text === '2') {
        this.pings += 1;
        return wire.send('3');
      }
      if (this.#waiting.size > 0 && text.startsWith('43')) {
        const bracket = text.indexOf('[');
        const resolve = this.#waiting.get(text.slice(2, bracket));
        if (resolve) {
          this.#waiting.delete(text.slice(2, bracket));
          return resolve(JSON.parse(text.slice(bracket))[0]);
        }
      }
      this.onText(text);
    };
  }

  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  send(text: string): void {
    this.#wire.send(text);
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** @throws when the server refuses */
  async request(event: string, message: object): Promise<Record<string, unknown>> {
    const id = String(this.nextId());
    const ack = new Promise<Record<string, unknown>>((resolve) => this.#waiting.set(id, resolve));
    this.send(`42${id}${JSON.stringify([event, message])}`);
    const answer = await ack;
    if (answer.ok !== true) throw new Error(`${event}: ${JSON.stringify(answer)}`);
    return answer;
  }

  close(): void {
    this.#wire.close();
  }

  destroy(): void {
    this.#wire.destroy();
  }
}
