import type { ChildProcess } from 'node:child_process';
import { churn } from '../lib/churn.js';
import { BENCH_BITRATE_KBPS } from '../lib/encoding.js';
import type { Lab } from '../lib/lab.js';
import { chosenPeers, peerOption } from '../lib/peers/options.js';
import { type ChosenPeer, pidOf } from '../lib/peers/peer.js';
import { quietOption } from '../lib/quiet.js';
import { BENCH_HEIGHT, BENCH_WIDTH, startSender } from '../lib/sender.js';
import { startServer } from '../lib/server.js';
import { median, medianAndRange, percentile } from '../lib/statistics.js';
import { type Aim, countOption, type Suite, type SuiteOptions } from '../lib/suite.js';
import { type BadLinkPhase, measureBadLink } from '../lib/viewers/bad-link.js';
import { pause, SETTLE_MS } from '../lib/viewers/settle.js';
import { deliveries, SrtpViewers, whepOf } from '../lib/viewers/srtp-viewers.js';
import {
  COLUMNS,
  lineOf,
  measureBlock,
  memoryOf,
  rowsOf,
  sharesOf,
  slopesOf,
  unfairSteps,
  type Variant,
} from '../lib/viewers/steps.js';
import { measureStorm, type Storm } from '../lib/viewers/storm.js';

const FPS = 30;
/** What every viewer really gets, within some percent; the senders' --bitrate is adjusted until it is so. */
const KBPS = 2_500;
/** So many watch while one of them loses packets. */
const BAD_LINK_VIEWERS = 16;
const BAD_LINK_LOSS = 0.2;
const STORM = 16;
const PARTS = ['slopes', 'unfollowed', 'each', 'bad-link', 'storm', 'churn'] as const;
const SHARED = 'one encode for all';
const UNFOLLOWED = 'one encode for all, no link followed';
const EACH = 'one encode for each';
type Part = (typeof PARTS)[number];

