'use client';

import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Mode } from '../../protocol/index.js';
import { type CoreSettings, type Facts, NOTHING_KNOWN, type PreviewState, type Stats } from '../core/facts.js';
import type { PreviewClientOptions } from '../core/preview-client.js';
import { defaultRetryPolicy } from '../core/retry.js';
import { useLatest, useTokenSource } from './effects.js';
import { HeldStream } from './held-stream.js';

/** `signalling`, `createPeer` and `random` count when a connection to a server is made; all others may change at any time. */
export interface WebRTCStreamOptions extends PreviewClientOptions {
  /** Starts without `start()`. @default false */
  autostart?: boolean;
}

export interface WebRTCStream {
  /** For the `ref` of your `<video>`; it may come and go. */
  videoRef: (video: HTMLVideoElement | null) => void;
  /** What is seen, in one word: `live` only while new frames are shown. */
  state: PreviewState;
  /** The readings of the last second while it is started; `null` before the first. */
  stats: Stats | null;
  /** All that is known; a new object for each change. */
  facts: Facts;
  /** Shows video as soon as there is any, until `stop()`. */
  start(): void;
  stop(): void;
  /** Tries again at once. */
  retry(): void;
  /** Asks the camera for another mode; it counts when `facts.shownSize` says so. */
  setMode(mode: Mode): void;
  /** The frame on the screen in full resolution, as PNG. Rejects with `InvalidStateError` before the first. */
  snapshot(): Promise<Blob>;
  /** A text for a support ticket; nothing secret is in it. */
  report(): string;
}

const nothingKnown = () => NOTHING_KNOWN;

/** What holds where nothing is said; an option that is taken back returns to it. */
const DEFAULTS: CoreSettings = { latencyBudgetMs: null, pauseWhenHiddenMs: 5_000, retryPolicy: defaultRetryPolicy };

/**
 * A live stream for a `<video>` of your own: the element's core without the element. The functions stay the same for the life of
 * the component.
 *
 * @example
 * const { videoRef, state, start } = useWebRTCStream({ stream: 'camera' });
 * return <><video ref={videoRef} /><button onClick={start}>{state}</button></>;
 */
export function useWebRTCStream(options: WebRTCStreamOptions = {}): WebRTCStream {
  const [held] = useState(() => new HeldStream());
  const facts = useSyncExternalStore(held.subscribe, held.facts, nothingKnown);
  const token = useTokenSource(options.token);
  const latest = useLatest(options);

  const {
    src = '',
    stream = 'camera',
    transport = 'auto',
    icePolicy = 'all',
    codecs = [],
    autostart = false,
  } = options;
  const key = JSON.stringify([src, stream, transport, icePolicy, codecs]);
  // The key stands for all that needs a new client; the other options have effects of their own.
  useEffect(() => {
    const { autostart = false, ...rest } = latest.current;
    held.enter(key, token === undefined ? rest : { ...rest, token }, autostart);
    return () => held.leave();
  }, [held, key]);

  useEffect(() => held.setToken(token), [held, token]);

  const {
    latencyBudgetMs = DEFAULTS.latencyBudgetMs,
    pauseWhenHiddenMs = DEFAULTS.pauseWhenHiddenMs,
    retryPolicy = DEFAULTS.retryPolicy,
  } = options;
  useEffect(
    () => held.configure({ latencyBudgetMs, pauseWhenHiddenMs, retryPolicy }),
    [held, latencyBudgetMs, pauseWhenHiddenMs, retryPolicy],
  );

  useEffect(() => {
    if (autostart) held.start();
  }, [held, autostart]);

  const { show: videoRef, start, stop, retry, setMode, snapshot, report } = held;
  return { videoRef, state: facts.state, stats: facts.stats, facts, start, stop, retry, setMode, snapshot, report };
}
