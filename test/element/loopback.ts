import type { SignallingFactory } from '../../src/element/client.js';
import type { Pong, Quality } from '../../src/protocol/data-channel.js';
import { type ErrorCode, errorInfo } from '../../src/protocol/errors.js';
import type { Mode, StreamInfo } from '../../src/protocol/messages.js';

/** The other end of real peer connections, in the same page: a canvas that moves, sent to whoever offers. */
export class LoopbackSender {
  readonly canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
  readonly peers: RTCPeerConnection[] = [];
  sessions = 0;
  left = 0;
  online = true;
  instance = 'a';
  /** Said when a data channel opens, as a sender that has several qualities does. */
  quality: Quality | undefined;
  #error: ErrorCode | undefined;
  #frame = 0;
  #drawing: ReturnType<typeof setInterval>;
  #stream: MediaStream;
  #news: ((info: StreamInfo) => void) | undefined;

  constructor() {
    const context = this.canvas.getContext('2d');
    if (!context) throw new Error('no 2d context');
    const draw = () => {
      this.#frame += 1;
      context.fillStyle = `hsl(${this.#frame % 360} 80% 50%)`;
      context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    };
    draw();
    this.#stream = this.canvas.captureStream(30);
    this.#drawing = setInterval(draw, 33);
  }

  readonly signalling: SignallingFactory = (_, events) => {
    this.#news = events.onStream;
    queueMicrotask(() => {
      events.onSignalling('connected');
      this.tell();
    });
    return {
      open: async (session) => {
        this.sessions += 1;
        const peer = new RTCPeerConnection();
        this.peers.push(peer);
        let early: RTCIceCandidateInit[] | undefined = [];
        peer.onicecandidate = ({ candidate }) =>
          candidate && session.onCandidate({ candidate: candidate.candidate, sdpMid: candidate.sdpMid });
        peer.ondatachannel = ({ channel }) => this.#answerPings(channel);
        return {
          ice: { iceServers: [] },
          offer: async (sdp) => {
            await peer.setRemoteDescription({ type: 'offer', sdp });
            for (const track of this.#stream.getTracks()) peer.addTrack(track, this.#stream);
            for (const transceiver of peer.getTransceivers()) transceiver.direction = 'sendonly';
            await peer.setLocalDescription();
            for (const candidate of early ?? []) await peer.addIceCandidate(candidate);
            early = undefined;
            return peer.localDescription?.sdp ?? '';
          },
          sendCandidate: (candidate) => {
            if (early) early.push(candidate as RTCIceCandidateInit);
            else void peer.addIceCandidate(candidate as RTCIceCandidateInit);
          },
          reportLive: () => {},
          leave: () => {
            this.left += 1;
            peer.close();
          },
        };
      },
      setMode: async (mode: Mode) => ({ mode }),
      authenticate: async () => true,
      reconnect: () => {},
      close: () => {},
    };
  };

  /** Sends the news of the stream, as it is now. */
  tell(): void {
    const mode = { width: this.canvas.width, height: this.canvas.height, fps: 30 };
    this.#news?.({
      stream: 'camera',
      online: this.online,
      instance: this.instance,
      camera: { label: 'Canvas', modes: [mode], mode, ...(this.#error && { error: errorInfo(this.#error) }) },
    });
  }

  /** The camera is lost, or back; the canvas goes on, in place of a picture that says so. */
  lose(error: ErrorCode | undefined): void {
    this.#error = error;
    this.tell();
  }

  /** No frame leaves any more, though every connection stays up. */
  freeze(): void {
    clearInterval(this.#drawing);
    for (const track of this.#stream.getTracks()) track.enabled = false;
    for (const peer of this.peers) for (const sender of peer.getSenders()) void sender.replaceTrack(null);
  }

  close(): void {
    clearInterval(this.#drawing);
    for (const track of this.#stream.getTracks()) track.stop();
    for (const peer of this.peers) peer.close();
  }

  #answerPings(channel: RTCDataChannel): void {
    channel.onopen = () => this.quality && channel.send(JSON.stringify(this.quality));
    channel.onmessage = ({ data }) => {
      const now = performance.timeOrigin + performance.now();
      const pong: Pong = { type: 'pong', t: JSON.parse(data).t, received: now, sent: now };
      channel.send(JSON.stringify(pong));
    };
  }
}
