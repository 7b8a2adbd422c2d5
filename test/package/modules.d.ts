// The build's own programs are plain JavaScript.
declare module '*/bundle/lazy-parts.mjs' {
  export const LOCATE: string;
  export function lazyParts(options: {
    from: string;
    plugins: () => import('rollup').Plugin[];
    minify: import('rollup').OutputPlugin[];
  }): import('rollup').Plugin;
}
declare module '*/bundle/minify.mjs' {
  export const minify: import('rollup').OutputPlugin[];
}
declare module '*/bundle/minify-literals.mjs' {
  export function minifyLiterals(): import('rollup').Plugin;
  export function minifyHtml(strings: readonly string[]): string[];
}
declare module '*/scripts/package-check.mjs' {
  export const checks: Record<string, () => string | undefined>;
}
