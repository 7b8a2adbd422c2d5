import { type Footprint, footprint, footprintAtRest } from './footprint.js';
import type { Lab } from './lab.js';
import { Receivers } from './receivers.js';
import { startSender } from './sender.js';

/** So many come at once and leave together. */
const AT_ONCE = 3;
/** Joins before the first look: what is made once is made by then. */
const WARM_UP = 12;

export interface ChurnResult {
  grownMb: number;
  note: string;
  faults: string[];
  samples: Footprint[];
}

/** Viewers come and go `joins` times: what does the sender hold afterwards that it did not hold before? */
export async function churn(lab: Lab, server: string, joins: number): Promise<ChurnResult> {
  const sender = await startSender(lab, { server, stream: 'churn', words: ['--fps', '30'] });
  const receivers = await Receivers.start(lab, 'receivers-churn', server, 'churn');
  const pid = sender.pid ?? 0;
  const comeAndGo = async (count: number) => {
    for (let done = 0; done < count; done += AT_ONCE) {
      await receivers.join(Math.min(AT_ONCE, count - done));
      await receivers.leave();
    }
  };
  await comeAndGo(WARM_UP);
  const before = await footprintAtRest(pid);
  const samples = [before];
  for (let tenth = 0; tenth < 10; tenth += 1) {
    await comeAndGo(Math.round(((tenth + 1) * joins) / 10) - Math.round((tenth * joins) / 10));
    samples.push(footprint(pid));
  }
  const after = await footprintAtRest(pid, before);
  samples.push(after);
  const faults = (['files', 'threads'] as const)
    .filter((what) => after[what] > before[what])
    .map((what) => `after ${joins} joins and leaves the sender has ${after[what]} ${what}, before ${before[what]}`);
  const each = (what: keyof Footprint) => `${what} ${before[what].toFixed(0)} → ${after[what].toFixed(0)}`;
  return {
    grownMb: after.rssMb - before.rssMb,
    note:
      `${joins} joins and leaves, ${AT_ONCE} at a time, after ${WARM_UP} to warm up: ` +
      `${each('files')}, ${each('threads')}, RSS ${before.rssMb.toFixed(1)} → ${after.rssMb.toFixed(1)} MB.`,
    faults,
    samples,
  };
}
