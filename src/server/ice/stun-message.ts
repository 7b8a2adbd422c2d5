import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/*
 * STUN's packets (RFC 8489 §5, §14), as much of them as a TURN client needs: all pure, and safe on any bytes.
 */

export const METHOD = { binding: 0x001, allocate: 0x003, refresh: 0x004 } as const;

export const ATTRIBUTE = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  lifetime: 0x000d,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
  xorMappedAddress: 0x0020,
  fingerprint: 0x8028,
} as const;

export interface StunMessage {
  readonly method: number;
  readonly kind: 'request' | 'indication' | 'success' | 'error';
  /** 12 bytes. */
  readonly transaction: Buffer;
  /** The first of each type: later ones are to be ignored. */
  readonly attributes: ReadonlyMap<number, Buffer>;
  /** The whole packet, for {@link isSignedWith}. */
  readonly packet: Buffer;
  /** Where MESSAGE-INTEGRITY begins; absent without it. */
  readonly signedUpTo?: number;
}

export const HEADER_BYTES = 20;
const MAGIC_COOKIE = 0x2112_a442;
const MAGIC_BYTES = Buffer.from([0x21, 0x12, 0xa4, 0x42]);
const FINGERPRINT_XOR = 0x5354_554e;
const KINDS = ['request', 'indication', 'success', 'error'] as const;

/** A request, signed when there is a key, with a fingerprint. */
export function encodeRequest(
  method: number,
  transaction: Buffer,
  attributes: readonly (readonly [type: number, value: Buffer])[],
  key?: Buffer,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(method, 0);
  MAGIC_BYTES.copy(header, 4);
  transaction.copy(header, 8);
  let packet = Buffer.concat([header, ...attributes.map(([type, value]) => encodeAttribute(type, value))]);
  if (key) {
    const signature = sign(packet, key);
    packet = Buffer.concat([packet, encodeAttribute(ATTRIBUTE.messageIntegrity, signature)]);
  }
  const fingerprint = Buffer.alloc(4);
  fingerprint.writeUInt32BE((crc32(withLength(packet, 8)) ^ FINGERPRINT_XOR) >>> 0);
  packet = Buffer.concat([packet, encodeAttribute(ATTRIBUTE.fingerprint, fingerprint)]);
  packet.writeUInt16BE(packet.length - HEADER_BYTES, 2);
  return packet;
}

/** The message in exactly this packet, or nothing when it is not STUN. */
export function decode(packet: Buffer): StunMessage | undefined {
  const length = packetLength(packet);
  if (length === undefined || length !== packet.length) return undefined;
  const type = packet.readUInt16BE(0);
  const attributes = new Map<number, Buffer>();
  let signedUpTo: number | undefined;
  for (let at = HEADER_BYTES; at < packet.length; ) {
    if (at + 4 > packet.length) return undefined;
    const attribute = packet.readUInt16BE(at);
    const end = at + 4 + packet.readUInt16BE(at + 2);
    if (end > packet.length) return undefined;
    // Nothing but a fingerprint counts behind the signature (RFC 8489 §14.5).
    if (signedUpTo === undefined || attribute === ATTRIBUTE.fingerprint) {
      if (!attributes.has(attribute)) attributes.set(attribute, packet.subarray(at + 4, end));
    }
    if (attribute === ATTRIBUTE.messageIntegrity) signedUpTo ??= at;
    at = end + (-end & 3);
  }
  const fingerprint = attributes.get(ATTRIBUTE.fingerprint);
  if (fingerprint && !hasFingerprint(packet, fingerprint)) return undefined;
  return {
    method: (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2),
    kind: KINDS[((type >> 4) & 1) | ((type >> 7) & 2)] ?? 'request',
    transaction: packet.subarray(8, HEADER_BYTES),
    attributes,
    packet,
    ...(signedUpTo !== undefined && { signedUpTo }),
  };
}

