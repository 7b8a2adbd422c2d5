/*
 * Socket.IO's packets (socket.io-protocol revision 5) as this project uses them: text. Socket.IO's own parser looks through
 * each message for bytes to attach, reads ids character by character through `Number`, and keeps attachments until the last
 * one has come. Here attached bytes are dropped as they come: no message of ours has any, so its shape is refused anyway.
 */

/** Packet types of socket.io-protocol. */
const [CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK] = [0, 1, 2, 3, 4, 5, 6];

/** As many as Socket.IO's parser takes. */
const MOST_ATTACHMENTS = 10;

interface Packet {
  type: number;
  nsp: string;
  data?: unknown;
  id?: number;
  /** Byte packets that follow. */
  attachments?: number;
}

const [ZERO, NINE, SLASH] = [0x30, 0x39, 0x2f];

export class Encoder {
  encode({ type, nsp, id, data }: Packet): string[] {
    const namespace = nsp === '/' ? '' : `${nsp},`;
    return [`${type}${namespace}${id ?? ''}${data === undefined ? '' : JSON.stringify(data)}`];
  }
}

/** What Socket.IO's `Client` uses of a decoder; one for each connection, so it is kept small. */
export class Decoder {
  #onDecoded: ((packet: Packet) => void) | undefined;
  #attachments = 0;

  on(_event: 'decoded', listener: (packet: Packet) => void): void {
    this.#onDecoded = listener;
  }

  removeListener(): void {
    this.#onDecoded = undefined;
  }

  /** @throws when it is no packet, or not the time for it; Socket.IO then closes the connection */
  add(data: unknown): void {
    const isText = typeof data === 'string';
    if (isText !== (this.#attachments === 0)) throw new Error('text and attachments in the wrong order');
    if (!isText) {
      this.#attachments -= 1;
      return;
    }
    const packet = decode(data);
    this.#attachments = packet.attachments ?? 0;
    this.#onDecoded?.(packet);
  }

  destroy(): void {}
}

/** @throws when the text is no packet */
export function decode(text: string): Packet {
  const packet: Packet = { type: text.charCodeAt(0) - ZERO, nsp: '/' };
  let at = 1;
  if (packet.type === BINARY_EVENT || packet.type === BINARY_ACK) {
    at = endOfDigits(text, at);
    packet.attachments = Number(text.slice(1, at));
    const isCount = packet.attachments >= 1 && packet.attachments <= MOST_ATTACHMENTS;
    if (!isCount || text[at] !== '-') throw new Error('illegal attachments');
    packet.type = packet.type === BINARY_EVENT ? EVENT : ACK;
    at += 1;
  }
  if (text.charCodeAt(at) === SLASH) {
    const comma = text.indexOf(',', at);
    packet.nsp = comma < 0 ? text.slice(at) : text.slice(at, comma);
    at = comma < 0 ? text.length : comma + 1;
  }
  const idAt = at;
  at = endOfDigits(text, at);
  if (at > idAt) packet.id = Number(text.slice(idAt, at));
  if (at < text.length) packet.data = JSON.parse(text.slice(at));
  if (!isPayload(packet.type, packet.data)) throw new Error('invalid payload');
  return packet;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) >= ZERO && text.charCodeAt(at) <= NINE) at += 1;
  return at;
}

/** As Socket.IO's parser has it, except that an event or acknowledgement has a list. */
function isPayload(type: number, data: unknown): boolean {
  switch (type) {
    case CONNECT:
      return data === undefined || isObject(data);
    case DISCONNECT:
      return data === undefined;
    case EVENT:
      return Array.isArray(data) && (typeof data[0] === 'number' || isFreeName(data[0]));
    case ACK:
      return Array.isArray(data);
    case CONNECT_ERROR:
      return typeof data === 'string' || isObject(data);
    default:
      return false;
  }
}

const isObject = (data: unknown): boolean => typeof data === 'object' && data !== null && !Array.isArray(data);

/** Names of events that Socket.IO emits itself. */
const RESERVED = new Set(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']);

const isFreeName = (name: unknown): boolean => typeof name === 'string' && !RESERVED.has(name);
