import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type Lab, logPath, stopProcess } from '../lab.js';
import { benchFolder, outputFolder, projectFolder } from '../paths.js';
import { needBenchPackages } from '../setup.js';

const run = promisify(execFile);

/** What one viewer has received so far. */
export interface Received {
  session: string;
  frames: number;
  keyframes: number;
  /** Payload of RTP, without retransmissions. */
  bytes: number;
  packets: number;
  lost: number;
  /** Packets that came a second time because they were asked for, and how many were asked for. */
  resent: number;
  nacks: number;
  plis: number;
  /** It was told the time of capture: its ages are known. */
  channel: boolean;
  /** Captured → whole frame here, in ms, of the frames since the last reading. */
  ages: number[];
}

export interface Reading {
  /** Seconds, of the machine's monotonic clock. */
  at: number;
  receivers: Received[];
}

/** What one viewer received between two readings. */
export interface Delivery {
  fps: number;
  kbps: number;
  packetsPerSecond: number;
  agesMs: number[];
}

interface Watching {
  id: number;
  /** Of the WHEP session. */
  location: URL;
}

const PATIENCE_MS = 60_000;
/** A stream may not be published yet, or its source not be connected. */
const RETRY_MS = 300;
const RETRIES = 60;

/** Recorded from Chromium: what is asked for is exactly what a browser asks for. */
const chromiumOffer = readFileSync(join(projectFolder, 'test/sender/fixtures/chromium-offer.sdp'), 'utf8');

/** Viewers that speak WHEP and decode nothing, all in one small process: `srtp-viewers.c`, which says what they do. */
export class SrtpViewers {
  readonly child: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<string, (answer: never) => void>();
  readonly #watching: Watching[] = [];
  #next = 0;

  static async start(lab: Lab, name: string, enter: readonly string[] = []): Promise<SrtpViewers> {
    const program = await build();
    const [command = program, ...words] = [...enter, program];
    return new SrtpViewers(name, await lab.start(name, command, words, { stdin: 'pipe' }));
  }

  private constructor(name: string, child: ChildProcess) {
    if (!child.stdout) throw new Error(`${name} has no output`);
    this.#name = name;
    this.child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line);
      this.#waiting.get('open' in answer ? `open ${answer.open}` : 'live' in answer ? `live ${answer.live}` : 'read')?.(
        answer as never,
      );
    });
  }

  get count(): number {
    return this.#watching.length;
  }

  /** Resolves when each of the newcomers has its first frame. @param lose of its packets, both ways, 0 to 1 */
  async join(endpoint: string, count = 1, { lose = 0 }: { lose?: number } = {}): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#join(endpoint, lose)));
  }

  /** The oldest ones say goodbye. */
  async leave(count = this.#watching.length): Promise<void> {
    await Promise.all(this.#watching.splice(0, count).map((each) => this.#leave(each)));
  }

  /** The last one of a reading loses this share of its packets from now on, both ways. */
  lose(share: number): void {
    this.#tell(`lose ${Math.max(...this.#watching.map(({ id }) => id))} ${share}`);
  }

  async read(): Promise<Reading> {
    return this.#ask<Reading>('read', 'read');
  }

  /** Everyone is gone at once, without a word. */
  async stop(): Promise<void> {
    await stopProcess(this.child);
  }

  async #join(endpoint: string, lose: number): Promise<void> {
    const id = this.#next++;
    const own = await this.#ask<Own>(`open ${id}`, `open ${id} ${lose} 1`);
    const { sdp, location } = await this.#offer(endpoint, offerOf(own));
    const answer = readAnswer(sdp);
    this.#watching.push({ id, location });
    this.#tell(
      `answer ${id} ${answer.ufrag} ${answer.pwd} ${Number(answer.active)} ${answer.payload} ${answer.rtx} ${answer.twcc}`,
    );
    for (const { address, port } of answer.candidates) this.#tell(`candidate ${id} ${address} ${port}`);
    const live = await this.#ask<{ ok: boolean }>(`live ${id}`, `live ${id}`);
    if (!live.ok) throw new Error(`A viewer of ${endpoint} has no picture: ${JSON.stringify(live)}`);
  }

  async #offer(endpoint: string, sdp: string): Promise<{ sdp: string; location: URL }> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp' },
        body: sdp,
      });
      const text = await response.text();
      if (response.ok) return { sdp: text, location: new URL(response.headers.get('location') ?? '', endpoint) };
      if (attempt === RETRIES) throw new Error(`${endpoint} answers ${response.status}: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #leave({ id, location }: Watching): Promise<void> {
    this.#tell(`close ${id}`);
    await fetch(location, { method: 'DELETE' }).catch(() => undefined);
  }

  #tell(command: string): void {
    this.child.stdin?.write(`${command}\n`);
  }

  async #ask<Answer>(key: string, command: string): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const late = () => reject(new Error(`${this.#name} does not answer “${command}”: see ${logPath(this.#name)}`));
        timer = setTimeout(late, PATIENCE_MS);
        this.#waiting.set(key, resolve);
        this.#tell(command);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(key);
    }
  }
}

