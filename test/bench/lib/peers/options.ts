import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SuiteOptions } from '../suite.js';
import { go2rtc } from './go2rtc.js';
import { janus } from './janus.js';
import { mediamtx } from './mediamtx.js';
import { type ChosenPeer, HERE, PEER_NAMES, type PeerKind, type PeerName } from './peer.js';
import { webrtcsink } from './webrtcsink.js';

const KINDS: Record<PeerName, PeerKind> = { go2rtc, mediamtx, webrtcsink, janus };

/** For every suite that compares; repeatable. */
export const peerOption = { peer: { type: 'string', multiple: true, default: [] as string[] } } as const;

/** The programs that the caller has. Nothing is fetched that is not a package of npm's or apt's. */
export function chosenPeers(options: SuiteOptions): ChosenPeer[] {
  const words = (options.peer ?? []) as readonly string[];
  const chosen = words.map(parsePeer);
  const twice = chosen.find(({ name }, index) => chosen.findIndex((each) => each.name === name) !== index);
  if (twice) throw new Error(`--peer ${twice.name} is there twice.`);
  return chosen;
}

/** @throws what is wrong, for a person */
export function parsePeer(word: string): ChosenPeer {
  const [, name = '', given = ''] = /^([^=]*)=?(.*)$/.exec(word) ?? [];
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name as PeerName] : undefined;
  if (!kind) throw new Error(`--peer ${word}: the peers known here are ${PEER_NAMES.map(usage).join(', ')}.`);
  const problem = problemWith(kind, given);
  if (problem) throw new Error(`--peer ${word}: ${problem}`);
  return { name: kind.name, given, start: (lab, picture, place = HERE) => kind.start(lab, given, picture, place) };
}

const usage = (name: PeerName): string => [name, KINDS[name].wants].filter(Boolean).join('=');

function problemWith({ name, wants }: PeerKind, given: string): string | undefined {
  if (!wants) return given ? `${name} comes from a package; write --peer ${name}.` : undefined;
  if (!given) return `write --peer ${name}=${wants}.`;
  if (!existsSync(given)) return `there is no ${given}.`;
  if (wants === 'PLUGIN_FOLDER') {
    if (!statSync(given).isDirectory()) return 'that is no folder; it should be the one with libgstrswebrtc.so.';
    return readdirSync(given).includes('libgstrswebrtc.so') ? undefined : `no libgstrswebrtc.so is in ${join(given)}.`;
  }
  try {
    accessSync(given, constants.X_OK);
  } catch {
    return 'that may not be run (chmod +x).';
  }
  return statSync(given).isFile() ? undefined : 'that is no program.';
}
