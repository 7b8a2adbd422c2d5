import type { FastifyReply } from 'fastify';
import type { ErrorCode, ErrorInfo } from '../../protocol/index.js';

/** What a route answers when it refuses: the error of the protocol's table, under one key. */
export interface ErrorBody {
  error: ErrorInfo;
}

/** HTTP status for every error (RFC 9110 §15). A new code does not compile until it is here. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unknown_event: 400,
  invalid_sdp: 400,
  unsupported_protocol: 400,
  bad_stream_name: 400,
  unplayable_source: 400,
  bad_source: 400,
  token_missing: 401,
  unauthorized: 401,
  token_expired: 401,
  forbidden: 403,
  kicked: 403,
  wrong_role: 403,
  unknown_session: 404,
  stream_offline: 404,
  wrong_state: 409,
  stale_epoch: 409,
  stream_taken: 409,
  replaced: 409,
  takeover_storm: 409,
  too_large: 413,
  no_such_mode: 422,
  codec_mismatch: 422,
  rate_limited: 429,
  too_many_connections: 429,
  too_many_sessions: 429,
  internal: 500,
  not_supported: 501,
  sender_failed: 502,
  stream_full: 503,
  too_many_viewers: 503,
  cluster_unavailable: 503,
  server_closing: 503,
  camera_missing: 503,
  camera_busy: 503,
  camera_denied: 503,
  camera_failed: 503,
  no_encoder: 503,
  sender_timeout: 504,
  session_timeout: 504,
  // Seen by a viewer only; no route answers with these.
  server_unreachable: 503,
  wrong_server: 502,
  ack_timeout: 504,
  device_offline: 503,
  token_provider_failed: 502,
  turn_missing: 502,
  turn_refused: 502,
  ice_failed: 502,
  connection_lost: 502,
  no_media: 502,
  no_frames: 502,
  no_keyframe: 502,
  black_picture: 502,
  playback_blocked: 500,
  webrtc_unsupported: 500,
};

export function statusOf(code: ErrorCode): number {
  return STATUS[code];
}

/** Refuses with `{ error }`. A 401 says that a bearer token is wanted (RFC 6750 §3). */
export function sendError(reply: FastifyReply, error: ErrorInfo, status = statusOf(error.code)): FastifyReply {
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .send({ error } satisfies ErrorBody);
}
