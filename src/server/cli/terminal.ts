/** Where a command reads from and writes to; a test has its own. */
export interface Terminal {
  env: NodeJS.ProcessEnv;
  out: Output;
  err: Output;
}

export interface Output {
  write(text: string): void;
  /** Characters in a line; `undefined` when it is no terminal. */
  columns: number | undefined;
  paint: Paint;
}

export type Paint = (style: keyof typeof STYLES, text: string) => string;

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export const noPaint: Paint = (_style, text) => text;

const realPaint: Paint = (style, text) => `\x1b[${STYLES[style]}m${text}\x1b[0m`;

/** The process's own. Colours only where a person looks, and not against their will (https://no-color.org). */
export function processTerminal(): Terminal {
  const { env } = process;
  const output = (stream: NodeJS.WriteStream): Output => ({
    write: (text) => {
      stream.write(text);
    },
    columns: stream.isTTY ? stream.columns : undefined,
    paint: stream.isTTY && !env.NO_COLOR && env.TERM !== 'dumb' ? realPaint : noPaint,
  });
  return { env, out: output(process.stdout), err: output(process.stderr) };
}

/** Breaks at spaces so that no line is longer than `width`, if its words allow. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
