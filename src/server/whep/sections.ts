/** One media section of an SDP, as far as ICE goes. */
export interface Section {
  mid?: string;
  /** Its lines, the `m=` line first; `\r` is cut off. */
  lines: string[];
}

/** An SDP or a fragment of one, taken apart at its `m=` lines. */
export interface Sections {
  /** What stands before the first media section. */
  head: string[];
  media: Section[];
}

/** Takes any text apart; says nothing of whether it is valid. */
export function splitSections(text: string): Sections {
  const head: string[] = [];
  const media: Section[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') continue;
    if (line.startsWith('m=')) media.push({ lines: [] });
    const section = media.at(-1);
    (section?.lines ?? head).push(line);
    if (section && line.startsWith('a=mid:')) section.mid ??= line.slice('a=mid:'.length);
  }
  return { head, media };
}

/** What stands behind `a=<name>:` in these lines. */
export function attributes(lines: readonly string[], name: string): string[] {
  const start = `a=${name}:`;
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
}
