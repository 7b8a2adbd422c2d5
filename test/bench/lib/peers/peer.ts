import type { ChildProcess } from 'node:child_process';
import type { Page } from 'puppeteer-core';
import type { Lab } from '../lab.js';

/** What the source shows. */
export interface PeerPicture {
  width: number;
  height: number;
  fps: number;
  /** With noise in it, so that it fills its bitrate as a camera does. */
  grainy?: boolean;
}

/** Where a peer runs, and where it listens for viewers. */
export interface PeerPlace {
  /** Words before its commands, to have them run elsewhere. */
  enter: readonly string[];
  host: string;
}

/** One of a peer's programs, which can be killed and started again. */
export interface PeerProgram {
  /** Without a warning; resolves when it is gone. */
  kill(): Promise<void>;
  /** The same program again; resolves when it is ready. */
  start(): Promise<void>;
}

/** Another way to show a camera on a page, at work with our picture. */
export interface Peer {
  readonly name: PeerName;
  readonly version: string;
  /** The page of its own player. */
  readonly page: string;
  /** For players other than its own; absent where it has none. */
  readonly whep?: string;
  /** What it was told, by name of the file: published with the figures. */
  readonly config: Readonly<Record<string, string>>;
  /** The processes that send to the viewers. */
  readonly senders: readonly number[];
  /** What stands for the camera. */
  readonly source: PeerProgram;
  /** The same as the source where the peer is no program of its own. */
  readonly server: PeerProgram;
  /** Opens its page and does there what a person does who wants to see the picture. Does not wait for the picture. */
  show(page: Page): Promise<void>;
  stop(): Promise<void>;
}

export const PEER_NAMES = ['go2rtc', 'mediamtx', 'webrtcsink', 'janus'] as const;
export type PeerName = (typeof PEER_NAMES)[number];

/** How one kind of peer is found and started. */
export interface PeerKind {
  name: PeerName;
  /** What is written behind its name; absent: nothing, it is installed from a package. */
  wants?: 'PROGRAM' | 'PLUGIN_FOLDER';
  start(lab: Lab, given: string, picture: PeerPicture, place: PeerPlace): Promise<Peer>;
}

/** One that the command line named. */
export interface ChosenPeer {
  name: PeerName;
  given: string;
  start(lab: Lab, picture: PeerPicture, place?: PeerPlace): Promise<Peer>;
}

export const HERE: PeerPlace = { enter: [], host: '127.0.0.1' };

export const pidOf = (child: ChildProcess | undefined): readonly number[] => (child?.pid ? [child.pid] : []);
