import { join } from 'node:path';
import { BENCH_BITRATE_KBPS } from '../encoding.js';
import type { Lab } from '../lab.js';
import { firstLine } from '../lines.js';
import { benchFolder, projectFolder } from '../paths.js';
import type { PeerPicture, PeerPlace } from './peer.js';
import { Program } from './program.js';

/** Peers cannot ask their source for a keyframe, so one comes every two seconds, as such cameras are set. */
export const PEER_KEYFRAME_S = 2;

/** The program that stands for a peer's camera: our picture and our encoder (`peer-source.py`), not started yet. */
export function peerSource(
  lab: Lab,
  peer: string,
  picture: PeerPicture,
  { enter }: PeerPlace,
  way: readonly string[],
): Program {
  const name = `${peer}-source`;
  const { width, height, fps, grainy } = picture;
  const gop = Math.round(fps * PEER_KEYFRAME_S);
  const words = ['--width', width, '--height', height, '--fps', fps, '--bitrate', BENCH_BITRATE_KBPS].map(String);
  words.push('--keyframe-interval', String(gop), ...(grainy ? ['--grainy'] : []), ...way);
  // The system's Python has GStreamer's bindings, another one may not.
  const command = [...enter, '/usr/bin/python3', join(benchFolder, 'peer-source.py'), ...words];
  return new Program(lab, name, command, (child) => firstLine(child, name));
}

export const peerFolder = (name: string): string => join(projectFolder, 'test/out/bench/peers', name);
