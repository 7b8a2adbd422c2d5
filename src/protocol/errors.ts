import { type ErrorInfo, VIEWER_ERRORS, PreviewError as ViewerError } from './viewer-errors.js';

export type { ErrorInfo } from './viewer-errors.js';

/**
 * Every error that a person or a program can meet, in one table. What a viewer says by itself stands in `viewer-errors.ts`: a
 * page is not burdened with the sentences that come from the server or the sender anyway.
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
  token_missing: {
    message: 'The server asks for a token, and none was given.',
    next: 'Give the element one in its property "token", the sender one with --token-file; on the demo page it stands behind #token= in the address.',
    retryable: false,
  },
  token_expired: VIEWER_ERRORS.token_expired,
  kicked: VIEWER_ERRORS.kicked,
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
  session_timeout: VIEWER_ERRORS.session_timeout,
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
  stream_offline: VIEWER_ERRORS.stream_offline,
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
  sender_timeout: VIEWER_ERRORS.sender_timeout,
  sender_failed: VIEWER_ERRORS.sender_failed,
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
  camera_failed: VIEWER_ERRORS.camera_failed,
  no_such_mode: VIEWER_ERRORS.no_such_mode,
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
  server_unreachable: VIEWER_ERRORS.server_unreachable,
  wrong_server: VIEWER_ERRORS.wrong_server,
  server_closing: VIEWER_ERRORS.server_closing,
  ack_timeout: VIEWER_ERRORS.ack_timeout,
  device_offline: VIEWER_ERRORS.device_offline,
  token_provider_failed: VIEWER_ERRORS.token_provider_failed,
  turn_missing: VIEWER_ERRORS.turn_missing,
  turn_refused: VIEWER_ERRORS.turn_refused,
  ice_failed: VIEWER_ERRORS.ice_failed,
  connection_lost: VIEWER_ERRORS.connection_lost,
  no_media: VIEWER_ERRORS.no_media,
  no_keyframe: VIEWER_ERRORS.no_keyframe,
  black_picture: VIEWER_ERRORS.black_picture,
  no_frames: VIEWER_ERRORS.no_frames,
  playback_blocked: VIEWER_ERRORS.playback_blocked,
  webrtc_unsupported: VIEWER_ERRORS.webrtc_unsupported,
  bad_stream_name: VIEWER_ERRORS.bad_stream_name,
  unplayable_source: VIEWER_ERRORS.unplayable_source,
  bad_source: VIEWER_ERRORS.bad_source,

  internal: VIEWER_ERRORS.internal,
} as const satisfies Record<string, { message: string; next: string; retryable: boolean }>;

/** The name of an error in the table. */
export type ErrorCode = keyof typeof ERRORS;

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
export class PreviewError extends ViewerError {
  constructor(info: ErrorInfo | ErrorCode, detail?: string) {
    super(typeof info === 'string' ? errorInfo(info, detail) : info);
  }
}