const suite: Suite = {
  about:
    'processor time, memory and frame age, 1 to 64 viewers on one encode; a bad link, a storm of joins, 100 leaves',
  options: {
    blocks: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    counts: { type: 'string', default: '1,16,32,64' },
    'counts-each': { type: 'string', default: '1,3,6' },
    joins: { type: 'string', default: '100' },
    parts: { type: 'string', default: PARTS.join(',') },
    ...peerOption,
    ...quietOption,
  },
  async run(lab, options) {
    const blocks = countOption(options, 'blocks');
    const seconds = countOption(options, 'seconds');
    const joins = countOption(options, 'joins');
    const parts = partsOption(options);
    const peers = chosenPeers(options);
    const server = await startServer(lab);
    // Peers' source is told the same as our sender; what arrives is in the table.
    const bitrate = peers.length > 0 ? BENCH_BITRATE_KBPS : await findBitrate(lab, server);
    const variants: Variant[] = [];
    const notes: string[] = [];
    const counts = countsOption(options, 'counts');
    if (parts.has('slopes')) variants.push(await oneEncodeForAll(lab, server, SHARED, counts, bitrate));
    if (parts.has('unfollowed')) {
      variants.push(await oneEncodeForAll(lab, server, UNFOLLOWED, counts, bitrate, ['--adaptation', 'off']));
    }
    if (parts.has('each')) {
      variants.push(await oneEncodeForEach(lab, server, countsOption(options, 'counts-each'), bitrate));
    }
    for (const chosen of parts.has('slopes') ? peers : []) {
      const variant = await peerVariant(lab, chosen, counts);
      if (variant) variants.push(variant);
      else notes.push(`${chosen.name} was not measured: it has no WHEP, and no viewer here speaks its own language.`);
    }
    for (let block = 1; block <= blocks; block += 1) {
      for (const variant of variants) {
        const steps = await measureBlock(variant, seconds, options.quiet === true);
        variant.blocks.push(steps);
        console.log(`block ${block} of ${blocks}, ${variant.label}: ${lineOf(steps).slope.toFixed(2)} % per viewer`);
      }
    }
    const badLink = parts.has('bad-link') ? await badLinkPart(lab, server, bitrate, seconds, blocks) : [];
    const storms = parts.has('storm') ? await stormPart(lab, server, bitrate, blocks) : [];
    const after = parts.has('churn') ? await churn(lab, server, joins) : undefined;

    const [shared, unfollowed, each] = [SHARED, UNFOLLOWED, EACH].map((label) =>
      variants.find((variant) => variant.label === label),
    );
    const aims: Aim[] = [];
    if (shared) {
      aims.push({ name: 'added viewer', value: median(slopesOf(shared)), atMost: 0.9, unit: '% of a core', digits: 2 });
      notes.push(
        `One encode for all: ${medianAndRange(slopesOf(shared), 2)} % of a core and ` +
          `${medianAndRange(memoryOf(shared), 1)} MB for each added viewer.`,
        `Of that, by threads: ${sharesOf(shared)} % of a core.`,
      );
    }
    if (each) {
      notes.push(
        `One encode for each: ${medianAndRange(slopesOf(each), 1)} % for each added viewer, its own picture and process included.`,
      );
    }
    if (shared && unfollowed) {
      const shares = slopesOf(unfollowed).map(
        (slope, block) => (100 * slope) / (slopesOf(shared)[block] ?? Number.NaN),
      );
      notes.push(
        `With --adaptation off, when no viewer reports on each packet and no link is followed, as no peer does here: ` +
          `${medianAndRange(slopesOf(unfollowed), 2)} % of a core, ${medianAndRange(shares, 0)} % of the above.`,
      );
    }
    if (shared && each) {
      const ratios = slopesOf(shared).map((slope, block) => slope / (slopesOf(each)[block] ?? Number.NaN));
      aims.push({
        name: 'a viewer, of what one with an encode of its own takes',
        value: 100 * median(ratios),
        atMost: 100 / 12,
        unit: '%',
      });
      notes.push(`An encode for each costs ${medianAndRange(ratios.map((ratio) => 1 / ratio))} times as much.`);
    }
    for (const peer of variants.filter((variant) => ![shared, unfollowed, each].includes(variant))) {
      const slopes = slopesOf(peer);
      notes.push(
        `${peer.label}: ${medianAndRange(slopes, 2)} % of a core and ${medianAndRange(memoryOf(peer), 1)} MB for each added viewer.`,
      );
      if (!shared) continue;
      const share = slopesOf(shared).map((slope, block) => (100 * slope) / (slopes[block] ?? Number.NaN));
      aims.push({
        name: `added viewer, of ${peer.label.split(' ')[0]}'s`,
        value: median(share),
        atMost: 100,
        unit: '%',
        digits: 0,
      });
    }
    if (badLink.length > 0) {
      const moved = movedBy(badLink);
      aims.push({
        name: "others' p95 age while one loses 20 %",
        value: median(moved),
        atMost: 1,
        unit: 'ms more',
        digits: 2,
      });
      notes.push(
        `${BAD_LINK_VIEWERS} viewers, one of them losing ${100 * BAD_LINK_LOSS} % both ways, in turn with all links good: the ` +
          `others' frames, p50 ${phases(badLink, false, 'p50')} → ${phases(badLink, true, 'p50')} ms, p95 ` +
          `${phases(badLink, false, 'p95')} → ${phases(badLink, true, 'p95')} ms, ${phases(badLink, true, 'fps')} fps meanwhile.`,
      );
    }
    if (storms.length > 0) {
      const keyframes = storms.map((storm) => storm.keyframes);
      const joinMs = storms.flatMap((storm) => storm.joinMs);
      aims.push({
        name: `${STORM} joins within a second`,
        value: median(keyframes),
        atMost: 1,
        unit: 'keyframes',
        digits: 0,
      });
      notes.push(
        `Storm of ${STORM} joins in 1 s beside one who watches: ${medianAndRange(keyframes, 0)} keyframes; request to first frame ` +
          `p50 ${percentile(joinMs, 50).toFixed(0)}, p95 ${percentile(joinMs, 95).toFixed(0)} ms.`,
      );
    }
    if (after) {
      aims.push({ name: `memory after ${joins} joins and leaves`, value: after.grownMb, atMost: 3, unit: 'MB more' });
      notes.push(after.note);
    }
    for (const { label, counts, blocks } of variants) {
      const most = Math.max(...blocks.flat().map(({ viewers }) => viewers));
      if (most < Math.max(...counts)) notes.push(`${label}: ended at ${most} viewers, where the machine was full.`);
    }
    return {
      title:
        `Processor time of the sending processes, ${BENCH_WIDTH}×${BENCH_HEIGHT} at ${FPS} fps, ${blocks} interleaved blocks of ` +
        `${seconds} s for each number of viewers: median of blocks (lowest–highest), % of a core`,
      columns: COLUMNS,
      rows: variants.flatMap(rowsOf),
      aims,
      notes: [
        ...notes,
        ...variants
          .flatMap((variant) => unfairSteps(variant, FPS, true))
          .map((step) => `${step}, on a machine that was full.`),
        peers.length > 0
          ? `Every encoder was told ${bitrate} kbit/s.`
          : `The senders were told ${bitrate} kbit/s for ${KBPS} to arrive.`,
        `Viewers are real connections that decode nothing (srtp-viewers.c).`,
      ],
      failures: [...variants.flatMap((variant) => unfairSteps(variant, FPS, false)), ...(after?.faults ?? [])],
      raw: {
        bitrate,
        variants: variants.map(({ label, blocks }) => ({ label, blocks })),
        badLink,
        storms,
        churn: after?.samples,
      },
    };
  },
};

export default suite;

function countsOption(options: SuiteOptions, name: string): number[] {
  const counts = String(options[name]).split(',').map(Number);
  const rising = counts.every((count, index) => Number.isInteger(count) && count > (counts[index - 1] ?? 0));
  if (!rising || counts.length < 2) throw new Error(`--${name} wants rising whole numbers, at least two: 1,4,8`);
  return counts;
}

function partsOption(options: SuiteOptions): Set<Part> {
  const wanted = String(options.parts).split(',');
  const unknown = wanted.filter((part) => !PARTS.includes(part as Part));
  if (unknown.length > 0) throw new Error(`--parts wants some of ${PARTS.join(',')}, not ${unknown.join(',')}`);
  return new Set(wanted as Part[]);
}

