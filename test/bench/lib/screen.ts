import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from './lab.js';
import { needBenchPackages } from './setup.js';

/** A little more than the picture: without a window manager a full-screen window is one pixel smaller than the screen. */
export const SCREEN_WIDTH = 1296;
export const SCREEN_HEIGHT = 816;

export interface VirtualScreen {
  /** For DISPLAY. */
  display: string;
  /** The file in which the server keeps its pixels. */
  file: string;
}

/** Starts an X server whose screen is a file, on a free display number. */
export async function startScreen(lab: Lab): Promise<VirtualScreen> {
  await needBenchPackages();
  const folder = await mkdtemp(join(tmpdir(), 'webrtc-preview-screen-'));
  lab.defer(() => rm(folder, { recursive: true, force: true }));
  const screen = `${SCREEN_WIDTH}x${SCREEN_HEIGHT}x24`;
  const words = ['-displayfd', '1', '-screen', '0', screen, '-fbdir', folder, '-nolisten', 'tcp', '-noreset'];
  const server = await lab.start('xvfb', 'Xvfb', words);
  if (!server.stdout) throw new Error('Xvfb has no output');
  const [number] = await once(server.stdout, 'data', { signal: AbortSignal.timeout(10_000) });
  return { display: `:${String(number).trim()}`, file: join(folder, 'Xvfb_screen0') };
}
