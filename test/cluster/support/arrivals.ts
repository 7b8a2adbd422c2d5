import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'puppeteer-core';

declare const countFrames: (video: HTMLVideoElement) => () => (number | null)[];

declare const peers: RTCPeerConnection[];

export interface Arrivals {
  frames: number;
  /** Of them, those whose clock cannot be read. */
  unreadable: number;
  /** How many frames are missing, at each place where one does not follow the one before. */
  gaps: number[];
}

/** Keeps the page's peer connections where {@link lossesOf} finds them. Before the page is opened. */
export async function keepPeers(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(() => {
    const made: RTCPeerConnection[] = [];
    const Native = globalThis.RTCPeerConnection;
    Object.assign(globalThis, {
      peers: made,
      RTCPeerConnection: class extends Native {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          made.push(this);
        }
      },
    });
  });
}

/** What was sent and has not become a picture: RTP's own numbers say what is missing on the way. */
export function lossesOf(page: Page): Promise<{ packetsLost?: number; framesDropped?: number }> {
  return page.evaluate(async () => {
    const stats = [...((await peers.at(-1)?.getStats()) ?? new Map()).values()];
    const { packetsLost, framesDropped } = stats.find(({ type }) => type === 'inbound-rtp') ?? {};
    return { packetsLost, framesDropped };
  });
}

/** Counts every frame that arrives, until the returned function is called. */
export async function watchArrivals(page: Page): Promise<() => Promise<Arrivals>> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('frame-counter.ts', import.meta.url))],
    bundle: true,
    write: false,
    target: 'es2022',
  });
  await page.evaluate(outputFiles[0]?.text ?? '');
  const stop = await page.evaluateHandle(() => {
    const video = document.querySelector('webrtc-preview')?.shadowRoot?.querySelector('video');
    if (!video) throw new Error('the element has no video');
    return countFrames(video);
  });
  return async () => {
    const numbers = await page.evaluate((stop) => stop(), stop);
    const readable = numbers.filter((number) => number !== null);
    const gaps = readable
      .map((number, index) => ((number - (readable[index - 1] ?? number - 1)) & 0xffff) - 1)
      .filter((missing) => missing !== 0);
    return { frames: numbers.length, unreadable: numbers.length - readable.length, gaps };
  };
}
