import type { ErrorCode, ErrorInfo } from '../../protocol/errors.js';
import type { Candidate, IceServer } from '../../protocol/messages.js';

/*
 * What WHEP says in HTTP (draft-ietf-wish-whep-03, and RFC 9725 for what it leaves to WHIP). Pure: text in, facts out.
 */

/** More is no list of servers. */
const LONGEST_LINK = 16_384;
const LINK = /<([^<>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))*)/g;
const PARAMETER = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))/g;

/** The ICE servers that `Link` headers name (RFC 9725 §4.6); `fetch` puts several headers into one. */
export function iceServersOf(link: string | null): IceServer[] {
  if (link && link.length > LONGEST_LINK) return [];
  return [...(link ?? '').matchAll(LINK)].flatMap(([, url = '', parameters = '']) => {
    const named: Record<string, string> = {};
    for (const [, name = '', quoted, plain] of parameters.matchAll(PARAMETER))
      named[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
    const { rel, username, credential } = named;
    const known = username !== undefined && credential !== undefined;
    // A TURN server without credentials is of no use, and browsers refuse all servers because of it.
    if (rel !== 'ice-server' || !/^(stuns?:|turns?:)/i.test(url) || (/^turn/i.test(url) && !known)) return [];
    return [{ urls: [url], ...(known && { username, credential }) }];
  });
}

/** Candidates as the SDP fragment that a `PATCH` carries (RFC 8840 §9), in the media sections of the offer that they belong to. */
export function fragmentOf(offer: string, candidates: readonly Candidate[]): string {
  const find = (text: string, name: string) => text.match(new RegExp(`^a=${name}:.*`, 'm'))?.[0].trimEnd();
  const [, ...media] = offer.split(/^(?=m=)/m);
  const lines = [find(offer, 'group'), find(offer, 'ice-ufrag'), find(offer, 'ice-pwd')];
  for (const [index, section] of media.entries()) {
    const mid = find(section, 'mid');
    const own = candidates.filter(({ sdpMid, sdpMLineIndex }) =>
      typeof sdpMid === 'string' ? mid === `a=mid:${sdpMid}` : (sdpMLineIndex ?? 0) === index,
    );
    if (own.length === 0) continue;
    const [start] = section.split('\r\n', 1);
    lines.push(start, mid, ...own.map(({ candidate }) => (candidate ? `a=${candidate}` : 'a=end-of-candidates')));
  }
  return lines.flatMap((line) => (line ? [`${line}\r\n`] : [])).join('');
}

/**
 * The answer with its sound in a media stream of its own: Chromium holds a picture back until the sound of the same stream has come,
 * and a picture of now is worth more here than moving lips that fit.
 */
export function withSoundApart(answer: string): string {
  return answer
    .split(/^(?=m=)/m)
    .map((section) =>
      section.startsWith('m=audio')
        ? section.replace(/^(a=(?:msid:|ssrc:\d+ (?:msid|mslabel):))(?!-[ \r\n])/gm, '$1sound-')
        : section,
    )
    .join('');
}

/**
 * What follows from a refusal: nothing streams; the server is to be asked again later, or not at all; there is a stream, and this try
 * has failed; or the server did not understand, and nothing is known of the stream.
 */
export interface Refusal {
  meaning: 'offline' | 'wait' | 'closed' | 'failed' | 'misunderstood';
  /** The server's own, where it is one of ours; else a code, and what was seen. */
  error: ErrorInfo | [code: ErrorCode, seen?: string];
}

/**
 * What a server means that does not answer an offer with an answer.
 *
 * @param own the error in `body`, where it is one of ours
 */
export function readRefusal(status: number, body: string, own: ErrorInfo | undefined): Refusal {
  if (own?.code === 'stream_offline') return { meaning: 'offline', error: own };
  if (status === 401) return { meaning: 'closed', error: own ?? ['unauthorized'] };
  if (status === 403) return { meaning: 'closed', error: own ?? ['forbidden'] };
  if (status === 429) return { meaning: 'wait', error: own ?? ['rate_limited'] };
  if (status === 503) return { meaning: 'wait', error: own ?? ['too_many_connections', NO_ROOM] };
  if (own) return { meaning: own.retryable || own.code === 'codec_mismatch' ? 'failed' : 'misunderstood', error: own };
  // go2rtc and MediaMTX say it in words only.
  if (/codec/i.test(body)) return { meaning: 'failed', error: ['codec_mismatch'] };
  if (status === 400 || status === 422) return { meaning: 'misunderstood', error: ['bad_request', seen(status, body)] };
  if (status === 404 || status === 406 || status === 409) return OFFLINE;
  // A gateway whose server is away.
  if (status === 502 || status === 504) return { meaning: 'wait', error: ['server_unreachable'] };
  // go2rtc answers 500 while it cannot reach the camera, and 201 once it can.
  if (status >= 500 && status !== 501) return OFFLINE;
  return { meaning: 'misunderstood', error: ['bad_source', seen(status, body)] };
}

const NO_ROOM = 'The server has no room at the moment (it answered 503).';
const OFFLINE: Refusal = { meaning: 'offline', error: ['stream_offline'] };

function seen(status: number, body: string): string {
  const error = errorIn(body) ?? body;
  // A page of HTML is no sentence for a person, and one that repeats the address may repeat a secret in it.
  const words = typeof error === 'string' && /^[^<?@]{1,200}$/.test(error) ? `: “${error.trim()}”` : '';
  return `The server did not take the offer (it answered ${status}${words}).`;
}

/** More is no answer. */
const LONGEST_BODY = 262_144;

/** The text of a response; of one that is too long nothing, and no more of it is read. */
export async function textOf({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let length = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > LONGEST_BODY) {
      reader.cancel().catch(() => {});
      return '';
    }
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

/** What stands under `error` in a body of JSON: ours is an object, MediaMTX's a sentence. */
export function errorIn(body: string): unknown {
  try {
    return JSON.parse(body)?.error;
  } catch {
    return undefined;
  }
}

const LONGEST_WAIT_MS = 60_000;

/** `Retry-After`, seconds or a date (RFC 9110 §10.2.3), in ms from now; `undefined` where there is none. */
export function retryAfterMs(header: string | null, now = Date.now()): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(LONGEST_WAIT_MS, Math.max(0, ms)) : undefined;
}
