import type { LatencyLegs } from '../../../../src/element/core/facts.js';
import { buildProbe } from '../framebuffer-probe.js';
import type { Lab } from '../lab.js';
import type { ChosenPeer, PeerPicture } from '../peers/peer.js';
import { startScreen } from '../screen.js';
import { median, medianAndRange } from '../statistics.js';
import { openOnScreen } from '../viewing.js';
import { type Block, faultsOf, measureBlock } from './block.js';
import { type Contender, inOurElement, onItsOwnPage, ourselves, SPEAK_WHEP, withPeersKeyframes } from './contenders.js';

/** All blocks of one picture size. */
export interface Round {
  picture: PeerPicture;
  contenders: { label: string; kind: 'ours' | 'other' | 'peer'; blocks: (Block | undefined)[] }[];
  failures: string[];
}

export interface RoundOptions {
  server: string;
  picture: PeerPicture;
  peers: readonly ChosenPeer[];
  blocks: number;
  seconds: number;
  quiet: boolean;
}

/** Everybody in turn, A B C A B C …, on one screen. */
export async function playRound(lab: Lab, options: RoundOptions): Promise<Round> {
  const { server, picture, peers, blocks, seconds, quiet } = options;
  const screen = await startScreen(lab, picture);
  const probe = await buildProbe(lab);
  const stage = { lab, server, picture };
  const others: Contender[] = [await ourselves(stage, 'ours without playout-delay', 'plain', ['--no-playout-delay'])];
  if (peers.length > 0) others.push(await withPeersKeyframes(stage));
  for (const peer of peers) if (SPEAK_WHEP.includes(peer.name)) others.push(inOurElement(stage, peer));
  const entries = [
    { kind: 'ours' as const, contender: await ourselves(stage, 'ours', 'ours') },
    ...peers.map((peer) => ({ kind: 'peer' as const, contender: onItsOwnPage(stage, peer) })),
    ...others.map((contender) => ({ kind: 'other' as const, contender })),
  ].map((entry) => ({ ...entry, label: entry.contender.label, blocks: [] as (Block | undefined)[] }));
  const { browser, page } = await openOnScreen(lab, screen);
  const failures: string[] = [];
  const bench = { page, blank: `${server}/blank.html`, screen, probe, seconds, width: picture.width, quiet };
  for (let number = 1; number <= blocks; number += 1) {
    for (const entry of entries) {
      const where = `${nameOf(picture)}, block ${number} of ${blocks}, ${entry.label}`;
      try {
        const block = await measureBlock(bench, entry.contender);
        entry.blocks.push(block);
        const { p50, p95, p99 } = block.summary;
        const figures = [p50, p95, p99].map((each) => each.toFixed(1));
        console.log(`${where}: p50 ${figures[0]} p95 ${figures[1]} p99 ${figures[2]} ms`);
        failures.push(...faultsOf(block, seconds, picture.fps).map((fault) => `${where}: ${fault}`));
      } catch (error) {
        entry.blocks.push(undefined);
        failures.push(`${where}: ${(error as Error).message}`);
        console.error(failures.at(-1));
      }
    }
  }
  for (const { contender } of entries) await contender.end();
  await browser.close();
  const contenders = entries.map(({ label, kind, blocks }) => ({ label, kind, blocks }));
  return { picture, contenders, failures };
}

/** 720p30: as people call it; the true rate stands in the title. */
export const nameOf = ({ height, fps, grainy }: PeerPicture): string =>
  `${height}p${Math.round(fps / 10) * 10}${grainy ? ' with grain' : ''}`;

export const COLUMNS = ['', 'p50', 'p95', 'p99', 'max', 'missed', 'element says', 'sender CPU', 'other programs'];

export function rowsOf({ picture, contenders }: Round): string[][] {
  return contenders.map(({ label, blocks: all }) => {
    const blocks = all.filter((block) => block !== undefined);
    if (blocks.length === 0) return [`${nameOf(picture)} ${label}`, 'no picture'];
    const each = (pick: (block: Block) => number) => medianAndRange(blocks.map(pick));
    const missed = blocks.reduce((sum, { reading }) => sum + reading.missed, 0);
    const seen = blocks.reduce((sum, { summary }) => sum + summary.count, 0);
    return [
      `${nameOf(picture)} ${label}`,
      each(({ summary }) => summary.p50),
      each(({ summary }) => summary.p95),
      each(({ summary }) => summary.p99),
      each(({ summary }) => summary.max),
      `${missed} of ${seen + missed}`,
      blocks.some(({ element }) => element?.totalMs) ? each(({ element }) => element?.totalMs ?? Number.NaN) : '–',
      `${each(({ senderCpu }) => senderCpu)} %`,
      `${each(({ others }) => others)} %`,
    ];
  });
}

export const blocksOf = ({ contenders }: Round, label: string): Block[] =>
  (contenders.find((each) => each.label === label)?.blocks ?? []).filter((block) => block !== undefined);

/** How many times as long another takes as we do, at a percentile, in each block. */
export function timesOurs(round: Round, label: string, pick: (block: Block) => number): number[] {
  const ours = round.contenders.find(({ kind }) => kind === 'ours')?.blocks ?? [];
  const theirs = round.contenders.find((each) => each.label === label)?.blocks ?? [];
  return ours.flatMap((block, index) => {
    const other = theirs[index];
    return block && other ? [pick(other) / pick(block)] : [];
  });
}

/** How many times as long as we the best peer takes, in each block; the peers on their own pages. */
export function leadOverBest({ contenders }: Round, pick: (block: Block) => number): number[] {
  const ours = contenders.find(({ kind }) => kind === 'ours')?.blocks ?? [];
  const peers = contenders.filter(({ kind }) => kind === 'peer');
  return ours.flatMap((block, index) => {
    const best = Math.min(...peers.flatMap(({ blocks }) => (blocks[index] ? [pick(blocks[index])] : [])));
    return block && Number.isFinite(best) ? [best / pick(block)] : [];
  });
}

/** "encode 3.1, network 1.2, …": medians of the blocks, ms. */
export function legsOf(blocks: readonly Block[]): string {
  const names = Object.keys(blocks[0]?.element?.legs ?? {}) as (keyof LatencyLegs)[];
  return names
    .map((name) => `${name} ${median(blocks.map(({ element }) => element?.legs[name] ?? NaN)).toFixed(1)}`)
    .join(', ');
}
