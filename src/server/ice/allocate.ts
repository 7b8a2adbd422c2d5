import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { IceUrl } from './static.js';
import {
  ATTRIBUTE,
  addressOf,
  decode,
  encodeRequest,
  errorOf,
  isSignedWith,
  longTermKey,
  METHOD,
  packetLength,
  type StunMessage,
} from './stun-message.js';

export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

/** What came of it. The sentences hold addresses and what the system said, and no credential. */
export type Outcome =
  | { kind: 'allocated'; relayed: string | undefined; tookMs: number }
  /** The server said no (RFC 8489 §14.8). */
  | { kind: 'error'; code: number; reason: string }
  | {
      kind: 'no_address' | 'closed_port' | 'silent' | 'not_stun' | 'not_turn' | 'unsigned' | 'tls' | 'ended';
      why: string;
    };

export interface AllocateOptions {
  /**
   * For all of it, in ms.
   * @default 5000
   */
  timeoutMs?: number;
  /**
   * A request over UDP is repeated after this, then after twice as long, and so on, in ms (RFC 8489 §6.2.1).
   * @default 500
   */
  retransmitMs?: number;
  /** Ends it early. */
  signal?: AbortSignal;
  /** Certificates to trust besides the usual ones, PEM. */
  ca?: string;
}

/** UDP (RFC 8656 §7.1). */
const RELAY_OVER_UDP = Buffer.from([17, 0, 0, 0]);
const RELEASE = Buffer.alloc(4);
/** 401, then at most so many stale nonces. */
const MOST_TRIES = 4;
/** Giving back is a courtesy: an allocation ends by itself. */
const RELEASE_TIMEOUT_MS = 500;
const TIMEOUT_MS = 5_000;
const RETRANSMIT_MS = 500;

/**
 * A real Allocate (RFC 8656 §7) over UDP, TCP or TLS, which is given back at once; for a `stun:` address a Binding.
 * Where a name has an IPv4 and an IPv6 address, the second is tried when the first does not answer. Never rejects, and
 * leaves no socket behind.
 */
export async function allocate(
  server: IceUrl,
  credentials: TurnCredentials | undefined,
  { timeoutMs = TIMEOUT_MS, retransmitMs = RETRANSMIT_MS, signal, ca }: AllocateOptions = {},
): Promise<Outcome> {
  const end = performance.now() + timeoutMs;
  try {
    const addresses = await resolve(server.host, end, signal);
    for (const [index, address] of addresses.entries()) {
      const left = addresses.length - index;
      const now = performance.now();
      const turn = new Exchange({ server, address, retransmitMs, until: now + (end - now) / left, signal, ca });
      try {
        return await turn.run(credentials);
      } catch (error) {
        const silent = error instanceof Failure && (error.kind === 'silent' || error.kind === 'closed_port');
        if (!silent || left === 1) throw error;
      } finally {
        turn.close();
      }
    }
    return { kind: 'no_address', why: `The name "${server.host}" has no address.` };
  } catch (error) {
    if (error instanceof Failure) return { kind: error.kind, why: error.message };
    return { kind: 'silent', why: `The test itself failed: ${(error as Error).message}.` };
  }
}

type FailureKind = Extract<Outcome, { why: string }>['kind'];

class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    why: string,
  ) {
    super(why);
  }
}

/** The first address of each family, in the order in which this machine prefers them. */
async function resolve(host: string, end: number, signal: AbortSignal | undefined): Promise<string[]> {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare)) return [bare];
  const found = await within(lookup(bare, { all: true }), end, signal).catch((error: Error) => {
    if (error instanceof Failure && error.kind === 'ended') throw error;
    const why = error instanceof Failure ? 'the DNS did not answer' : (error as NodeJS.ErrnoException).code;
    throw new Failure('no_address', `The name "${bare}" was not found (${why}).`);
  });
  return [4, 6]
    .flatMap((family) => found.filter((one) => one.family === family).slice(0, 1))
    .sort((a, b) => found.indexOf(a) - found.indexOf(b))
    .map(({ address }) => address);
}

interface Route {
  server: IceUrl;
  address: string;
  retransmitMs: number;
  /** On the clock of `performance`. */
  until: number;
  signal: AbortSignal | undefined;
  ca: string | undefined;
}

/** One connection, and the requests on it, one after the other. */
class Exchange {
  readonly #route: Route;
  readonly #where: string;
  readonly #isUdp: boolean;
  #send: (packet: Buffer) => void = () => {};
  #shut: () => void = () => {};
  #waiting: { transaction: Buffer; done: (reply: StunMessage) => void; fail: (error: Failure) => void } | undefined;
  #broken: Failure | undefined;
  #sawGarbage = false;

  constructor(route: Route) {
    const { host, port } = route.server;
    this.#route = route;
    this.#isUdp = transportOf(route.server) === 'udp';
    const at = host.replace(/^\[|\]$/g, '') === route.address ? route.address : `${host} (${route.address})`;
    this.#where = `${this.#isUdp ? 'UDP' : 'TCP'} port ${port} of ${at}`;
  }

