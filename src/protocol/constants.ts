/** Version of the messages in this folder. A client that speaks another one is refused with `unsupported_protocol`. */
export const PROTOCOL_VERSION = 1;

/** Where the server listens unless its `path` option says otherwise: Socket.IO and the HTTP routes live under it. */
export const DEFAULT_PATH = '/webrtc-signaling';

/** Label of the data channel that the viewer opens to the sender (unordered, see `data-channel.ts`). */
export const DATA_CHANNEL_LABEL = 'webrtc-preview';

/** RTP clock rate of every video codec, in Hz (RFC 3551 §5). */
export const RTP_CLOCK_RATE = 90_000;

/** Ceilings that every program keeps. Sizes are in UTF-16 code units of the JSON string value. */
export const LIMITS = {
  /** Largest Socket.IO packet, in bytes: an SDP with room for the rest of its message. */
  packetBytes: 160 * 1024,
  /** Largest SDP (MediaMTX accepts the same). */
  sdpLength: 128 * 1024,
  /** Most media sections in an SDP. */
  sdpMediaSections: 16,
  /** Most lines in an SDP: Chromium's largest offers stay under 1,000. */
  sdpLines: 4_000,
  /** Longest candidate line. */
  candidateLength: 2_048,
  /** Most candidates that one side may send in one negotiation (Janus buffers the same number). */
  candidatesPerNegotiation: 100,
  /** Longest stream id, session id or instance id. */
  idLength: 64,
  /** Longest token. */
  tokenLength: 8_192,
  /** Longest name meant for a person (labels). */
  textLength: 200,
  /** Longest sentence meant for a person (errors, notices). */
  sentenceLength: 1_000,
  /** Most modes that a sender announces. */
  modes: 128,
  /** Most sessions that one socket may hold open: a playing element holds two, one of them for its next start. */
  sessionsPerSocket: 128,
  /** Most streams that one sender's socket may publish. */
  streamsPerSocket: 16,
} as const;

/** Deadlines and periods, in milliseconds. */
export const TIMEOUTS = {
  /** The server waits this long for the sender's answer (MediaMTX `webrtcHandshakeTimeout`). */
  answerMs: 10_000,
  /** A client waits this long for an acknowledgement: the server's own wait for the sender, and a little more. */
  acknowledgementMs: 12_000,
  /** A sender that went without a goodbye keeps its sessions for this long (Nextcloud's signalling server keeps 30 s). */
  senderGraceMs: 30_000,
  /** A receiver whose socket was lost may resume an answered session for this long (Janus `reclaim_session_timeout`). */
  receiverGraceMs: 15_000,
  /** An answered session shows its first frame within this, or it is ended. */
  liveMs: 30_000,
  /** A connection that neither publishes nor joins anything by then is closed (Nextcloud's signalling server: 10 s). */
  idleMs: 10_000,
  /** `token-expiring` comes this long before the end. */
  tokenWarningMs: 60_000,
  /** Heartbeat of Socket.IO: a dead box is known within `pingIntervalMs + pingTimeoutMs`. */
  pingIntervalMs: 10_000,
  pingTimeoutMs: 10_000,
  /** A socket that has not said its role by then is closed. */
  connectMs: 5_000,
} as const;