function senderWords(bitrate: number, most: number): string[] {
  return ['--fps', String(FPS), '--bitrate', String(bitrate), '--max-viewers', String(most)];
}

/** An encoder does not keep to its bitrate exactly: finds out what to tell it for KBPS to arrive. */
async function findBitrate(lab: Lab, server: string): Promise<number> {
  const sender = await startSender(lab, { server, stream: 'trial', grainy: true, words: senderWords(KBPS, 1) });
  const viewers = await SrtpViewers.start(lab, 'viewers-trial');
  await viewers.join(whepOf(server, 'trial'));
  await pause(SETTLE_MS);
  const before = await viewers.read();
  await pause(4_000);
  const [delivery] = deliveries(before, await viewers.read());
  await viewers.stop();
  sender.kill('SIGTERM');
  return Math.round((KBPS * KBPS) / (delivery?.kbps ?? Number.NaN));
}

async function oneEncodeForAll(
  lab: Lab,
  server: string,
  label: string,
  counts: number[],
  bitrate: number,
  more: readonly string[] = [],
): Promise<Variant> {
  const stream = label === SHARED ? 'shared' : 'unfollowed';
  const words = [...senderWords(bitrate, Math.max(...counts)), ...more];
  const sender = await startSender(lab, { server, stream, grainy: true, words });
  return {
    label,
    counts,
    senders: () => pidOf(sender),
    viewers: await SrtpViewers.start(lab, `viewers-${stream}`),
    endpoint: () => whepOf(server, stream),
    blocks: [],
  };
}

/**
 * What a sender costs that encodes for each viewer anew. So many senders with one viewer each: unlike webrtcsink, they
 * also draw the picture anew, which costs about 2 % of a core.
 */
async function oneEncodeForEach(lab: Lab, server: string, counts: number[], bitrate: number): Promise<Variant> {
  const senders: ChildProcess[] = [];
  for (let number = 0; number < Math.max(...counts); number += 1) {
    senders.push(
      await startSender(lab, { server, stream: `each-${number}`, grainy: true, words: senderWords(bitrate, 1) }),
    );
  }
  return {
    label: EACH,
    counts,
    senders: (count) => senders.slice(0, count).flatMap(pidOf),
    viewers: await SrtpViewers.start(lab, 'viewers-each'),
    endpoint: (number) => whepOf(server, `each-${number}`),
    blocks: [],
  };
}

/** A peer that serves by WHEP, as shipped; what makes and encodes its picture is not counted. */
async function peerVariant(lab: Lab, chosen: ChosenPeer, counts: number[]): Promise<Variant | undefined> {
  const peer = await chosen.start(lab, { width: BENCH_WIDTH, height: BENCH_HEIGHT, fps: FPS, grainy: true });
  const { whep } = peer;
  if (!whep) {
    await peer.stop();
    return undefined;
  }
  return {
    label: `${peer.name} ${peer.version}`,
    counts,
    senders: () => peer.senders,
    viewers: await SrtpViewers.start(lab, `viewers-${peer.name}`),
    endpoint: () => whep,
    blocks: [],
  };
}

async function badLinkPart(
  lab: Lab,
  server: string,
  bitrate: number,
  seconds: number,
  pairs: number,
): Promise<BadLinkPhase[]> {
  const sender = await startSender(lab, {
    server,
    stream: 'bad-link',
    grainy: true,
    words: senderWords(bitrate, BAD_LINK_VIEWERS),
  });
  const viewers = await SrtpViewers.start(lab, 'viewers-bad-link');
  const endpoint = whepOf(server, 'bad-link');
  const found = await measureBadLink(viewers, {
    endpoint,
    count: BAD_LINK_VIEWERS,
    lose: BAD_LINK_LOSS,
    seconds,
    pairs,
  });
  await viewers.stop();
  sender.kill('SIGTERM');
  return found;
}

async function stormPart(lab: Lab, server: string, bitrate: number, count: number): Promise<Storm[]> {
  const sender = await startSender(lab, {
    server,
    stream: 'storm',
    grainy: true,
    words: senderWords(bitrate, STORM + 1),
  });
  const viewers = await SrtpViewers.start(lab, 'viewers-storm');
  const storms: Storm[] = [];
  for (let number = 0; number < count; number += 1) {
    storms.push(await measureStorm(viewers, whepOf(server, 'storm'), STORM));
  }
  await viewers.stop();
  sender.kill('SIGTERM');
  return storms;
}

/** Each bad phase against the good one before it, in ms of the 95th percentile. */
const movedBy = (found: readonly BadLinkPhase[]): number[] =>
  found.filter(({ isBad }) => isBad).map(({ p95 }, index) => p95 - (found[2 * index]?.p95 ?? Number.NaN));

const phases = (found: readonly BadLinkPhase[], isBad: boolean, which: 'p50' | 'p95' | 'fps'): string =>
  medianAndRange(found.filter((phase) => phase.isBad === isBad).map((phase) => phase[which]));
