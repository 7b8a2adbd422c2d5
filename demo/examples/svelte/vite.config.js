import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** Where the camera's server is. */
const target = process.env.CAMERA_SERVER ?? 'http://localhost:8080';

export default defineConfig({
  plugins: [svelte()],
  // One origin for the page and the camera's server: neither has to know the other's address.
  server: { proxy: { '/webrtc-signaling': { target, ws: true } } },
});
