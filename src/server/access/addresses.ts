import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';
import { messageOf, wrong } from './wrong.js';

/** Headers in which a proxy says for whom it asks. `forwarded` is RFC 7239. */
export type ProxyHeader = 'x-forwarded-for' | 'forwarded';

/** How the address of a client is found where a proxy is between. At most one of the first two. */
export interface AddressOptions {
  /**
   * Addresses and networks of the proxies in front of this server. What they say in their header is believed, nobody else's.
   * @default []
   * @example ['127.0.0.1', '10.0.0.0/8', 'fd00::/8']
   */
  trustProxy?: readonly string[];
  /**
   * The header that these proxies write. The other one is not looked at: a proxy passes on what it does not know, so anybody could
   * have written that.
   * @default 'x-forwarded-for'
   */
  proxyHeader?: ProxyHeader;
  /** Finds the address itself, instead. An error, or what is not an IP address, is logged, and the connection's own is used. */
  clientAddress?: (request: IncomingMessage) => string;
}

export interface AddressSettings {
  readonly trusted: BlockList | undefined;
  readonly proxyHeader: ProxyHeader;
  readonly clientAddress: ((request: IncomingMessage) => string) | undefined;
  /** True when somebody other than the connection itself says the address. */
  readonly told: boolean;
}

/**
 * @throws {TypeError} a sentence that names the plugin and the option
 */
export function readAddressOptions(options: AddressOptions): AddressSettings {
  const { trustProxy, proxyHeader = 'x-forwarded-for', clientAddress } = options;
  if (trustProxy !== undefined && !Array.isArray(trustProxy)) {
    // "true" would believe everybody, and a number of hops whoever can reach the server past its proxy.
    wrong('trustProxy', 'must be a list of addresses and networks of proxies, like ["127.0.0.1", "10.0.0.0/8"]');
  }
  if (proxyHeader !== 'x-forwarded-for' && proxyHeader !== 'forwarded') {
    wrong('proxyHeader', 'must be "x-forwarded-for" or "forwarded"');
  }
  if (clientAddress !== undefined && typeof clientAddress !== 'function') wrong('clientAddress', 'must be a function');
  if (clientAddress !== undefined && trustProxy !== undefined) {
    wrong('clientAddress', 'cannot be used together with "trustProxy": choose one of them');
  }
  const trusted = trustProxy === undefined || trustProxy.length === 0 ? undefined : readNetworks(trustProxy);
  return Object.freeze({ trusted, proxyHeader, clientAddress, told: (trusted ?? clientAddress) !== undefined });
}

function readNetworks(networks: readonly unknown[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix, ...rest] = typeof network === 'string' ? network.split('/') : [];
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
    const form = prefix === undefined || /^\d{1,3}$/.test(prefix);
    if (version === 0 || rest.length > 0 || !form || bits > (version === 4 ? 32 : 128) || address.includes('%')) {
      wrong('trustProxy', `has ${shown(network)} in it, which is neither an address nor a network like "10.0.0.0/8"`);
    }
    if (bits === 0) wrong('trustProxy', `has ${shown(network)} in it, which trusts everybody`);
    if (canonicalAddress(address)?.includes('.') !== isIPv4(address)) {
      wrong('trustProxy', `has ${shown(network)} in it: write it as an IPv4 address`);
    }
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

function shown(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 100));
}

const ALL_PROXY_HEADERS: readonly ProxyHeader[] = ['x-forwarded-for', 'forwarded'];

/** Says for each request which client it comes from. */
export class ClientAddresses {
  readonly #settings: AddressSettings;
  readonly #log: Pick<FastifyBaseLogger, 'warn' | 'error'>;
  #warned = false;
  #failed = false;

  constructor(settings: AddressSettings, log: Pick<FastifyBaseLogger, 'warn' | 'error'>) {
    this.#settings = settings;
    this.#log = log;
  }

