/**
 * Every error that a person or a program can meet, in one table.
 *
 * `message` says what happened, `next` what to do about it; both are sentences for a person.
 * `retryable` tells a program whether the same request may succeed later without anyone changing anything.
 */
export const ERRORS = {
  // What a message can get wrong.
  bad_request: {
    message: 'The server did not understand the message.',
    next: 'Check the fields that it names against docs/protocol.md.',
    retryable: false,
  },
  unknown_event: {
    message: 'The server does not know this kind of message.',
    next: 'Check the event name against docs/protocol.md, and that both sides have the same version.',
    retryable: false,
  },
  too_large: {
    message: 'The message is larger than the server accepts.',
    next: 'Send a smaller one: the limits are in docs/protocol.md.',
    retryable: false,
  },
  rate_limited: {
    message: 'Too many messages in a short time.',
    next: 'Wait a moment, then try again.',
    retryable: true,
  },
  invalid_sdp: {
    message: 'The session description is not valid.',
    next: 'Send the SDP exactly as the WebRTC library made it.',
    retryable: false,
  },
  unsupported_protocol: {
    message: 'The two programs speak different versions of the protocol.',
    next: 'Install the same version of webrtc-preview everywhere.',
    retryable: false,
  },

  // Who may do what, and when.
  unauthorized: {
    message: 'The server does not accept this token.',
    next: 'Ask for a new token and try again.',
    retryable: false,
  },
  forbidden: {
    message: 'This connection may not do that.',
    next: 'Check the rights of the token and the address it is used from.',
    retryable: false,
  },
  token_expired: {
    message: 'The token is no longer valid: its time is over.',
    next: 'Ask for a new token and try again.',
    retryable: false,
  },
  kicked: {
    message: 'Someone who manages this server ended the connection.',
    next: 'Ask whoever runs the server, or try again.',
    retryable: false,
  },
  wrong_role: {
    message: 'Only the other role may send this message.',
    next: 'Connect as a sender to publish, as a receiver to watch.',
    retryable: false,
  },
  wrong_state: {
    message: 'The session is not at the step where this message belongs.',
    next: 'Start again with a new session.',
    retryable: true,
  },
  stale_epoch: {
    message: 'The message belongs to an older negotiation.',
    next: 'Nothing: the newer negotiation goes on.',
    retryable: false,
  },
  unknown_session: {
    message: 'There is no such session on this connection.',
    next: 'Join the stream again.',
    retryable: true,
  },
  stream_taken: {
    message: 'Another sender already publishes this stream.',
    next: 'Stop the other sender, or publish under another stream name.',
    retryable: true,
  },
  replaced: {
    message: 'Another sender has taken this stream over.',
    next: 'Stop one of the two, or publish under another stream name. This one stands by until the stream is free.',
    retryable: true,
  },
  takeover_storm: {
    message: 'Senders take this stream from each other too quickly.',
    next: 'Stop all senders of this stream but one.',
    retryable: true,
  },
  stream_full: {
    message: 'As many viewers watch this stream as the server allows.',
    next: 'Wait until one of them leaves, or raise the server\'s option "maxViewers".',
    retryable: true,
  },
  session_timeout: {
    message: 'The connection was not completed in time.',
    next: 'Start again; if it happens again, check the network between the two sides.',
    retryable: true,
  },
  too_many_connections: {
    message: 'There are too many connections from this address, or to this server.',
    next: 'Close some of them, or raise the limits of the server.',
    retryable: true,
  },
  cluster_unavailable: {
    message: "The server cannot reach the servers beside it, where this stream's other side is.",
    next: 'Nothing: what runs goes on, and it comes back by itself. Whoever runs the server should look at Redis.',
    retryable: true,
  },
  not_supported: {
    message: 'This server does not do that.',
    next: 'See docs/http.md for what it does.',
    retryable: false,
  },
  stream_offline: {
    message: 'Nothing is streaming under this name.',
    next: 'Start the sender, and check that it uses the same stream name and server.',
    retryable: true,
  },
  too_many_sessions: {
    message: 'This connection holds as many sessions as the server allows.',
    next: 'Close some of them first.',
    retryable: true,
  },
  too_many_viewers: {
    message: 'As many viewers watch this camera as its sender allows.',
    next: 'Wait until one of them leaves, or raise --max-viewers on the sender.',
    retryable: true,
  },

  // What the camera's side can say.
  sender_timeout: {
    message: 'The sender did not answer in time.',
    next: 'Check that the sender still runs and is not overloaded.',
    retryable: true,
  },
  sender_failed: {
    message: 'The sender could not set up the connection.',
    next: "Look at the sender's log for the reason.",
    retryable: true,
  },
  camera_missing: {
    message: 'The camera is not there.',
    next: 'Plug it in, and check the device name that the sender was given.',
    retryable: true,
  },
  camera_busy: {
    message: 'Another program uses the camera.',
    next: 'Close the other program; "fuser /dev/video0" names it.',
    retryable: true,
  },
  camera_denied: {
    message: 'The sender may not open the camera.',
    next: "Add the sender's user to the group video, or allow the camera in the browser.",
    retryable: false,
  },
  camera_failed: {
    message: 'The camera stopped delivering pictures.',
    next: "Unplug it and plug it in again; look at the sender's log for the reason.",
    retryable: true,
  },
  no_such_mode: {
    message: 'The camera cannot do this resolution and frame rate.',
    next: 'Choose one of the modes that it offers.',
    retryable: false,
  },
  no_encoder: {
    message: 'The sender has no working video encoder.',
    next: 'Install gstreamer1.0-plugins-ugly (x264enc), then start the sender again.',
    retryable: false,
  },
  codec_mismatch: {
    message: 'The browser and the sender have no video codec in common.',
    next: 'Use a browser that plays H.264 or VP8.',
    retryable: false,
  },

  // What the viewer's side can see.
  server_unreachable: {
    message: 'The signalling server cannot be reached.',
    next: 'Check the address in src, that the server runs, and that its option "origins" allows this page.',
    retryable: true,
  },
  server_closing: {
    message: 'The server is shutting down.',
    next: 'Nothing: the connection comes back by itself.',
    retryable: true,
  },
  ack_timeout: {
    message: 'The server did not answer in time.',
    next: 'Check the network between this device and the server.',
    retryable: true,
  },
  ice_failed: {
    message: 'The network between you and the camera is blocked.',
    next: 'Check firewalls on the way, or configure a TURN server on the signalling server.',
    retryable: true,
  },
  connection_lost: {
    message: 'The connection to the camera broke.',
    next: 'Check the network between this device and the camera.',
    retryable: true,
  },
  no_media: {
    message: 'Connected, but no picture arrives from the camera.',
    next: "Look at the sender's log: is the camera delivering pictures?",
    retryable: true,
  },
  no_frames: {
    message: 'Data arrives, but no picture can be made of it.',
    next: 'Check that the browser can play the codec, and that the sender sends keyframes.',
    retryable: true,
  },
  playback_blocked: {
    message: 'The browser does not start the video by itself.',
    next: 'Press Start once.',
    retryable: true,
  },
  webrtc_unsupported: {
    message: 'This browser has no WebRTC.',
    next: 'Use a current Chrome, Edge, Firefox or Safari.',
    retryable: false,
  },
  bad_source: {
    message: 'The address in src or the stream name is not valid.',
    next: 'Set src to the address of the signalling server and stream to letters, digits, "-" or "_".',
    retryable: false,
  },

  internal: {
    message: 'Something went wrong inside the server.',
    next: 'Look at the server log at the time of this error.',
    retryable: true,
  },
} as const satisfies Record<string, { message: string; next: string; retryable: boolean }>;

/** The name of an error in the table. */
export type ErrorCode = keyof typeof ERRORS;

/** An error as it passes between the programs. */
export interface ErrorInfo {
  code: ErrorCode;
  /** What happened, for a person. */
  message: string;
  /** What to do next, for a person. */
  next: string;
  /** Whether trying again later may help. */
  retryable: boolean;
}

/** True when `code` is one of the table's: a newer peer may send one that this version does not know. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

/**
 * The table's entry for `code`, ready to send.
 *
 * @param detail what was seen in this case; replaces the table's general sentence when given.
 */
export function errorInfo(code: ErrorCode, detail?: string): ErrorInfo {
  const { message, next, retryable } = ERRORS[code];
  return { code, message: detail ?? message, next, retryable };
}

/** An {@link ErrorInfo} that can be thrown. */
export class PreviewError extends Error {
  readonly info: ErrorInfo;

  constructor(info: ErrorInfo | ErrorCode, detail?: string) {
    const resolved = typeof info === 'string' ? errorInfo(info, detail) : info;
    super(resolved.message);
    this.name = 'PreviewError';
    this.info = resolved;
  }

  get code(): ErrorCode {
    return this.info.code;
  }
}
