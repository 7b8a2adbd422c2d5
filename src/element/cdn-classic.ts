// The script-tag build for a page without modules: registers <webrtc-preview>, and that is all.
import './define.js';
