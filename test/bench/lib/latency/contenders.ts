import type { Page } from 'puppeteer-core';
import { BENCH_BITRATE_KBPS, BENCH_ENCODER } from '../encoding.js';
import type { Lab } from '../lab.js';
import { showOneToOne } from '../peers/one-to-one.js';
import type { ChosenPeer, Peer, PeerPicture } from '../peers/peer.js';
import { PEER_KEYFRAME_S } from '../peers/source.js';
import { startSender, waitUntilCameraIsOff } from '../sender.js';
import { openWatchPage } from '../viewing.js';

/** One that is measured in each block. */
export interface Contender {
  label: string;
  /** The element shows it, and can be asked. */
  element: boolean;
  /** Shows its picture pixel for pixel in the page's corner; resolves when there is one. */
  show(page: Page): Promise<Shown>;
  /** Lets go of what it keeps between the blocks. */
  end(): Promise<void>;
}

export interface Shown {
  /** The processes that encode and send. */
  senders: readonly number[];
  /** What others need to know to do the same. */
  about?: { version: string; config: Readonly<Record<string, string>> };
  /** When the page is gone. */
  end(): Promise<void>;
}

export interface Stage {
  lab: Lab;
  server: string;
  picture: PeerPicture;
}

/** The product as it comes. While nobody watches it is off, so it waits for its next turn without a cost. */
export async function ourselves(
  { lab, server, picture }: Stage,
  label: string,
  stream: string,
  words: readonly string[] = [],
): Promise<Contender> {
  const encoding = ['--encoder', BENCH_ENCODER, '--bitrate', String(BENCH_BITRATE_KBPS)];
  const sender = await startSender(lab, {
    server,
    stream,
    picture,
    grainy: picture.grainy === true,
    words: [...encoding, ...words],
  });
  return {
    label,
    element: true,
    async show(page) {
      await openWatchPage(page, server, stream, picture);
      return { senders: [sender.pid ?? 0], end: () => waitUntilCameraIsOff(sender) };
    },
    end: async () => void sender.kill('SIGTERM'),
  };
}

/** With a keyframe as often as the peers' sources have to make one. */
export const withPeersKeyframes = (stage: Stage): Promise<Contender> =>
  ourselves(stage, `ours, a keyframe every ${PEER_KEYFRAME_S} s as the peers`, 'gop', [
    '--keyframe-interval',
    String(Math.round(stage.picture.fps * PEER_KEYFRAME_S)),
  ]);

/** A peer, started anew for each block so that nothing of it runs in another's, on its own page. */
export const onItsOwnPage = ({ lab, picture }: Stage, peer: ChosenPeer): Contender => ({
  label: `${peer.name}, own page`,
  element: false,
  async show(page) {
    return shown(await peer.start(lab, picture), async (running) => {
      await running.show(page);
      await showOneToOne(page, picture);
    });
  },
  end: async () => {},
});

/** What shows no picture is stopped all the same: nothing of it may run in another's turn. */
async function shown(running: Peer, show: (running: Peer) => Promise<void>): Promise<Shown> {
  try {
    await show(running);
  } catch (error) {
    await running.stop();
    throw error;
  }
  const { senders, version, config } = running;
  return { senders, about: { version, config }, end: () => running.stop() };
}

/** The same server, our element. */
export const inOurElement = ({ lab, server, picture }: Stage, peer: ChosenPeer): Contender => ({
  label: `${peer.name} + our element`,
  element: true,
  async show(page) {
    return shown(await peer.start(lab, picture), async ({ whep }) => {
      if (!whep) throw new Error(`${peer.name} speaks no WHEP.`);
      await openWatchPage(page, server, { src: whep }, picture);
    });
  },
  end: async () => {},
});

/** Those that can be asked by WHEP. */
export const SPEAK_WHEP: readonly string[] = ['go2rtc', 'mediamtx'];
