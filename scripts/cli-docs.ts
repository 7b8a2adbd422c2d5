/*
 * Writes the tables and examples of docs/cli.md from src/server/cli/table.ts, from which the program itself reads and helps:
 * npx tsx scripts/cli-docs.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { examplesBlock, optionsTable } from '../src/server/cli/help.js';
import { COMMANDS } from '../src/server/cli/table.js';

const file = fileURLToPath(new URL('../docs/cli.md', import.meta.url));

/** The page with what stands between its markers written anew. */
export function cliPage(page = readFileSync(file, 'utf8')): string {
  return Object.entries(COMMANDS).reduce((text, [name, command]) => {
    const withTable = between(
      text,
      `options of ${name}`,
      optionsTable(command, name === 'doctor' ? COMMANDS.serve : undefined),
    );
    return between(withTable, `examples of ${name}`, examplesBlock(command));
  }, page);
}

function between(page: string, marker: string, content: string): string {
  const [start, end] = [`<!-- ${marker} -->`, `<!-- /${marker} -->`];
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/cli.md has no ${start} … ${end}`);
  return `${page.slice(0, from + start.length)}\n\n${content}\n\n${page.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, cliPage());
