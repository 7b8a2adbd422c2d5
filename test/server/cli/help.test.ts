import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cliPage } from '../../../scripts/cli-docs.js';
import { commandHelp, overview } from '../../../src/server/cli/help.js';
import type { Option } from '../../../src/server/cli/options.js';
import { COMMANDS, type CommandName } from '../../../src/server/cli/table.js';
import { noPaint } from '../../../src/server/cli/terminal.js';
import { cli } from './support.js';

const names = Object.keys(COMMANDS) as CommandName[];
const page = new URL('../../../docs/cli.md', import.meta.url);

it('docs/cli.md is what the program says', () => {
  const written = readFileSync(page, 'utf8');
  expect(written, 'run: npx tsx scripts/cli-docs.ts').toBe(cliPage(written));
});

describe.each(names)('%s --help', (name) => {
  const options: [string, Option][] = Object.entries(COMMANDS[name].options);

  it('names every option, its variable and its default', () => {
    const help = commandHelp(name, COMMANDS[name]).replace(/\s+/g, ' ');
    for (const [flag, option] of options) {
      if (!('secret' in option && option.secret)) expect(help).toContain(`--${flag}`);
      if (option.env) expect(help).toContain(option.env);
      expect(help).toContain(option.help);
    }
  });

  it.each([72, 80, 200])('fits into %i columns, but for lines to copy', (columns) => {
    const [text = ''] = commandHelp(name, COMMANDS[name], { columns, paint: noPaint }).split('\nExamples\n');
    const most = Math.max(...text.split('\n').map((line) => line.length));
    expect(most).toBeLessThanOrEqual(Math.min(columns, 110));
  });

  it('is on standard output, wherever --help stands, and nothing is done', async () => {
    const help = commandHelp(name, COMMANDS[name]);
    for (const args of [
      [name, '--help'],
      [name, '--port', '1', '-h'],
      ['help', name],
      ['--help', name],
    ]) {
      expect(await cli(args)).toEqual({ code: 0, out: help, err: '' });
    }
  });
});

it('every example can be read', async () => {
  for (const [name, { examples }] of Object.entries(COMMANDS)) {
    for (const [line] of examples) expect(line).toContain(`webrtc-preview ${name}`);
  }
});

it('no variable means two things', () => {
  const meanings = new Map<string, string>();
  for (const { options } of Object.values(COMMANDS)) {
    for (const [flag, { env }] of Object.entries<Option>(options)) {
      if (env === undefined) continue;
      expect(meanings.get(env) ?? flag).toBe(flag);
      meanings.set(env, flag);
    }
  }
});

describe('without a command', () => {
  it('--help is the overview', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(await cli(['--help'])).toEqual({ code: 0, out: overview(version), err: '' });
    expect(await cli([])).toEqual({ code: 2, out: '', err: overview(version) });
    expect(await cli(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it('one that is not there is refused, with the nearest', async () => {
    const { code, err } = await cli(['sevre']);
    expect(code).toBe(2);
    expect(err).toMatch(/no command sevre\.\n {2}Did you mean serve\?/);
  });
});
