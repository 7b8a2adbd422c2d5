import { defineConfig } from 'vite';

/** Where the camera's server is. */
const target = process.env.CAMERA_SERVER ?? 'http://localhost:8080';

// Vite only serves the files here. Any server will do that puts /webrtc-signaling on the page's own origin.
export default defineConfig({
  server: { proxy: { '/webrtc-signaling': { target, ws: true } } },
});
