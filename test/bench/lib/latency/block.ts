import type { Page } from 'puppeteer-core';
import { startCpuMeter } from '../cpu.js';
import type { ScreenProbe, ScreenReading } from '../framebuffer-probe.js';
import { measureQuietly } from '../quiet.js';
import type { ElementFigures } from '../readings.js';
import type { VirtualScreen } from '../screen.js';
import { type Summary, summarise } from '../statistics.js';
import { doubtsOf, LEAST_READABLE } from '../trust.js';
import { elementFigures } from '../viewing.js';
import type { Contender, Shown } from './contenders.js';

/** After the first frame, before measuring: start-up is the business of the suite `join`. */
const SETTLE_MS = 3_000;

/** One contender's turn in one block. */
export interface Block {
  summary: Summary;
  reading: ScreenReading;
  senderCpu: number;
  /** Of one core, in percent: what the benchmark did not start. */
  others: number;
  /** What the element itself says of the same seconds, where it shows the picture. */
  element?: ElementFigures | undefined;
  about?: Shown['about'] | undefined;
}

export interface Bench {
  page: Page;
  /** A page without anything. */
  blank: string;
  screen: VirtualScreen;
  probe: ScreenProbe;
  seconds: number;
  width: number;
  /** See {@link measureQuietly}. */
  quiet: boolean;
}

export async function measureBlock(bench: Bench, contender: Contender): Promise<Block> {
  const { page, blank, screen, probe, seconds, width, quiet } = bench;
  const shown = await contender.show(page);
  try {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const { value, others } = await measureQuietly(quiet, async () => {
      const meters = shown.senders.map((pid) => startCpuMeter(pid));
      const reading = await probe(screen, seconds, width);
      return { reading, senderCpu: meters.reduce((sum, meter) => sum + meter(), 0) };
    });
    const element = contender.element ? await elementFigures(page, Math.ceil(seconds)) : undefined;
    return { ...value, summary: summarise(value.reading.agesMs), others, element, about: shown.about };
  } finally {
    await page.goto(blank);
    await shown.end();
  }
}

/** Why a block proves nothing. */
export function faultsOf({ summary, reading, others }: Block, seconds: number, fps: number): string[] {
  const faults = doubtsOf({ readable: reading.readable, others });
  const expected = seconds * fps * LEAST_READABLE;
  if (summary.count < expected)
    faults.push(`${summary.count} frames were seen, at least ${expected.toFixed(0)} expected`);
  return faults;
}
