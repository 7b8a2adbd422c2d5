import { LIMITS } from './constants.js';

const [EQUALS, SMALL_A, SMALL_M, SMALL_Z] = [0x3d, 0x61, 0x6d, 0x7a];

/**
 * Why an SDP is not one that a WebRTC library would write, or `undefined` when it looks right. Linear in its length.
 *
 * Only the frame is checked (RFC 8866 §5: `type=value` lines, no NUL or bare CR, bounded lines and media sections);
 * the peer's own WebRTC library judges the content.
 */
export function sdpProblem(sdp: string): string | undefined {
  if (sdp.length > LIMITS.sdpLength) return `is longer than ${LIMITS.sdpLength} characters`;
  if (!sdp.startsWith('v=0')) return 'does not begin with v=0';
  if (sdp.includes('\0')) return 'contains a NUL character';
  let mediaSections = 0;
  let lines = 0;
  let nextReturn = sdp.indexOf('\r');
  // After the last line's end there may be another carriage return, and nothing else.
  const length = sdp.endsWith('\n\r') ? sdp.length - 1 : sdp.length;
  for (let at = 0; at < length; ) {
    lines += 1;
    if (lines > LIMITS.sdpLines) return `has more than ${LIMITS.sdpLines} lines`;
    const newline = sdp.indexOf('\n', at);
    const end = newline < 0 ? sdp.length : newline;
    if (nextReturn >= 0 && nextReturn < end - 1) return `has a bare carriage return in line ${lines}`;
    if (nextReturn >= 0 && nextReturn < end) nextReturn = sdp.indexOf('\r', end);
    const type = sdp.charCodeAt(at);
    if (sdp.charCodeAt(at + 1) !== EQUALS || type < SMALL_A || type > SMALL_Z) {
      return `has no type=value in line ${lines}`;
    }
    if (type === SMALL_M) mediaSections += 1;
    at = end + 1;
  }
  if (mediaSections === 0) return 'has no media section';
  if (mediaSections > LIMITS.sdpMediaSections) return `has more than ${LIMITS.sdpMediaSections} media sections`;
  return undefined;
}
