import type { Candidate } from '../../protocol/index.js';
import { attributes, type Sections, splitSections } from './sections.js';

/**
 * The answer with the sender's candidates in it: a WHEP player is told no others later (draft-ietf-wish-whep, "Trickle ICE").
 *
 * @param candidates as the sender sent them; empty ones say that there are no more
 */
export function withCandidates(answer: string, candidates: readonly Candidate[]): string {
  const sections = splitSections(answer);
  for (const { candidate, sdpMid, sdpMLineIndex } of candidates) {
    const named = sections.media.findIndex(({ mid }) => mid !== undefined && mid === sdpMid);
    const section = sections.media[bearerSection(sections, named >= 0 ? named : (sdpMLineIndex ?? 0))];
    const line = candidate === '' ? 'a=end-of-candidates' : `a=${candidate}`;
    if (section && !section.lines.includes(line)) section.lines.push(line);
  }
  return [sections.head, ...sections.media.map(({ lines }) => lines)]
    .flat()
    .map((line) => `${line}\r\n`)
    .join('');
}

/** Where the candidates of a section stand: a bundle has one transport, described in its first section (RFC 9143 §9.2). */
function bearerSection({ head, media }: Sections, index: number): number {
  const mid = media[index]?.mid;
  for (const group of attributes(head, 'group')) {
    const [kind, ...mids] = group.split(' ');
    if (kind !== 'BUNDLE' || mid === undefined || !mids.includes(mid)) continue;
    const first = media.findIndex((section) => section.mid === mids[0]);
    if (first >= 0) return first;
  }
  return index;
}
