import { join } from 'node:path';
import type { Lab } from '../lab.js';
import { firstLine } from '../lines.js';
import { benchFolder } from '../paths.js';
import type { PeerPlace } from './peer.js';
import { Program } from './program.js';

/** Serves a player's files from a folder, but for those given as texts. Not started yet. */
export function servePages(
  lab: Lab,
  name: string,
  { host, port }: { host: string; port: number },
  folder: string,
  instead: Readonly<Record<string, string>>,
  { enter }: PeerPlace,
): Program {
  const program = join(benchFolder, 'lib/peers/pages-process.ts');
  const command = [...enter, process.execPath, '--import', 'tsx', program];
  command.push(host, String(port), folder, JSON.stringify(instead));
  return new Program(lab, name, command, (child) => firstLine(child, name));
}
