import type { ViewerErrorCode } from '../../protocol/viewer-errors.js';
import type { Connection } from './connection.js';
import type { Facts, RungName } from './facts.js';
import { type Report, videoReport } from './reports.js';
import type { Clues, Evidence } from './state.js';
import { codecName, number } from './stats.js';

/** @param before of the same connection: a browser forgets the candidates and pairs that it has given up */
export function gather(reports: Iterable<[string, unknown]>, before?: Clues): Clues {
  const all = new Map(reports) as Map<string, Report>;
  const ofType = (type: string) => [...all.values()].filter((report) => report.type === type);
  const most = (name: 'here' | 'relaysHere' | 'there' | 'tried' | 'answered', reports: Report[]) =>
    Math.max(before?.[name] ?? 0, reports.length);
  const local = ofType('local-candidate');
  const pairs = ofType('candidate-pair');
  const video = videoReport(all);
  const count = (field: string) => number(video?.[field]) ?? 0;
  const states: Record<string, number> = {};
  for (const { state } of pairs) states[String(state)] = (states[String(state)] ?? 0) + 1;
  return {
    here: most('here', local),
    relaysHere: most(
      'relaysHere',
      local.filter(({ candidateType }) => candidateType === 'relay'),
    ),
    there: most('there', ofType('remote-candidate')),
    tried: most(
      'tried',
      pairs.filter(({ state }) => state !== 'frozen' && state !== 'waiting'),
    ),
    pairs: pairs.length > 0 ? states : (before?.pairs ?? {}),
    answered: most(
      'answered',
      pairs.filter(({ state, responsesReceived }) => state === 'succeeded' || (number(responsesReceived) ?? 0) > 0),
    ),
    packets: count('packetsReceived'),
    decoded: count('framesDecoded'),
    // A browser that does not count whole frames has at least those that it decoded.
    frames: Math.max(count('framesReceived'), count('framesDecoded')),
    asked: count('pliCount') + count('firCount'),
    codec: codecName(all.get(String(video?.codecId))),
  };
}

/** An error that says more than `ice_failed`, or what else to do about that. */
interface Diagnosis {
  code?: ViewerErrorCode;
  next?: string;
}

/** What is more to say of a try that ended before the network carried anything than that it did. */
export function diagnose(rung: RungName, { clues, iceErrors }: Evidence): Diagnosis {
  if (rung !== 'network' || !clues) return {};
  const refused = [...iceErrors.keys()].some((code) => code >= 400 && code < 500);
  if (refused && clues.relaysHere === 0) return { code: 'turn_refused' };
  if (clues.here === 0)
    return { next: 'Configure a TURN server on the signalling server: no other way leads out of here.' };
  if (clues.there === 0) return { next: "Check the sender's network: it has named no way to reach it." };
  return {};
}

/** What was seen at the rung where it ended, in one sentence or two; `undefined` where the error itself says all. */
export function seenAt(rung: RungName, { clues, iceErrors, ms, facts }: Evidence): string | undefined {
  const time = `${Math.round(ms / 1_000)} s`;
  switch (rung) {
    case 'server':
      return `Not reached for ${time} of this try.`;
    case 'offer':
      return `No answer to the offer in ${time}.`;
    case 'secure':
      return `The network carries data; the DTLS handshake is not done after ${time} (${facts.connection}).`;
    case 'packets':
      return `Connected, and not one packet of video in ${time}.`;
  }
  if (!clues) return undefined;
  const { here, there, tried, answered, packets, frames, decoded, asked } = clues;
  switch (rung) {
    case 'network': {
      const servers = [...iceErrors.keys()]
        .map((code) => ` ${ICE_ERRORS[code] ?? `A TURN server answered ${code}.`}`)
        .join('');
      const pairs = `${count(tried, 'pair')} tried, ${answered || 'none'} answered`;
      return `${count(here, 'candidate')} here, ${there} from the sender, ${pairs}.${servers}`;
    }
    case 'keyframe':
      return `${count(packets, 'packet')}, no whole frame; ${count(asked, 'keyframe')} asked for.`;
    case 'decode':
      return `${count(frames, 'frame')} of ${clues.codec ?? 'video'} received, none decoded.`;
    case 'picture':
      return `${count(decoded, 'frame')} decoded, none shown.`;
  }
  return undefined;
}

