import { LIMITS } from './constants.js';

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
  const lines = sdp.split('\n');
  if (lines.length > LIMITS.sdpLines) return `has more than ${LIMITS.sdpLines} lines`;
  let mediaSections = 0;
  for (const [index, raw] of lines.entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '' && index === lines.length - 1) continue;
    if (line.includes('\r')) return `has a bare carriage return in line ${index + 1}`;
    if (line[1] !== '=' || !/[a-z]/.test(line[0] ?? '')) return `has no type=value in line ${index + 1}`;
    if (line.startsWith('m=')) mediaSections += 1;
  }
  if (mediaSections === 0) return 'has no media section';
  if (mediaSections > LIMITS.sdpMediaSections) return `has more than ${LIMITS.sdpMediaSections} media sections`;
  return undefined;
}
