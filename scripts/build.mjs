// Builds dist/ from nothing: JavaScript by Rollup, declarations by tsc, the demo's scripts by esbuild.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(...command) {
  const [program, ...args] = command;
  const { status } = spawnSync(process.execPath, [`node_modules/${program}`, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(`${root}/dist`, { recursive: true, force: true });
run('rollup/dist/bin/rollup', '--config', 'rollup.config.mjs', '--silent');
run('typescript/bin/tsc', '--project', 'tsconfig.build.json');
await import('../demo/build.mjs');
