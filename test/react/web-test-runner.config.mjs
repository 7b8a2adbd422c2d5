// The React component and hook with both versions of React, in a real browser:
// npx web-test-runner --config test/react/web-test-runner.config.mjs
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import base from '../../web-test-runner.config.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Each test file is bundled with the React that its name says; React itself is no module that a browser could load. */
const bundleWithReact = {
  name: 'bundle-with-react',
  async serve({ path }) {
    const version = /^\/test\/react\/react-(\d+)\.test\.ts$/.exec(path)?.[1];
    if (!version) return undefined;
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: [path.slice(1)],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      sourcemap: 'inline',
      // In one file, what is marked as free of side effects would be begun by the parts alone, and too late for the rest.
      ignoreAnnotations: true,
      alias: version === '18' ? { react: 'react-18', 'react-dom': 'react-dom-18' } : {},
      define: { 'process.env.NODE_ENV': '"development"' },
    });
    return { body: outputFiles[0].text, type: 'js' };
  },
};

export default { ...base, files: 'test/react/*.test.ts', nodeResolve: false, plugins: [bundleWithReact] };
