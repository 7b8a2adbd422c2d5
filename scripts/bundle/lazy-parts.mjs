/*
 * What the element loads when it is first needed. From npm an `import()` stays one, and the app's bundler makes a chunk of it.
 * In the script-tag build each becomes a file of its own in dist/cdn/parts/, with everything inside, for both the module and the
 * classic script: nobody has to say what belongs where, and a part never loads a second copy of the element.
 */
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import MagicString from 'magic-string';
import { rollup } from 'rollup';

const LIT = fileURLToPath(new URL('./lit-for-parts.mjs', import.meta.url));
const PREFIX = 'lazy-part:';

/**
 * @param {{ from: string, plugins: () => import('rollup').Plugin[], minify: import('rollup').OutputPlugin[] }} options
 *   `from`: the folder of the sources; a part lies below parts/ as its source lies below that. The rest is what makes the parts.
 * @returns {import('rollup').Plugin}
 */
export function lazyParts({ from: sources, plugins, minify }) {
  const found = new Set();
  const fileOf = (id) => relative(sources, id).replace(/\.ts$/, '.js');

  const findParts = {
    name: 'find-lazy-parts',
    async resolveDynamicImport(specifier, importer) {
      if (typeof specifier !== 'string') {
        this.error(`${importer}: import() of an expression. Write the name of the file, so that the build finds it.`);
      }
      const resolved = await this.resolve(specifier, importer);
      if (!resolved) return null;
      found.add(resolved.id);
      return { id: PREFIX + fileOf(resolved.id), external: true };
    },
  };

  /** @param {string} from the folder in dist/cdn from which a module looks for the parts */
  const placeParts = (from) => ({
    name: 'place-lazy-parts',
    renderChunk(code, _chunk, { format }) {
      const text = new MagicString(code);
      text.replaceAll(/import\((['"])lazy-part:(.+?)\1\)/g, (_match, _quote, file) => {
        const path = relative(from, `parts/${file}`);
        const relativePath = JSON.stringify(path.startsWith('.') ? path : `./${path}`);
        return format === 'iife' ? `import(locate(${relativePath}))` : `import(${relativePath})`;
      });
      return { code: text.toString(), map: text.generateMap({ hires: true }) };
    },
  });

  async function buildPart(id) {
    const bundle = await rollup({
      input: id,
      treeshake: { moduleSideEffects: false },
      plugins: [litForParts, findParts, ...plugins()],
      onwarn: (warning) => {
        throw new Error(warning.message);
      },
    });
    const { output } = await bundle.generate({
      format: 'es',
      sourcemap: true,
      // For the paths in its map.
      file: `dist/cdn/parts/${fileOf(id)}`,
      plugins: [placeParts(dirname(`parts/${fileOf(id)}`)), ...minify],
    });
    await bundle.close();
    return output[0];
  }

  return {
    ...findParts,
    ...placeParts('.'),
    name: 'lazy-parts',
    async generateBundle({ format }) {
      if (format !== 'es') return;
      // A part may have parts: the set grows while it is walked.
      for (const id of found) {
        const { code, map } = await buildPart(id);
        const fileName = `parts/${fileOf(id)}`;
        const mapName = `${fileName}.map`;
        this.emitFile({
          type: 'asset',
          fileName,
          source: `${code.trim()}\n//# sourceMappingURL=${mapName.split('/').at(-1)}\n`,
        });
        this.emitFile({ type: 'asset', fileName: mapName, source: map.toString() });
      }
    },
  };
}

const litForParts = {
  name: 'lit-for-parts',
  resolveId(specifier, importer) {
    if (specifier === 'lit') return LIT;
    if (!importer || specifier.startsWith('.') || specifier.startsWith('/')) return null;
    return this.error(
      `${importer} imports ${specifier}, and a part that is loaded later may not: it has a copy of all that it imports, so ` +
        'that must be without a state. Of lit it has html, svg, nothing and css; all else is given to it as an argument.',
    );
  },
};

/**
 * Where a classic script is, known only while it runs. A CDN may serve it under the package's name alone: the files are then
 * where they are in the package. As a module it needs no address: an import is relative by itself.
 */
export const LOCATE = `const script = globalThis.document?.currentScript?.src;
const locate = (path) => script ? new URL(path, /\\/webrtc-preview(@[^/]*)?$/.test(script) ? script + '/dist/cdn/' : script).href : path;
`;
