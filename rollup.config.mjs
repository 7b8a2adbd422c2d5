import nodeResolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import esbuild from 'rollup-plugin-esbuild';

/** Resolves our own imports only: packages name the files for browsers in a map that this plugin does not read. */
const transpile = () => {
  const plugin = esbuild({ target: 'es2022', tsconfig: 'tsconfig.json' });
  const resolveId = (id, importer) => (importer?.includes('/node_modules/') ? null : plugin.resolveId(id, importer));
  return { ...plugin, resolveId };
};

/** Bare imports stay imports: an app's own bundler resolves and shares them. */
const external = (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('\0');

/** For npm: one file for each source file, dependencies outside. */
const modules = {
  input: {
    'element/index': 'src/element/index.ts',
    'element/define': 'src/element/define.ts',
    'element/client': 'src/element/client.ts',
    'server/index': 'src/server/index.ts',
    'server/cli/main': 'src/server/cli/main.ts',
    'protocol/index': 'src/protocol/index.ts',
  },
  external,
  plugins: [transpile()],
  output: { dir: 'dist', format: 'es', preserveModules: true, preserveModulesRoot: 'src', sourcemap: true },
};

/** For a script tag: everything inside one file, which registers the tag. */
const standalone = {
  input: 'src/element/cdn.ts',
  // Nothing in this package acts on import but the file above; without this the schemas would come along.
  treeshake: { moduleSideEffects: (id) => id.endsWith('/cdn.ts') || id.endsWith('/define.ts') },
  plugins: [nodeResolve({ browser: true, exportConditions: ['production'] }), transpile()],
  output: [
    { file: 'dist/cdn/webrtc-preview.js', format: 'es', sourcemap: true, plugins: [terser()] },
    {
      file: 'dist/cdn/webrtc-preview.iife.js',
      format: 'iife',
      name: 'WebRTCPreview',
      sourcemap: true,
      plugins: [terser()],
    },
  ],
};

export default [modules, standalone];
