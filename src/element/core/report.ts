import type { Clock } from '../../protocol/data-channel.js';
import type { Facts } from './facts.js';

/**
 * A text for a support ticket. Addresses, credentials and SDP stay out: only kinds, states and figures.
 *
 * @param clock what the sender said last of its own share of the time
 */
export function writeReport(
  facts: Facts,
  stream: string,
  peer: RTCPeerConnection | undefined,
  clock: Clock | undefined,
): string {
  const { stats, problem, shownSize, pendingMode, modeProblem, modeNotice, quality } = facts;
  const ms = (value: number | undefined) => (value === undefined ? '–' : `${value} ms`);
  const time = (at: number | null) => (at === null ? '–' : new Date(at).toISOString());
  const lines = [
    'webrtc-preview report',
    `time: ${new Date().toISOString()}`,
    `browser: ${globalThis.navigator?.userAgent ?? '–'}`,
    `stream: ${stream} (${facts.stream ? (facts.stream.online ? 'online' : 'offline') : 'unknown'})`,
    `camera: ${facts.stream?.camera ? JSON.stringify({ ...facts.stream.camera, modes: facts.stream.camera.modes.length }) : '–'}`,
    `state: ${facts.state}, started ${facts.started}, attempt ${facts.attempt}, last frame ${time(facts.lastFrameAt)}`,
    `signalling: ${facts.signalling}`,
    `connection: ${facts.connection ?? '–'}, ICE ${facts.ice ?? '–'}, gathering ${peer?.iceGatheringState ?? '–'}`,
    `steps: ${facts.rungs.map(({ name, status }) => `${name} ${status}`).join(', ')}`,
    `problem: ${problem ? `${problem.code} at ${problem.rung}: ${problem.message}` : 'none'}`,
    `candidates: ours ${candidateKinds(peer?.localDescription)}, theirs ${candidateKinds(peer?.remoteDescription)}`,
    `mode: pending ${pendingMode ? JSON.stringify(pendingMode) : 'none'}, ${modeProblem?.message ?? modeNotice ?? 'nothing to say'}`,
    `quality: ${quality ? JSON.stringify(quality) : '–'}`,
    `sender: encode ${ms(clock?.encodeMs)}, send ${ms(clock?.sendMs)}, capture time ${clock?.origin ?? '–'}`,
    `shown: ${shownSize ? `${shownSize.width} × ${shownSize.height}` : '–'}`,
    `statistics: ${stats ? JSON.stringify(stats) : '–'}`,
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
