import { launchChromium } from '../chromium.js';
import type { Lab } from '../lab.js';
import { BENCH_FPS, BENCH_HEIGHT, BENCH_WIDTH } from '../sender.js';
import { summarise } from '../statistics.js';
import { joinCold, openEye, recoverFrom } from './eye.js';
import type { ChosenPeer, Peer } from './peer.js';

const AWAY_MS = 3_000;
const PATIENCE_MS = 30_000;
const SETTLE_MS = 2_000;

const FAULTS = { source: 'camera program killed', server: 'server killed' } as const;
type PeerFault = keyof typeof FAULTS;

/** What became of a peer's picture, on its own page. */
export interface PeerRecoveries {
  name: string;
  version: string;
  fault: PeerFault;
  /** From the program's new start to the first fresh frame, in ms; `null`: never, within {@link PATIENCE_MS}. */
  times: (number | null)[];
}

/** Kills each peer's source and its server, and starts them again 3 s later. After `startServer`. */
export async function recoverPeers(lab: Lab, peers: readonly ChosenPeer[], repeats: number): Promise<PeerRecoveries[]> {
  const all: PeerRecoveries[] = [];
  for (const peer of peers) {
    const running = await peer.start(lab, { width: BENCH_WIDTH, height: BENCH_HEIGHT, fps: BENCH_FPS });
    const browser = await launchChromium(lab);
    const page = await browser.newPage();
    const eye = await openEye(page);
    for (const fault of faultsOf(running)) {
      const times: (number | null)[] = [];
      while (times.length < repeats) {
        // A page that never came back is loaded anew, as its viewer would do.
        const isLost = times.length === 0 || times.at(-1) === null;
        if (isLost && (await joinCold(page, eye, running, PATIENCE_MS)) === null) {
          throw new Error(`${peer.name} shows no picture before anything happens to it.`);
        }
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        times.push(await recoverFrom(eye, running[fault], { awayMs: AWAY_MS, patienceMs: PATIENCE_MS }));
        console.log(`${peer.name}, ${FAULTS[fault]}: ${times.at(-1)?.toFixed(0) ?? 'never'} ms`);
      }
      all.push({ name: peer.name, version: running.version, fault, times });
    }
    await browser.close();
    await running.stop();
  }
  return all;
}

/** One that is no program of its own has one thing that can be killed. */
const faultsOf = ({ source, server }: Peer): PeerFault[] => (source === server ? ['source'] : ['source', 'server']);

/** Among the raw readings of `recover`; of a page that is not ours only the picture is known. */
export const readingsOfPeer = ({ name, fault, times }: PeerRecoveries) => [
  `${name}, own page: ${FAULTS[fault]}`,
  times.map((backMs) => ({ viewer: 0, backMs, said: [] })),
];

/** Cells for the table of `recover`: label, p50, p95, max, then what is not asked of peers, how often, never. */
export function rowOfRecoveries({ name, fault, times }: PeerRecoveries): string[] {
  const { p50, p95, max } = summarise(times.filter((ms) => ms !== null));
  const figures = [p50, p95, max].map((ms) => (Number.isNaN(ms) ? '–' : ms.toFixed(0)));
  const never = times.filter((ms) => ms === null).length;
  const label = `${name}, own page: ${FAULTS[fault]}, back after ${AWAY_MS / 1_000} s`;
  return [label, ...figures, '–', '–', '–', '–', '–', '–', `${times.length}`, `${never}`];
}
