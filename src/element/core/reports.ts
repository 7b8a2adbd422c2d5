/** A report as it comes from the browser (W3C webrtc-stats): which fields are there depends on the browser. */
export type Report = Record<string, unknown> & { id: string; type: string; timestamp: number };

/** The report of the video that is received. */
export function videoReport(reports: Iterable<[string, unknown]>): Report | undefined {
  for (const [, report] of reports) {
    const { type, kind } = report as Report;
    if (type === 'inbound-rtp' && kind === 'video') return report as Report;
  }
  return undefined;
}
