import { ERRORS, type ErrorCode, type ErrorInfo } from '../../protocol/index.js';

/** What is to be said of a session, in one word. */
export type VerdictCode =
  // All is well, or nothing can be said yet.
  | 'live'
  | 'watched'
  | 'not_started'
  | 'asking'
  | 'connecting'
  | 'whep_answered'
  // One of the two is not there.
  | 'no_sender'
  | 'sender_away'
  | 'receiver_away'
  | 'receiver_lost'
  | 'gone_before_offer'
  | 'gone_before_answer'
  | 'gone_before_first_frame'
  // Somebody has ended or refused it.
  | 'sender_silent'
  | 'refused'
  | 'sender_ended'
  | 'kicked'
  | 'expired'
  | 'server_closing'
  // The two do not reach each other, or no picture comes of it.
  | 'no_candidates'
  | 'no_sender_candidates'
  | 'no_receiver_candidates'
  | 'no_relay_candidate'
  | 'only_host_candidates'
  | 'no_relay_configured'
  | 'no_path'
  | 'no_picture'
  | 'broke';

export interface Verdict {
  readonly code: VerdictCode;
  /** What is wrong, or that nothing is: one sentence for a person. */
  readonly message: string;
  /** What to do about it; empty when there is nothing to do. */
  readonly next: string;
}

export function say(code: VerdictCode, message: string, next = ''): Verdict {
  return { code, message, next };
}

/** The sentences of the error, or of the table's entry. */
export function sentences(
  error: ErrorInfo | undefined,
  otherwise: ErrorCode = 'internal',
  before = '',
): Omit<Verdict, 'code'> {
  const { message, next } = error ?? ERRORS[otherwise];
  return { message: before + (before === '' ? message : lowerFirst(message)), next };
}

/** Leaves names such as "H.264" alone. */
function lowerFirst(sentence: string): string {
  return /^[A-Z][a-z ]/.test(sentence) ? sentence.charAt(0).toLowerCase() + sentence.slice(1) : sentence;
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 100_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  return ms < 6_000_000 ? `${Math.round(ms / 60_000)} min` : `${Number((ms / 3_600_000).toFixed(1))} h`;
}

export function clock(unixMs: number | undefined): string {
  return unixMs === undefined ? 'an unknown time' : new Date(unixMs).toISOString();
}
