import { errorInfo, PreviewError } from '../../protocol/errors.js';
import type { IceServer } from '../../protocol/messages.js';
import { asErrorInfo } from './acknowledged.js';
import type {
  ChannelEvents,
  ChosenMode,
  SessionEvents,
  SignallingChannel,
  SignallingFactory,
  SignallingSession,
} from './signalling.js';
import { errorIn, iceServersOf, type Refusal, readRefusal, retryAfterMs, textOf } from './whep-http.js';
import { type Answer, WhepSession } from './whep-session.js';

/** Watches what the WHEP server at `src` (http or https) streams. */
export const whepSignalling: SignallingFactory = ({ src, token }, events) =>
  new WhepChannel(new URL(src, globalThis.location?.href), token, events);

type SignallingState = Parameters<ChannelEvents['onSignalling']>[0];
type Posted = { kind: 'answered'; answer: Answer } | { kind: 'refused'; refusal: Refusal; afterMs: number | undefined };

/** A server that does not answer by then will not. An answer may take longer than ours waits for its sender (10 s). */
const REQUEST_TIMEOUT_MS = 5_000;
const OFFER_TIMEOUT_MS = 15_000;
/** Credentials of TURN servers live for minutes at least. */
const ICE_LIFE_MS = 60_000;
/** A browser has its candidates by then, and a server that takes none later has them all. */
const GATHER_MS = 1_000;
/** go2rtc takes none later. Of others it is found out, and no first picture waits for that. */
const NO_TRICKLE = /\/api\/webrtc$/;
/** Browsers refuse it, and would be asked for ever. */
const SECRET_IN_ADDRESS = 'The address in src has a user or a password in it, and browsers do not send those.';
const USE_TOKEN = 'Take them out of src, and set token instead.';
/** From the first time that a server is found gone, and that a stream is, to ever later ones. */
const UNREACHABLE_MS = { first: 300, longest: 4_000 };
const OFFLINE_MS = { first: 2_000, longest: 10_000 };

/** Ever later, and not by all pages at once. */
function delay({ first, longest }: typeof OFFLINE_MS, times: number): number {
  return Math.min(longest, first * 1.5 ** times) * (0.75 + Math.random() / 2);
}

/**
 * A WHEP server tells nothing by itself, so it is asked: at first by `OPTIONS` whether it is there (and for its ICE servers), then by
 * each offer. While nothing streams, the last offer is sent again now and then, and what answers it is ended at once: the
 * news are that there is an answer. Whether a session goes on is not asked; its frames tell.
 */
export class WhepChannel implements SignallingChannel {
  readonly audio = true;
  readonly #url: URL;
  readonly #events: ChannelEvents;
  readonly #sessions = new Set<WhepSession>();
  readonly #waiting = new Set<() => void>();
  #token: string | undefined;
  #iceServers: IceServer[] = [];
  #iceAt = 0;
  /** The server takes candidates after the offer, as far as is known. */
  #trickles: boolean;
  #said: SignallingState | undefined;
  #online: boolean | undefined;
  /** For the next question whether something streams. */
  #lastOffer = '';
  #watched = true;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts what is asked by itself: the answer to an earlier question is no news. */
  #round = 0;
  #closed = false;

  constructor(url: URL, token: string | undefined, events: ChannelEvents) {
    this.#url = url;
    this.#trickles = !NO_TRICKLE.test(url.pathname);
    this.#token = token;
    this.#events = events;
    void this.#reach();
  }

