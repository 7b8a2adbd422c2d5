import type { Lab } from '../lab.js';
import { startSender } from '../sender.js';
import { startServer } from '../server.js';
import { SrtpViewers, whepOf } from '../viewers/srtp-viewers.js';
import { measureBlock, type Variant } from '../viewers/steps.js';
import type { Cost } from './cost.js';

const FPS = 30;
const STREAM = 'growth';

/** What the sender takes by the number of its viewers, on one encode. */
export async function measureViewers(
  lab: Lab,
  { counts, blocks, seconds, quiet }: { counts: readonly number[]; blocks: number; seconds: number; quiet: boolean },
): Promise<Cost[]> {
  const server = await startServer(lab);
  const words = ['--fps', String(FPS), '--max-viewers', String(Math.max(...counts))];
  const { pid = 0 } = await startSender(lab, { server, stream: STREAM, grainy: true, words });
  const variant: Variant = {
    label: 'one encode for all',
    counts: [...counts],
    senders: () => [pid],
    viewers: await SrtpViewers.start(lab, 'viewers-growth'),
    endpoint: () => whepOf(server, STREAM),
    blocks: [],
  };
  const [cpu, memory, age]: [Cost, Cost, Cost] = [
    cost('viewers-cpu', 'Processor time of the sender', '% of a core'),
    cost('viewers-memory', 'Memory of the sender', 'MB of RSS'),
    cost('viewers-age', 'Age of a frame when a viewer has it whole, 95th percentile', 'ms'),
  ];
  for (let block = 1; block <= blocks; block += 1) {
    // It ends by itself where the machine is full: what comes after says nothing of the sender.
    for (const step of await measureBlock(variant, seconds, quiet)) {
      const [x, share] = [step.viewers, Math.min(...step.fps) / FPS];
      cpu.steps.push({ x, y: step.cpu, share });
      memory.steps.push({ x, y: step.rssMb, share });
      age.steps.push({ x, y: step.age.p95, share });
      console.log(
        `block ${block} of ${blocks}, ${x} viewers: ${step.cpu.toFixed(0)} %, ${(share * 100).toFixed(0)} % of the frames`,
      );
    }
  }
  await variant.viewers.stop();
  return [cpu, memory, age];
}

const cost = (name: string, title: string, unit: string): Cost => ({
  name,
  title,
  variable: 'viewers',
  unit,
  steps: [],
});