  /** An IP address in its shortest form, IPv4 where it is one; empty when the connection has none (a Unix socket, or gone already). */
  of(request: IncomingMessage): string {
    const peer = canonicalAddress(request.socket.remoteAddress ?? '') ?? '';
    const { clientAddress, trusted, proxyHeader } = this.#settings;
    if (clientAddress !== undefined) return this.#ask(clientAddress, request) ?? peer;
    if (!isTrusted(peer, trusted)) {
      this.#warn(peer, request);
      return peer;
    }
    const header = request.headers[proxyHeader];
    return firstStranger(peer, hopsIn(proxyHeader, String(header ?? '')), trusted);
  }

  #ask(clientAddress: (request: IncomingMessage) => string, request: IncomingMessage): string | undefined {
    try {
      const said: unknown = clientAddress(request);
      const address = typeof said === 'string' ? canonicalAddress(said) : undefined;
      if (address === undefined) throw new Error('it did not return an IP address');
      return address;
    } catch (error) {
      if (!this.#failed) {
        this.#log.error({ problem: messageOf(error) }, '[WebRTC Signaling] The function "clientAddress" failed');
      }
      this.#failed = true;
      return undefined;
    }
  }

  /** Once: anybody can send such a header. */
  #warn(peer: string, { headers }: IncomingMessage): void {
    const header = ALL_PROXY_HEADERS.find((name) => headers[name] !== undefined);
    if (this.#warned || header === undefined) return;
    this.#warned = true;
    this.#log.warn(
      { peer, header },
      '[WebRTC Signaling] A proxy header is not believed: the option "trustProxy" does not name the address that it comes from',
    );
  }
}

/**
 * From the right, where the nearest proxy wrote: the first that is not a trusted proxy is the client. What is further left it may
 * have invented. Where there is no address, it is the proxy that did not say.
 */
function firstStranger(peer: string, hops: readonly (string | undefined)[], trusted: BlockList | undefined): string {
  let nearest = peer;
  for (const hop of [...hops].reverse()) {
    if (hop === undefined) return nearest;
    nearest = hop;
    if (!isTrusted(hop, trusted)) return nearest;
  }
  return nearest;
}

function isTrusted(address: string, trusted: BlockList | undefined): boolean {
  return trusted !== undefined && address !== '' && trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** The addresses in a proxy's header, as they stand; `undefined` for what is none. */
export function hopsIn(header: ProxyHeader, value: string): (string | undefined)[] {
  // Quotes are not minded here: whoever left one open must not swallow what the proxy wrote behind it.
  const elements = value.split(',').map((element) => element.trim());
  if (elements.length === 1 && elements[0] === '') return [];
  if (header === 'x-forwarded-for') return elements.map(hopAddress);
  return elements.map((element) => {
    const pairs = element.split(';').filter((pair) => /^\s*for\s*=/i.test(pair));
    const node = pairs.length === 1 ? pairs[0]?.slice(pairs[0].indexOf('=') + 1).trim() : undefined;
    return node === undefined ? undefined : hopAddress(node.replace(/^"(.*)"$/, '$1'));
  });
}

/** An address with or without a port, IPv6 with or without brackets. */
function hopAddress(text: string): string | undefined {
  const bracketed = /^\[([^\]]{2,45})\](?::\d{1,5})?$/.exec(text)?.[1];
  if (bracketed !== undefined) return isIPv6(bracketed) ? canonicalAddress(bracketed) : undefined;
  return canonicalAddress(/^([\d.]{7,15}):\d{1,5}$/.exec(text)?.[1] ?? text);
}

/**
 * The one form of an address, so that it can be compared: IPv6 as RFC 5952 writes it and without a zone, IPv4 in IPv6
 * (RFC 4291 §2.5.5.2) as IPv4. `undefined` when it is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return undefined;
  const address = new URL(`http://[${text.split('%')[0]}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(address);
  if (mapped === null) return address;
  const [high = 0, low = 0] = mapped.slice(1).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/**
 * What counts as one client for the limits: an IPv4 address, or the /64 of an IPv6 address, which is the least that one
 * household is given (RFC 6177) and of which it may use any.
 *
 * @param address as {@link canonicalAddress} returns it
 */
export function limitKey(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
