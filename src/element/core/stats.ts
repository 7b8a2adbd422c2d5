import type { Stats } from './facts.js';
import { type Report, videoReport } from './reports.js';

/*
 * Readings from RTCPeerConnection.getStats() (W3C webrtc-stats). Rates are differences between two readings of the same
 * report, divided by the reports' own timestamps: cumulative averages would hide that something got worse. What a browser
 * does not count is `null`, never 0.
 */

/** Without what is measured in other ways. */
export type Figures = Omit<Stats, 'latency'>;

/** What one reading leaves behind for the next. */
export interface Baseline {
  inbound: Report;
  presentedFrames: number;
  figures: Figures;
}

export interface Reading {
  stats: Figures;
  baseline: Baseline | undefined;
}

/**
 * Turns one `getStats()` result into figures.
 *
 * @param presentedFrames count of frames shown so far, by requestVideoFrameCallback; `null` where that stands still, as in a
 *   hidden page: then decoded frames count
 * @param before what the reading before returned; `undefined` for the first of a connection
 */
export function readStats(
  reports: Iterable<[string, unknown]>,
  presentedFrames: number | null,
  before: Baseline | undefined,
): Reading {
  const byId = new Map(reports) as Map<string, Report>;
  const inbound = videoReport(byId);
  const pair = selectedPair(byId);
  const stats: Figures = {
    ...NO_FIGURES,
    at: inbound?.timestamp ?? 0,
    jitterMs: inMs(inbound?.jitter),
    rttMs: inMs(pair?.currentRoundTripTime),
    framesDecoded: number(inbound?.framesDecoded) ?? 0,
    framesDropped: number(inbound?.framesDropped) ?? 0,
    keyframes: number(inbound?.keyFramesDecoded) ?? 0,
    freezes: number(inbound?.freezeCount) ?? 0,
    freezesMs: inMs(inbound?.totalFreezesDuration) ?? 0,
    codec: codecName(byId.get(String(inbound?.codecId))),
    path: pathOf(pair, byId),
  };
  if (!inbound) return { stats, baseline: undefined };
  // Another id, or a counter that went back, belongs to another stream: nothing to compare with.
  if (before && before.inbound.id === inbound.id && (delta(inbound, before.inbound, 'bytesReceived') ?? 0) >= 0) {
    addRates(stats, inbound, presentedFrames, before);
  }
  return { stats, baseline: { inbound, presentedFrames: presentedFrames ?? 0, figures: stats } };
}

function addRates(stats: Figures, inbound: Report, presentedFrames: number | null, before: Baseline): void {
  const ms = inbound.timestamp - before.inbound.timestamp;
  if (!(ms > 0)) return;
  const change = (field: string) => delta(inbound, before.inbound, field);
  const perSecond = (amount = -1) => (amount < 0 ? null : (1_000 * amount) / ms);
  // Signed: a packet that was counted as lost and comes late is taken back (RFC 3550 §6.4.1).
  const lost = Math.max(0, change('packetsLost') ?? 0);
  const received = change('packetsReceived');
  const expected = lost + Math.max(0, received ?? 0);
  // Retransmissions are among the bytes: it is what the link carries. Bits a millisecond are kbit a second.
  stats.bitrateKbps = perSecond((change('bytesReceived') ?? Number.NaN) / 125);
  stats.decodedFps = perSecond(change('framesDecoded'));
  stats.shownFps = presentedFrames === null ? stats.decodedFps : perSecond(presentedFrames - before.presentedFrames);
  stats.lossPercent = received === undefined ? null : expected > 0 ? (100 * lost) / expected : 0;
  // No frame in this second says nothing new: the last figure stays.
  stats.jitterBufferMs =
    meanMs(change('jitterBufferDelay'), change('jitterBufferEmittedCount')) ?? before.figures.jitterBufferMs;
  stats.decodeMs = meanMs(change('totalDecodeTime'), change('framesDecoded')) ?? before.figures.decodeMs;
}

function meanMs(seconds: number | undefined, count: number | undefined): number | null {
  return seconds !== undefined && seconds >= 0 && count !== undefined && count > 0 ? (1_000 * seconds) / count : null;
}

/** The pair that carries the media. Several may have succeeded; only the transport knows which one is used. */
function selectedPair(byId: Map<string, Report>): Report | undefined {
  const reports = [...byId.values()];
  const transport = reports.find(({ type }) => type === 'transport');
  const pairs = reports.filter(({ type }) => type === 'candidate-pair');
  return (
    byId.get(String(transport?.selectedCandidatePairId)) ??
    // Firefox before 153 has no transport report, but a word of its own.
    pairs.find(({ selected }) => selected === true) ??
    pairs.find(({ nominated, state }) => nominated === true && state === 'succeeded')
  );
}

function pathOf(pair: Report | undefined, byId: Map<string, Report>): Stats['path'] {
  const local = byId.get(String(pair?.localCandidateId));
  const remote = byId.get(String(pair?.remoteCandidateId));
  if (!local || !remote) return null;
  const relayed = local.candidateType === 'relay' || remote.candidateType === 'relay';
  // How the TURN server is reached, where there is one: behind it all is UDP.
  const protocol = local.relayProtocol ?? local.protocol;
  return { type: relayed ? 'relay' : 'direct', protocol: protocol === 'udp' ? 'udp' : 'tcp' };
}

export function codecName(codec: Report | undefined): string | null {
  const mimeType = codec?.mimeType;
  if (typeof mimeType !== 'string') return null;
  return mimeType.replace(/^video\//i, '').replace(/^H26([45])$/i, 'H.26$1');
}

/** `undefined` where the browser does not count it. */
function delta(now: Report, before: Report, field: string): number | undefined {
  const value = number(now[field]);
  return value === undefined ? undefined : value - (number(before[field]) ?? 0);
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function inMs(seconds: unknown): number | null {
  const value = number(seconds);
  return value === undefined ? null : 1_000 * value;
}

/** A second in which nothing was read. */
export const NO_FIGURES: Figures = {
  at: 0,
  bitrateKbps: null,
  shownFps: null,
  decodedFps: null,
  lossPercent: null,
  jitterMs: null,
  jitterBufferMs: null,
  decodeMs: null,
  rttMs: null,
  framesDecoded: 0,
  framesDropped: 0,
  keyframes: 0,
  freezes: 0,
  freezesMs: 0,
  codec: null,
  path: null,
};
