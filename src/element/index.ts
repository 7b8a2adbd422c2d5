export type { PreviewCore } from './core/client-interface.js';
export * from './core/facts.js';
export type { CoreOptions } from './view/core-holder.js';
export type { WebRTCPreviewEventMap } from './view/events.js';
export { WebRTCPreviewElement } from './view/webrtc-preview.js';
