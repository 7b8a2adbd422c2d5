import type { Mode } from '../../protocol/index.js';
import type { CoreSettings, Facts, TokenSource } from './facts.js';

/**
 * What a view may ask of the core. Requests go in, facts come out; a request changes nothing by itself:
 * only what was seen changes the facts.
 */
export interface PreviewCore {
  readonly facts: Facts;
  /** Calls `listener` after each change (at most once per microtask). Returns the way to stop that. */
  subscribe(listener: (facts: Facts) => void): () => void;
  /** Shows video as soon as there is any, until `stop()`. */
  start(): void;
  /** Ends the video; the news of the stream stay. */
  stop(): void;
  /** Starts again at once, with a fresh count of tries. */
  retry(): void;
  /** Asks the camera for another mode. It counts when `facts.shownSize` says so. */
  setMode(mode: Mode): void;
  /** Brings a newer token to the server. The picture goes on. */
  setToken(token: TokenSource): void;
  /** Changes what can be changed while it runs. */
  configure(settings: Partial<CoreSettings>): void;
  /** Shows the media in `video` and watches its frames. Returns the way to detach it. */
  attach(video: HTMLVideoElement): () => void;
  /** Asks for readings once a second while at least one caller wants them. Returns the way to stop that. */
  wantStats(): () => void;
  /** Keeps the frames coming into a hidden page while at least one caller wants them, to record them. Returns the way to stop. */
  wantFrames(): () => void;
  /** A text for a support ticket: states, candidate kinds, statistics, timings; nothing secret. */
  report(): string;
  /** Ends everything, for good. */
  close(): void;
}
