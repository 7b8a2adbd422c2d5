import type { IceConfig, SenderIceConfig } from '../../protocol/index.js';
import type { TurnReport } from './turn-report.js';

/** ICE servers for one peer, in both forms. */
export interface PeerIce {
  /** For browsers. */
  readonly browser: IceConfig;
  /** For GStreamer's webrtcbin. */
  readonly gstreamer: SenderIceConfig;
  /** Unix time in ms after which the credentials are refused; absent when they do not expire. */
  readonly expiresAtMs?: number;
  /** Unix time in ms at which the peer should be given new ones; always before `expiresAtMs`, absent together with it. */
  readonly refreshAtMs?: number;
}

/** Where ICE servers come from: nowhere, the options, the environment, a shared secret, or a function. */
export interface IceSource {
  readonly kind: 'none' | 'static' | 'ephemeral' | 'provider';
  /** Waits, for a bounded time, until {@link forPeer} has something to give. Never rejects: what went wrong is logged. */
  start(): Promise<void>;
  /**
   * What there is now, for one peer; the last good when a provider fails. Never throws.
   *
   * @param user names the peer in ephemeral credentials, so that coturn's `user-quota` counts peers: `[A-Za-z0-9_-]+`
   */
  forPeer(user: string): PeerIce;
  /** Reads the secret's file again, or asks the provider again; then `onChange` fires. Rejects with a sentence when that fails. */
  rotate(): Promise<void>;
  /** Called when peers should be given new servers at once: a rotation, or a provider's new answer. */
  onChange(listener: () => void): void;
  /** Allocates at every TURN server with fresh credentials. Never rejects. */
  test(): Promise<TurnReport>;
  close(): void;
}
