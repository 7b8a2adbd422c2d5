import { startOthersMeter } from '../lib/cpu.js';
import { DEFAULT_QUEUE_MS, layEmulatedLinks } from '../lib/emulator.js';
import { type FarViewer, openFarViewer, takeSeen, watchFar, watchNothing } from '../lib/far-viewing.js';
import { quietOption, waitForQuiet } from '../lib/quiet.js';
import { BENCH_FPS, BENCH_HEIGHT, BENCH_WIDTH, startSender } from '../lib/sender.js';
import { startServer } from '../lib/server.js';
import { median, medianAndRange } from '../lib/statistics.js';
import { type Aim, countOption, type Suite, type SuiteOptions } from '../lib/suite.js';
import { type PhaseView, readableShare, SETTLED_AFTER_MS, viewPhase } from '../lib/timeline.js';
import { doubtsOf } from '../lib/trust.js';

const VARIANTS = [
  { stream: 'adapting', label: 'adaptation on', words: [] },
  { stream: 'fixed', label: 'adaptation off', words: ['--adaptation', 'off'] },
  { stream: 'unprotected', label: 'adaptation without loss protection', words: ['--loss-protection', 'off'] },
] as const;
const VIEWERS = ['squeezed', 'free'] as const;
/** After its first frame, before the first phase. */
const SETTLE_MS = 5_000;
const QUIET_LOOK_MS = 1_000;

interface Phase {
  name: string;
  /** What the squeezed link carries; `null` is more than anyone needs. */
  kbps: number | null;
  seconds: number;
}

interface MeasuredPhase {
  begin: number;
  end: number;
  /** Of the squeezed link. */
  deliveredKbps: number;
  dropped: number;
}

interface Block {
  phases: MeasuredPhase[];
  /** For each of VIEWERS, for each phase. */
  views: PhaseView[][];
  readable: number;
  others: number;
}

const suite: Suite = {
  about: 'a link that becomes narrow and free again: what its viewer sees, and another one whose link stays free',
  options: {
    blocks: { type: 'string', default: '5' },
    variants: { type: 'string', default: 'adapting,fixed' },
    phases: { type: 'string', default: '5000:12,1000:15,5000:15,2500:12,800:15,300:15,free:15' },
    ...quietOption,
  },
  async run(lab, options) {
    const blocks = countOption(options, 'blocks');
    const phases = phasesOption(options);
    const { enterMiddle, others } = await layEmulatedLinks(lab, VIEWERS.length);
    const address = await startServer(lab, { enter: enterMiddle, host: '0.0.0.0' });
    const { port } = new URL(address);
    const variants = [];
    for (const { stream, label, words } of chosenVariants(String(options.variants))) {
      const server = `http://127.0.0.1:${port}`;
      await startSender(lab, { server, stream, words, grainy: true, enter: enterMiddle });
      variants.push({ stream, label, blocks: [] as Block[] });
    }
    const viewers = [];
    for (const place of others) viewers.push(await openFarViewer(lab, place, port));
    for (let block = 1; block <= blocks; block += 1) {
      for (const variant of variants) {
        if (options.quiet === true) await waitForQuiet(QUIET_LOOK_MS);
        const measured = await measureBlock(viewers, variant.stream, phases);
        variant.blocks.push(measured);
        const gap = Math.max(...(measured.views[0] ?? []).map(({ longestGapMs }) => longestGapMs));
        console.log(`block ${block} of ${blocks}, ${variant.label}: longest gap ${gap.toFixed(0)} ms`);
      }
    }
    const on = variants[0]?.blocks ?? [];
    return {
      title:
        `Two viewers, the link of one squeezed, with a queue of ${DEFAULT_QUEUE_MS} ms; ${BENCH_WIDTH}×${BENCH_HEIGHT} at ${BENCH_FPS} fps, ` +
        `${blocks} interleaved blocks: median (lowest–highest)`,
      columns: [
        '',
        'link kbit/s',
        'fps',
        'longest gap ms',
        'age p50 ms',
        'p95 ms',
        'full size after s',
        'through kbit/s',
        'dropped',
      ],
      rows: variants.flatMap(({ label, blocks }) => rowsOf(label, blocks, phases)),
      aims: aimsOf(on, phases),
      notes: [
        `Age: from the birth of the picture to its presentation, of the frames later than ${SETTLED_AFTER_MS / 1_000} s after the change.`,
        ...variants.map(
          ({ label, blocks }) => `Sizes of the squeezed one, first block, ${label}: ${sizesOf(blocks[0], phases)}.`,
        ),
        `Other programs used ${medianAndRange(
          variants.flatMap(({ blocks }) => blocks.map(({ others }) => others)),
          0,
        )} % of a core.`,
      ],
      failures: on.length === 0 ? ['nothing was measured'] : faultsOf(on),
      raw: { phases, variants },
    };
  },
};

export default suite;

function chosenVariants(text: string): (typeof VARIANTS)[number][] {
  return text.split(',').map((word) => {
    const variant = VARIANTS.find(({ stream }) => stream === word);
    if (!variant) throw new Error(`--variants wants some of ${VARIANTS.map(({ stream }) => stream).join(', ')}`);
    return variant;
  });
}

/** For the whole of the default bitrate. */
const ENOUGH_KBPS = 4_000;
const isEnough = (kbps: number | null) => kbps === null || kbps >= ENOUGH_KBPS;

function phasesOption(options: SuiteOptions): Phase[] {
  return String(options.phases)
    .split(',')
    .map((text) => {
      const [, rate, seconds] = /^(free|[1-9]\d*):([1-9]\d*)$/.exec(text) ?? [];
      if (rate === undefined) throw new Error('--phases wants rates and seconds: free:15,800:20,free:20');
      const kbps = rate === 'free' ? null : Number(rate);
      return { name: rate, kbps, seconds: Number(seconds) };
    });
}

