import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startCpuMeter } from './cpu.js';
import type { Lab } from './lab.js';
import { benchFolder, projectFolder } from './paths.js';

/** Not a divisor of the screen's 60 Hz, so that the phase between the two passes through every value (29.3 / 60). */
export const BENCH_FPS = 29.3;
export const BENCH_WIDTH = 1280;
export const BENCH_HEIGHT = 720;

export interface SenderOptions {
  server: string;
  stream: string;
  /** More words for its command line. */
  words?: readonly string[];
  /** With noise in its picture, so that it fills its bitrate as a camera does: see `grainy-sender.py`. */
  grainy?: boolean;
  /** What it shows; 720p when absent. */
  picture?: { width: number; height: number; fps: number };
  /** A program in its place that is the sender with something added. */
  program?: string;
  /** Words before its command, to have it run elsewhere. */
  enter?: readonly string[];
}

const shippedSender = join(projectFolder, 'sender', 'gstreamer-webrtc-sender.py');

/** Starts the project's sender with its test pattern, which carries the clock. */
export async function startSender(
  lab: Lab,
  {
    server,
    stream,
    words = [],
    grainy = false,
    picture = { width: BENCH_WIDTH, height: BENCH_HEIGHT, fps: BENCH_FPS },
    program = grainy ? join(benchFolder, 'grainy-sender.py') : shippedSender,
    enter = [],
  }: SenderOptions,
): Promise<ChildProcess> {
  if (!existsSync(shippedSender)) throw new Error('There is no sender/gstreamer-webrtc-sender.py');
  const size = ['--width', picture.width, '--height', picture.height, '--fps', picture.fps].map(String);
  // The system's Python has GStreamer's bindings, another one may not.
  const [command = '', ...before] = [...enter, '/usr/bin/python3', program];
  const options = ['--server', server, '--stream', stream, '--test-pattern', ...size, ...words];
  return lab.start(`sender-${stream}`, command, [...before, ...options], { stdout: 'log', cwd: projectFolder });
}

const CAMERA_OFF_PATIENCE_MS = 30_000;
/** A camera that delivers, or an encoder that runs, takes more of a core than this. */
const IDLE_PERCENT = 2;
const LOOK_MS = 400;

/** Waits until the sender neither captures nor encodes: then it uses next to no processor time. */
export async function waitUntilCameraIsOff(sender: ChildProcess): Promise<void> {
  const deadline = performance.now() + CAMERA_OFF_PATIENCE_MS;
  while (performance.now() < deadline) {
    const used = startCpuMeter(sender.pid);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (used() < IDLE_PERCENT) return;
  }
  throw new Error(`Nobody watches, and the camera still runs after ${CAMERA_OFF_PATIENCE_MS / 1_000} s.`);
}
