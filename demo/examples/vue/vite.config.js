import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** Where the camera's server is. */
const target = process.env.CAMERA_SERVER ?? 'http://localhost:8080';

export default defineConfig({
  // Without this Vue looks for a component of that name.
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === 'webrtc-preview' } } })],
  // One origin for the page and the camera's server: neither has to know the other's address.
  server: { proxy: { '/webrtc-signaling': { target, ws: true } } },
});
