import { LIMITS } from '../../../../src/protocol/constants.js';
import { SocketIoWire, Wire } from './wire.js';

/** Which server, and whether the plugin is asked to acknowledge every candidate, as a client may do or not. */
export type Kind = 'ws' | 'peerjs' | 'plugin' | 'plugin-acks' | 'other' | 'other-acks';

/** A receiver and a sender that speak to each other through a server. */
export interface Pair {
  /** The sender has a candidate. */
  onCandidate: () => void;
  /** The receiver has the sender's answer to its description. */
  onAnswer: () => void;
  /** Sends one candidate from the receiver to the sender: about 200 bytes. False when there is none left. */
  candidate(): boolean;
  /** Sends a description of 3 KB to the sender, which answers at once with one as large. */
  offer(): boolean;
  close(): void;
}

/** So long other nodes may take to hear of a stream. */
const NEWS_MS = 5_000;

/** What is relayed is the same for every server, wrapped as each wants it. */
const CANDIDATE =
  '{"candidate":"candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 192.0.2.20 rport 46154","sdpMid":"0"}';
const candidateMessage = (session: string) => `{"session":"${session}","epoch":1,"candidate":${CANDIDATE}}`;

/** As text between JSON's quotation marks. */
const SDP = JSON.stringify(sdpOf(3_000));

/**
 * @param senderUrl another node of the same cluster, when the two are not on one
 * @param candidates how many will be sent at most: the plugin wants a negotiation for every hundred
 */
export async function openPair(
  kind: Kind,
  {
    url,
    senderUrl = url,
    from,
    name,
    candidates,
  }: { url: string; senderUrl?: string; from: string; name: string; candidates: number },
): Promise<Pair> {
  if (kind === 'ws') {
    const receiver = await Wire.open(`${url}/${name}`, from);
    return new WsPair(receiver, await Wire.open(`${url}/${name}`, from));
  }
  if (kind === 'peerjs') {
    const [receiver, sender] = [await openPeer(url, from, `r-${name}`), await openPeer(url, from, `s-${name}`)];
    return new PeerPair(receiver, sender, name);
  }
  const sender = await SocketIoWire.open(senderUrl, from, 'sender');
  await sender.request('publish', { stream: name, instance: name, camera: BENCH_CAMERA });
  const receiver = await SocketIoWire.open(url, from, 'receiver');
  const pair = new PluginPair(receiver, sender, kind.endsWith('-acks'));
  const negotiations = Math.max(1, Math.ceil(candidates / LIMITS.candidatesPerNegotiation));
  for (let count = 0; count < negotiations; count += 1) await pair.negotiate(name);
  return pair;
}

export const BENCH_CAMERA = {
  label: 'Bench camera',
  modes: [{ width: 1_280, height: 720, fps: 30 }],
  mode: { width: 1_280, height: 720, fps: 30 },
};

export async function openPeer(url: string, from: string, id: string): Promise<Wire> {
  const wire = await Wire.open(`${url}/peerjs?key=peerjs&id=${id}&token=bench`, from);
  await wire.expect('{"type":"OPEN"}');
  return wire;
}

class WsPair implements Pair {
  onCandidate = () => {};
  onAnswer = () => {};
  readonly #receiver: Wire;
  readonly #candidate = candidateMessage(crypto.randomUUID());
  readonly #description = `{"session":"${crypto.randomUUID()}","epoch":1,"sdp":${SDP}}`;

  constructor(receiver: Wire, sender: Wire) {
    this.#receiver = receiver;
    receiver.onText = () => this.onAnswer();
    sender.onText = (text) => {
      if (text.length < SDP.length) this.onCandidate();
      else sender.send(this.#description);
    };
  }

  candidate(): boolean {
    this.#receiver.send(this.#candidate);
    return true;
  }

  offer(): boolean {
    this.#receiver.send(this.#description);
    return true;
  }

  close(): void {
    this.#receiver.close();
  }
}

class PeerPair implements Pair {
  onCandidate = () => {};
  onAnswer = () => {};
  readonly #receiver: Wire;
  readonly #sender: Wire;
  readonly #candidate: string;
  readonly #offer: string;

