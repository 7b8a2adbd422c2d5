import type { ErrorCode } from './errors.js';

/**
 * The errors that a viewer finds by itself: a part of the table in `errors.ts`, and the only part of it that a page loads.
 *
 * `message` says what happened, `next` what to do about it; both are sentences for a person.
 * `retryable` tells a program whether the same request may succeed later without anyone changing anything.
 */
export const VIEWER_ERRORS = {
  kicked: {
    message: 'Someone who manages this server ended the connection.',
    next: 'Ask whoever runs the server, or try again.',
    retryable: false,
  },
  token_expired: {
    message: 'The token is no longer valid: its time is over.',
    next: 'Ask for a new token and try again.',
    retryable: false,
  },
  stream_offline: {
    message: 'Nothing is streaming under this name.',
    next: 'Start the sender, and check that it uses the same stream name and server.',
    retryable: true,
  },
  session_timeout: {
    message: 'The connection was not completed in time.',
    next: 'Start again; if it happens again, check the network between the two sides.',
    retryable: true,
  },
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
  server_unreachable: {
    message: 'The signalling server cannot be reached.',
    next: 'Check the address in src, that the server runs, and that its option "origins" allows this page.',
    retryable: true,
  },
  wrong_server: {
    message: 'What answers at this address is no webrtc-preview server.',
    next: 'Check src, and that the plugin is registered there.',
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
  device_offline: {
    message: 'This device is not connected to any network.',
    next: 'Check its Wi-Fi or its cable: the picture then comes back by itself.',
    retryable: true,
  },
  token_provider_failed: {
    message: "The page's token provider brought no token.",
    next: 'Look at the function that the page gives as the token, and at the server that it asks.',
    retryable: true,
  },
  turn_missing: {
    message: 'Only the way through a TURN server is allowed, and the server names none.',
    next: 'Configure one on the signalling server, or leave out ice-policy="relay".',
    retryable: false,
  },
  turn_refused: {
    message: 'The TURN server does not let this browser through, and there is no other way to the camera.',
    next: 'Check the TURN secret or user of the signalling server, and that the clocks of the two servers agree.',
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
  no_keyframe: {
    message: 'Data arrives, but no keyframe to begin the picture with.',
    next: 'Check the keyframe interval of the encoder, and that the sender hears requests for one.',
    retryable: true,
  },
  black_picture: {
    message: 'The picture is all black.',
    next: 'Check the lens cap, the light and the exposure: the connection works.',
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
    message: 'The address in src is not valid.',
    next: 'Begin it with http:// or https://, and check that it leads to a signalling server or to a WHEP stream.',
    retryable: false,
  },
  bad_stream_name: {
    message: 'The stream name is not valid.',
    next: 'Use letters, digits, "-" and "_" in stream, 64 of them at most.',
    retryable: false,
  },
  unplayable_source: {
    message: 'Browsers do not play addresses that begin with rtsp, rtmp or srt.',
    next: 'Publish the camera with the sender, or give the WHEP address of a server such as MediaMTX or go2rtc.',
    retryable: false,
  },
  internal: {
    message: 'Something went wrong inside the server.',
    next: 'Look at the server log at the time of this error.',
    retryable: true,
  },
} as const satisfies Record<string, { message: string; next: string; retryable: boolean }>;

/** The name of an error that a viewer can find by itself. */
export type ViewerErrorCode = keyof typeof VIEWER_ERRORS;

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

/**
 * The table's entry for `code`.
 *
 * @param detail what was seen in this case; replaces the table's general sentence when given.
 */
export function errorInfo(code: ViewerErrorCode, detail?: string): ErrorInfo {
  const { message, next, retryable } = VIEWER_ERRORS[code];
  return { code, message: detail ?? message, next, retryable };
}

/** An {@link ErrorInfo} that can be thrown. */
export class PreviewError extends Error {
  readonly info: ErrorInfo;

  constructor(info: ErrorInfo | ViewerErrorCode, detail?: string) {
    const resolved = typeof info === 'string' ? errorInfo(info, detail) : info;
    super(resolved.message);
    this.name = 'PreviewError';
    this.info = resolved;
  }

  get code(): ErrorCode {
    return this.info.code;
  }

  /** By what it is, not by whose it is: each part of the element that is loaded later has a copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'PreviewError' && 'info' in value;
  }
}

/** What to say of something that was caught. @param otherwise the code for what is no {@link PreviewError} */
export function toErrorInfo(error: unknown, otherwise: ViewerErrorCode = 'internal'): ErrorInfo {
  return error instanceof PreviewError ? error.info : errorInfo(otherwise, String(error));
}