/**
 * How long the packet at the beginning of a stream is.
 *
 * @returns `undefined` when it is not STUN; of fewer than 20 bytes that may still become STUN, 20
 */
export function packetLength(bytes: Buffer): number | undefined {
  if (bytes.length > 0 && (bytes[0] ?? 0) > 0x3f) return undefined;
  const cookie = bytes.subarray(4, 8);
  if (!cookie.equals(MAGIC_BYTES.subarray(0, cookie.length))) return undefined;
  if (bytes.length < HEADER_BYTES) return HEADER_BYTES;
  const length = bytes.readUInt16BE(2);
  return length % 4 === 0 ? HEADER_BYTES + length : undefined;
}

/** True when MESSAGE-INTEGRITY was made with this key. */
export function isSignedWith({ packet, attributes, signedUpTo }: StunMessage, key: Buffer): boolean {
  const signature = attributes.get(ATTRIBUTE.messageIntegrity);
  if (signature?.length !== 20 || signedUpTo === undefined) return false;
  return timingSafeEqual(signature, sign(packet.subarray(0, signedUpTo), key));
}

/** Key of the long-term credential mechanism (RFC 8489 §9.2.2). */
export function longTermKey(username: string, realm: string, password: string): Buffer {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest();
}

/** ERROR-CODE, its reason printable and short; `undefined` when there is none that makes sense. */
export function errorOf({ attributes }: StunMessage): { code: number; reason: string } | undefined {
  const value = attributes.get(ATTRIBUTE.errorCode);
  if (!value || value.length < 4) return undefined;
  const code = ((value[2] ?? 0) & 7) * 100 + (value[3] ?? 0);
  if (code < 300 || code > 699) return undefined;
  return {
    code,
    reason: value
      .toString('latin1', 4)
      .replace(/[^ -~]/g, '?')
      .slice(0, 100),
  };
}

/** XOR-RELAYED-ADDRESS and XOR-MAPPED-ADDRESS (RFC 8489 §14.2), like "192.0.2.1:3478" or "[2001:db8::1]:3478". */
export function addressOf({ attributes, transaction }: StunMessage, attribute: number): string | undefined {
  const value = attributes.get(attribute);
  if (!value || value.length < 8) return undefined;
  const port = value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16);
  const mask = Buffer.concat([MAGIC_BYTES, transaction]);
  const plain = value.subarray(4).map((byte, index) => byte ^ (mask[index] ?? 0));
  if (value[1] === 1 && plain.length === 4) return `${plain.join('.')}:${port}`;
  if (value[1] !== 2 || plain.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, n) =>
    (((plain[2 * n] ?? 0) << 8) | (plain[2 * n + 1] ?? 0)).toString(16),
  );
  // The URL parser writes an IPv6 address as RFC 5952 wants it.
  return `${new URL(`http://[${groups.join(':')}]`).hostname}:${port}`;
}

function encodeAttribute(type: number, value: Buffer): Buffer {
  const attribute = Buffer.alloc(4 + value.length + (-value.length & 3));
  attribute.writeUInt16BE(type, 0);
  attribute.writeUInt16BE(value.length, 2);
  value.copy(attribute, 4);
  return attribute;
}

function sign(upToSignature: Buffer, key: Buffer): Buffer {
  return createHmac('sha1', key).update(withLength(upToSignature, 24)).digest();
}

function hasFingerprint(packet: Buffer, fingerprint: Buffer): boolean {
  if (fingerprint.length !== 4) return false;
  const expected = (crc32(withLength(packet.subarray(0, -8), 8)) ^ FINGERPRINT_XOR) >>> 0;
  return fingerprint.readUInt32BE() === expected;
}

/** The packet as it counts for a signature: its length says that an attribute of this many bytes follows, and no more. */
function withLength(packet: Buffer, following: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(packet.length - HEADER_BYTES + following, 2);
  return copy;
}

/** ISO 3309, as in zip. `zlib.crc32` is not in every Node 20. */
function crc32(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