async function measureBlock(viewers: readonly FarViewer[], stream: string, phases: readonly Phase[]): Promise<Block> {
  const link = viewers[0]?.place.link;
  if (!link) throw new Error('there is no link to squeeze');
  await link.reset();
  await Promise.all(viewers.map((viewer) => watchFar(viewer, stream)));
  await pause(SETTLE_MS);
  const meter = startOthersMeter();
  const measured: MeasuredPhase[] = [];
  for (const { kbps, seconds } of phases) {
    const { down: before } = await link.counters();
    const begin = await link.set('down', { kbps });
    await pause(seconds * 1_000);
    const { down: after } = await link.counters();
    const end = Date.now();
    const deliveredKbps = ((after.bytes - before.bytes) * 8) / (end - begin);
    measured.push({ begin, end, deliveredKbps, dropped: after.queueDropped - before.queueDropped });
  }
  const others = meter();
  const seen = await Promise.all(viewers.map(takeSeen));
  const views = seen.map((each) => measured.map(({ begin, end }) => viewPhase(each, begin, end, BENCH_WIDTH)));
  await Promise.all(viewers.map(watchNothing));
  return { phases: measured, views, readable: Math.min(...seen.map(readableShare)), others };
}

function rowsOf(label: string, blocks: readonly Block[], phases: readonly Phase[]): string[][] {
  return VIEWERS.flatMap((viewer, who) =>
    phases.map(({ name, kbps }, index) => {
      const views = blocks.map(({ views }) => views[who]?.[index]).filter((view) => view !== undefined);
      const each = (pick: (view: PhaseView) => number, digits = 0) => medianAndRange(views.map(pick), digits);
      const link = blocks.map(({ phases }) => phases[index]).filter((phase) => phase !== undefined);
      const isSqueezed = viewer === 'squeezed';
      return [
        `${label}, ${viewer}`,
        isSqueezed ? name : `free (${name})`,
        each(({ fps }) => fps, 1),
        each(({ longestGapMs }) => longestGapMs),
        each(({ ageP50Ms }) => ageP50Ms),
        each(({ ageP95Ms }) => ageP95Ms),
        isSqueezed && isEnough(kbps) && index > 0 ? each(({ fullAfterS }) => fullAfterS, 1) : '',
        isSqueezed
          ? medianAndRange(
              link.map(({ deliveredKbps }) => deliveredKbps),
              0,
            )
          : '',
        isSqueezed
          ? medianAndRange(
              link.map(({ dropped }) => dropped),
              0,
            )
          : '',
      ];
    }),
  );
}

/**
 * For the squeezed one the worst of all blocks counts: a picture that stands still once is one too many. The free one is
 * compared with itself, and the median says whether the squeeze has a part in what else goes on on the machine.
 */
function aimsOf(blocks: readonly Block[], phases: readonly Phase[]): Aim[] {
  const squeezed = blocks.map(({ views }) => views[0] ?? []);
  const worst = (pick: (view: PhaseView) => number, which: (phase: Phase, index: number) => boolean) => {
    const values = squeezed.flatMap((views) =>
      views.filter((_, index) => which(phases[index] as Phase, index)).map(pick),
    );
    return values.some(Number.isNaN) ? Number.NaN : Math.max(...values);
  };
  const isNarrow = ({ kbps }: Phase) => !isEnough(kbps);
  const isFreed = (phase: Phase, index: number) =>
    index > 0 && !isNarrow(phase) && isNarrow(phases[index - 1] as Phase);
  const lost = (loss: (own: PhaseView, later: PhaseView) => number) =>
    median(
      blocks.map(({ views }) => {
        const [own, ...later] = views[1] ?? [];
        return Math.max(...later.map((view) => (own ? loss(own, view) : Number.NaN)));
      }),
    );
  const fewer = lost((own, later) => (1 - later.fps / own.fps) * 100);
  const longer = lost((own, later) => later.longestGapMs - own.longestGapMs);
  return [
    {
      name: 'squeezed: longest gap',
      value: worst(
        (view) => view.longestGapMs,
        () => true,
      ),
      atMost: 1_000,
      unit: 'ms',
    },
    { name: 'squeezed: age p95, settled', value: worst((view) => view.ageP95Ms, isNarrow), atMost: 300, unit: 'ms' },
    { name: 'squeezed: full size again', value: worst((view) => view.fullAfterS, isFreed), atMost: 10, unit: 's' },
    { name: 'free: frames fewer than in its own first phase', value: fewer, atMost: 2, unit: '%' },
    { name: 'free: longest gap, more than in its own first phase', value: longer, atMost: 50, unit: 'ms' },
  ];
}

/** "free: 1280; 800: 1280, 640 from 0.4 s; …" */
function sizesOf(block: Block | undefined, phases: readonly Phase[]): string {
  const views = block?.views[0] ?? [];
  return views
    .map(({ sizes }, index) => {
      const steps = sizes.map(({ atS, width }) => (atS === 0 ? `${width}` : `${width} from ${atS.toFixed(1)} s`));
      return `${phases[index]?.name}: ${steps.join(', ')}`;
    })
    .join('; ');
}

/** A run in which even the free viewer with a free link had no picture proves nothing. */
function faultsOf(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block, index) => {
    const slow = block.views.flatMap((phases, who) => {
      const fps = phases[0]?.fps ?? 0;
      return fps < BENCH_FPS / 2 ? [`${VIEWERS[who]}: ${fps.toFixed(1)} fps before anything was squeezed`] : [];
    });
    return [...slow, ...doubtsOf(block)].map((fault) => `block ${index + 1}: ${fault}`);
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