const ICE_ERRORS: Record<number, string> = {
  401: 'TURN answered 401 Unauthorized.',
  403: 'TURN answered 403 Forbidden.',
  486: 'TURN answered 486 Allocation Quota Reached.',
  701: 'A STUN or TURN server did not answer.',
};

function count(amount: number, thing: string): string {
  return `${amount} ${thing}${amount === 1 ? '' : 's'}`;
}

/** What a report tells of the past. */
export interface Past {
  /** How long the connection that is shown took to its first frame. */
  firstFrameMs: number | undefined;
  /** Whether the element shows one to the server. */
  token: boolean;
  /** The last changes of state, each with the ms since the beginning. */
  changes: readonly string[];
}

/**
 * A text for a support ticket. Addresses, credentials and SDP stay out: only kinds, states and figures.
 *
 * @param connection the newest
 * @param clues what its statistics have shown
 */
export function writeReport(
  facts: Facts,
  stream: string,
  connection: Connection | undefined,
  clues: Clues | undefined,
  { firstFrameMs, token, changes }: Past,
): string {
  const { stats, problem, tokenProblem, shownSize, pendingMode, modeProblem, modeNotice, quality } = facts;
  const peer = connection?.peer;
  const clock = connection?.sync.clock;
  const ms = (value: number | undefined) => (value === undefined ? '–' : `${value} ms`);
  const time = (at: number | null) => (at === null ? '–' : new Date(at).toISOString());
  const json = (value: unknown) => (value ? JSON.stringify(value) : '–');
  const camera = facts.stream?.camera;
  // What a token provider has thrown may say anything.
  const timings = Object.entries({ ...connection?.timings, frame: firstFrameMs });
  const steps = timings
    .flatMap(([step, after]) => (after === undefined ? [] : `${step} ${Math.round(after)} ms`))
    .join(', ');
  const words = problem?.code === 'token_provider_failed' ? '' : `: ${problem?.message} ${problem?.seen ?? ''}`;
  const lines = [
    'webrtc-preview report',
    `time: ${new Date().toISOString()}`,
    `browser: ${globalThis.navigator?.userAgent ?? '–'}`,
    `stream: ${/^[\w-]{1,64}$/.test(stream) ? stream : '–'} (${facts.stream ? (facts.stream.online ? 'online' : 'offline') : 'unknown'})`,
    `camera: ${json(camera && { ...camera, modes: camera.modes.length })}`,
    `state: ${facts.state}, started ${facts.started}, attempt ${facts.attempt}, last frame ${time(facts.lastFrameAt)}`,
    `signalling: ${facts.signalling}, token ${tokenProblem?.code ?? (token && facts.signalling === 'connected' ? 'accepted' : 'none')}`,
    `connection: ${facts.connection ?? '–'}, ICE ${facts.ice ?? '–'}, gathering ${peer?.iceGatheringState ?? '–'}`,
    `steps: ${facts.rungs.map(({ name, status }) => `${name} ${status}`).join(', ')}`,
    `done after: ${steps || '–'}`,
    `problem: ${problem ? `${problem.code} at ${problem.rung}${words}` : 'none'}`,
    `candidates: ours ${candidateKinds(peer?.localDescription)}, theirs ${candidateKinds(peer?.remoteDescription)}`,
    `seen: ${json(clues)}, ICE errors ${json([...(connection?.iceErrors ?? [])])}`,
    `mode: pending ${json(pendingMode)}, ${modeProblem?.message ?? modeNotice ?? 'nothing to say'}`,
    `quality: ${json(quality)}`,
    `sender: encode ${ms(clock?.encodeMs)}, send ${ms(clock?.sendMs)}, capture time ${clock?.origin ?? '–'}`,
    `shown: ${shownSize ? `${shownSize.width} × ${shownSize.height}` : '–'}, black ${facts.black}, over budget ${facts.overBudget}`,
    `statistics: ${json(stats)}`,
    'changes (ms since the beginning):',
    ...changes,
  ];
  return `${lines.join('\n')}\n`;
}

function candidateKinds(description: RTCSessionDescription | null | undefined): string {
  const kinds = [...(description?.sdp ?? '').matchAll(/^a=candidate:.* (udp|tcp) .* typ (\w+)/gim)].map(
    ([, protocol, kind]) => `${kind}/${protocol?.toLowerCase()}`,
  );
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(' ') || 'none';
}