  async run(credentials: TurnCredentials | undefined): Promise<Outcome> {
    const { server, until } = this.#route;
    await this.#open();
    const began = performance.now();
    if (server.scheme.startsWith('stun')) {
      const reply = await this.#ask(METHOD.binding, [], undefined, until);
      if (reply.kind !== 'success') return refusal(reply);
      return { kind: 'allocated', relayed: undefined, tookMs: performance.now() - began };
    }
    let key: Buffer | undefined;
    let proof: [number, Buffer][] = [];
    for (let tries = 1; ; tries += 1) {
      const reply = await this.#askToAllocate(proof, key);
      if (reply.kind === 'success') {
        const tookMs = performance.now() - began;
        if (key && !isSignedWith(reply, key)) {
          throw new Failure('unsigned', `The answer from ${this.#where} is not signed with the password.`);
        }
        await this.#release(proof, key);
        return { kind: 'allocated', relayed: addressOf(reply, ATTRIBUTE.xorRelayedAddress), tookMs };
      }
      const refused = refusal(reply);
      if (refused.kind !== 'error') return refused;
      const asksForProof = refused.code === 438 || (refused.code === 401 && !key);
      if (refused.code === 400 && !key) {
        throw new Failure(
          'not_turn',
          `${this.#where} speaks STUN, but refuses TURN's Allocate (400 ${refused.reason}).`,
        );
      }
      if (!asksForProof || !credentials || tries === MOST_TRIES) return refused;
      const realm = reply.attributes.get(ATTRIBUTE.realm);
      const nonce = reply.attributes.get(ATTRIBUTE.nonce);
      if (!realm || !nonce)
        throw new Failure('not_turn', `${this.#where} asks for a password without a realm or a nonce.`);
      key = longTermKey(credentials.username, realm.toString('utf8'), credentials.credential);
      proof = [
        [ATTRIBUTE.username, Buffer.from(credentials.username)],
        [ATTRIBUTE.realm, realm],
        [ATTRIBUTE.nonce, nonce],
      ];
    }
  }

  close(): void {
    this.#shut();
  }

