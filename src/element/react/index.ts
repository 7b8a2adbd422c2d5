'use client';

export type { Facts, PreviewState, Problem, Stats, TokenSource } from '../core/facts.js';
export {
  useWebRTCStream,
  type WebRTCStream,
  type WebRTCStreamOptions,
} from './use-webrtc-stream.js';
export {
  WebRTCPreview,
  type WebRTCPreviewHandlers,
  type WebRTCPreviewProps,
  type WebRTCPreviewSettings,
} from './webrtc-preview.js';
