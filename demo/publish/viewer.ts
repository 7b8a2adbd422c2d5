import {
  DATA_CHANNEL_LABEL,
  type FromSender,
  type FromViewer,
  type OfferForSender,
  RTP_CLOCK_RATE,
  type SendCandidate,
  type SenderIceConfig,
} from '../../src/protocol/index.js';
import { type Source, unixNow } from './source.js';

/** 720p at 30 fps looks good with 2.5 Mbit/s; other modes in proportion. */
const BITS_PER_PIXEL = 2_500_000 / (1_280 * 720 * 30);

/** One negotiation with one viewer. Single use: another offer is another object. */
export class Viewer {
  readonly epoch: number;
  readonly #pc: RTCPeerConnection;
  readonly #session: string;
  readonly #source: Source;
  readonly #described: Promise<void>;
  #channel: RTCDataChannel | undefined;
  #frameTimes: Worker | undefined;
  #clockTimer: ReturnType<typeof setInterval> | undefined;
  /** Capture time minus RTP time of the frames since the last `clock`, in ms. */
  #offsets: number[] = [];
  #lastRtp = 0;
  #encodeMs = 0;

  constructor(offer: OfferForSender, source: Source, send: (candidate: SendCandidate) => void, onLost: () => void) {
    this.epoch = offer.epoch;
    this.#session = offer.session;
    this.#source = source;
    this.#pc = new RTCPeerConnection({ iceServers: browserIceServers(offer.ice) });
    this.#pc.onicecandidate = ({ candidate }) => {
      send({
        session: this.#session,
        epoch: this.epoch,
        candidate: candidate ? { ...candidate.toJSON(), candidate: candidate.candidate } : { candidate: '' },
      });
    };
    this.#pc.onconnectionstatechange = () => {
      if (this.#pc.connectionState === 'failed') onLost();
    };
    this.#pc.ondatachannel = ({ channel }) => {
      if (channel.label === DATA_CHANNEL_LABEL) this.#talk(channel);
    };
    this.#described = this.#pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
  }

  /** The answer to the offer; candidates come after it. */
  async answer(): Promise<string> {
    await this.#described;
    const video = this.#pc.getTransceivers().find(({ receiver }) => receiver.track.kind === 'video');
    if (!video) throw new Error('The offer asks for no video.');
    video.direction = 'sendonly';
    // Before the track: Chromium 156 passes no frame to a transform that comes later.
    this.#watchFrames(video.sender);
    await video.sender.replaceTrack(this.#source.track);
    await this.#pc.setLocalDescription();
    this.applyBitrate();
    return this.#pc.localDescription?.sdp ?? '';
  }

  async addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    await this.#described;
    if (candidate.candidate !== '') await this.#pc.addIceCandidate(candidate);
  }

  /** Fits the ceiling of the bitrate to the mode in use, which is then the size that viewers get: no silent downscaling. */
  applyBitrate(): void {
    const { width, height, fps } = this.#source.camera.mode;
    for (const { sender } of this.#pc.getTransceivers()) {
      if (sender.track?.kind !== 'video') continue;
      const parameters = sender.getParameters();
      for (const encoding of parameters.encodings) encoding.maxBitrate = width * height * fps * BITS_PER_PIXEL;
      parameters.degradationPreference = 'maintain-resolution';
      // Refused where the parameter is unknown: then the browser's own choice stays.
      sender.setParameters(parameters).catch(() => {});
    }
  }

  close(): void {
    clearInterval(this.#clockTimer);
    this.#pc.close();
    this.#frameTimes?.terminate();
  }

  #talk(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.onmessage = ({ data }) => {
      const received = unixNow();
      const message = JSON.parse(data) as FromViewer;
      if (message.type === 'ping') this.#say({ type: 'pong', t: message.t, received, sent: unixNow() });
    };
    this.#clockTimer = setInterval(() => this.#sayClock(), 1_000);
  }

  #say(message: FromSender): void {
    if (this.#channel?.readyState === 'open') this.#channel.send(JSON.stringify(message));
  }

  #watchFrames(sender: RTCRtpSender): void {
    if (!('RTCRtpScriptTransform' in globalThis)) return;
    this.#frameTimes = new Worker('workers/frame-times.js');
    sender.transform = new RTCRtpScriptTransform(this.#frameTimes);
    this.#frameTimes.onmessage = ({ data }: MessageEvent<{ rtp: number; at: number }>) => {
      this.#offsets.push(this.#source.capturedNear(data.at - this.#encodeMs) - rtpMs(data.rtp));
      this.#lastRtp = data.rtp;
    };
  }

  /** The median over a second: single frames wait in queues. Without frame times nothing is said, and viewers show ≥. */
  async #sayClock(): Promise<void> {
    const offsets = this.#offsets.splice(0).sort((a, b) => a - b);
    const offset = offsets[offsets.length >> 1];
    if (offset !== undefined && this.#encodeMs > 0) {
      const captureMs = rtpMs(this.#lastRtp) + offset;
      const { origin } = this.#source;
      this.#say({ type: 'clock', rtp: this.#lastRtp, captureMs, encodeMs: this.#encodeMs, origin });
    }
    for (const report of (await this.#pc.getStats()).values()) {
      if (report.type !== 'outbound-rtp' || !report.framesEncoded) continue;
      this.#encodeMs = this.#meanEncodeMs(report as RTCOutboundRtpStreamStats);
    }
  }

  #encoded = { frames: 0, seconds: 0 };

  #meanEncodeMs({ framesEncoded = 0, totalEncodeTime = 0 }: RTCOutboundRtpStreamStats): number {
    const { frames, seconds } = this.#encoded;
    this.#encoded = { frames: framesEncoded, seconds: totalEncodeTime };
    return framesEncoded > frames ? ((totalEncodeTime - seconds) * 1_000) / (framesEncoded - frames) : this.#encodeMs;
  }
}

const rtpMs = (rtp: number) => (rtp * 1_000) / RTP_CLOCK_RATE;

/** `turn://user:password@host:port?transport=udp`, which GStreamer wants, in the words of RTCIceServer. */
export function browserIceServers({ stunServer, turnServers }: SenderIceConfig): RTCIceServer[] {
  const stun = stunServer ? [{ urls: stunServer.replace('://', ':') }] : [];
  const turn = turnServers.flatMap((server) => {
    const [, scheme, username = '', credential = '', rest] = /^(turns?):\/\/([^:@]*):([^@]*)@(.+)$/.exec(server) ?? [];
    if (!rest) return [];
    const urls = `${scheme}:${rest}`;
    return [{ urls, username: decodeURIComponent(username), credential: decodeURIComponent(credential) }];
  });
  return [...stun, ...turn];
}
