// The script-tag build: registers <webrtc-preview> and offers the classes to scripts that want them.
import './define.js';

export { PreviewClient } from './client.js';
export { WebRTCPreviewElement } from './index.js';