/** What each viewer received from one reading to a later one. */
export function deliveries(before: Reading, after: Reading): Delivery[] {
  const seconds = after.at - before.at;
  return after.receivers.map((now) => {
    const then = before.receivers.find(({ session }) => session === now.session);
    const since = (field: 'frames' | 'bytes' | 'packets') => (now[field] - (then?.[field] ?? 0)) / seconds;
    return {
      fps: since('frames'),
      kbps: (since('bytes') * 8) / 1_000,
      packetsPerSecond: since('packets'),
      agesMs: now.ages,
    };
  });
}

/** Where the project's own plugin lets players watch a stream. */
export const whepOf = (server: string, stream: string): string => `${server}/webrtc-signaling/whep/${stream}`;

let building: Promise<string> | undefined;

function build(): Promise<string> {
  building ??= compile();
  return building;
}

async function compile(): Promise<string> {
  await needBenchPackages();
  await mkdir(outputFolder, { recursive: true });
  const program = join(outputFolder, 'srtp-viewers');
  const libraries = ['-lssl', '-lcrypto', '-lsrtp2', '-lusrsctp', '-lm'];
  await run('gcc', ['-O2', '-Wall', '-Wextra', '-o', program, join(benchFolder, 'srtp-viewers.c'), ...libraries]);
  return program;
}

interface Own {
  ufrag: string;
  pwd: string;
  port: number;
  fingerprint: string;
}

/** Chromium's offer with another transport, and where it is. */
function offerOf({ ufrag, pwd, port, fingerprint }: Own): string {
  return chromiumOffer
    .replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${ufrag}`)
    .replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${pwd}`)
    .replace(/^a=fingerprint:.*$/gm, `a=fingerprint:sha-256 ${fingerprint}`)
    .replace(/^(m=.*)\r?\n(c=.*)$/gm, `$1\n$2\na=candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host generation 0`)
    .replace(/\r?\n/g, '\r\n');
}

interface Answer {
  ufrag: string;
  pwd: string;
  /** The other side begins DTLS. */
  active: boolean;
  payload: string;
  rtx: string;
  twcc: string;
  candidates: { address: string; port: string }[];
}

/** What of an answer is needed to receive its video; 0 for what was not taken. */
export function readAnswer(sdp: string): Answer {
  const video = sdp.slice(sdp.search(/^m=video/m)).split(/^m=(?!video)/m)[0] ?? '';
  const find = (pattern: RegExp, text = video) => pattern.exec(text)?.[1] ?? pattern.exec(sdp)?.[1];
  const payload = find(/^a=rtpmap:(\d+) H264\/90000/m);
  const ufrag = find(/^a=ice-ufrag:(\S+)/m);
  const pwd = find(/^a=ice-pwd:(\S+)/m);
  if (!payload || !ufrag || !pwd) throw new Error(`This answer has no H.264:\n${sdp}`);
  return {
    ufrag,
    pwd,
    active: find(/^a=setup:(\S+)/m) === 'active',
    payload,
    rtx: find(new RegExp(`^a=fmtp:(\\d+) apt=${payload}\\b`, 'm')) ?? '0',
    twcc: find(/^a=extmap:(\d+)(?:\/\w+)? \S*transport-wide-cc-extensions-01/m) ?? '0',
    candidates: [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) typ host/gim)].map(([, address, port]) => ({
      address: address ?? '',
      port: port ?? '',
    })),
  };
}
