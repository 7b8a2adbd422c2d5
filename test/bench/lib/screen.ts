import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from './lab.js';
import { BENCH_HEIGHT, BENCH_WIDTH } from './sender.js';
import { needBenchPackages } from './setup.js';

/** A little more than the picture: without a window manager a full-screen window is one pixel smaller than the screen. */
const MARGIN_X = 16;
const MARGIN_Y = 96;

export interface VirtualScreen {
  width: number;
  height: number;
  /** For DISPLAY. */
  display: string;
  /** The file in which the server keeps its pixels. */
  file: string;
}

/** Starts an X server whose screen is a file and has room for the picture, on a free display number. */
export async function startScreen(
  lab: Lab,
  picture: { width: number; height: number } = { width: BENCH_WIDTH, height: BENCH_HEIGHT },
): Promise<VirtualScreen> {
  await needBenchPackages();
  const folder = await mkdtemp(join(tmpdir(), 'webrtc-preview-screen-'));
  lab.defer(() => rm(folder, { recursive: true, force: true }));
  const [width, height] = [picture.width + MARGIN_X, picture.height + MARGIN_Y];
  const screen = `${width}x${height}x24`;
  const words = ['-displayfd', '1', '-screen', '0', screen, '-fbdir', folder, '-nolisten', 'tcp', '-noreset'];
  const server = await lab.start('xvfb', 'Xvfb', words);
  if (!server.stdout) throw new Error('Xvfb has no output');
  const [number] = await once(server.stdout, 'data', { signal: AbortSignal.timeout(10_000) });
  return { width, height, display: `:${String(number).trim()}`, file: join(folder, 'Xvfb_screen0') };
}
