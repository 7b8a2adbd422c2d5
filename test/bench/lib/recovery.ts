/* What became of a picture that something happened to, read from what its page wrote down. Pure. */

export interface ShownFrame {
  atMs: number;
  ageMs: number;
  sequence: number;
  /** How many the video has presented, and how many it had and did not draw: the next one was there already. */
  presentedFrames: number;
  skippedFrames: number;
}

/** What a page has seen and heard; times are Unix ms. */
export interface Witnessed {
  /** Every presented frame whose clock could be read. */
  frames: ShownFrame[];
  /** What the element said of itself, from when on. */
  said: { atMs: number; state: string; code: string | null }[];
  /** Whether it had the server. */
  signalling: { atMs: number; state: string }[];
}

/** One fault, as one viewer saw it. */
export interface Recovery {
  /** From the cause's end to the first frame that is fresh; `null`: none came. Where frames never stopped, to the next one. */
  backMs: number | null;
  /** From the cause's beginning until the element no longer said that it was live; `null`: it never said so. */
  truthMs: number | null;
  /** Longest time without a new frame. */
  gapMs: number;
  /** The same once it was back: a picture that comes and goes is not back. */
  gapAfterMs: number;
  /** Frames that the camera made meanwhile and nobody saw. */
  lost: number;
  /** From the cause's end until it had the server again; `null` where it did not lose it, or did not find it. */
  serverMs: number | null;
  /** What the element said meanwhile. */
  said: string[];
}

/**
 * @param began of the cause, and `ended`, in Unix ms
 * @param freshMs what is older than this when it is shown is no news
 * @param fps of the camera: says what was lost where the frames' numbers begin anew
 * @param bornAnew only a frame that was born after the cause's end is back: what died had some on their way
 */
export function recoveryOf(
  { frames, said, signalling }: Witnessed,
  began: number,
  ended: number,
  { freshMs, fps, bornAnew = false }: { freshMs: number; fps: number; bornAnew?: boolean },
): Recovery {
  const isBack = ({ atMs, ageMs }: ShownFrame) => (bornAnew ? atMs - ageMs : atMs) > ended && ageMs < freshMs;
  const back = frames.find(isBack);
  const untrue = said.find(({ atMs, state }) => atMs >= began && state !== 'live');
  const server = signalling.find(({ atMs, state }) => atMs >= ended && state === 'connected');
  const lostServer = signalling.some(({ atMs, state }) => atMs >= began && state !== 'connected');
  return {
    backMs: back ? back.atMs - ended : null,
    truthMs: untrue ? untrue.atMs - began : null,
    gapMs: longestGap(frames, began - 1_000),
    gapAfterMs: longestGap(frames, back?.atMs ?? Number.POSITIVE_INFINITY),
    lost: frames.slice(1).reduce((sum, frame, index) => sum + lostBetween(frames[index], frame, fps), 0),
    serverMs: lostServer && server ? server.atMs - ended : null,
    said: said.filter(({ atMs }) => atMs >= began).map(({ state, code }) => (code ? `${state} (${code})` : state)),
  };
}

function longestGap(frames: readonly ShownFrame[], sinceMs: number): number {
  const moments = frames.filter(({ atMs }) => atMs >= sinceMs).map(({ atMs }) => atMs);
  return Math.max(0, ...moments.slice(1).map((atMs, index) => atMs - (moments[index] ?? atMs)));
}

/** One that was presented without a callback is not lost, nor is one that a busy browser had and did not draw: it counts both. */
function lostBetween(before: ShownFrame | undefined, after: ShownFrame, fps: number) {
  if (!before) return 0;
  const made = (after.sequence - before.sequence) & 0xffff;
  const elapsed = Math.round(((after.atMs - before.atMs) * fps) / 1_000);
  // A camera that was started anew counts anew; so does a video that has another connection's picture.
  const isAnew = Math.abs(made - elapsed) > fps;
  const presented = after.presentedFrames - before.presentedFrames;
  const steps = isAnew ? Math.max(1, elapsed) : made;
  const skipped = Math.max(0, after.skippedFrames - before.skippedFrames);
  return Math.max(0, steps - (presented >= 1 && presented <= steps ? presented : 1) - skipped);
}
