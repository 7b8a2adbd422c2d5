/** One line of the sender's log (`--log-format json`). */
interface Line {
  level: string;
  event: string;
  code?: string;
  viewer?: string;
  reason?: string;
}

export interface LogJudgement {
  errors: string[];
  /** Warnings that a viewer killed without a goodbye explains. */
  explained: number;
  unexplained: string[];
  /** Lines that the sender did not write: of GStreamer, GLib, or a crash. */
  foreign: string[];
  /** Viewers that ended without a goodbye. */
  lost: number;
}

/** What the sender says of a viewer that has fallen silent, or was never reached. */
const SILENT = new Set(['connection_lost', 'ice_failed']);
/** How a viewer ends that says goodbye, to the server or on the connection itself. */
const GOODBYES = new Set(['left', 'hung-up']);

/** @param killed so many viewers were killed, each of which explains one line of a kind */
export function judge(text: string, killed: number): LogJudgement {
  const judgement: LogJudgement = { errors: [], explained: 0, unexplained: [], foreign: [], lost: 0 };
  let failed = 0;
  let refused = 0;
  for (const raw of text.split('\n').filter((line) => line.trim() !== '')) {
    const line = parse(raw);
    if (!line) {
      judgement.foreign.push(raw);
      continue;
    }
    if (line.event === 'viewer-closed' && !GOODBYES.has(line.reason ?? '')) judgement.lost += 1;
    if (line.level === 'error' || line.level === 'critical') judgement.errors.push(raw);
    if (line.level !== 'warning') continue;
    const isSilence = line.event === 'viewer-failed' && SILENT.has(line.code ?? '') && ++failed <= killed;
    // It was killed while its answer was being made.
    const isHalfDone = line.event === 'request-refused' && ++refused <= killed;
    if (isSilence || isHalfDone) judgement.explained += 1;
    else judgement.unexplained.push(raw);
  }
  return judgement;
}

function parse(raw: string): Line | undefined {
  try {
    const line = JSON.parse(raw) as Line;
    return typeof line.level === 'string' && typeof line.event === 'string' ? line : undefined;
  } catch {
    return undefined;
  }
}