  async open(events: SessionEvents): Promise<SignallingSession> {
    while (!this.#closed) {
      if (this.#said !== 'connected') await new Promise<void>((resolve) => this.#waiting.add(resolve));
      else if (this.#iceServers.length > 0 && performance.now() - this.#iceAt > ICE_LIFE_MS) await this.#askForIce();
      else {
        const gatherMs = this.#trickles ? 0 : GATHER_MS;
        const session = new WhepSession(this, { iceServers: this.#iceServers }, gatherMs, events);
        this.#sessions.add(session);
        return session;
      }
    }
    throw new PreviewError('server_unreachable');
  }

  async setMode(): Promise<ChosenMode> {
    throw new PreviewError('not_supported');
  }

  async authenticate(token: string | undefined): Promise<boolean> {
    const asked = await this.#options(token).catch(() => undefined);
    if (asked?.refusal) throw this.#thrown(asked.refusal);
    this.#token = token;
    if (this.#said !== 'connected' || this.#online === false) this.reconnect();
    return true;
  }

  reconnect(): void {
    if (this.#closed) return;
    this.#failures = 0;
    if (this.#said !== 'connected') void this.#reach();
    else if (this.#online === false) void this.#look();
  }

  watch(wanted: boolean): void {
    this.#watched = wanted;
    if (wanted && this.#online === false) this.reconnect();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const session of this.#sessions) session.leave();
    this.#wake();
  }

  // ---- for sessions ---------------------------------------------------------------------------------------------

  /** Sends an offer, and takes in what its fate says of server and stream. Rejects with `PreviewError`. */
  async offer(sdp: string): Promise<Answer> {
    this.#lastOffer = sdp;
    const round = this.#next();
    const posted = await this.#post(sdp);
    if (posted?.kind === 'answered') {
      if (round === this.#round) this.#onNews(true);
      return posted.answer;
    }
    if (round === this.#round) {
      if (posted) this.#onRefusal(posted);
      else this.#onUnreachable();
    }
    throw posted ? this.#thrown(posted.refusal) : new PreviewError('server_unreachable');
  }

  /** Asks the server something about a session. */
  async send(
    method: 'PATCH' | 'DELETE',
    resource: URL,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Response> {
    // The goodbye of a page that is being closed has to outlive it.
    const goodbye = method === 'DELETE' ? { keepalive: true } : {};
    // A session may live elsewhere (RFC 9725 §4.2), but the token is for the server that the page has named, and for no other.
    const proof = resource.origin === this.#url.origin ? this.#proof() : {};
    const response = await fetch(resource, {
      method,
      headers: { ...headers, ...proof },
      ...goodbye,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(body && { body }),
    });
    // What it says beside its status is of no use, however long it is.
    response.body?.cancel().catch(() => {});
    return response;
  }

  /** The next offer waits for its candidates. */
  doesNotTrickle(): void {
    this.#trickles = false;
  }

  forget(session: WhepSession): void {
    this.#sessions.delete(session);
  }

  // ---- whether the server is there ------------------------------------------------------------------------------

  async #reach(): Promise<void> {
    const { username, password } = this.#url;
    if (username || password) {
      this.#say('closed', { ...errorInfo('bad_source', SECRET_IN_ADDRESS), next: USE_TOKEN });
      return;
    }
    const round = this.#next();
    if (this.#said === undefined || this.#said === 'closed') this.#say('connecting');
    const asked = await this.#options(this.#token).catch(() => undefined);
    if (round !== this.#round) return;
    if (asked?.refusal) this.#say('closed', asked.refusal.error);
    else if (asked) this.#say('connected');
    else {
      const there = await this.#isThere();
      if (round !== this.#round) return;
      if (!there) this.#onUnreachable();
      // An offer failed although it is there: only another offer shows when that has changed.
      else if (this.#lastOffer && this.#watched) void this.#look();
      else this.#say('connected');
    }
  }

  /** Rejects when there is no answer, or none that this page may read. */
  async #options(token: string | undefined): Promise<{ refusal?: Refusal }> {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(this.#url, { method: 'OPTIONS', headers: this.#proof(token), signal });
    const iceServers = response.ok ? iceServersOf(response.headers.get('link')) : [];
    if (iceServers.length > 0) this.#useIce(iceServers);
    const refusal = readRefusal(response.status, ...(await this.#read(response, token)));
    // Some servers do not know this method, so that any other refusal says nothing of the next offer.
    const sure = response.status === 401 || (response.status === 403 && !Array.isArray(refusal.error));
    return sure ? { refusal } : {};
  }

  /** A server may be there and let no page ask it by `OPTIONS`; its answer to this cannot be read, but it comes. */
  async #isThere(): Promise<boolean> {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const asking = fetch(this.#url, { method: 'HEAD', mode: 'no-cors', signal });
    return asking.then(
      () => true,
      () => false,
    );
  }

  async #askForIce(): Promise<void> {
    this.#iceAt = performance.now();
    await this.#options(this.#token).catch(() => undefined);
  }

  #useIce(iceServers: IceServer[]): void {
    this.#iceServers = iceServers;
    this.#iceAt = performance.now();
  }

  #onUnreachable(): void {
    this.#say('connecting', ['server_unreachable']);
    this.#later(delay(UNREACHABLE_MS, this.#failures), () => this.#reach());
  }

  // ---- whether something streams --------------------------------------------------------------------------------

  /** `undefined`: the server cannot be reached, or what it says cannot be read. */
  async #post(offer: string): Promise<Posted | undefined> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp', ...this.#proof() },
        body: offer,
        signal: AbortSignal.timeout(OFFER_TIMEOUT_MS),
      });
      const { status, headers } = response;
      const [body, own] = await this.#read(response);
      if (!response.ok || !body.startsWith('v=0')) {
        return {
          kind: 'refused',
          refusal: readRefusal(status, body, own),
          afterMs: retryAfterMs(headers.get('retry-after')),
        };
      }
      const location = headers.get('location');
      const iceServers = iceServersOf(headers.get('link'));
      if (iceServers.length > 0) this.#useIce(iceServers);
      const resource = location === null ? undefined : new URL(location, response.url || this.#url);
      return { kind: 'answered', answer: { sdp: body, resource, etag: headers.get('etag'), iceServers } };
    } catch {
      return undefined;
    }
  }

  /** Asks, by the last offer, whether something streams. */
  async #look(): Promise<void> {
    if (!this.#watched) return;
    const round = this.#next();
    const posted = await this.#post(this.#lastOffer);
    if (posted?.kind === 'answered' && posted.answer.resource)
      this.send('DELETE', posted.answer.resource).catch(() => {});
    if (round !== this.#round) return;
    if (!posted) {
      this.#onUnreachable();
      return;
    }
    if (posted.kind === 'refused' && posted.refusal.meaning !== 'misunderstood') this.#onRefusal(posted);
    // What else is wrong, the next try will say.
    else this.#onNews(true);
  }

  #onRefusal({ refusal, afterMs = 0 }: Posted & { kind: 'refused' }): void {
    const { meaning, error } = refusal;
    if (meaning === 'closed') this.#say('closed', error);
    if (meaning === 'wait') this.#say('connecting', error);
    if (meaning === 'offline' || meaning === 'failed') this.#onNews(meaning === 'failed');
    if (meaning === 'wait' || meaning === 'offline')
      this.#later(delay(OFFLINE_MS, this.#failures) + afterMs, () => this.#look());
  }

  #onNews(online: boolean): void {
    if (online) this.#failures = 0;
    this.#online = online;
    if (this.#said !== 'connected') this.#say('connected');
    // Only the address says which stream it is.
    this.#events.onStream({ stream: '', online });
  }

  // ---- the rest -------------------------------------------------------------------------------------------------

  #next(): number {
    clearTimeout(this.#timer);
    this.#round += 1;
    return this.#round;
  }

  #later(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#failures += 1;
    this.#timer = setTimeout(act, ms);
  }

  #proof(token = this.#token): Record<string, string> {
    return token ? { authorization: `Bearer ${token}` } : {};
  }

  async #read(response: Response, token = this.#token): Promise<[body: string, own: ReturnType<typeof asErrorInfo>]> {
    const body = await textOf(response);
    const missing = response.status === 401 && token === undefined ? errorInfo('token_missing') : undefined;
    return [body, asErrorInfo(errorIn(body)) ?? missing];
  }

  #info(error: Refusal['error']) {
    return Array.isArray(error) ? errorInfo(...error) : error;
  }

  #thrown({ error }: Refusal): Error {
    return new PreviewError(this.#info(error));
  }

  #say(state: SignallingState, error?: Refusal['error']): void {
    if (this.#closed) return;
    this.#said = state;
    this.#events.onSignalling(state, error && this.#info(error));
    if (state === 'connected') this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
