import type { Output } from './terminal.js';

const LEVELS = [
  [50, 'error', 'red'],
  [40, 'warn', 'yellow'],
  [30, 'info', 'cyan'],
  [0, 'debug', 'dim'],
] as const;

/** What every line has, and what the eye does not need. */
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'plugin', 'msg', 'err', 'error', 'req', 'res', 'reqId']);

/** A destination for pino that turns its JSON into lines for people: `12:00:01 info  Session joined  stream=camera`. */
export function prettyLog(output: Output): { write(json: string): void } {
  return {
    write: (json) => {
      for (const line of json.split('\n')) if (line !== '') output.write(`${prettyLine(line, output)}\n`);
    },
  };
}

function prettyLine(json: string, { paint }: Output): string {
  const entry = JSON.parse(json);
  const [, level, style] = LEVELS.find(([from]) => entry.level >= from) ?? LEVELS[3];
  const time = new Date(entry.time).toTimeString().slice(0, 8);
  const message = String(entry.msg ?? '').replace(/^\[WebRTC Signaling\] /, '');
  const request = entry.req ? `${entry.req.method} ${entry.req.url}` : undefined;
  const status = entry.res ? String(entry.res.statusCode) : undefined;
  const details = Object.entries(entry)
    .filter(([name, value]) => !HIDDEN.has(name) && value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`);
  const cause = (entry.err ?? entry.error)?.message;
  const rest = [request, status, ...details, cause === message ? undefined : cause].filter(
    (part) => part !== undefined,
  );
  return [
    paint('dim', time),
    `${paint(style, level.padEnd(5))} ${visible(message)}`,
    ...rest.map((part) => paint('dim', visible(String(part)))),
  ].join(rest.length > 0 ? '  ' : ' ');
}

/** Names come from strangers: none of them may move the cursor or begin a line that looks like another's. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is them that are taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '\ufffd');
}
