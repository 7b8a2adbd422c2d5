/** "H.264", "video/H264" and "h264" are one name. */
const shortName = (name: string) =>
  name
    .toLowerCase()
    .replace(/^video\//, '')
    .replace('.', '');

/**
 * The codecs of a browser with those of `names` first, in that order; all others, and what belongs to none (rtx, red, ulpfec), keep
 * theirs, and so do the profiles of one codec. `undefined` where no name is known: the browser's own order is the best then.
 */
export function preferred(codecs: readonly RTCRtpCodec[], names: readonly string[]): RTCRtpCodec[] | undefined {
  const order = names.map(shortName);
  const rank = ({ mimeType }: RTCRtpCodec) => {
    const at = order.indexOf(shortName(mimeType));
    return at < 0 ? order.length : at;
  };
  if (!codecs.some((codec) => rank(codec) < order.length)) return undefined;
  return [...codecs].sort((a, b) => rank(a) - rank(b));
}

/** Has `transceiver` offer `names` first, where the browser can (Firefox can since 128). */
export function preferCodecs(transceiver: RTCRtpTransceiver, names: readonly string[]): void {
  const codecs = globalThis.RTCRtpReceiver?.getCapabilities?.('video')?.codecs ?? [];
  const chosen = preferred(codecs, names);
  try {
    if (chosen) transceiver.setCodecPreferences?.(chosen);
  } catch {
    // A browser that cannot offers in its own order.
  }
}
