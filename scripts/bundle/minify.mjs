import terser from '@rollup/plugin-terser';
import { minify as esbuildMinify } from 'rollup-plugin-esbuild';

/** Rollup's output plugins, one after the other: together they leave 2 % less than the second alone. */
export const minify = [
  esbuildMinify({ target: 'es2022' }),
  terser({
    module: true,
    ecma: 2022,
    compress: {
      passes: 3,
      // A function with arguments that is inlined into import() becomes its second argument: the parentheses get lost.
      inline: 1,
    },
    format: { comments: /^!/ },
  }),
];
