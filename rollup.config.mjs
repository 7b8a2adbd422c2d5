import { readFileSync } from 'node:fs';
import nodeResolve from '@rollup/plugin-node-resolve';
import esbuild from 'rollup-plugin-esbuild';
import { LOCATE, lazyParts } from './scripts/bundle/lazy-parts.mjs';
import { minify } from './scripts/bundle/minify.mjs';
import { minifyLiterals } from './scripts/bundle/minify-literals.mjs';
import { politeLit } from './scripts/bundle/polite-lit.mjs';
import { usedSocketIo } from './scripts/bundle/used-socket-io.mjs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

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
    'element/react/index': 'src/element/react/index.ts',
    'server/index': 'src/server/index.ts',
    'server/cli/main': 'src/server/cli/main.ts',
    'protocol/index': 'src/protocol/index.ts',
  },
  external,
  plugins: [transpile()],
  output: {
    dir: 'dist',
    format: 'es',
    preserveModules: true,
    preserveModulesRoot: 'src',
    sourcemap: true,
    // Rollup drops directives; without this one, React's server components refuse what uses hooks.
    banner: ({ name }) => (name.startsWith('element/react/') ? "'use client';" : ''),
  },
};

const small = () => [transpile(), minifyLiterals()];

/** An import that is easily written by mistake, and costs 5 % of all that a page may load. */
const viewerErrorsAlone = {
  name: 'viewer-errors-alone',
  buildEnd() {
    const table = [...this.getModuleIds()].find((id) => id.endsWith('/src/protocol/errors.ts'));
    const by = table ? this.getModuleInfo(table).importers.filter((id) => id.includes('/src/element/')) : [];
    if (by.length > 0)
      this.error(`The element must import protocol/viewer-errors.js, not errors.js:\n${by.join('\n')}`);
  },
};

/** For a script tag: all that the first picture needs inside one file, which registers the tag. */
const standalone = (input, output) => ({
  input,
  // Nothing in this package acts on import but these two; without this the schemas would come along.
  treeshake: { moduleSideEffects: (id) => id.endsWith('/cdn.ts') || id.endsWith('/define.ts') },
  plugins: [
    politeLit(),
    usedSocketIo(),
    nodeResolve({ browser: true, exportConditions: ['production'] }),
    ...small(),
    viewerErrorsAlone,
    lazyParts({ from: 'src/element', plugins: small, minify }),
  ],
  output: {
    ...output,
    banner: `/*! webrtc-preview ${version} (MIT), with Lit (BSD-3-Clause) and Socket.IO (MIT): LICENSES.txt */`,
    sourcemap: true,
    plugins: minify,
  },
});

export default [
  modules,
  standalone('src/element/cdn.ts', { file: 'dist/cdn/webrtc-preview.js', format: 'es' }),
  // A classic script gives nothing away, and so leaves no global behind.
  standalone('src/element/cdn-classic.ts', { file: 'dist/cdn/webrtc-preview.iife.js', format: 'iife', intro: LOCATE }),
];
