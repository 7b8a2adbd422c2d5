import { WebRTCPreviewElement } from './index.js';

// Guarded: a page may load the package twice, by a script tag and by a bundle, and the second copy must not throw.
if (!customElements.get('webrtc-preview')) customElements.define('webrtc-preview', WebRTCPreviewElement);

export { WebRTCPreviewElement };
