/* How every picture that is compared is encoded, ours and the peers': the sender's own defaults, said aloud. */

export const BENCH_ENCODER = 'x264enc';
export const BENCH_BITRATE_KBPS = 2_500;
