// Format, lint and types of everything in the repository: Biome and tsc for TypeScript, Ruff for Python.
// `npm run check -- --fix` mends what can be mended by itself.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs';

const root = fileURLToPath(new URL('..', import.meta.url));
const fix = process.argv.includes('--fix');
let failed = false;

function run(name, ...command) {
  const [program, ...args] = command;
  const { status } = spawnSync(process.execPath, [`node_modules/${program}`, ...args], { cwd: root, stdio: 'inherit' });
  report(name, status === 0);
}

function report(name, passed) {
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name}`);
  failed ||= !passed;
}

function pythonFiles(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(root, folder, name))
    .filter((path) => path.endsWith('.py') && statSync(path).isFile());
}

function checkPython() {
  const ruff = new Workspace(
    {
      'line-length': 120,
      'target-version': 'py310',
      format: { 'quote-style': 'single' },
      lint: { select: ['E', 'F', 'W', 'I', 'B', 'UP', 'SIM', 'RET', 'C4'], ignore: ['E402'] },
    },
    PositionEncoding.Utf16,
  );
  let clean = true;
  for (const path of [...pythonFiles('sender'), ...pythonFiles('test')]) {
    const source = readFileSync(path, 'utf8');
    for (const { code, message, start_location: at } of ruff.check(source)) {
      console.log(`${relative(root, path)}:${at.row}:${at.column} ${code} ${message}`);
      clean = false;
    }
    const formatted = ruff.format(source);
    if (formatted === source) continue;
    if (fix) {
      writeFileSync(path, formatted);
    } else {
      console.log(`${relative(root, path)} is not formatted: npm run check -- --fix`);
      clean = false;
    }
  }
  report('ruff (Python: lint and format)', clean);
}

run(
  'biome (TypeScript, JavaScript, JSON: lint and format)',
  '@biomejs/biome/bin/biome',
  'check',
  ...(fix ? ['--write'] : []),
  '.',
);
run('tsc (types)', 'typescript/bin/tsc', '--project', 'tsconfig.json');
checkPython();
process.exitCode = failed ? 1 : 0;
