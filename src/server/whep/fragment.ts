import { type Candidate, LIMITS } from '../../protocol/index.js';
import { attributes, splitSections } from './sections.js';

/** What a `PATCH` brings. */
export type Fragment =
  | { kind: 'malformed'; problem: string }
  /** It names another ICE session than the offer: a restart (RFC 9725 §4.3.3). */
  | { kind: 'restart' }
  | { kind: 'trickle'; candidates: Candidate[] };

/**
 * Reads an SDP fragment (RFC 8840 §9). Attributes that say nothing of ICE are passed over. Linear in its length.
 *
 * @param offer what the fragment belongs to: its media sections give `a=mid` a number
 */
export function readFragment(text: string, offer: string): Fragment {
  const problem = frameProblem(text);
  if (problem) return { kind: 'malformed', problem };
  const { head, media } = splitSections(text);
  const offered = splitSections(offer);
  const offeredLines = offered.media.flatMap(({ lines }) => lines).concat(offered.head);
  for (const name of ['ice-ufrag', 'ice-pwd']) {
    const known = new Set(attributes(offeredLines, name));
    const named = attributes(media.flatMap(({ lines }) => lines).concat(head), name);
    if (named.some((value) => !known.has(value))) return { kind: 'restart' };
  }
  const candidates: Candidate[] = [];
  // Some players leave out the media section: with one transport for all, it says nothing new.
  for (const { mid, lines } of [{ lines: head }, ...media] as typeof media) {
    const index = mid === undefined ? 0 : offered.media.findIndex((section) => section.mid === mid);
    if (index < 0) return { kind: 'malformed', problem: 'names a media section that the offer does not have' };
    const place = { ...(mid !== undefined && { sdpMid: mid }), sdpMLineIndex: index };
    for (const line of lines) {
      if (line.startsWith('a=candidate:')) candidates.push({ candidate: line.slice(2), ...place });
      else if (line === 'a=end-of-candidates') candidates.push({ candidate: '', ...place });
    }
  }
  return { kind: 'trickle', candidates };
}

function frameProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'contains a NUL character';
  const lines = text.split('\n');
  if (lines.length > LIMITS.sdpLines) return `has more than ${LIMITS.sdpLines} lines`;
  const odd = lines.findIndex((line) => !/^([a-z]=[^\r]*)?\r?$/.test(line));
  return odd < 0 ? undefined : `has no type=value in line ${odd + 1}`;
}
