import { EXIT } from '../problem.js';
import { readOptions } from '../read.js';
import { settle } from '../serve-options.js';
import { COMMANDS } from '../table.js';
import { type Terminal, wrap } from '../terminal.js';
import { readNamed } from '../tls.js';
import type { Check } from './check.js';
import { checkHere } from './here.js';
import { checkThere } from './there.js';

const STYLE = { ok: 'green', warn: 'yellow', fail: 'red' } as const;
const COLUMN = 22;

/** Looks at everything, says what it found, and ends with 1 when something fails. */
export async function doctor(args: readonly string[], { out, env }: Terminal): Promise<number> {
  const { values, source } = readOptions('doctor', COMMANDS.doctor.options, args, env);
  const found: Check[] = [];
  const checks =
    values.url === undefined
      ? checkHere(settle(values, source))
      : checkThere({
          url: values.url,
          token:
            values['token-file'] === undefined
              ? values.token
              : (await readNamed('--token-file', values['token-file'])).toString().trim(),
          stream: values.stream,
          origins: values.origin,
        });
  for await (const check of checks) {
    found.push(check);
    if (!values.json) out.write(checkText(check, out));
  }
  const failed = found.filter(({ status }) => status === 'fail').length;
  const warned = found.filter(({ status }) => status === 'warn').length;
  if (values.json) out.write(`${JSON.stringify({ ok: failed === 0, checks: found }, null, 2)}\n`);
  else out.write(`\n${summary(failed, warned)}\n`);
  return failed > 0 ? EXIT.failed : EXIT.ok;
}

function checkText({ name, status, message, next }: Check, { columns, paint }: Terminal['out']): string {
  const width = Math.max(60, Math.min(columns ?? 120, 120)) - COLUMN;
  const [first = '', ...rest] = wrap(message, width);
  const indent = ' '.repeat(COLUMN);
  return [
    `${paint(STYLE[status], status.padEnd(6))}${paint('bold', name.padEnd(COLUMN - 6))}${first}`,
    ...rest.map((line) => indent + line),
    ...(next === '' ? [] : wrap(next, width - 2).map((line, index) => `${indent}${index === 0 ? '→ ' : '  '}${line}`)),
    '',
  ].join('\n');
}

function summary(failed: number, warned: number): string {
  if (failed > 0) return `${failed} ${failed === 1 ? 'thing fails' : 'things fail'}: the arrows say what to do.`;
  if (warned > 0) return `It works; ${warned === 1 ? 'one thing is' : `${warned} things are`} worth a look.`;
  return 'All is well.';
}
