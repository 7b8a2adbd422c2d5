// What the demo prints: one line a step, and the logs of its two programs as `server | …` and `sender | …`.
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
export const green = paint(32);
export const yellow = paint(33);
export const dim = paint(2);
export const bold = paint(1);

export const done = (what, detail = '') => console.log(`  ${green('✓')} ${what}${detail && dim(`  ${detail}`)}`);
export const note = (what) => console.log(`  ${yellow('!')} ${what}`);
export const plain = (what = '') => console.log(what && `  ${what}`);
export const program = (name, line) => console.log(`  ${dim(`${name} |`)} ${line}`);

/** Fastify's own line for each request: on a page with live video they would drown the rest. */
const ROUTINE = new Set(['incoming request', 'request completed']);

/** Fastify's log as lines for people: a destination for pino, which writes one JSON object a line. */
export const serverLog = {
  write(json) {
    const { level, msg, err, error, ...rest } = JSON.parse(json);
    if (ROUTINE.has(msg)) return;
    const details = ['stream', 'session', 'code', 'reason']
      .filter((key) => rest[key] !== undefined)
      .map((key) => `${key}=${rest[key]}`);
    const cause = (err ?? error)?.message;
    const line = [msg, ...details, cause && cause !== msg ? cause : undefined].filter(Boolean).join('  ');
    program('server', level >= 40 ? yellow(line) : line);
  },
};
