export type { PreviewCore } from './core/client-interface.js';
export * from './core/facts.js';
export { PreviewClient, type PreviewClientOptions } from './core/preview-client.js';
export { defaultRetryPolicy, type RetryPolicy } from './core/retry.js';
export type {
  ChannelEvents,
  ChosenMode,
  SessionEvents,
  SignallingChannel,
  SignallingFactory,
  SignallingSession,
} from './signalling/signalling.js';
export { socketIoSignalling } from './signalling/socket-io.js';
