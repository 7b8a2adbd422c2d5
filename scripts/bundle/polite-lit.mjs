/*
 * Lit leaves four globals: three count its copies, for a warning of its development build, and one is for the decorators of the
 * standard, which this project's compiler does not make. A guest leaves nothing lying about.
 */
const COUNTS =
  /\((?:globalThis|\w+)\.(?:litHtml|litElement|reactiveElement)Versions\s*\?\?=\s*\[\]\)\.push\("[^"]+"\)/g;
const METADATA = /Symbol\.metadata\s*\?\?=\s*Symbol\("metadata"\),\s*\w+\.litPropertyMetadata\s*\?\?=\s*new WeakMap/;

/** A Rollup plugin, for the script-tag build. Its test (no new globals) notices when Lit says these things in other words. */
export function politeLit() {
  return {
    name: 'polite-lit',
    transform(code, id) {
      if (!/\/node_modules\/(?:@lit|lit)/.test(id)) return null;
      const quiet = code.replaceAll(COUNTS, '0');
      // As a variable of the module it is found by the name that the global had.
      const own = METADATA.test(quiet)
        ? `const litPropertyMetadata=new WeakMap;${quiet.replace(METADATA, '0')}`
        : quiet;
      return { code: own, map: null };
    },
  };
}