  /** A STUN server may let Allocate pass in silence: then a Binding tells it from a host that is not there. */
  async #askToAllocate(proof: [number, Buffer][], key: Buffer | undefined): Promise<StunMessage> {
    const { until } = this.#route;
    const now = performance.now();
    try {
      const request = [[ATTRIBUTE.requestedTransport, RELAY_OVER_UDP] as const, ...proof];
      return await this.#ask(METHOD.allocate, request, key, now + (until - now) * 0.8);
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'silent') throw error;
      const isStun = await this.#ask(METHOD.binding, [], undefined, until).then(
        () => true,
        () => false,
      );
      if (isStun) throw new Failure('not_turn', `${this.#where} speaks STUN, but does not answer TURN's Allocate.`);
      throw error;
    }
  }

  async #release(proof: [number, Buffer][], key: Buffer | undefined): Promise<void> {
    const until = performance.now() + RELEASE_TIMEOUT_MS;
    await this.#ask(METHOD.refresh, [[ATTRIBUTE.lifetime, RELEASE], ...proof], key, until).catch(() => {});
  }

  /** Resolves with the answer to this request; everything else that arrives is passed over. */
  #ask(
    method: number,
    attributes: readonly (readonly [number, Buffer])[],
    key: Buffer | undefined,
    until: number,
  ): Promise<StunMessage> {
    if (this.#broken) return Promise.reject(this.#broken);
    const transaction = randomBytes(12);
    const packet = encodeRequest(method, transaction, attributes, key);
    return new Promise((done, fail) => {
      let pause = this.#route.retransmitMs;
      let repeat: NodeJS.Timeout | undefined;
      const send = () => {
        this.#send(packet);
        if (!this.#isUdp) return;
        repeat = setTimeout(send, pause);
        pause *= 2;
      };
      const stop = () => {
        clearTimeout(repeat);
        clearTimeout(deadline);
        this.#waiting = undefined;
      };
      const deadline = setTimeout(() => this.#waiting?.fail(this.#silence()), Math.max(0, until - performance.now()));
      this.#waiting = {
        transaction,
        done: (reply) => {
          if (reply.method !== method) return;
          stop();
          done(reply);
        },
        fail: (error) => {
          stop();
          fail(error);
        },
      };
      send();
    });
  }

  #silence(): Failure {
    if (this.#sawGarbage) return new Failure('not_stun', `What answers on ${this.#where} is not STUN.`);
    if (!this.#isUdp) return new Failure('not_stun', `${this.#where} takes connections, but does not answer STUN.`);
    return new Failure('silent', `No answer from ${this.#where}.`);
  }

  #take(packet: Buffer): void {
    const message = decode(packet);
    if (!message) this.#sawGarbage = true;
    else if (message.kind === 'request' || message.kind === 'indication') return;
    else if (this.#waiting?.transaction.equals(message.transaction)) this.#waiting.done(message);
  }

  #break(failure: Failure): void {
    this.#broken ??= failure;
    this.#waiting?.fail(failure);
  }

  async #open(): Promise<void> {
    const { signal, until } = this.#route;
    const opened = this.#isUdp ? this.#openUdp() : this.#openStream();
    const shut = this.#shut;
    const abort = () => {
      this.#break(ended());
      shut();
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#shut = () => {
      signal?.removeEventListener('abort', abort);
      shut();
    };
    await within(opened, until, signal);
  }

  #openUdp(): Promise<void> {
    const { address, server } = this.#route;
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    let open = true;
    this.#shut = () => {
      if (open) socket.close();
      open = false;
    };
    this.#send = (packet) => {
      if (open) socket.send(packet);
    };
    socket.on('message', (packet) => this.#take(packet));
    return new Promise((resolve, reject) => {
      socket.on('error', (error) => {
        const failure = this.#systemFailure(error);
        this.#break(failure);
        reject(failure);
      });
      // Connected, so that an ICMP "port unreachable" comes back as an error.
      socket.once('connect', resolve);
      socket.connect(server.port, address);
    });
  }

  #openStream(): Promise<void> {
    const { address, server, ca } = this.#route;
    const isTls = server.scheme.endsWith('s');
    const to = { host: address, port: server.port };
    const name = server.host.startsWith('[') || isIP(server.host) ? {} : { servername: server.host };
    const socket: Socket = isTls ? connectTls({ ...to, ...name, ...(ca !== undefined && { ca }) }) : connectTcp(to);
    let connected = false;
    let secured = !isTls;
    socket.once('connect', () => {
      connected = true;
    });
    socket.setNoDelay(true);
    this.#shut = () => socket.destroy();
    this.#send = (packet) => socket.write(packet);
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const length = packetLength(pending);
        if (length === undefined) {
          this.#break(new Failure('not_stun', `What answers on ${this.#where} is not STUN.`));
          return void socket.destroy();
        }
        if (pending.length < length || pending.length < 20) return;
        this.#take(pending.subarray(0, length));
        pending = pending.subarray(length);
      }
    });
    return new Promise((resolve, reject) => {
      const fail = (failure: Failure) => {
        this.#break(failure);
        reject(failure);
      };
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (!connected) fail(this.#systemFailure(error));
        else if (!secured) fail(new Failure('tls', `The TLS handshake on ${this.#where} failed: ${tlsReason(error)}.`));
      });
      socket.on('close', () => {
        if (!secured) fail(new Failure('tls', `${this.#where} closed the connection during the TLS handshake.`));
        else fail(new Failure('not_stun', `${this.#where} closed the connection without an answer to STUN.`));
      });
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        secured = true;
        resolve();
      });
      const wait = Math.max(0, this.#route.until - performance.now());
      // A little before whoever waits for this gives up, with a better word for it.
      const late = setTimeout(() => {
        if (connected && !secured) fail(new Failure('tls', `${this.#where} does not answer the TLS handshake.`));
        else if (!connected) fail(this.#noAnswer());
      }, wait * 0.95);
      socket.once('close', () => clearTimeout(late));
    });
  }

  #noAnswer(): Failure {
    return new Failure('silent', `No answer from ${this.#where}.`);
  }

  #systemFailure(error: NodeJS.ErrnoException): Failure {
    if (error.code === 'ECONNREFUSED') return new Failure('closed_port', `Nothing listens on ${this.#where}.`);
    return new Failure('silent', `${this.#where} cannot be reached (${error.code ?? error.message}).`);
  }
}

/** What a peer uses for this address: UDP unless it says TCP, TLS always over TCP. */
export function transportOf({ scheme, transport }: IceUrl): 'udp' | 'tcp' {
  return scheme.endsWith('s') ? 'tcp' : (transport ?? 'udp');
}

function refusal(reply: StunMessage): Outcome {
  const error = errorOf(reply);
  return error ? { kind: 'error', ...error } : { kind: 'not_turn', why: 'The answer is an error without a code.' };
}

function tlsReason({ code, message }: NodeJS.ErrnoException): string {
  return code && !message.includes(code) ? `${message.slice(0, 200)} (${code})` : message.slice(0, 200);
}

function ended(): Failure {
  return new Failure('ended', 'The test was ended before there was an answer.');
}

/** `promise`, or a failure at that time of `performance`'s clock or when `signal` says so. */
function within<T>(promise: Promise<T>, until: number, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(ended());
    if (signal?.aborted) abort();
    const timer = setTimeout(
      () => reject(new Failure('silent', 'No answer in time.')),
      Math.max(0, until - performance.now()),
    );
    signal?.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    });
  });
}
