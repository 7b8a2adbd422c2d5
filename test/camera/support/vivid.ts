import type { Mode } from '../../../src/protocol/messages.js';
import type { Guest } from './guest.js';

/** The camera's name under udev; vivid is no USB device and so has none in by-id. */
export const CAMERA = '/dev/v4l/by-path/platform-vivid.0-video-index0';
const DRIVER = '/sys/bus/platform/drivers/vivid';

/** The kernel's virtual video driver as a camera that can be made to fail (Documentation/admin-guide/media/vivid.rst). */
export class Vivid {
  readonly #guest: Guest;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  /** Every size and rate that the driver has, as v4l2-ctl reads it: a witness that is not GStreamer. */
  async modes(): Promise<Mode[]> {
    const modes = new Map<string, Mode>();
    let size: { width: number; height: number } | undefined;
    for (const line of (await this.#guest.run(`v4l2-ctl -d ${CAMERA} --list-formats-ext`)).split('\n')) {
      const [, width, height] = /Size: Discrete (\d+)x(\d+)/.exec(line) ?? [];
      const [, fps] = /\(([\d.]+) fps\)/.exec(line) ?? [];
      if (width) size = { width: Number(width), height: Number(height) };
      if (fps && size) modes.set(`${size.width}x${size.height}@${Number(fps)}`, { ...size, fps: Number(fps) });
    }
    return [...modes.values()];
  }

  /** As when the cable is pulled: whoever uses it gets ENODEV, and its node is gone. */
  async unplug(): Promise<void> {
    await this.#guest.run(`v4l2-ctl -d ${CAMERA} -c disconnect=1 && echo vivid.0 >${DRIVER}/unbind`);
  }

  /** It comes as a new device. udev gives it its name and its rights. */
  async plugIn(): Promise<void> {
    await this.#guest.run(`echo vivid.0 >${DRIVER}/bind && udevadm settle`);
  }

  /** It drops off its bus for a moment: ENODEV for its user, and there again as soon as that user has closed it. */
  dropOff(): Promise<void> {
    return this.#set('disconnect', 1);
  }

  /** It stays open and delivers nothing, until `recover()`. */
  stall(): Promise<void> {
    return this.#set('percentage_of_dropped_buffers', 100);
  }

  recover(): Promise<void> {
    return this.#set('percentage_of_dropped_buffers', 0);
  }

  /** The driver gives up streaming with an error; it works again when it is started anew. */
  breakDown(): Promise<void> {
    return this.#set('inject_fatal_streaming_error', 1);
  }

  /** Another program takes the camera; resolves once it streams. The returned function ends that program. */
  async occupy(): Promise<() => Promise<void>> {
    const program = `v4l2-ctl -d ${CAMERA} --stream-mmap --stream-to=/dev/null`;
    const pid = (await this.#guest.run(`${program} >/dev/null 2>&1 & echo $!`)).trim();
    return async () => {
      await this.#guest.run(`kill ${pid}`);
    };
  }

  async #set(control: string, value: number): Promise<void> {
    await this.#guest.run(`v4l2-ctl -d ${CAMERA} -c ${control}=${value}`);
  }
}
