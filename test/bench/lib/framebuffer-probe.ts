import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clockBlockSize } from '../../../src/protocol/picture-clock.js';
import type { Lab } from './lab.js';
import { benchFolder, outputFolder } from './paths.js';
import type { VirtualScreen } from './screen.js';
import { needBenchPackages } from './setup.js';

const run = promisify(execFile);

/** The clock's frame number has 16 bits. */
const SEQUENCE_PERIOD = 2 ** 16;

export interface ScreenReading {
  /** Frame made → pixels on the screen, in ms, of each frame that was seen. */
  agesMs: number[];
  /** Frames between the first and the last that never were on the screen. */
  missed: number;
  /** Changes to an older frame than the one before. */
  backwards: number;
  /** Share of the polls at which the clock could be read, 0 to 1. */
  readable: number;
  /** The same frames one by one: the clock's number, when it was first on the screen (Unix ms), and how old it was then. */
  frames: { sequence: number; seenMs: number; ageMs: number }[];
}

/** Reads the clock for some seconds, in a picture of this width at the screen's corner; 1280 when absent. */
export type ScreenProbe = (screen: VirtualScreen, seconds: number, pictureWidth?: number) => Promise<ScreenReading>;

/** Compiles `framebuffer-probe.c`. Returns a function that reads the clock from a screen for some seconds. */
export async function buildProbe(lab: Lab): Promise<ScreenProbe> {
  await needBenchPackages();
  await mkdir(outputFolder, { recursive: true });
  const program = join(outputFolder, 'framebuffer-probe');
  await run('gcc', ['-O2', '-Wall', '-Wextra', '-o', program, join(benchFolder, 'framebuffer-probe.c')]);
  return async (screen, seconds, pictureWidth = 1_280) => {
    const block = clockBlockSize(pictureWidth);
    const words = [screen.file, 0, 0, block, seconds].map(String);
    const child = await lab.start('framebuffer-probe', program, words);
    let text = '';
    for await (const chunk of child.stdout ?? []) text += chunk;
    return parseProbe(text);
  };
}

/** Makes a reading of what the program printed. */
export function parseProbe(text: string): ScreenReading {
  const totals = /polls (\d+) readable (\d+)\s*$/.exec(text);
  if (!totals) throw new Error('The framebuffer probe ended early: see test/out/bench/framebuffer-probe.log');
  const frames = text
    .split('\n')
    .map((line) => /^(\d+) (-?\d+) (\d+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, sequence, age, seen]) => ({
      sequence: Number(sequence),
      ageMs: Number(age) / 1_000,
      seenMs: Number(seen) / 1_000,
    }));
  const reading: ScreenReading = {
    agesMs: [],
    missed: 0,
    backwards: 0,
    readable: Number(totals[2]) / Number(totals[1]),
    frames: [],
  };
  let before: number | undefined;
  for (const frame of frames) {
    const { sequence, ageMs } = frame;
    const step = before === undefined ? 1 : (sequence - before + SEQUENCE_PERIOD) % SEQUENCE_PERIOD;
    if (step > SEQUENCE_PERIOD / 2) {
      reading.backwards += 1;
      continue;
    }
    reading.missed += step - 1;
    // The first one may have been on the screen before we looked.
    if (before !== undefined) {
      reading.agesMs.push(ageMs);
      reading.frames.push(frame);
    }
    before = sequence;
  }
  return reading;
}
