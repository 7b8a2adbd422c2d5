import type { Stats } from './facts.js';

/*
 * Readings from RTCPeerConnection.getStats() (W3C webrtc-stats). Rates are differences between two readings of the same
 * report, divided by the reports' own timestamps: cumulative averages would hide that something got worse.
 */

/** A report as it comes from the browser: which fields are there depends on the browser. */
type Report = Record<string, unknown> & { id: string; type: string; timestamp: number };

/** What one reading leaves behind for the next. */
export interface Baseline {
  inbound: Report;
  presentedFrames: number;
}

export interface Reading {
  stats: Omit<Stats, 'latency'>;
  baseline: Baseline | undefined;
  /** Bytes of video received on this connection so far. */
  bytesReceived: number;
}

/**
 * Turns one `getStats()` result into figures.
 *
 * @param before what the reading before returned; `undefined` for the first of a connection
 * @param presentedFrames count of frames shown so far, by requestVideoFrameCallback
 */
export function readStats(
  reports: Iterable<[string, unknown]>,
  presentedFrames: number,
  before: Baseline | undefined,
): Reading {
  const byId = new Map([...reports] as [string, Report][]);
  const inbound = [...byId.values()].find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
  const pair = selectedPair(byId);
  const rtt = number(pair?.currentRoundTripTime);
  const stats: Omit<Stats, 'latency'> = {
    at: inbound?.timestamp ?? 0,
    bitrateKbps: null,
    shownFps: null,
    decodedFps: null,
    lossPercent: null,
    jitterBufferMs: null,
    decodeMs: null,
    rttMs: rtt === undefined ? null : rtt * 1_000,
    framesDecoded: number(inbound?.framesDecoded) ?? 0,
    framesDropped: number(inbound?.framesDropped) ?? 0,
    freezes: number(inbound?.freezeCount) ?? 0,
    codec: codecName(byId.get(String(inbound?.codecId))),
    path: pathOf(pair, byId),
  };
  if (!inbound) return { stats, baseline: undefined, bytesReceived: 0 };

  const bytesReceived = number(inbound.bytesReceived) ?? 0;
  const baseline = { inbound, presentedFrames };
  // Another id, or a counter that went back, belongs to another stream: nothing to compare with.
  if (before && before.inbound.id === inbound.id && delta(inbound, before.inbound, 'bytesReceived') >= 0) {
    addRates(stats, baseline, before);
  }
  return { stats, baseline, bytesReceived };
}

function addRates(stats: Omit<Stats, 'latency'>, now: Baseline, before: Baseline): void {
  const ms = now.inbound.timestamp - before.inbound.timestamp;
  if (!(ms > 0)) return;
  const change = (field: string) => delta(now.inbound, before.inbound, field);
  const lost = Math.max(0, change('packetsLost'));
  const expected = lost + Math.max(0, change('packetsReceived'));
  stats.bitrateKbps = (8 * change('bytesReceived')) / ms;
  stats.decodedFps = (1_000 * change('framesDecoded')) / ms;
  stats.shownFps = (1_000 * Math.max(0, now.presentedFrames - before.presentedFrames)) / ms;
  stats.lossPercent = expected > 0 ? (100 * lost) / expected : 0;
  stats.jitterBufferMs = meanMs(change('jitterBufferDelay'), change('jitterBufferEmittedCount'));
  stats.decodeMs = meanMs(change('totalDecodeTime'), change('framesDecoded'));
}

function meanMs(seconds: number, count: number): number | null {
  return count > 0 ? (1_000 * seconds) / count : null;
}

/** The pair that carries the media. Several may have succeeded; only the transport knows which one is used. */
function selectedPair(byId: Map<string, Report>): Report | undefined {
  const reports = [...byId.values()];
  const transport = reports.find(({ type }) => type === 'transport');
  const selected = byId.get(String(transport?.selectedCandidatePairId));
  // Firefox before 153 has no transport report.
  return (
    selected ?? reports.find((r) => r.type === 'candidate-pair' && r.nominated === true && r.state === 'succeeded')
  );
}

function pathOf(pair: Report | undefined, byId: Map<string, Report>): Stats['path'] {
  const local = byId.get(String(pair?.localCandidateId));
  const remote = byId.get(String(pair?.remoteCandidateId));
  if (!local || !remote) return null;
  const relayed = local.candidateType === 'relay' || remote.candidateType === 'relay';
  const protocol = local.relayProtocol ?? local.protocol;
  return { type: relayed ? 'relay' : 'direct', protocol: protocol === 'udp' ? 'udp' : 'tcp' };
}

function codecName(codec: Report | undefined): string | null {
  const mimeType = codec?.mimeType;
  if (typeof mimeType !== 'string') return null;
  return mimeType.replace(/^video\//i, '').replace(/^H26([45])$/i, 'H.26$1');
}

function delta(now: Report, before: Report, field: string): number {
  return (number(now[field]) ?? 0) - (number(before[field]) ?? 0);
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