  constructor(receiver: Wire, sender: Wire, name: string) {
    this.#receiver = receiver;
    this.#sender = sender;
    const session = crypto.randomUUID();
    const wrap = (type: string, to: string, payload: string) =>
      `{"type":"${type}","dst":"${to}-${name}","payload":${payload}}`;
    const description = `{"session":"${session}","epoch":1,"sdp":${SDP}}`;
    const answer = wrap('ANSWER', 'r', description);
    this.#candidate = wrap('CANDIDATE', 's', candidateMessage(session));
    this.#offer = wrap('OFFER', 's', description);
    receiver.onText = () => this.onAnswer();
    sender.onText = (text) => {
      if (text.startsWith('{"type":"CANDIDATE"')) this.onCandidate();
      else sender.send(answer);
    };
  }

  candidate(): boolean {
    this.#receiver.send(this.#candidate);
    return true;
  }

  offer(): boolean {
    this.#receiver.send(this.#offer);
    return true;
  }

  close(): void {
    this.#receiver.close();
    this.#sender.close();
  }
}

class PluginPair implements Pair {
  onCandidate = () => {};
  onAnswer = () => {};
  readonly #receiver: SocketIoWire;
  readonly #sender: SocketIoWire;
  readonly #acks: boolean;
  readonly #sessions: { id: string; candidate: string }[] = [];
  #sent = 0;
  #epoch = 1;

  constructor(receiver: SocketIoWire, sender: SocketIoWire, acks: boolean) {
    this.#receiver = receiver;
    this.#sender = sender;
    this.#acks = acks;
    receiver.onText = (text) => {
      // The acknowledgement of an offer is the answer, that of a candidate is not.
      if (text.startsWith('43') && text.length > SDP.length) this.onAnswer();
      else if (text.includes('"ok":false')) console.error(text);
    };
    sender.onText = (text) => {
      if (text.startsWith('42["candidate"')) this.onCandidate();
      else if (text.startsWith('["offer"', text.indexOf('['))) answer(sender, text, SDP);
    };
  }

  /** Opens one more session for the candidates. */
  async negotiate(stream: string): Promise<void> {
    const { session } = (await this.#receiver.request('join', { stream })) as { session: string };
    await this.#offer(session);
    await this.#receiver.request('live', { session, epoch: 1 });
    this.#sessions.push({ id: session, candidate: `["candidate",${candidateMessage(session)}]` });
  }

  /** Another node hears of a new stream a moment later. */
  async #offer(session: string): Promise<void> {
    const deadline = performance.now() + NEWS_MS;
    for (;;) {
      try {
        await this.#receiver.request('offer', { session, epoch: 1, sdp: JSON.parse(SDP) });
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  candidate(): boolean {
    const session = this.#sessions[Math.floor(this.#sent / LIMITS.candidatesPerNegotiation)];
    if (!session) return false;
    this.#sent += 1;
    this.#receiver.send(`42${this.#acks ? this.#receiver.nextId() : ''}${session.candidate}`);
    return true;
  }

  offer(): boolean {
    const { id } = this.#sessions[0] ?? { id: '' };
    this.#epoch += 1;
    this.#receiver.send(
      `42${this.#receiver.nextId()}["offer",{"session":"${id}","epoch":${this.#epoch},"sdp":${SDP}}]`,
    );
    return true;
  }

  close(): void {
    this.#receiver.close();
    this.#sender.close();
  }
}

/** Answers the server's question with this SDP, which is JSON already. */
export function answer(sender: SocketIoWire, question: string, sdp: string): void {
  sender.send(`43${question.slice(2, question.indexOf('['))}[{"ok":true,"sdp":${sdp}}]`);
}

export function sdpOf(length: number): string {
  let sdp = 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n';
  for (let id = 1; sdp.length < length; id += 1) sdp += `a=extmap:${id} urn:ietf:params:rtp-hdrext:bench\r\n`;
  return sdp;
}
